"""What planners of timed trajectories must keep to: the planners' contract, for states with velocities."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.planning.base import Budget, Problem, Status
from plansim.planning.grid.space import GridSpace
from plansim.scenario.registry import BUILTINS, load
from tests.planning.trajectory.worlds import between, driven, paths

TRAJECTORY_PLANNERS = ("hierarchical", "trajectory-optimization")


@pytest.fixture(params=TRAJECTORY_PLANNERS)
def planner(request):
    return load(BUILTINS["planner"][request.param])()


def boxed(*, start=(0.5, 0.5), goal=(4.5, 4.5), space=None):
    """A 5 x 5 map with a closed box around (2.5, 2.5)."""
    cells = np.zeros((5, 5))
    cells[1:4, 1:4] = 1
    cells[2, 2] = 0
    return Problem(space or GridSpace(OccupancyGrid(cells)), np.array(start), np.array(goal))


def test_a_trajectory_is_free_is_driven_by_its_controls_and_ends_in_the_goal(planner):
    solved = 0
    for problem, _ in paths(8, density=0.015):
        plan = planner.plan(problem)
        assert problem.space.is_free(between(plan)).all()
        assert np.allclose(driven(plan), plan.states, atol=1e-9)
        assert plan.cost == pytest.approx(np.linalg.norm(np.diff(plan.states[:, :2], axis=0), axis=-1).sum())
        if plan.solved:
            solved += 1
            assert np.allclose(plan.states[[0, -1], :2], [problem.start, problem.goal], atol=1e-9)
    assert solved >= 5


def test_a_status_says_why_there_is_no_path(planner):
    assert planner.plan(boxed(start=(1.5, 1.5))).status is Status.INVALID_START
    assert planner.plan(boxed(goal=(1.5, 1.5))).status is Status.INVALID_GOAL
    assert planner.plan(boxed(goal=(2.5, 2.5))).status in (Status.NO_PATH, Status.NEAREST)
    assert planner.plan(boxed(goal=(0.5, 4.5))).solved


def test_at_the_goal_already_the_path_is_one_state(planner):
    plan = planner.plan(boxed(goal=(0.5, 0.5)))
    assert (plan.status, plan.cost, plan.states.tolist()) == (Status.SOLVED, 0.0, [[0.5, 0.5, 0.0, 0.0]])
    assert len(plan.controls) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": (np.nan, 0.5)}, "start"),
        ({"goal": (np.inf, 0.5)}, "goal"),
        ({"goal": (4.5,)}, "goal"),
        ({"goal": (5.5, 0.5)}, "goal .* outside the map"),
        ({"start": ((0.5, 0.5), (0.5, 0.5))}, "start"),
        ({"space": object()}, "GridSpace"),
    ],
)
def test_a_malformed_problem_is_an_error_that_says_where(planner, change, message):
    with pytest.raises(MalformedInput, match=message):
        planner.plan(boxed(**change))


def test_same_problem_same_plan(planner):
    for problem, _ in paths(3):
        first, second = (planner.plan(problem, rng=np.random.default_rng(3)) for _ in range(2))
        assert first.status is second.status
        assert np.array_equal(first.states, second.states)
        assert np.array_equal(first.controls, second.controls)


def test_a_spent_budget_is_said_and_leaves_the_problem_as_it_was(planner):
    problem, _ = next(paths(1))
    before = problem.start.copy(), problem.goal.copy(), problem.space.grid.digest
    plan = planner.plan(problem, Budget(iterations=0))
    assert plan.status in (Status.BUDGET_SPENT, Status.NEAREST, Status.SOLVED)
    assert plan.stats.expanded <= 1
    assert all(np.array_equal(a, b) for a, b in zip(before, (problem.start, problem.goal, problem.space.grid.digest),
                                                    strict=True))  # fmt: skip
