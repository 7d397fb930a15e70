"""What a single environment hands out is read from the state as it is then, and never changes afterwards."""

from __future__ import annotations

import copy

import gymnasium
import numpy as np
import pytest
from plansim_envs.base import SingleView
from plansim_envs.rows import array_row, plain_row, reader

from plansim.testing import _equal
from tests.contracts.test_environments import CASES
from tests.envs.worlds import Drift, DriftEnv

STATE = np.dtype([("x", "f8", (2,)), ("steps", "i8"), ("flag", "?"), ("small", "f4")])


def columns(state):
    return {"x": state["x"], "few": (state["steps"], {"flag": state["flag"], "small": state["small"]})}


def test_columns_are_found_once_and_read_anew():
    calls = []
    state = np.zeros(1, STATE)
    read = reader(lambda s: calls.append(1) or columns(s), state, plain_row)
    before = read()
    state["x"], state["steps"], state["flag"], state["small"] = 1.0, 2, True, 3.0
    after = read()
    assert calls == [1]
    assert before["x"].tolist() == [0.0, 0.0]
    assert after["x"].tolist() == [1.0, 1.0]
    assert after["few"] == (2, {"flag": True, "small": 3.0})
    assert [type(v) for v in (after["few"][0], after["few"][1]["flag"])] == [int, bool]
    assert type(after["few"][1]["small"]) is np.float32  # as Python's float it would lose its type
    assert type(reader(columns, state, array_row)()["few"][0]) is np.int64


def test_one_computed_part_is_computed_each_time():
    state = np.zeros(1, STATE)
    read = reader(lambda s: {"x": s["x"], "sum": s["x"].sum(axis=1)}, state, plain_row)
    state["x"] = 2.0
    assert read()["sum"] == 4.0
    assert read()["x"].tolist() == [2.0, 2.0]


def test_nothing_to_say_is_a_new_dict_each_time():
    read = reader(lambda s: {}, np.zeros(1, STATE), plain_row)
    read()["added"] = 1
    assert read() == {}


@pytest.mark.parametrize(
    "make",
    [DriftEnv, *(lambda i=identity, k=kwargs: gymnasium.make(i, **k) for identity, kwargs in CASES)],
    ids=["Drift", *(identity for identity, _ in CASES)],
)
def test_what_was_returned_stays_as_it_was(make):
    env = make()
    env.action_space.seed(0)
    kept = [env.reset(seed=0)]
    then = copy.deepcopy(kept)
    for _ in range(30):
        kept.append(env.step(env.action_space.sample()))
        then.append(copy.deepcopy(kept[-1]))
        if kept[-1][2] or kept[-1][3]:
            kept.append(env.reset())
            then.append(copy.deepcopy(kept[-1]))
    for i, (value, before) in enumerate(zip(kept, then, strict=True)):
        _equal(value, before, f"result {i}", "it was")


def test_the_step_after_an_end_begins_without_its_flags():
    class Sparing(Drift):
        def step(self, state, actions, result):
            assert not result.terminated.any()
            assert not result.truncated.any()
            Drift.step(self, state, actions, result)

    env = type("SparingEnv", (SingleView,), {"parameters": Sparing})(max_steps=3)
    env.reset(seed=0)
    before = env.get_state()
    for _ in range(2):
        while not any(env.step(np.zeros(1))[2:4]):
            pass
        env.set_state(before)


def test_a_snapshot_can_be_continued_by_an_environment_that_was_never_reset():
    one, other = DriftEnv(), DriftEnv()
    one.reset(seed=0)
    other.set_state(one.get_state())
    _equal(other.step([0.5]), one.step([0.5]), "the step", "the other gives")
