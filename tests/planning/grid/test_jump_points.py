"""Jump point search, online and from an index: as short as A*, and never from a stale index."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.planning.base import Budget, Problem, Status
from plansim.planning.grid.astar import AStar
from plansim.planning.grid.jump_index import JumpPointIndex
from plansim.planning.grid.jump_point_plus import JumpPointSearchPlus
from plansim.planning.grid.jump_points import JumpPointSearch, search_jump_points
from plansim.planning.grid.one_query import shortest_path
from plansim.planning.grid.space import GridSpace
from tests.planning.grids import legal_path, naive_costs, octile, random_problem, random_space

ENGINES = {
    "online": search_jump_points,
    "index": lambda free, start, goal: JumpPointIndex.of(free).search(start, goal),
    "one query": shortest_path,
}


def boxes(rng, shape):
    """A mask of free cells around rectangles, where walls are long and corners few."""
    free = np.ones(shape, dtype=bool)
    for _ in range(rng.integers(1, 12)):
        r, c = rng.integers(0, shape)
        free[r : r + rng.integers(1, 20), c : c + rng.integers(1, 20)] = False
    return free


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("density", [0.0, 0.1, 0.25, 0.4])
def test_costs_to_every_cell_are_those_of_the_naive_algorithm(engine, density):
    for seed in range(3):
        blocked = random_space(seed, density=density).blocked
        free = [tuple(map(int, cell)) for cell in np.argwhere(~blocked)]
        start = free[seed * 7 % len(free)]
        expected = naive_costs(blocked, start)
        for goal in free:
            path = ENGINES[engine](~blocked, start, goal)
            assert path.status is (Status.SOLVED if np.isfinite(expected[goal]) else Status.NO_PATH)
            assert path.cost == pytest.approx(expected[goal], abs=1e-9)
            assert path.lower_bound == path.cost
            if len(path.cells):
                assert legal_path(blocked, path.cells)
                assert (tuple(path.cells[0]), tuple(path.cells[-1])) == (start, goal)


def test_on_maps_wider_than_a_word_all_engines_agree():
    rng = np.random.default_rng(0)
    for _ in range(25):
        free = boxes(rng, rng.integers(60, 150, 2))
        index = JumpPointIndex.of(free)
        for start, goal in rng.integers(len(np.argwhere(free)), size=(8, 2)):
            ends = [tuple(map(int, np.argwhere(free)[i])) for i in (start, goal)]
            space = GridSpace(OccupancyGrid(~free))
            expected = AStar().plan(Problem(space, *space.grid.points(np.array(ends)))).cost
            for path in (index.search(*ends), search_jump_points(free, *ends)):
                assert path.cost == pytest.approx(expected, abs=1e-9)


def test_far_fewer_cells_are_looked_at_than_by_a_star():
    rng = np.random.default_rng(3)
    looked = np.zeros(3)
    for _ in range(20):
        space = GridSpace(OccupancyGrid(~boxes(rng, (80, 120))))
        problem = random_problem(space, rng)
        planners = AStar(), JumpPointSearch(), JumpPointSearchPlus()
        looked += [planner.plan(problem).stats.expanded for planner in planners]
    assert looked[1] < 0.3 * looked[0]
    assert looked[2] <= looked[1]


def test_the_jump_points_looked_at_are_cells_where_a_path_may_turn():
    free = np.ones((9, 20), dtype=bool)
    free[3:7, 5] = free[2:5, 12] = False
    space = GridSpace(OccupancyGrid(~free))
    ends = space.grid.points(np.array([[5, 2], [3, 17]]))
    for planner in (JumpPointSearch(keep_expanded=True), JumpPointSearchPlus(keep_expanded=True)):
        cells = [tuple(map(int, cell)) for cell in space.grid.cells(planner.plan(Problem(space, *ends)).expanded)]
        turns = {(2, 4), (2, 6), (7, 4), (7, 6), (5, 11), (5, 13), (1, 11), (1, 13)}
        assert cells[0] == (5, 2)
        assert set(cells[1:]) <= turns
        assert len(set(cells)) == len(cells)


def test_an_index_of_an_edited_map_is_the_index_of_the_edited_map():
    rng = np.random.default_rng(4)
    for trial in range(80):
        shape = rng.integers(1, 100, 2)
        free = boxes(rng, shape) if trial % 2 else rng.random(shape) > 0.3
        edited, index = free.copy(), JumpPointIndex.of(free)
        for _ in range(3):
            cells = tuple(rng.integers(0, size, 1 + trial % 3) for size in shape)
            edited[cells] = ~edited[cells]
            index = index.repaired(edited)
            for a, b in zip(index.graph, JumpPointIndex.of(edited).graph, strict=True):
                assert np.array_equal(a, b)


def test_an_edited_space_carries_an_index_that_knows_of_the_edit():
    space = GridSpace(OccupancyGrid(np.zeros((30, 40)))).indexed()
    start, goal = np.array([2.5, 15.5]), np.array([37.5, 15.5])
    wall = np.stack((np.arange(29), np.full(29, 20)), axis=-1)
    shut = space.edited(wall, 1.0)
    assert AStar().plan(Problem(space, start, goal)).cost == 35.0
    around = AStar().plan(Problem(shut, start, goal))
    assert "index" in around.stats.engine
    assert around.cost == pytest.approx(AStar().plan(Problem(GridSpace(shut.grid), start, goal)).cost)
    assert around.states[:, 1].max() == 29.5
    assert AStar().plan(Problem(shut.edited(wall, 0.0), start, goal)).cost == 35.0


def test_an_index_is_refused_for_any_other_map():
    free = np.random.default_rng(0).random((20, 30)) > 0.3
    index, same = JumpPointIndex.of(free), GridSpace(OccupancyGrid(~free))
    assert same.indexed(index).jump_points is index
    other = free.copy()
    other[4, 5] ^= True
    for wrong in (other, free[:, 1:], ~free):
        with pytest.raises(MalformedInput, match="another map"):
            GridSpace(OccupancyGrid(~wrong)).indexed(index)
    with pytest.raises(MalformedInput, match="edited map has"):
        index.repaired(free[1:])
    with pytest.raises(MalformedInput, match="must be a mask"):
        JumpPointIndex.of(np.ones((3, 3)))


def test_no_edit_of_an_array_gets_under_an_index():
    free = np.ones((5, 5), dtype=bool)
    index = JumpPointIndex.of(free)
    free[:, 2] = False
    assert index.search((2, 0), (2, 4)).cost == 4.0
    assert index.repaired(free).search((2, 0), (2, 4)).status is Status.NO_PATH


def test_a_star_says_which_engine_it_took():
    occupied = np.zeros((6, 6))
    start, goal = np.array([0.5, 0.5]), np.array([5.5, 4.5])
    spaces = {
        "index": GridSpace(OccupancyGrid(occupied)).indexed(),
        "no index": GridSpace(OccupancyGrid(occupied)),
        "cell": GridSpace(OccupancyGrid(occupied), terrain=np.full((6, 6), 2.0)),
    }
    for word, space in spaces.items():
        assert word in AStar().plan(Problem(space, start, goal)).stats.engine
    crowded = random_space(0, density=0.2).indexed()
    assert "too many" in AStar().plan(random_problem(crowded, np.random.default_rng(0))).stats.engine
    for planner in (JumpPointSearch(), JumpPointSearchPlus()):
        with pytest.raises(MalformedInput, match="AStar plans in any"):
            planner.plan(Problem(spaces["cell"], start, goal))


def test_a_problem_that_forbids_more_cells_is_not_answered_from_the_spaces_index():
    space = GridSpace(OccupancyGrid(np.zeros((5, 5)))).indexed()
    problem = Problem(space, np.array([0.5, 2.5]), np.array([4.5, 2.5]), is_free=lambda p: p[..., 0] != 2.5)
    for planner in (AStar(), JumpPointSearch(), JumpPointSearchPlus()):
        assert planner.plan(problem).status is Status.NO_PATH


@pytest.mark.parametrize("engine", [JumpPointSearch(), JumpPointSearchPlus()])
def test_a_spent_budget_leads_towards_the_goal_and_bounds_what_was_missed(engine):
    space = GridSpace(OccupancyGrid(np.random.default_rng(1).random((60, 60)) < 0.2))
    free = np.argwhere(~space.blocked)
    problem = Problem(space, *space.grid.points(free[[0, -1]]))
    best, distances = engine.plan(problem), []
    assert best.optimal
    for iterations in (0, 1, 20, 60):
        plan = engine.plan(problem, Budget(iterations=iterations))
        assert plan.status is Status.BUDGET_SPENT
        assert plan.stats.expanded <= iterations
        assert plan.lower_bound <= best.cost + 1e-9
        assert space.edge_free(plan.states[:-1], plan.states[1:]).all()
        distances.append(octile(space.grid.cells(plan.states[-1]), free[-1]))
    assert distances[0] > distances[1] >= distances[2] >= distances[3]
    assert engine.plan(problem, Budget(seconds=1e6)).cost == best.cost
    assert engine.plan(problem).cost == best.cost


def test_the_scratch_of_many_searches_never_runs_out():
    free = np.random.default_rng(1).random((12, 12)) > 0.2
    start, goal = (tuple(map(int, np.argwhere(free)[i])) for i in (0, -1))
    index = JumpPointIndex.of(free)
    costs = {index.search(start, goal).cost for _ in range(5000)}
    assert len(costs) == 1


def test_threads_search_one_index_side_by_side():
    rng = np.random.default_rng(2)
    space = GridSpace(OccupancyGrid(rng.random((120, 120)) < 0.2)).indexed()
    problems = [random_problem(space, rng) for _ in range(40)]
    alone = [JumpPointSearchPlus().plan(problem).cost for problem in problems]
    with ThreadPoolExecutor(4) as pool:
        assert [plan.cost for plan in pool.map(JumpPointSearchPlus().plan, problems)] == alone


def test_an_index_survives_being_pickled():
    space = pickle.loads(pickle.dumps(random_space(3).indexed()))
    rng = np.random.default_rng(0)
    for _ in range(10):
        problem = random_problem(space, rng)
        assert (
            JumpPointSearchPlus().plan(problem).cost
            == AStar().plan(Problem(GridSpace(space.grid), problem.start, problem.goal)).cost
        )


def test_cells_outside_are_refused_and_blocked_ones_have_their_status():
    index = JumpPointIndex.of(np.array([[True, False]]))
    assert index.search((0, 0), (0, 1)).status is Status.INVALID_GOAL
    assert index.search((0, 1), (0, 0)).status is Status.INVALID_START
    assert index.search((0, 0), (0, 0)).cost == 0.0
    for start, goal in (((0, 0), (0, 2)), ((-1, 0), (0, 0))):
        with pytest.raises(MalformedInput, match="outside"):
            index.search(start, goal)


def test_a_long_way_has_room():
    free = np.ones((61, 61), dtype=bool)
    free[1::4, :60] = free[3::4, 1:] = False
    path = JumpPointIndex.of(free).search((0, 0), (60, 0))
    assert path.cost == pytest.approx(naive_costs(~free, (0, 0))[60, 0])
    assert len(path.cells) > 1500


def test_without_a_compiler_the_answers_are_the_same():
    program = (
        "from tests.planning.grids import *\n"
        "from plansim.planning.grid.jump_points import JumpPointSearch\n"
        "from plansim.planning.grid.jump_point_plus import JumpPointSearchPlus\n"
        "from plansim.planning.grid.any_angle import AnyAngle\n"
        "s = random_space(3).edited(np.array([[2, 2]]), 1.0).indexed().edited(np.array([[3, 4]]), 1.0)\n"
        "p = random_problem(s, np.random.default_rng(3))\n"
        "for planner in (JumpPointSearch(), JumpPointSearchPlus(), AnyAngle()):\n"
        "    plan = planner.plan(p); print(plan.cost, plan.stats.expanded, plan.states.sum())"
    )
    answers = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "NUMBA_DISABLE_JIT": disabled},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for disabled in "01"
    ]
    assert answers[0] == answers[1] != ""
