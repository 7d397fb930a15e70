"""Timed plans: played by a point mass they end in the goal, within their limits, without touching anything."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.shapes import Shapes
from plansim.planning.base import Plan, Problem, Status
from plansim.planning.grid.astar import AStar
from plansim.planning.spaces.box import BoxSpace
from plansim.planning.trajectory.shortcut import Shortcut
from plansim.planning.trajectory.time_optimal import time_optimal
from plansim.planning.trajectory.timing import TimeOptimal, held_controls
from tests.planning.trajectory.test_time_optimal import random_spline
from tests.planning.trajectory.worlds import between, driven, paths


@pytest.mark.parametrize("max_jerk", [None, 3.0])
def test_a_timed_path_is_driven_to_the_goal_within_limits(max_jerk):
    processor = TimeOptimal(max_speed=0.9, max_acceleration=0.8, max_jerk=max_jerk)
    for problem, _ in paths(10 if max_jerk is None else 2):
        plan = processor.process(problem, Shortcut().process(problem, AStar().plan(problem)))
        assert np.allclose(driven(plan), plan.states, atol=1e-9)
        assert np.allclose(plan.states[[0, -1], :2], [problem.start, problem.goal], atol=1e-9)
        assert np.allclose(plan.states[[0, -1], 2:], 0.0, atol=1e-9)
        assert np.abs(plan.states[:, 2:]).max() <= 0.9
        assert np.abs(plan.controls).max() <= 0.8
        assert problem.space.is_free(between(plan)).all()
        if max_jerk is not None:
            assert np.abs(np.diff(plan.controls, axis=0)).max() / processor.dt <= max_jerk


def test_held_controls_follow_the_passage_closely():
    path, v, a = random_spline(6)
    timed = time_optimal(path, v, a)
    for dt in (0.1, 0.02):
        states, controls = held_controls(timed, dt)
        count = len(controls)
        at = timed.at(np.linspace(0.0, timed.duration, count + 1))
        assert np.abs(states[:, :3] - at).max() <= a.max() * dt**2 / 4
        assert np.allclose(states[-1], [*at[-1], 0, 0, 0], atol=1e-9)
        assert (np.abs(controls) / a).max() <= 1 + 1e-3
        assert count * dt - timed.duration < dt


def test_a_corner_between_obstacles_is_passed_slower_rather_than_cut():
    space = BoxSpace(Shapes([0, -1], [9, 8], boxes=[[[0.0, 1.2], [3.9, 6.0]], [[4.1, 1.0], [9.0, 6.0]]]))
    path = np.array([[0.5, 1.1], [4.0, 1.1], [4.0, 7.0]])
    problem = Problem(space, path[0], path[-1])
    plan = TimeOptimal(deviation=2.0).process(problem, Plan(Status.SOLVED, path, 9.4))
    assert space.is_free(between(plan)).all()
    assert np.allclose(plan.states[-1, :2], path[-1])


def test_arms_are_timed_too():
    rng = np.random.default_rng(0)
    space = BoxSpace(Shapes([-3] * 7, [3] * 7))
    path = rng.uniform(-2, 2, size=(5, 7))
    plan = TimeOptimal(max_speed=2.0, max_acceleration=5.0, dt=0.02).process(
        Problem(space, path[0], path[-1]), Plan(Status.SOLVED, path, 1.0)
    )
    assert plan.states.shape[1] == 14
    assert np.allclose(driven(plan), plan.states, atol=1e-9)
    assert np.abs(plan.controls).max() <= 5.0


def test_at_the_goal_already_there_is_nothing_to_drive():
    problem, path = next(paths(1))
    here = Problem(problem.space, path[0], path[0])
    plan = TimeOptimal().process(here, AStar().plan(here))
    assert plan.states.tolist() == [[*path[0], 0.0, 0.0]]
    assert (len(plan.controls), plan.times.tolist()) == (0, [0.0])


@pytest.mark.parametrize("change", [{"max_speed": 0.0}, {"deviation": 0.0}, {"max_jerk": -1.0}, {"dt": np.nan}])
def test_malformed_parameters_are_errors(change):
    with pytest.raises(MalformedInput):
        TimeOptimal(**change)
