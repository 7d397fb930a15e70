"""A* and Dijkstra on grids: shortest, exact, honest."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.planning.base import Budget, Problem, Status
from plansim.planning.grid import search as grid_search
from plansim.planning.grid.astar import AStar
from plansim.planning.grid.dijkstra import Dijkstra
from plansim.planning.grid.kernels import DIAGONAL, SPAN, STRAIGHT, canonical_successors
from plansim.planning.grid.search import search_grid
from plansim.planning.grid.space import GridSpace, neighbours_of
from tests.planning.grids import legal, legal_path, naive_costs, octile, random_problem, random_space


def cells(space, points):
    return [tuple(int(i) for i in cell) for cell in space.grid.cells(points)]


@pytest.mark.parametrize("density", [0.0, 0.1, 0.25, 0.4])
def test_costs_to_every_cell_are_those_of_the_naive_algorithm(density):
    for seed in range(6):
        blocked = random_space(seed, density=density).blocked
        neighbours = neighbours_of(~blocked)
        free = [tuple(map(int, cell)) for cell in np.argwhere(~blocked)]
        start = free[seed * 7 % len(free)]
        expected = naive_costs(blocked, start)
        for goal in free:
            for weight in (0.0, 1.0):
                path = search_grid(neighbours, start, goal, weight)
                assert path.cost == pytest.approx(expected[goal], abs=1e-9)
                assert path.status is (Status.SOLVED if np.isfinite(expected[goal]) else Status.NO_PATH)
                if len(path.cells):
                    assert legal_path(blocked, path.cells)
                    assert (tuple(path.cells[0]), tuple(path.cells[-1])) == (start, goal)


def test_costs_are_those_of_scipy_on_a_larger_map():
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    blocked = random_space(1, shape=(60, 80), density=0.3).blocked
    edges = [
        (a * 80 + b, (a + dr) * 80 + b + dc, np.hypot(dr, dc))
        for a, b in np.argwhere(~blocked)
        for dr, dc in [(0, 1), (1, 0), (1, 1), (1, -1)]
        if legal(blocked, (a, b), (a + dr, b + dc))
    ]
    i, j, weight = zip(*edges, strict=True)
    free = np.argwhere(~blocked)
    start = tuple(int(k) for k in free[0])
    graph = csr_array((weight, (i, j)), shape=(4800, 4800))
    expected = dijkstra(graph, directed=False, indices=start[0] * 80 + start[1]).reshape(60, 80)
    for goal in free[::37]:
        assert search_grid(neighbours_of(~blocked), start, tuple(goal)).cost == pytest.approx(expected[tuple(goal)])


def test_integer_costs_order_as_the_true_ones_do():
    # Pell's equation: DIAGONAL / STRAIGHT is a convergent of sqrt(2), so no fraction with a smaller denominator lies
    # between them, and a + b sqrt(2) keeps its sign for all |b| < STRAIGHT
    assert abs(DIAGONAL**2 - 2 * STRAIGHT**2) == 1
    assert STRAIGHT > 4096**2
    assert 4096**2 * DIAGONAL < SPAN


@pytest.mark.parametrize("shift", [12, 24, 27, 30, 40])
def test_costs_are_exact_whatever_a_bucket_holds(monkeypatch, shift):
    monkeypatch.setattr(grid_search, "_BUCKET_SHIFT", shift)
    rng = np.random.default_rng(shift)
    for seed in range(40):
        problem = random_problem(random_space(seed, shape=(20, 30), density=0.1 + 0.05 * (seed % 5)), rng)
        start, goal = cells(problem.space, np.stack((problem.start, problem.goal)))
        least = naive_costs(problem.space.blocked, start)[goal]
        for weight in (0.0, 1.0):
            path = search_grid(problem.space.neighbours, start, goal, weight)
            assert path.cost == pytest.approx(least, abs=1e-9)


def test_a_star_looks_hardly_twice_at_a_cell_and_only_where_a_shortest_path_may_lie():
    for seed in range(4):
        blocked = random_space(seed, shape=(90, 120), density=0.03).blocked.copy()
        start, goal = (2, 2), (80, 115)
        blocked[start] = blocked[goal] = False
        costs = naive_costs(blocked, start)
        bounds = costs + [[octile((r, c), goal) for c in range(120)] for r in range(90)]
        path = search_grid(neighbours_of(~blocked), start, goal)
        assert path.expanded < 1.05 * (bounds <= costs[goal] + 1e-9).sum()


def test_the_queue_grows_without_losing_an_entry():
    search = grid_search._Search(neighbours_of(np.ones((3000, 300), dtype=bool)), (1500, 150), (2999, 299), 0.0)
    for growth in range(1, 5):
        assert search.run(Budget(iterations=30_000 * growth))
        unused, i = 0, search.state[2]
        while i >= 0:
            unused, i = unused + 1, search.links[i]
        assert unused + search.state[3] == len(search.entries)
        search.grow()
        assert len(search.entries) == len(search.links)


def test_a_corner_is_never_cut():
    free = np.array([[1, 0], [1, 1]], dtype=bool)
    assert search_grid(neighbours_of(free), (0, 0), (1, 1)).cost == 2.0
    assert search_grid(neighbours_of(np.eye(2, dtype=bool)), (0, 0), (1, 1)).status is Status.NO_PATH


def test_canonical_order_drops_moves_but_no_cell():
    successors = canonical_successors()
    all_free = 255
    assert [int(successors[1 << k, all_free]).bit_count() for k in range(8)] == [1, 3] * 4
    assert successors[255, all_free] == 255
    assert not (successors & ~successors[255]).any()


def test_a_star_is_as_short_as_dijkstra_and_looks_at_less():
    rng = np.random.default_rng(0)
    looked = np.zeros(2)
    for seed in range(20):
        problem = random_problem(random_space(seed, shape=(40, 60)), rng)
        plans = [planner.plan(problem) for planner in (AStar(), Dijkstra())]
        assert plans[0].cost == plans[1].cost
        assert plans[0].lower_bound == plans[0].cost
        looked += [plan.stats.expanded for plan in plans]
    assert looked[0] < 0.6 * looked[1]


def test_without_obstacles_a_star_looks_at_the_path_alone():
    path = search_grid(neighbours_of(np.ones((50, 90), dtype=bool)), (3, 5), (40, 80))
    assert path.cost == pytest.approx(octile((3, 5), (40, 80)))
    assert path.expanded <= 2 * len(path.cells)


@pytest.mark.parametrize("weight", [1.0001, 1.5, 3.0, 40.0, 1000.0])
def test_weighted_a_star_keeps_its_bound(weight):
    rng = np.random.default_rng(1)
    for seed in range(10):
        problem = random_problem(random_space(seed, shape=(50, 50)), rng)
        best, plan = AStar().plan(problem), AStar(weight).plan(problem)
        assert plan.status is best.status
        if plan.solved:
            assert plan.lower_bound - 1e-9 <= best.cost <= plan.cost <= weight * best.cost + 1e-9
            assert plan.cost <= weight * plan.lower_bound + 1e-9


def test_a_weighted_search_is_sooner_done():
    blocked = random_space(3, shape=(200, 200), density=0.25).blocked.copy()
    blocked[[5, 190], [5, 190]] = False
    neighbours = neighbours_of(~blocked)
    counts = [search_grid(neighbours, (5, 5), (190, 190), weight).expanded for weight in (0.0, 1.0, 1.5)]
    assert counts[0] > 2 * counts[1] > 4 * counts[2]


def test_a_weight_below_one_is_refused():
    for weight in (0.5, np.nan, 1001):
        with pytest.raises(MalformedInput, match="weight is"):
            AStar(weight)


def test_a_spent_budget_leads_to_the_reached_cell_nearest_the_goal():
    blocked = np.zeros((60, 60), dtype=bool)
    blocked[10:50, 40] = True
    neighbours, start, goal = neighbours_of(~blocked), (30, 5), (30, 55)
    optimum = search_grid(neighbours, start, goal)
    for iterations in (0, 1, 5, 40, 300):
        path = search_grid(neighbours, start, goal, budget=Budget(iterations=iterations))
        assert path.status is Status.BUDGET_SPENT
        assert path.expanded == iterations
        assert legal_path(blocked, path.cells)
        assert tuple(path.cells[0]) == start
        assert octile(start, goal) - 1e-9 <= path.lower_bound <= optimum.cost
    assert tuple(path.cells[-1]) == (30, 39)  # before the wall, at the goal's height


def test_a_goal_found_before_the_budget_ends_is_an_answer_with_its_gap():
    neighbours = neighbours_of(~random_space(5, shape=(80, 80), density=0.2).blocked)
    whole = search_grid(neighbours, (0, 0), (79, 79))
    for missing in range(1, 8):
        path = search_grid(neighbours, (0, 0), (79, 79), budget=Budget(iterations=whole.expanded - missing))
        assert path.lower_bound <= whole.cost + 1e-9
        assert path.status is Status.BUDGET_SPENT or path.lower_bound <= whole.cost <= path.cost


def test_looking_at_the_clock_changes_nothing():
    neighbours = neighbours_of(~random_space(5, shape=(300, 300), density=0.3).blocked)
    free = [cell for cell in ((0, c) for c in range(300)) if neighbours[cell[0] + 1, cell[1] + 1]]
    for goal in [(299, c) for c in range(290, 300)]:
        timed = search_grid(neighbours, free[0], goal, 0.0, Budget(seconds=1e6))
        plain = search_grid(neighbours, free[0], goal, 0.0)
        assert timed.expanded == plain.expanded
        assert np.array_equal(timed.cells, plain.cells)
    assert search_grid(neighbours, free[0], (299, 299), 0.0, Budget(seconds=0.0)).status is Status.BUDGET_SPENT


def test_searches_of_one_thread_do_not_see_each_other():
    rng = np.random.default_rng(7)
    for seed in range(30):
        problem = random_problem(random_space(seed), rng)
        start, goal = cells(problem.space, np.stack((problem.start, problem.goal)))
        AStar().plan(problem, Budget(iterations=int(rng.integers(20))))
        expected = naive_costs(problem.space.blocked, start)[goal]
        assert AStar().plan(problem).cost == pytest.approx(0.5 * expected)


def test_scratch_arrays_are_cleared_before_their_costs_run_out():
    scratch = grid_search._Scratch(4)
    lowest = 0
    for _ in range(5000):
        costs, _, base = scratch.begin()
        assert (costs >= base + SPAN).all()
        costs[:2] = base, base + SPAN - 1
        lowest = min(lowest, base)
    assert lowest >= -(2**63)
    assert scratch.base > -(1 << 62)


def test_threads_plan_side_by_side():
    space = random_space(2, shape=(120, 120), density=0.2)
    rng = np.random.default_rng(0)
    problems = [random_problem(space, rng) for _ in range(40)]
    alone = [AStar().plan(problem) for problem in problems]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(AStar().plan, problems))
    for a, b in zip(alone, together, strict=True):
        assert np.array_equal(a.states, b.states)


def test_the_problem_may_forbid_cells_of_its_own():
    space = GridSpace(OccupancyGrid(np.zeros((5, 5))))
    start, goal = np.array([0.5, 2.5]), np.array([4.5, 2.5])
    free_above = AStar().plan(Problem(space, start, goal, is_free=lambda p: (p[..., 0] != 2.5) | (p[..., 1] > 4)))
    assert free_above.states[:, 1].max() == 4.5
    shut = AStar().plan(Problem(space, start, goal, is_free=lambda p: p[..., 0] != 2.5))
    assert shut.status is Status.NO_PATH


def test_unknown_cells_are_walls_unless_the_space_says_otherwise():
    grid = OccupancyGrid(np.array([[0.0, 0.5, 0.0]]))
    start, goal = np.array([0.5, 0.5]), np.array([2.5, 0.5])
    assert AStar().plan(Problem(GridSpace(grid), start, goal)).status is Status.NO_PATH
    assert AStar().plan(Problem(GridSpace(grid, unknown_is_free=True), start, goal)).cost == 2.0


def test_without_a_compiler_the_answers_are_the_same():
    program = (
        "from tests.planning.grids import *; from plansim.planning.grid.astar import AStar\n"
        "p = AStar().plan(random_problem(random_space(3), np.random.default_rng(3)))\n"
        "print(p.cost, p.stats.expanded, p.states.sum())"
    )
    answers = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", program],
            env={**os.environ, "NUMBA_DISABLE_JIT": disabled},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for disabled in "01"
    ]
    assert answers[0] == answers[1] != ""


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_the_cells_looked_at_are_those_that_were_expanded_goalwards(weight):
    free = np.ones((12, 20), dtype=bool)
    path = search_grid(neighbours_of(free), (6, 3), (6, 15), weight, keep_expanded=True)
    cells = path.looked_at
    distance = np.hypot(*(cells - (6, 3)).T)
    assert len(cells) == len(np.unique(cells, axis=0)) <= path.expanded
    assert cells[0].tolist() == [6, 3]
    # A* on an empty grid looks at the straight line alone, Dijkstra at all that is nearer than the goal
    assert {tuple(cell) for cell in cells} >= {(6, column) for column in range(3, 15)}
    assert (len(cells) == 12) if weight else (len(cells) > 150 and distance[:20].max() < distance[-20:].min())
