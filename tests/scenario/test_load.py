"""From a file to a scenario: every value checked against the constructor that will get it."""

import math
import pickle
from pathlib import Path

import numpy as np
import pytest
import yaml

from plansim.models.bicycle import Bicycle
from plansim.models.lidar import Lidar
from plansim.models.unicycle import Unicycle
from plansim.scenario.build import build
from plansim.scenario.load import from_mapping, load
from plansim.scenario.reading.problems import InvalidScenario
from tests.scenario import components
from tests.scenario.drafts import CITY, DEPOT, EVERYTHING, WAREHOUSE


@pytest.fixture
def write(tmp_path):
    def write(text, name="scenario.yaml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


@pytest.fixture
def everything(write):
    return load(write(EVERYTHING))


def test_every_sort_of_parameter_arrives_as_its_annotation_says(everything):
    policy = build(everything).make_policy()
    assert policy.world == components.Known(Bicycle(wheelbase=2.5), 0.05)
    assert policy.planner == components.Straight(weight=2.0)
    assert policy.planners == (components.Straight(),)
    assert policy.lidar == Lidar(beams=8)
    assert (policy.particles, policy.greedy, policy.label, policy.mode) == (50, True, "no", "sparse")
    assert policy.gain == 1.0
    assert isinstance(policy.gain, float)
    assert policy.colour is components.Colour.BLUE
    assert policy.pose == (1.0, 2.5, 0.0)
    assert policy.levels == (1, 2, 3)
    assert policy.tags == ["a", "b"]
    assert policy.table == {"x": 1.0, "y": 0.5}
    np.testing.assert_array_equal(policy.cov, [[1.0, 0.0], [0.0, 2.0]])
    assert policy.cov.dtype == float
    assert policy.count == "all"
    assert policy.shrink is math.sqrt
    assert policy.anything == Unicycle()


def test_the_head_of_a_scenario_has_sensible_defaults(everything):
    assert (everything.seed, everything.episodes, everything.record, everything.timeout) == (0, 1, 3, None)
    assert everything.max_steps == 30
    assert list(everything.seeds) == [0]
    assert everything.metrics == ("success", "thoughts", "bumps")


def test_a_resolved_scenario_is_a_scenario_that_asks_the_same(everything, tmp_path):
    resolved = everything.resolved()
    again = from_mapping(resolved)
    assert again == everything
    assert hash(again) == hash(everything)
    assert again.resolved() == resolved
    (tmp_path / "resolved.yaml").write_text(yaml.safe_dump(resolved), encoding="utf-8")
    assert load(tmp_path / "resolved.yaml") == everything


def test_a_resolved_scenario_says_what_was_left_unsaid(everything):
    resolved = everything.resolved()
    assert resolved["policy"]["robot"] == {"name": "bicycle", "wheelbase": 2.0, "integrator": "rk4"}
    assert resolved["policy"]["planner"]["goal_bias"] == 0.05
    assert resolved["policy"]["lidar"]["max_range"] == 10.0
    assert resolved["env"]["reward"] == "dense"
    assert resolved["env"]["dt"] == 0.25  # as the environment is registered
    assert resolved["variants"]["plain"] == {}
    assert resolved["variants"]["heavy"]["policy.planner.weight"] == 5.0
    assert "far" not in resolved["policy"]  # infinity cannot be written; the constructor knows it


def test_scenarios_differ_where_what_they_ask_differs(everything, write):
    assert load(write(EVERYTHING), ["policy.gain=2"]) != everything
    assert load(write("# a comment\n" + EVERYTHING.replace("gain: 1\n", "gain: 1.0\n"))) == everything


def test_a_scenario_travels_to_other_processes_without_its_maps(everything):
    build(everything)
    assert everything.shared
    copy = pickle.loads(pickle.dumps(everything))
    assert copy == everything
    assert copy.shared == {}
    assert build(copy).make_policy().world == build(everything).make_policy().world


def test_an_override_is_an_edit_of_the_file(everything, write):
    changed = load(write(EVERYTHING), ["policy.planner.weight=7", "policy.pose=[0, 0, 1e0]", "seed=3", "record=all"])
    policy = build(changed).make_policy()
    assert policy.planner.weight == 7.0
    assert policy.pose == (0.0, 0.0, 1.0)
    assert (changed.seed, changed.record) == (3, "all")
    edited = EVERYTHING.replace("weight: 2", "weight: 7").replace("[1, 2.5, 0]", "[0, 0, 1]")
    assert load(write(edited + "seed: 3\nrecord: all\n")) == changed


def test_an_override_may_open_a_bare_name_and_reach_into_lists(write):
    changed = load(write(EVERYTHING), ["policy.planners.0.weight=3", "policy.implicit=2"])
    policy = build(changed).make_policy()
    assert policy.planners == (components.Straight(weight=3.0),)
    assert policy.implicit == 2.0


def test_an_override_of_an_anchor_is_followed_by_its_aliases(write):
    simulation = build(load(write(EVERYTHING), ["env.map.width=8"]))
    assert simulation.env_arguments["map"] is simulation.make_policy().map
    assert simulation.env_arguments["map"].shape == (6, 16)
    simulation = build(load(write(EVERYTHING), ["env.map=empty"]))
    assert simulation.env_arguments["map"] is simulation.make_policy().map


def test_an_override_of_an_alias_changes_that_place_alone(write):
    simulation = build(load(write(EVERYTHING), ["policy.map.width=8"]))
    assert simulation.env_arguments["map"].shape == (6, 8)
    assert simulation.make_policy().map.shape == (6, 16)


def test_variants_follow_anchors_too(everything):
    heavy = build(everything, "heavy")
    assert heavy.env_arguments["map"] is heavy.make_policy().map
    assert heavy.env_arguments["map"].shape == (12, 8)
    assert heavy.make_policy().planner.weight == 5.0
    assert build(everything, "plain").make_policy().planner.weight == 2.0


def test_a_variant_may_name_another_component_even_of_a_resolved_scenario(write):
    text = "name: x\nenv: {id: test/Arena-v0, dt: 0.1}\n"
    text += "policy: {name: pure-pursuit, robot: {name: bicycle, wheelbase: 1.0}}\n"
    scenario = load(write(text + "variants: {car: {}, turtle: {policy.robot: unicycle, max_steps: 9}}\n"))
    assert build(scenario, "turtle").scenario.max_steps == 9
    again = from_mapping(scenario.resolved())
    assert build(again, "turtle").make_policy().robot == Unicycle()
    assert build(again, "car").make_policy().robot == Bicycle(1.0)
    assert again == scenario


def test_a_mapping_is_as_good_as_a_file(everything):
    mapping = {
        "name": "cart",
        "env": {"id": "test/Arena-v0", "size": np.float64(3.0)},
        "policy": {
            "name": "tests.scenario.components:Everything",
            "world": {"motion": "unicycle"},
            "file": Path(__file__),
            "pose": (1, 2, 3),
            "cov": np.eye(3),
        },
    }
    policy = build(from_mapping(mapping)).make_policy()
    assert policy.file == Path(__file__)
    assert policy.cov.shape == (3, 3)
    assert from_mapping(mapping, ["policy.particles=7"]).policy["particles"] == 7


def test_paths_begin_at_the_file_and_may_name_variables(write, tmp_path, monkeypatch):
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "note.txt").write_text("x")
    text = EVERYTHING + ""
    for written in ("maps/note.txt", "${HERE}/note.txt", "${NOWHERE:-maps}/note.txt", str(tmp_path / "maps/note.txt")):
        monkeypatch.setenv("HERE", str(tmp_path / "maps"))
        scenario = load(write(text), [f"policy.file='{written}'", "policy.either=maps"])
        policy = build(scenario).make_policy()
        assert policy.file == tmp_path / "maps" / "note.txt"
        assert policy.either == tmp_path / "maps"
        assert scenario.resolved()["policy"]["file"] == written


def test_resolved_paths_can_be_seen_from_another_folder(write, tmp_path):
    (tmp_path / "note.txt").write_text("x")
    scenario = load(write(EVERYTHING), ["policy.file=note.txt"])
    (tmp_path / "runs" / "one").mkdir(parents=True)
    resolved = scenario.resolved(tmp_path / "runs" / "one")
    assert resolved["policy"]["file"] == "../../note.txt"
    copy = tmp_path / "runs" / "one" / "scenario.yaml"
    copy.write_text(yaml.safe_dump(resolved))
    assert build(load(copy)).make_policy().file.samefile(tmp_path / "note.txt")


def test_what_is_loaded_can_be_built_without_reading_it_again(everything):
    made = len(components.Everything.made)
    simulation = build(everything)
    maps = [simulation.env_arguments["map"], simulation.make_policy().map, build(everything, "plain").make_policy().map]
    assert all(one is maps[0] for one in maps)
    assert len(components.Everything.made) > made  # policies are fresh


@pytest.mark.parametrize("draft", [WAREHOUSE, DEPOT, CITY], ids=["warehouse", "depot", "city"])
def test_the_drafts_of_the_shipped_scenarios_load_and_build(draft, write, data, monkeypatch):
    monkeypatch.setenv("PLANSIM_DATA", str(data))
    scenario = load(write(draft))
    for variant in scenario.variants or ("",):
        simulation = build(scenario, variant)
        assert simulation.env_arguments["map"] is simulation.make_policy().map
        env = simulation.make_env()
        observation, _ = env.reset(seed=1)
        policy = simulation.make_policy()
        policy.reset(seed=1)
        assert env.action_space.contains(np.asarray(policy.act(observation), env.action_space.dtype))
    assert from_mapping(scenario.resolved()) == scenario


@pytest.mark.parametrize(("change", "told"), [("env.dt=0.05", True), ("policy.dt=0.2", True), ("env.dt=0.1", False)])
def test_a_policy_and_its_environment_keep_the_same_time(change, told):
    mapping = {
        "name": "clocks",
        "env": {"id": "plansim/GridNavigation-v0", "map": {"name": "warehouse"}},
        "policy": {"name": "pure-pursuit", "robot": "unicycle"},
    }
    if told:
        with pytest.raises(InvalidScenario, match=r"policy\.dt: dt is .* s, but the environment takes steps of"):
            from_mapping(mapping, [change])
    else:
        assert from_mapping(mapping, [change]).resolved()["env"]["dt"] == 0.1


def test_a_watcher_and_its_world_call_the_sensors_the_same_and_its_start_is_tried():
    beacon = {"name": "linear-sensor", "names": "horizontal", "matrix": [[1, 0]], "cov": [[0.01]]}
    pendulum = {"name": "small-angle-pendulum"}
    mapping = {
        "name": "names",
        "env": {"id": "plansim/Pendulum-v0", "sensors": {"side": beacon}},
        "policy": {
            "name": "watcher",
            "dt": 0.05,
            "estimator": {"name": "kalman-filter", "motion": pendulum},
            "sensors": {"side": beacon},
            "start_mean": [0, 0],
            "start_std": [1, 0],
        },
    }
    from_mapping(mapping)
    with pytest.raises(
        InvalidScenario, match=r"policy\.sensors: the environment has no sensor 'sid'; did you mean 'side'"
    ):
        from_mapping(mapping | {"policy": mapping["policy"] | {"sensors": {"sid": beacon}}})
    unsure = {"name": "information-filter", "motion": pendulum}
    with pytest.raises(InvalidScenario, match=r"policy: cov is singular"):
        from_mapping(mapping | {"policy": mapping["policy"] | {"estimator": unsure}})


@pytest.mark.parametrize("written", ["maps/hall.map", "${NO_SUCH_FOLDER:-maps}/hall.map"])
def test_a_resolved_scenario_finds_its_files_from_another_folder(tmp_path, written):
    (tmp_path / "home" / "maps").mkdir(parents=True)
    (tmp_path / "home" / "maps" / "hall.map").write_text("type octile\nheight 2\nwidth 3\nmap\n...\n...\n")
    env = f"{{id: plansim/GridWorld-v0, map: {{name: movingai-map, path: '{written}'}}}}"
    (tmp_path / "home" / "hall.yaml").write_text(f"name: hall\nenv: {env}\npolicy: random\n")
    scenario = load(tmp_path / "home" / "hall.yaml")
    away = tmp_path / "runs" / "hall-0"
    away.mkdir(parents=True)
    (away / "scenario.yaml").write_text(yaml.safe_dump(scenario.resolved(away)))
    again = load(away / "scenario.yaml")
    assert again.env["map"]["path"] == written.replace("maps", "../../home/maps")
    assert build(again).env_arguments["map"].shape == (2, 3)
