"""From a scenario to what a runner needs."""

import gymnasium
import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.scenario.build import build
from plansim.scenario.load import from_mapping, load
from plansim.scenario.reading.problems import InvalidScenario
from tests.scenario import components
from tests.scenario.drafts import EVERYTHING


@pytest.fixture
def everything(tmp_path):
    (tmp_path / "x.yaml").write_text(EVERYTHING)
    return load(tmp_path / "x.yaml")


def scenario(env="test/Arena-v0", policy="random", **rest):
    return from_mapping({"name": "x", "env": env, "policy": policy, **rest})


def test_policies_are_fresh_and_maps_are_shared(everything):
    simulation = build(everything)
    one, two = simulation.make_policy(), simulation.make_policy()
    assert one is not two
    assert one.planner is not two.planner
    assert one.map is two.map is simulation.env_arguments["map"]


def test_equal_maps_are_one_map_however_they_are_written():
    policy = {"name": "tests.scenario.components:Everything", "world": {"motion": "unicycle"}}
    one = {"name": "empty", "width": 10.0, "height": 4, "resolution": 0.5}
    other = {"resolution": 0.5, "height": 4.0, "name": "empty"}  # a width of 10 m is the default
    simulation = build(scenario({"id": "test/Arena-v0", "map": one}, policy | {"map": other}))
    assert simulation.make_policy().map is simulation.env_arguments["map"]


def test_the_environment_gets_what_the_scenario_and_its_registration_say(everything):
    env = build(everything).make_env()
    world = env.unwrapped.world
    assert (world.size, world.reward, world.dt) == (4.0, "dense", 0.25)
    assert world.map.shape == (6, 8)


def test_an_environment_without_a_vector_form_has_none(everything):
    assert build(everything).make_vector_env(4) is None


def test_a_vector_environment_that_resets_by_itself_is_not_used():
    assert gymnasium.spec("CartPole-v1").vector_entry_point is not None
    assert build(scenario("CartPole-v1")).make_vector_env(4) is None


def test_a_native_vector_environment_does_not_reset_by_itself():
    simulation = build(
        scenario({"id": "plansim/GridWorld-v0", "map": {"name": "empty", "width": 3, "resolution": 0.5}})
    )
    worlds = simulation.make_vector_env(3)
    assert worlds.num_envs == 3
    assert worlds.metadata["autoreset_mode"] is gymnasium.vector.AutoresetMode.DISABLED
    observations, _ = worlds.reset(seed=[1, 2, 3])
    for i in range(3):
        observation, _ = simulation.make_env().reset(seed=i + 1)
        np.testing.assert_array_equal(observation["goal"], observations["goal"][i])


def test_a_limit_replaces_the_registered_one():
    env = build(scenario("CartPole-v1", max_steps=7)).make_env()
    env.reset(seed=0)
    steps = 0
    while True:
        steps += 1
        *_, terminated, truncated, _ = env.step(steps % 2)
        if terminated or truncated:
            break
    assert (steps, truncated) == (7, True)


def test_any_environment_of_gymnasium_can_be_named_and_set():
    env = build(scenario({"id": "CartPole-v1", "sutton_barto_reward": True})).make_env()
    env.reset(seed=0)
    assert env.step(0)[1] == 0.0
    with pytest.raises(InvalidScenario, match="sutton_barto_rewrd"):
        scenario({"id": "CartPole-v1", "sutton_barto_rewrd": True})


def test_the_random_policy_draws_from_the_action_space_and_from_its_seed():
    simulation = build(scenario("CartPole-v1"))
    one, two = simulation.make_policy(), simulation.make_policy()
    one.reset(seed=3)
    two.reset(seed=3)
    actions = [one.act(None) for _ in range(50)]
    assert actions == [two.act(None) for _ in range(50)]
    assert set(actions) == {0, 1}


def test_an_environment_that_refuses_its_arguments_is_told_before_anything_runs():
    gymnasium.register("test/Picky-v0", entry_point="tests.scenario.test_build:Picky")
    with pytest.raises(InvalidScenario, match=r"env: doors must be even"):
        scenario({"id": "test/Picky-v0", "doors": 3})
    assert Picky.closed == 0
    scenario({"id": "test/Picky-v0", "doors": 2})
    assert Picky.closed == 1


class Picky(components.Arena):
    parameters = None
    closed = 0

    def __init__(self, doors: int = 0, render_mode: str | None = None):
        if doors % 2:
            raise ValueError("doors must be even")

    def close(self):
        Picky.closed += 1


def test_a_variant_that_does_not_exist_has_a_near_name(everything):
    with pytest.raises(MalformedInput, match="did you mean 'heavy'"):
        build(everything, "haevy")


def test_the_scenario_of_a_variant_says_what_the_variant_says(everything):
    simulation = build(everything, "heavy")
    assert simulation.variant == "heavy"
    assert simulation.scenario.policy["planner"]["weight"] == 5
    assert everything.policy["planner"]["weight"] == 2
