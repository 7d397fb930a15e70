"""Breadth-first, depth-first, greedy and bidirectional search, and a random walk: what each promises, and no more."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.map_makers import maze
from plansim.planning import (
    AStar,
    BidirectionalAStar,
    BreadthFirst,
    DepthFirst,
    Dijkstra,
    GreedyBestFirst,
    GridSpace,
    RandomWalk,
)
from plansim.planning.base import Budget, Problem, Status
from tests.planning.grid.terrains import KINDS, cells_of, cost_along, legal, random_ends, space_of, true_costs

REACHING = [BreadthFirst(), DepthFirst(), GreedyBestFirst(), BidirectionalAStar(), RandomWalk(200_000)]
COMPLETE = REACHING[:4]


def true_moves(space, start) -> dict:
    """The fewest moves from a cell to each that can be reached."""
    moves, queue = {start: 0}, deque([start])
    while queue:
        a = queue.popleft()
        for b in ((a[0] + dr, a[1] + dc) for dr in (-1, 0, 1) for dc in (-1, 0, 1)):
            if b not in moves and legal(space, a, b):
                moves[b] = moves[a] + 1
                queue.append(b)
    return moves


@pytest.mark.parametrize("planner", REACHING, ids=lambda p: type(p).__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_a_path_is_legal_where_there_is_one_and_its_cost_is_its_own(kind, planner):
    statuses = set()
    for seed in range(8):
        space = space_of(kind, seed)
        problem = random_ends(space, seed)
        plan = planner.plan(problem, rng=np.random.default_rng(seed))
        start, goal = cells_of(space, np.stack((problem.start, problem.goal)))
        least = true_costs(space, start)[goal]
        statuses.add(plan.status)
        assert plan.solved == np.isfinite(least)
        if plan.solved:
            cells = cells_of(space, plan.states)
            assert (cells[0], cells[-1]) == (start, goal)
            assert len(set(cells)) == len(cells)
            assert plan.cost == pytest.approx(cost_along(space, plan.states), abs=1e-9)
            assert plan.lower_bound <= least * (1 + 1e-12) <= plan.cost * (1 + 2e-12)
    assert Status.SOLVED in statuses


@pytest.mark.parametrize("kind", KINDS)
def test_breadth_first_makes_the_fewest_moves(kind):
    for seed in range(10):
        space = space_of(kind, seed)
        problem = random_ends(space, seed)
        start, goal = cells_of(space, np.stack((problem.start, problem.goal)))
        plan = BreadthFirst().plan(problem)
        if plan.solved:
            assert len(plan.states) - 1 == true_moves(space, start)[goal]
            if kind[:2] == (False, 4):
                assert plan.optimal


def test_breadth_first_looks_at_rings_around_the_start():
    space = space_of((False, 8, False), 0, shape=(40, 40), density=0.2)
    problem = random_ends(space, 1)
    plan = BreadthFirst(keep_expanded=True).plan(problem)
    cells = cells_of(space, plan.expanded)
    moves = true_moves(space, cells[0])
    order = [moves[cell] for cell in cells]
    assert order == sorted(order)
    assert len(cells) == plan.stats.expanded == len(set(cells))


def test_depth_first_goes_on_from_where_it_is_while_it_can():
    space = space_of((False, 4, False), 5, density=0.2)
    cells = cells_of(space, DepthFirst(keep_expanded=True).plan(random_ends(space, 5)).expanded)
    seen = set()
    for a, b in pairwise(cells):
        seen.add(a)
        around = [(a[0] + dr, a[1] + dc) for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0))]
        new = [c for c in around if legal(space, a, c) and c not in seen]
        assert not new or b == new[0]


def test_greedy_search_looks_at_little_where_little_is_in_the_way():
    space = GridSpace(OccupancyGrid(np.zeros((60, 60))))
    problem = Problem(space, np.array([0.5, 0.5]), np.array([55.5, 30.5]))
    plan = GreedyBestFirst().plan(problem)
    assert plan.optimal
    assert plan.stats.expanded == len(plan.states) - 1


def test_greedy_search_is_led_into_a_trap_and_pays_for_it():
    cells = np.zeros((40, 40))
    cells[5:35, 30] = cells[5, 10:30] = cells[34, 10:30] = 1
    problem = Problem(GridSpace(OccupancyGrid(cells)), np.array([20.5, 20.5]), np.array([38.5, 20.5]))
    greedy, best = GreedyBestFirst().plan(problem), AStar().plan(problem)
    assert greedy.cost > 1.01 * best.cost
    assert greedy.stats.expanded < best.stats.expanded


@pytest.mark.parametrize("kind", KINDS)
def test_bidirectional_search_costs_what_dijkstra_does(kind):
    for seed in range(60):
        space = space_of(kind, seed, shape=(25, 25), density=0.02 * (seed % 18))
        problem = random_ends(space, seed)
        plan, best = BidirectionalAStar().plan(problem), Dijkstra().plan(problem)
        assert plan.status is best.status
        assert plan.cost == pytest.approx(best.cost, rel=1e-12)
        assert plan.optimal or not plan.solved


def test_bidirectional_search_expands_no_cell_twice_and_looks_at_less_than_dijkstra():
    looked = np.zeros(2)
    for seed in range(10):
        space = space_of((True, 8, False), seed, shape=(60, 60), spread=0.3)
        problem = random_ends(space, seed)
        plan, best = BidirectionalAStar(keep_expanded=True).plan(problem), Dijkstra().plan(problem)
        cells = cells_of(space, plan.expanded)
        assert len(set(cells)) == len(cells) == plan.stats.expanded
        looked += plan.stats.expanded, best.stats.expanded
    assert looked[0] < 0.7 * looked[1]


@pytest.mark.parametrize("kind", KINDS[::3])
def test_a_bidirectional_search_cut_short_claims_no_more_than_is_true(kind):
    for seed in range(25):
        space = space_of(kind, seed, shape=(25, 25), density=0.15)
        problem = random_ends(space, seed)
        whole = BidirectionalAStar().plan(problem)
        for iterations in range(0, whole.stats.expanded, 1 + whole.stats.expanded // 12):
            plan = BidirectionalAStar().plan(problem, Budget(iterations=iterations))
            assert plan.lower_bound <= whole.cost * (1 + 1e-12)
            assert plan.stats.expanded == iterations
            assert plan.cost == pytest.approx(cost_along(space, plan.states), abs=1e-9)
            assert plan.solved == (plan.cost >= whole.cost * (1 - 1e-12) and len(plan.states) > 1) or not plan.solved


def test_the_heaps_of_both_sides_grow():
    space = GridSpace(OccupancyGrid(np.zeros((900, 900))), terrain=1 + np.random.default_rng(0).random((900, 900)))
    problem = Problem(space, np.array([10.5, 10.5]), np.array([880.5, 850.5]))
    assert BidirectionalAStar().plan(problem).cost == pytest.approx(AStar().plan(problem).cost, rel=1e-12)


def test_a_walk_is_its_seeds_and_far_longer_than_the_shortest_path():
    space = GridSpace(maze(rows=6, columns=6, resolution=0.5))
    ends = space.grid.random_free_points(np.random.default_rng(0), 2)
    problem = Problem(space, *ends)
    plans = [RandomWalk().plan(problem, rng=np.random.default_rng(seed)) for seed in (1, 1, 2, 3)]
    assert np.array_equal(plans[0].states, plans[1].states)
    assert plans[0].stats.expanded != plans[2].stats.expanded
    best = AStar().plan(problem)
    assert all(plan.solved and plan.cost >= best.cost for plan in plans)
    assert np.mean([plan.stats.expanded for plan in plans]) > 5 * best.stats.expanded


def test_a_walk_goes_each_way_as_often():
    # on an empty floor the first move is any of eight
    space = GridSpace(OccupancyGrid(np.zeros((3, 3))))
    problem = Problem(space, np.array([1.5, 1.5]), np.array([0.5, 0.5]))
    counts = np.zeros((3, 3))
    for seed in range(800):
        rng = np.random.default_rng(seed)
        visited = cells_of(space, RandomWalk(keep_expanded=True).plan(problem, rng=rng).expanded)
        counts[visited[1]] += 1
    assert counts[1, 1] == 0
    assert (abs(np.delete(counts.reshape(-1), 4) - 100) < 4 * np.sqrt(100 * 7 / 8)).all()


def test_a_walk_that_cannot_arrive_says_that_its_steps_are_spent():
    shut = Problem(GridSpace(OccupancyGrid([[0, 0, 1, 0]])), np.array([0.5, 0.5]), np.array([3.5, 0.5]))
    plan = RandomWalk(steps=1000).plan(shut)
    assert (plan.status, plan.stats.expanded) == (Status.BUDGET_SPENT, 1000)
    walled_in = Problem(GridSpace(OccupancyGrid([[0, 1, 0]])), np.array([0.5, 0.5]), np.array([2.5, 0.5]))
    assert RandomWalk().plan(walled_in).status is Status.NO_PATH
    with pytest.raises(MalformedInput, match="steps is 0"):
        RandomWalk(steps=0)


@pytest.mark.parametrize("planner", REACHING, ids=lambda p: type(p).__name__)
def test_looking_at_the_clock_changes_nothing(planner):
    space = GridSpace(OccupancyGrid(np.random.default_rng(0).random((150, 150)) < 0.2))
    for seed in range(3):
        problem = random_ends(space, seed)
        timed, plain = (planner.plan(problem, budget) for budget in (Budget(seconds=1e6), Budget()))
        assert np.array_equal(timed.states, plain.states)
        assert timed.stats.expanded == plain.stats.expanded
        assert planner.plan(problem, Budget(seconds=0.0)).stats.expanded <= 4096


@pytest.mark.parametrize("planner", [AStar(), Dijkstra(), *REACHING], ids=lambda p: type(p).__name__)
def test_a_map_of_one_cell_is_a_map(planner):
    for space in (GridSpace(OccupancyGrid([[0.0]])), GridSpace(OccupancyGrid([[0.0]]), terrain=[[3.0]])):
        plan = planner.plan(Problem(space, np.array([0.5, 0.5]), np.array([0.2, 0.7])))
        assert (plan.status, plan.cost, plan.states.tolist()) == (Status.SOLVED, 0.0, [[0.5, 0.5]])
    walled = GridSpace(OccupancyGrid([[1.0]]))
    assert planner.plan(Problem(walled, *np.full((2, 2), 0.5))).status is Status.INVALID_START
