"""Search, corridor and smoothing together: arrives, smoothly, by controls that a point mass can play."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.trap_maker import inflated, traps
from plansim.planning.base import Budget, Problem, Status
from plansim.planning.grid.astar import AStar
from plansim.planning.grid.space import GridSpace
from plansim.planning.trajectory.corridor_qp import CorridorSolution
from plansim.planning.trajectory.hierarchical import Hierarchical
from plansim.planning.trajectory.timing import TimeOptimal
from tests.planning.grids import random_problem, random_space
from tests.planning.trajectory.worlds import between, driven, paths


def jerk(plan):
    changes = np.diff(plan.controls, axis=0) / np.diff(plan.times)[1:, None]
    return np.sqrt((changes**2).sum(-1).mean())


def test_its_controls_drive_a_point_mass_to_the_goal_through_free_space():
    for problem, _ in paths(25):
        plan = Hierarchical().plan(problem)
        assert plan.solved
        assert np.allclose(driven(plan), plan.states, atol=1e-9)
        assert np.allclose(plan.states[-1], [*problem.goal, 0.0, 0.0], atol=1e-9)
        assert np.array_equal(plan.states[0], [*problem.start, 0.0, 0.0])
        assert problem.space.is_free(between(plan)).all()


def test_limits_hold_along_the_axes_of_a_turned_map():
    planner = Hierarchical(max_speed=0.8, max_acceleration=0.7, max_jerk=1.5)
    for problem, _ in paths(8):
        plan = planner.plan(problem)
        heading = problem.space.grid.origin[2]
        turn = np.array([[np.cos(heading), -np.sin(heading)], [np.sin(heading), np.cos(heading)]])
        assert np.abs(plan.states[:, 2:] @ turn).max() <= 0.8 * (1 + 1e-9)
        assert np.abs(plan.controls @ turn).max() <= 0.7 * (1 + 1e-9)
        assert np.abs(np.diff(plan.controls @ turn, axis=0)).max() / planner.dt <= 1.5 * (1 + 1e-9)


def test_it_is_solved_when_the_search_is_and_says_what_the_search_says():
    rng, statuses = np.random.default_rng(4), set()
    for seed in range(40):
        problem = random_problem(random_space(seed, shape=(20, 25), density=0.3), rng)
        coarse, plan = AStar().plan(problem), Hierarchical().plan(problem)
        assert plan.status is coarse.status
        statuses.add(plan.status)
    assert statuses == {Status.SOLVED, Status.NO_PATH}


def test_it_is_far_smoother_than_the_search_alone():
    for problem, path in paths(8):
        search = TimeOptimal(max_speed=1.5, deviation=0.02).process(problem, AStar().plan(problem))
        assert jerk(Hierarchical().plan(problem)) < 0.3 * jerk(search)
        assert len(path)


def test_it_goes_on_from_a_velocity_and_arrives_with_one():
    space = GridSpace(OccupancyGrid(np.zeros((60, 120)), resolution=0.2))
    start, goal = np.array([2.0, 6.0, 0.8, 0.3]), np.array([20.0, 5.0, 0.5, -0.2])
    plan = Hierarchical().plan(Problem(space, start, goal))
    assert np.allclose(plan.states[[0, -1]], [start, goal], atol=1e-9)
    assert np.allclose(driven(plan), plan.states, atol=1e-9)


def test_a_start_too_fast_to_be_braked_before_the_wall_is_not_solved():
    space = GridSpace(OccupancyGrid(np.zeros((10, 20)), resolution=0.2))
    plan = Hierarchical().plan(Problem(space, np.array([3.6, 1.0, 1.5, 0.0]), np.array([1.0, 1.0])))
    assert plan.status is Status.BUDGET_SPENT
    assert "none of which" in plan.stats.engine
    assert plan.cost == np.inf


def test_an_answer_that_leaves_the_corridor_is_refused():
    class Liar:
        def solve(self, problem):
            points = problem.reference.copy()
            points[len(points) // 2] += 3.0
            return CorridorSolution(True, points, 1)

    problem, _ = next(paths(1))
    assert Hierarchical(solver=Liar(), stretches=2).plan(problem).status is Status.BUDGET_SPENT


def test_ten_to_fifteen_seconds_around_traps():
    space = GridSpace(inflated(traps(), 0.25))
    for start, goal in (((27.6, 4.5), (34.4, 2.3)), ((28.3, 3.5), (34.5, 5.4)), ((10.0, 13.2), (1.8, 15.7))):
        plan = Hierarchical().plan(Problem(space, np.array(start), np.array(goal)))
        assert plan.solved
        assert 10.0 <= plan.times[-1] <= 15.0
        assert space.is_free(between(plan)).all()


def test_a_budget_for_the_search_is_the_searchs():
    problem, _ = next(paths(1))
    assert Hierarchical().plan(problem, Budget(iterations=0)).status is Status.BUDGET_SPENT


@pytest.mark.parametrize(
    ("change", "message"), [({"max_jerk": 0.0}, "max_jerk"), ({"dt": np.inf}, "dt"), ({"patience": 0.5}, "patience")]
)
def test_malformed_parameters_are_errors(change, message):
    with pytest.raises(MalformedInput, match=message):
        Hierarchical(**change)
