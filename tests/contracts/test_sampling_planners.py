"""What every registered planner that draws samples must keep to, in a world of boxes and on a map."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.shape_makers import random_boxes
from plansim.core.shapes import Shapes
from plansim.planning.base import Budget, Problem, Status
from plansim.planning.spaces.box import BoxSpace
from plansim.planning.spaces.map import MapSpace
from plansim.scenario.registry import BUILTINS, load
from tests.planning.grids import random_space
from tests.planning.sampling.worlds import metres_inside

FOLDER = "plansim.planning.sampling."
NAMES = [name for name, target in BUILTINS["planner"].items() if target.startswith(FOLDER)]
ENOUGH = Budget(iterations=1500)


@pytest.fixture(params=NAMES)
def planner(request):
    return load(BUILTINS["planner"][request.param])()


def box_problems(count=6):
    for seed in range(count):
        space = BoxSpace(random_boxes(30, seed=seed))
        yield Problem(space, np.array([3.0, 4.0]), np.array([96.0, 95.0]))


def walled(**changes):
    """A closed box around (7, 7)."""
    walls = [[[5, 5], [9, 5.5]], [[5, 8.5], [9, 9]], [[5, 5], [5.5, 9]], [[8.5, 5], [9, 9]]]
    ends = {"start": np.array([1.0, 1.0]), "goal": np.array([9.5, 9.5])}
    return Problem(BoxSpace(Shapes([0, 0], [10, 10], walls)), **ends | changes)


def test_a_path_runs_from_the_start_to_the_goal_and_touches_nothing(planner):
    for problem in box_problems():
        plan = planner.plan(problem, ENOUGH)
        assert plan.solved
        assert np.array_equal(plan.states[[0, -1]], [problem.start, problem.goal])
        assert metres_inside(plan.states[:-1], plan.states[1:], problem.space.world.boxes).max() < 1e-9
        lengths = np.linalg.norm(np.diff(plan.states, axis=0), axis=-1)
        assert plan.cost == pytest.approx(lengths.sum())
        assert 0.0 < plan.lower_bound <= plan.cost


def test_on_a_map_it_walks_straight_through_free_cells(planner):
    solved = 0
    for seed in range(4):
        space = random_space(seed, shape=(20, 25), density=0.15)
        start, goal = space.grid.points(np.argwhere(~space.blocked)[[0, -1]])
        plan = planner.plan(Problem(space, start, goal), ENOUGH)
        solved += plan.solved
        assert space.edge_free(plan.states[:-1], plan.states[1:]).all()
        assert plan.cost == pytest.approx(MapSpace(space).distance(plan.states[:-1], plan.states[1:]).sum())
    assert solved >= 3


def test_a_status_says_why_there_is_no_path(planner):
    cases = {
        Status.SOLVED: walled(),
        Status.INVALID_START: walled(start=np.array([5.2, 7.0])),
        Status.INVALID_GOAL: walled(goal=np.array([5.2, 7.0])),
        Status.BUDGET_SPENT: walled(goal=np.array([7.0, 7.0])),
        # no sample can be in the region: it lies in the wall
        "region": walled(goal=np.array([5.25, 7.0]), goal_radius=0.2),
    }
    for status, problem in cases.items():
        plan = planner.plan(problem, ENOUGH)
        assert plan.status is (Status.BUDGET_SPENT if status == "region" else status)
        if plan.status in (Status.INVALID_START, Status.INVALID_GOAL):
            assert plan.states.shape == (0, 2)
            assert plan.cost == np.inf
        else:
            assert np.array_equal(plan.states[0], problem.start)
            assert problem.space.edge_free(plan.states[:-1], plan.states[1:]).all()


def test_at_the_goal_already_the_path_is_one_state(planner):
    for problem in (walled(goal=np.array([1.0, 1.0])), walled(goal=np.array([1.5, 1.0]), goal_radius=0.5)):
        plan = planner.plan(problem, ENOUGH)
        assert (plan.status, plan.cost, plan.states.tolist()) == (Status.SOLVED, 0.0, [[1.0, 1.0]])


def test_the_goal_region_is_enough(planner):
    problem = walled(goal=np.array([5.25, 4.9]), goal_radius=1.0)
    plan = planner.plan(problem, ENOUGH)
    assert plan.solved
    assert np.linalg.norm(plan.states[-1] - problem.goal) <= 1.0 + 1e-12


def test_same_seed_same_plan(planner):
    for problem in box_problems(3):
        first, second = (planner.plan(problem, Budget(iterations=600), np.random.default_rng(4)) for _ in range(2))
        assert np.array_equal(first.states, second.states)
        assert (first.status, first.cost, first.lower_bound) == (second.status, second.cost, second.lower_bound)
        assert first.stats._replace(seconds=0) == second.stats._replace(seconds=0)


def test_a_spent_budget_brings_what_was_found(planner):
    problem = next(iter(box_problems()))
    for budget in (Budget(iterations=3), Budget(iterations=0), Budget(seconds=0.0)):
        plan = planner.plan(problem, budget)
        assert plan.status is Status.BUDGET_SPENT or (plan.solved and budget.iterations == 3)
        assert np.array_equal(plan.states[0], problem.start)
        assert problem.space.edge_free(plan.states[:-1], plan.states[1:]).all()
        assert np.isfinite(plan.cost)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": (np.nan, 0.5)}, "start"),
        ({"goal": (np.inf, 0.5)}, "goal"),
        ({"goal": (4.5,)}, "goal"),
        ({"goal": "there"}, "goal must consist of numbers"),
        ({"start": ((0.5, 0.5), (0.5, 0.5))}, "start"),
        ({"goal": (10.5, 0.5)}, "goal .* outside the space"),
        ({"goal_radius": -1.0}, "goal_radius"),
        ({"is_free": lambda states: True}, "is_free answered"),
        ({"is_free": lambda states: np.zeros((len(states), 2), dtype=bool)}, "is_free answered"),
        ({"is_free": lambda states: np.ones(len(states))}, "is_free answered"),
    ],
)
def test_a_malformed_problem_is_an_error_that_says_where(planner, change, message):
    with pytest.raises(MalformedInput, match=message):
        planner.plan(walled(**change), ENOUGH)


def test_a_space_that_is_none_is_refused(planner):
    with pytest.raises(MalformedInput, match="the problem's space is object"):
        planner.plan(Problem(object(), np.zeros(2), np.ones(2)))


def test_what_a_users_checker_raises_comes_through(planner):
    def broken(states):
        raise ZeroDivisionError("the user's own")

    with pytest.raises(ZeroDivisionError, match="the user's own"):
        planner.plan(walled(is_free=broken), ENOUGH)


def test_a_plan_leaves_its_problem_as_it_was(planner):
    problem = next(iter(box_problems()))
    planner.plan(problem, ENOUGH)
    assert (problem.start.tolist(), problem.goal.tolist()) == ([3.0, 4.0], [96.0, 95.0])


@pytest.mark.skipif(importlib.util.find_spec("ompl") is None, reason="OMPL is not installed")
def test_ompl_answers_in_our_words():
    for name in ("RRTConnect", "PRM"):
        planner = load(BUILTINS["planner"]["ompl"])(planner=name)
        for problem in box_problems(2):
            plan = planner.plan(problem)
            assert plan.solved
            assert problem.space.edge_free(plan.states[:-1], plan.states[1:]).all()


@pytest.mark.skipif(importlib.util.find_spec("ompl") is not None, reason="OMPL is installed")
def test_without_ompl_the_command_that_brings_it_is_named():
    with pytest.raises(ImportError, match=r"pip install 'plansim\[peers\]'"):
        load(BUILTINS["planner"]["ompl"])().plan(walled())
