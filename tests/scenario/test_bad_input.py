"""A scenario that cannot be meant is answered with a list of its mistakes, and with nothing else."""

import pickle
import random
import re

import pytest

from plansim.scenario.build import build
from plansim.scenario.load import from_mapping, load
from plansim.scenario.reading.problems import InvalidScenario
from plansim.scenario.schema import Scenario
from tests.scenario import components  # noqa: F401  # registers an environment
from tests.scenario.drafts import EVERYTHING

SMALL = "name: small\nenv: {id: test/Arena-v0, dt: 0.1}\npolicy:\n  name: pure-pursuit\n  robot: {name: bicycle}\n"


@pytest.fixture
def complain(tmp_path):
    """The problems of a text, as (line, column, path, message)."""

    def complain(text, *overrides):
        file = tmp_path / "x.yaml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(InvalidScenario) as caught:
            load(file, overrides)
        return [(p.line, p.column, p.path, p.message) for p in caught.value.problems]

    return complain


TEN_MISTAKES = """\
name: ten mistakes
seed: -1
episodes: many
env: {id: plansim/GridWrld-v0, max_steps: 10}
policy:
  name: pure-pursuit
  robot: {name: bicycle, wheelbse: 2}
  lookahead: .nan
  max_speed: fast
  max_speed: 2.0
timeuot: 3
metrics: [sucess]
expect: {success: 0.95}
record: some
"""


def test_ten_mistakes_are_reported_at_once_sorted_by_line(complain):
    assert [(line, column, path) for line, column, path, _ in complain(TEN_MISTAKES)] == [
        (1, 7, "name"),
        (2, 7, "seed"),
        (3, 11, "episodes"),
        (4, 11, "env.id"),
        (7, 26, "policy.robot.wheelbse"),
        (8, 14, "policy.lookahead"),
        (9, 14, "policy.max_speed"),
        (10, 3, "policy.max_speed"),
        (11, 1, "timeuot"),
        (12, 11, "metrics[0]"),
        (13, 19, "expect.success"),
        (14, 9, "record"),
    ]


def test_the_text_names_file_line_column_path_and_near_miss_and_shows_the_line(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text(TEN_MISTAKES)
    with pytest.raises(InvalidScenario) as caught:
        load(file)
    text = str(caught.value)
    assert (
        f"{file}:7:26: policy.robot.wheelbse: bicycle has no parameter 'wheelbse'; did you mean 'wheelbase'?\n"
        "      robot: {name: bicycle, wheelbse: 2}\n"
        "                             ^\n"
    ) in text
    assert f"{file}:11:1: timeuot: a scenario has no 'timeuot'; did you mean 'timeout'?" in text
    assert "no environment 'plansim/GridWrld-v0'; did you mean 'plansim/GridWorld-v0'?" in text
    assert "no metric is called 'sucess'; did you mean 'success'?" in text
    assert str(pickle.loads(pickle.dumps(caught.value))) == text


POLICY = {
    "unknown component": (
        "robot: {name: bicicle}",
        "policy.robot.name",
        "no motion 'bicicle'; did you mean 'bicycle'?",
    ),
    "nothing like it": ("robot: {name: zzz}", "policy.robot.name", "(there are: unicycle, bicycle, "),
    "no name": ("robot: {wheelbase: 2}", "policy.robot", "a motion needs a name: unicycle"),
    "text for a number": ("lookahead: far", "policy.lookahead", "expected a number, found the text 'far'"),
    "quoted number": ("lookahead: '3'", "policy.lookahead", "expected a number, found the text '3'"),
    "boolean for a number": ("lookahead: true", "policy.lookahead", "expected a number, found true"),
    "nothing for a number": ("lookahead:", "policy.lookahead", "expected a number, found nothing"),
    "list for a number": ("lookahead: [1]", "policy.lookahead", "expected a number, found a list of 1"),
    "wrong literal": ("robot: {name: bicycle, integrator: rk5}", "policy.robot.integrator", "did you mean 'rk4'?"),
    "component of another kind": ("robot: lidar", "policy.robot", "no motion 'lidar'"),
    "number for a component": ("robot: 3", "policy.robot", "expected a motion, found 3"),
    "refused by itself": ("robot: {name: bicycle, wheelbase: -1}", "policy.robot", "wheelbase is -1"),
    "not enough of a model": ("robot: wheel-odometry", "policy.robot", "WheelOdometry is no Vehicle"),
    "no such module": ("robot: {name: 'no_such:Car'}", "policy.robot.name", "'no_such' cannot be imported"),
    "no such class": ("robot: 'plansim.models.bicycle:Bicicle'", "policy.robot", "did you mean 'Bicycle'?"),
    "no class": ("robot: 'math:pi'", "policy.robot", "no class or function"),
}


@pytest.mark.parametrize("case", POLICY)
def test_a_wrong_parameter_is_told_where_it_stands(case, complain):
    line, path, message = POLICY[case]
    text = SMALL.replace("robot: {name: bicycle}", line)
    text += "" if "robot" in line else "  robot: unicycle\n"
    [(found_line, _, found_path, found)] = complain(text)
    assert (found_line, found_path) == (5, path)
    assert message in found


@pytest.mark.parametrize(
    ("override", "path", "message"),
    [
        ("policy.particles=1.5", "policy.particles", "expected an integer, found 1.5"),
        ("policy.particles=x", "policy.particles", "expected an integer, found the text 'x'"),
        ("policy.greedy=1", "policy.greedy", "expected true or false, found 1"),
        ("policy.greedy=yes", "policy.greedy", "YAML 1.2 writes booleans as true and false"),
        ("policy.label=3", "policy.label", "expected text, found 3"),
        ("policy.colour=green", "policy.colour", "expected 'red' or 'blue'"),
        ("policy.mode=spars", "policy.mode", "did you mean 'sparse'?"),
        ("policy.pose=[1, 2]", "policy.pose", "expected a list of 3 numbers, found a list of 2"),
        ("policy.pose=[1, 2, x]", "policy.pose[2]", "expected a number"),
        ("policy.levels=[1, 2.5]", "policy.levels[1]", "expected an integer"),
        ("policy.cov=[[1, 2], [3]]", "policy.cov[1]", "rows differ: a list of 1, but the first is a list of 2"),
        ("policy.cov=[[1, x]]", "policy.cov[0][1]", "expected a number"),
        ("policy.count=some", "policy.count", "expected an integer or 'all'"),
        ("policy.file=no.txt", "policy.file", "there is no file 'no.txt'"),
        ("policy.file=x.yml", "policy.file", "did you mean 'x.yaml'?"),
        ("policy.file=${NO_SUCH}/x", "policy.file", "variable NO_SUCH is not set"),
        ("policy.table={a: b}", "policy.table.a", "expected a number"),
        ("policy.shrink=half", "policy.shrink", "expected a function"),
        ("policy.planner.weight=0", "policy.planner", "weight is 0"),
        ("policy.planners=[{name: x}]", "policy.planners[0].name", "no planner 'x'"),
        ("policy.planners=unicycle", "policy.planners", "expected a list of planners"),
        ("policy.lidar=position", "policy.lidar", "expected Lidar, found Position"),
        ("policy.lidar.beam=3", "policy.lidar.beam", "did you mean 'beams'?"),
        ("policy.map={name: ros-map}", "policy.map", "ros-map needs 'path'"),
        ("policy.map=ros-map", "policy.map", "write {name: ros-map, path: ...}"),
        ("policy.planner=tests.scenario.components:NoPolicy", "policy.planner", "NoPolicy is no Planner"),
        ("policy=tests.scenario.components:NoPolicy", "policy", "NoPolicy is no Policy: it has no "),
        ("policy=tests.scenario.components:Explodes", "policy", "RuntimeError: boom"),
        ("policy=pure-pursuit", "policy", "needs 'robot'"),
        ("policy.world=3", "policy.world", "expected a Known"),
        ("env.size=-1", "env", "size is -1"),
        ("env.size=big", "env.size", "expected a number"),
        ("env.sizes=1", "env.sizes", "did you mean 'size'?"),
        ("env.render_mode=human", "env.render_mode", "test/Arena-v0 has no parameter 'render_mode'"),
        ("env=3", "env", "a mapping with an 'id'"),
        ("env.id=CartPol-v1", "env.id", "did you mean 'CartPole-v1'?"),
        ("max_steps=0", "max_steps", "should be greater than 0, found 0"),
        ("timeout=-1", "timeout", "should be greater than 0"),
        ("metrics=success", "metrics", "expected a list of text"),
        ("metrics=[thought]", "metrics[0]", "did you mean 'thoughts'?"),
        ("metrics=[zzz]", "metrics[0]", "(there are: success"),
        ("metrics=['math:pi']", "metrics[0]", "no plansim.scenario.metrics.Metric"),
        ("expect={success: 0.95}", "expect.success", "expected a comparison in quotes, such as '>= 0.95', found 0.95"),
        ("episodes=1e3", "episodes", "expected an integer, found 1000.0; write 1000"),
        ("episodes=99999999999", "episodes", "should be less than or equal to 10000000"),
        ("policy.partcles=3", "policy.partcles", "did you mean 'particles'?"),
        ("expect={success: about 1}", "expect.success", "write a comparison"),
        ("expect={success: '> 1e999'}", "expect.success", "finite"),
        ("expect={sucess: '> 1'}", "expect.sucess", "did you mean 'success'?"),
        ("expect={light.success: '> 1'}", "expect.light.success", "no variant 'light'"),
        ("expect={success: '> 2 * hevy.steps'}", "expect.success", "did you mean 'heavy'?"),
        ("variants=[1]", "variants", "expected a mapping of labels"),
        ("variants={a: 1}", "variants.a", "a variant is a mapping"),
        ("variants={'a b': {}}", "variants", "'a b' is no label"),
        ("variants={a: {seed: 1}}", "variants.a.seed", "a variant may change env, policy, max_steps, timeout"),
        ("variants={a: {policy.gian: 1}}", "variants.a.policy.gian", "did you mean 'gain'?"),
        ("variants={a: {policy.gain.x: 1}}", "variants.a.policy.gain", "1 has no 'x' to set"),
        ("variants={a: {policy.planner: {weight: 0}}}", "variants.a.policy.planner", "a planner needs a name"),
        ("name=../x", "name", "no name"),
        ("name=.x", "name", "no name"),
        ("policy.levels.9=3", "policy.levels", "a list of 3 has no item '9'"),
        ("policy.gain", "", "an override is written key.path=value"),
        ("policy..gain=1", "", "an override is written key.path=value"),
        ("policy.gain=[", "", "flow"),
        ("policy.gain=!!int 3", "", "tags are refused"),
        ("polcy.gain=3", "polcy", "did you mean 'policy'?"),
    ],
)
def test_an_override_gets_the_same_answers(override, path, message, complain):
    problems = complain(EVERYTHING, override)
    assert any(found == path and message in said for _, _, found, said in problems), problems


def test_one_mistake_is_one_problem(complain):
    for override in ("policy.map={name: ros-map}", "policy.map=ros-map", "policy.world={}", "policy.lidar.beam=3"):
        text = EVERYTHING[: EVERYTHING.index("variants")]
        assert len(complain(text, override)) == 1


def test_an_override_shows_itself_as_the_place(tmp_path):
    (tmp_path / "x.yaml").write_text(SMALL)
    with pytest.raises(InvalidScenario) as caught:
        load(tmp_path / "x.yaml", ["policy.lookahead=x"])
    assert str(caught.value) == "--set policy.lookahead=x: policy.lookahead: expected a number, found the text 'x'"


def test_a_comparison_without_quotes_is_told_to_take_them(complain):
    [(line, column, _, message)] = complain(f"{SMALL}expect:\n  success: >= 0.95\n")
    assert (line, column) == (7, 13)
    assert message == "a value that begins with > or | must stand in quotes: '>= 0.95'"


def test_missing_keys_are_mistakes_too(complain):
    [(line, column, path, message)] = complain("seed: 1\n")
    assert (line, column, path) == (1, 1, "")
    assert message == "a scenario needs 'name', 'env', 'policy'"


@pytest.mark.parametrize("text", ["just text", "[1, 2]", "3", "null", "- name: x"])
def test_a_file_that_is_no_mapping_is_told_so(text, complain):
    [(line, _, _, message)] = complain(text)
    assert line == 1
    assert "a scenario is a mapping" in message


def test_bytes_that_are_no_text_are_told_with_their_place(complain):
    assert complain(b"name: x\nseed: \xff\n") == [(2, 7, "", "byte 0xff is not UTF-8")]
    assert complain("name: x".encode("utf-16"))[0][3] == "byte 0xff is not UTF-8"


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    (tmp_path / "x.yaml").write_text(SMALL, encoding="utf-8-sig")
    assert load(tmp_path / "x.yaml").name == "small"


def test_a_missing_file_names_its_neighbour(tmp_path):
    (tmp_path / "depot.yaml").write_text(SMALL)
    with pytest.raises(InvalidScenario, match=r"depo\.yaml: cannot be read: .*; did you mean 'depot\.yaml'\?"):
        load(tmp_path / "depo.yaml")
    with pytest.raises(InvalidScenario, match="cannot be read"):
        load(tmp_path)
    with pytest.raises(InvalidScenario, match="cannot be read"):
        load("a\0b")


def test_a_mistake_in_an_anchor_is_told_once(complain):
    text = "name: x\nenv: {id: test/Arena-v0, map: &m {name: empty, widht: 3}}\n"
    text += "policy: {name: 'tests.scenario.components:Everything', world: {motion: unicycle}, map: *m}\n"
    [(line, column, path, message)] = complain(text + "variants: {a: {}, b: {policy.gain: 2}}\n")
    assert (line, column, path) == (2, 48, "env.map.widht")
    assert "did you mean 'width'?" in message


def test_a_map_with_short_rows_is_told_at_its_node(complain, tmp_path):
    (tmp_path / "short.map").write_text("type octile\nheight 2\nwidth 3\nmap\n...\n..\n")
    text = "name: x\nenv:\n  id: plansim/GridWorld-v0\n  map: {name: movingai-map, path: short.map}\npolicy: random\n"
    [(line, column, path, message)] = complain(text)
    assert (line, column, path) == (4, 8, "env.map")
    assert "short.map:6" in message


def test_a_map_whose_image_is_missing_is_told_at_its_node(complain, tmp_path):
    (tmp_path / "m.yaml").write_text(
        "image: m.pgm\nresolution: 0.1\norigin: [0, 0, 0]\nnegate: 0\noccupied_thresh: 0.65\nfree_thresh: 0.2\n"
    )
    text = "name: x\nenv:\n  id: plansim/GridWorld-v0\n  map: {name: ros-map, path: m.yaml}\npolicy: random\n"
    [(line, _, path, message)] = complain(text)
    assert (line, path) == (4, "env.map")
    assert "m.pgm" in message


def test_a_mapping_of_python_values_gets_the_same_answers():
    with pytest.raises(InvalidScenario) as caught:
        from_mapping({"name": "x", "env": {"id": object()}, "policy": {"name": "random", 3: 4}, "seed": float("nan")})
    text = str(caught.value)
    assert "scenario: env.id: a scenario holds plain data (mappings, lists, text, numbers), found object" in text
    assert "scenario: policy: a key must be text, found 3" in text
    assert "scenario: seed: numbers must be finite, found nan" in text
    loop = []
    loop.append(loop)
    with pytest.raises(InvalidScenario, match="deep"):
        from_mapping({"name": "x", "env": loop})


def test_a_scenario_made_by_hand_is_checked_when_it_is_built():
    with pytest.raises(InvalidScenario, match="no environment 'nowhere'"):
        build(Scenario("x", {"id": "nowhere"}, {"name": "random"}))


def test_what_goes_missing_after_loading_is_told_when_it_is_built(tmp_path):
    (tmp_path / "note.txt").write_text("x")
    (tmp_path / "x.yaml").write_text(EVERYTHING)
    scenario = load(tmp_path / "x.yaml", ["policy.file=note.txt"])
    (tmp_path / "note.txt").unlink()
    with pytest.raises(InvalidScenario, match=r"policy\.file: there is no file 'note\.txt'"):
        build(scenario)
    assert Scenario("x", {"id": "nowhere"}, {"name": "random"}).resolved()["env"] == {"id": "nowhere"}


def mutations(seed, count):
    """The draft with characters, words and lines removed, doubled, swapped and strewn in."""
    strange = [
        *"{}[]:,&*!|>'\"%@`#-?~\t\n ",
        "<<: *map\n",
        "!!python/name:os.system ",
        "&a [*a]",
        ".nan",
        "1e999",
        "é\x00",
    ]
    for i in range(count):
        luck = random.Random(f"{seed} {i}")
        parts = re.split(luck.choice(["()", r"(\s+|[{}\[\],:])", "(\n)"]), EVERYTHING)
        parts = [part for part in parts if part]
        for _ in range(luck.randint(1, 4)):
            a, b = luck.randrange(len(parts)), luck.randrange(len(parts))
            match luck.randrange(5):
                case 0:
                    del parts[a]
                case 1:
                    parts[a], parts[b] = parts[b], parts[a]
                case 2:
                    parts.insert(a, luck.choice(strange))
                case 3 if not any(c.isdigit() for c in parts[b]):  # no map of a million metres
                    parts.insert(a, parts[b])
                case _:
                    parts[a] = luck.choice(strange)
        yield "".join(parts)


def problems_of(file, *overrides):
    """What load says; nothing but an InvalidScenario may leave it."""
    try:
        return load(file, overrides), []
    except InvalidScenario as error:
        return None, error.problems


def test_any_text_is_a_scenario_or_an_invalid_one_and_nothing_else_happens(tmp_path):
    file, valid = tmp_path / "x.yaml", 0
    for text in mutations(seed=7, count=500):
        file.write_text(text, encoding="utf-8")
        scenario, problems = problems_of(file)
        assert (scenario is None) == bool(problems), text
        assert all(problem.message and problem.line >= 1 for problem in problems), text
        if scenario is not None:
            valid += 1
            assert from_mapping(scenario.resolved(), path=file) == scenario
    assert 10 < valid < 250  # some mutations harm nothing, most do


def test_any_override_is_a_scenario_or_an_invalid_one(tmp_path):
    (tmp_path / "x.yaml").write_text(EVERYTHING)
    luck = random.Random(3)
    keys = ["policy", "env", "map", "planner", "weight", "0", "variants", "heavy", "", "x", "metrics", "expect", "seed"]
    values = ["1", "x", "{a: 1}", "[1", "", "null", "a-star", "{name: 3}", "!!x 1", "*map", "{name: {name: x}}", "[[]]"]
    for _ in range(200):
        change = ".".join(luck.choices(keys, k=luck.randint(1, 4))) + "=" + luck.choice(values)
        scenario, problems = problems_of(tmp_path / "x.yaml", change)
        assert (scenario is None) == bool(problems), change
