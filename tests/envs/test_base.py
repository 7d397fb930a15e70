"""Views of a world, seen as their user sees them."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from plansim_envs.actions import InvalidAction, action_reader
from plansim_envs.base import EpisodeOver, constants, normals, uniforms

from plansim.core.errors import MalformedInput
from plansim.core.random import stream
from tests.envs.worlds import Drift, DriftEnv, DriftVectorEnv


def many(num_envs=3, **kwargs) -> DriftVectorEnv:
    env = DriftVectorEnv(num_envs, **kwargs)
    env.reset(seed=0)
    return env


def test_an_action_that_cannot_be_is_refused_and_nothing_has_moved():
    env = many()
    before = env.get_state()
    for wrong, says in [
        (np.array([[0.0], [np.nan], [0.0]]), r"action of world 1: component 0 is nan, but must lie in \[-1, 1\]"),
        (np.array([[0.0], [0.0], [1.5]]), r"action of world 2: component 0 is 1.5, but must lie"),
        (np.zeros((2, 1)), r"has shape \(2, 1\), but must have \(3, 1\)"),
        (np.array([[None]] * 3), "must consist of numbers"),
        ([[0.0], [0.0, 1.0], [0.0]], "must consist of numbers"),
    ]:
        with pytest.raises(MalformedInput, match=says) as caught:
            env.step(wrong)
        assert isinstance(caught.value, InvalidAction)
    np.testing.assert_array_equal(env.get_state()["random"], before["random"])
    with pytest.raises(InvalidAction) as caught:
        env.step(np.array([[0.0], [0.0], [np.inf]]))
    assert caught.value.world == 2
    single = DriftEnv()
    single.reset(seed=0)
    with pytest.raises(MalformedInput, match=r"^action: component 0 is 2, but"):
        single.step([2.0])
    with pytest.raises(MalformedInput, match=r"action has shape \(2,\), but must have \(1,\)"):
        single.step(np.zeros(2))


def test_the_action_of_a_world_that_begins_again_may_be_anything():
    env = many(max_steps=1, gust=0.0)
    env.step(np.zeros((3, 1)))
    _, rewards, *_ = env.step(np.full((3, 1), np.nan))
    np.testing.assert_array_equal(rewards, 0.0)


def test_a_float32_at_the_bound_is_within_it():
    reader = action_reader(gymnasium.spaces.Box(-0.6, 0.6, (2,), dtype=np.float64), ("speed", "turn"))
    edge = np.array([0.6, -0.6], dtype=np.float32)  # 0.60000002...
    np.testing.assert_array_equal(reader.one(edge), [[0.6, -0.6]])
    with pytest.raises(InvalidAction, match=r"turn is -0\.61"):
        reader.one(np.array([0.6, -0.61], dtype=np.float32))
    with pytest.raises(InvalidAction, match="speed"):
        reader.one(edge.astype(float))


def test_discrete_actions_are_whole_numbers_in_range():
    reader = action_reader(gymnasium.spaces.Discrete(3, start=1))
    for right in (1, np.int64(3), np.array(2)):
        assert reader.one(right).tolist() == [int(right)]
    for wrong in (0, 4, 1.0, -1, True):
        with pytest.raises(InvalidAction, match="must"):
            reader.one(wrong)
    assert reader.many(np.array([9, 2]), 2, np.array([True, False])).tolist() == [1, 2]
    with pytest.raises(InvalidAction, match=r"action of world 1 is 7, but must be a whole number from 1 to 3"):
        reader.many([1, 7], 2, None)


def test_other_spaces_of_arrays_are_read_as_well():
    reader = action_reader(gymnasium.spaces.MultiDiscrete([2, 3]))
    np.testing.assert_array_equal(reader.many([[1, 2], [5, 5]], 2, np.array([False, True])), [[1, 2], [0, 0]])
    with pytest.raises(InvalidAction, match="action of world 1 is"):
        reader.many([[1, 2], [2, 0]], 2, None)


def test_steps_before_the_beginning_and_after_the_end_are_refused():
    env = DriftEnv(max_steps=1, gust=0.0)
    with pytest.raises(gymnasium.error.ResetNeeded, match="has not begun"):
        env.step([0.0])
    env.reset(seed=0)
    env.step([0.0])
    with pytest.raises(EpisodeOver, match="has ended"):
        env.step([0.0])
    env = DriftVectorEnv(2, autoreset_mode="Disabled", max_steps=1, gust=0.0)
    with pytest.raises(gymnasium.error.ResetNeeded, match="world 1 has not begun"):
        env.reset(options={"reset_mask": np.array([True, False])})
    env.reset(seed=0)
    env.step(np.zeros((2, 1)))
    with pytest.raises(AssertionError, match="world 0 has ended"):  # what SyncVectorEnv raises
        env.step(np.zeros((2, 1)))


def test_unknown_parameters_and_modes_are_named():
    with pytest.raises(MalformedInput, match="Drift has no parameter 'gusts'; did you mean 'gust'"):
        DriftEnv(gusts=1.0)
    with pytest.raises(MalformedInput, match="render_mode is 'rgb'"):
        DriftVectorEnv(2, render_mode="rgb")
    with pytest.raises(ValueError, match="Never"):
        DriftVectorEnv(2, autoreset_mode="Never")
    with pytest.raises(MalformedInput, match="num_envs is 0"):
        DriftVectorEnv(0)
    assert DriftVectorEnv(2, autoreset_mode=AutoresetMode.SAME_STEP).metadata["autoreset_mode"].value == "SameStep"
    assert "autoreset_mode" not in DriftEnv.metadata


def test_a_negative_seed_is_refused_as_gymnasium_does():
    for env in (DriftEnv(), DriftVectorEnv(2)):
        with pytest.raises(gymnasium.error.Error, match="greater or equal to zero"):
            env.reset(seed=-1)


def test_without_a_seed_every_environment_has_its_own_luck():
    drawn = {float(DriftEnv().reset()[0]["pair"][0][0]) for _ in range(5)}
    drawn |= set(DriftVectorEnv(3).reset()[0]["pair"][0][:, 0].tolist())
    assert len(drawn) == 8
    env = many()
    assert env.np_random_seed == (0, 1, 2)


def test_flags_and_infos_of_a_single_environment_are_plain_python():
    env = DriftEnv(max_steps=1, gust=0.0)
    env.reset(seed=0)
    _, reward, terminated, truncated, info = env.step([0.0])
    assert [type(v) for v in (reward, terminated, truncated)] == [float, bool, bool]
    assert type(info["is_success"]) is bool
    assert type(info["outcome"]) is str
    assert type(info["steps"]) is int


def test_the_last_infos_belong_to_the_ended_worlds_only():
    env = many(max_steps=3, gust=0.0)
    env.set_state({**env.get_state(), "steps": np.array([2, 0, 2])})
    *_, infos = env.step(np.zeros((3, 1)))
    assert infos["outcome"].tolist() == ["out of time", None, "out of time"]
    assert infos["_outcome"].tolist() == [True, False, True]
    assert infos["_x"].all()


def test_draws_come_from_each_worlds_own_stream():
    state = np.zeros(3, Drift().dtype)
    for i in range(3):
        state["random"][i] = stream(i)
    mask = np.array([True, False, True])
    drawn = normals(state, mask, 4)
    assert not drawn[1].any()
    assert state["random"][:, 1].tolist() == [4, 0, 4]
    alone = np.zeros(1, Drift().dtype)
    alone["random"][0] = stream(2)
    np.testing.assert_array_equal(normals(alone, np.ones(1, dtype=bool), 4)[0], drawn[2])
    many_draws = uniforms(state, np.ones(3, dtype=bool), 20_000)
    np.testing.assert_allclose(many_draws.mean(1), 0.5, atol=0.01)


def test_constants_are_read_by_name():
    rules = constants(dt=0.1, mount=(1.0, 2.0))[0]
    assert rules["dt"] == 0.1
    assert rules["mount"].tolist() == [1.0, 2.0]
