"""Distance maps and many problems at once: the same as one by one."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.planning import AStar, GridSpace, RandomWalk, descend, distance_map, next_moves, plan_many
from plansim.planning.base import Budget, Problem
from plansim.planning.grid.distance_map import STAY
from tests.planning.grid.terrains import KINDS, cells_of, cost_along, random_ends, space_of, true_costs


@pytest.mark.parametrize("kind", KINDS)
def test_a_distance_map_is_scipys(kind):
    for seed in range(6):
        space = space_of(kind, seed)
        goal = random_ends(space, seed).goal
        expected = true_costs(space, cells_of(space, goal[None])[0])
        assert np.allclose(distance_map(space, goal), expected, rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_down_a_distance_map_is_a_shortest_path(kind):
    for seed in range(10):
        space = space_of(kind, seed)
        problem = random_ends(space, seed)
        distances = distance_map(space, problem.goal)
        path, plan = descend(space, distances, problem.start), AStar().plan(problem)
        assert bool(len(path)) == plan.solved
        if plan.solved:
            assert np.allclose(path[[0, -1]], np.stack((problem.start, problem.goal)))
            assert cost_along(space, path) == pytest.approx(plan.cost, rel=1e-9)


def test_next_moves_lead_from_every_cell_to_the_goal():
    space = space_of((True, 8, False), 4)
    goal = random_ends(space, 2).goal
    distances = distance_map(space, goal)
    moves = next_moves(space, distances)
    steps = np.array([(0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1)])
    assert np.array_equal(moves == STAY, ~np.isfinite(distances) | (distances == 0))
    for row, column in np.argwhere(moves != STAY):
        to = tuple(np.array([row, column]) + steps[moves[row, column]])
        path = np.array([(row, column), to])
        assert distances[row, column] == pytest.approx(cost_along(space, space.grid.points(path)) + distances[to])


def test_a_goal_in_a_wall_is_reached_from_nowhere():
    space = GridSpace(OccupancyGrid([[0, 1]]))
    distances = distance_map(space, np.array([1.5, 0.5]))
    assert distances.tolist() == [[np.inf, np.inf]]
    assert descend(space, distances, np.array([0.5, 0.5])).shape == (0, 2)
    assert (next_moves(space, distances) == STAY).all()


def test_a_map_of_another_shape_is_refused():
    space = GridSpace(OccupancyGrid(np.zeros((2, 3))))
    with pytest.raises(MalformedInput, match=r"distances have shape \(3, 2\), but the map has \(2, 3\)"):
        next_moves(space, np.zeros((3, 2)))
    with pytest.raises(MalformedInput, match="outside the map"):
        distance_map(space, np.array([7.0, 0.5]))


@pytest.mark.parametrize("planner", [AStar(), RandomWalk(20_000)], ids=["a-star", "random-walk"])
def test_many_plans_are_those_of_one_by_one_in_order(planner):
    for kind in ((False, 8, False), (True, 8, False)):
        space = space_of(kind, 1, shape=(60, 60))
        problems = [random_ends(space, seed) for seed in range(40)]
        streams = np.random.default_rng(5).spawn(40)
        alone = [planner.plan(problem, rng=stream) for problem, stream in zip(problems, streams, strict=True)]
        for threads in (1, 4):
            together = plan_many(planner, problems, rng=np.random.default_rng(5), threads=threads)
            assert len(together) == 40
            for a, b in zip(alone, together, strict=True):
                assert (a.status, a.cost, a.stats.expanded) == (b.status, b.cost, b.stats.expanded)
                assert np.array_equal(a.states, b.states)


def test_many_may_be_none_and_each_has_the_budget_of_its_own():
    assert plan_many(AStar(), []) == []
    space = space_of((False, 8, False), 1, shape=(60, 60), density=0.1)
    problems = [Problem(space, *space.grid.points(np.argwhere(~space.blocked)[[i, -1 - i]])) for i in range(5)]
    assert {plan.stats.expanded for plan in plan_many(AStar(), problems, Budget(iterations=9))} == {9}


def test_an_error_in_one_of_many_is_not_swallowed():
    space = space_of((False, 8, False), 1)
    good = random_ends(space, 0)
    with pytest.raises(MalformedInput, match="start"):
        plan_many(AStar(), [good, good, Problem(space, np.array([np.nan, 0.0]), good.goal)], threads=2)
