"""Terrain, four neighbours, corners: exact costs on each kind of space."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.map_files import read_movingai_map
from plansim.core.pgm import read_pgm
from plansim.planning import AStar, Dijkstra, GridSpace
from plansim.planning.base import Budget, Problem, Status, Stopwatch
from plansim.planning.grid.terrain_search import TerrainSearch, plan_on_terrain
from tests.planning.grid.terrains import KINDS, cells_of, cost_along, random_ends, space_of, true_costs


@pytest.mark.parametrize("kind", KINDS)
def test_costs_are_those_of_scipy_on_every_kind_of_space(kind):
    solved = 0
    for seed in range(12):
        space = space_of(kind, seed)
        problem = random_ends(space, seed)
        start, goal = cells_of(space, np.stack((problem.start, problem.goal)))
        least = true_costs(space, start)[goal]
        for weight in (0.0, 1.0):
            plan = plan_on_terrain(problem, weight, Budget())
            assert plan.cost == pytest.approx(least, rel=1e-12)
            assert plan.status is (Status.SOLVED if np.isfinite(least) else Status.NO_PATH)
            if plan.solved:
                solved += 1
                assert plan.optimal
                assert np.allclose(plan.states[[0, -1]], np.stack((problem.start, problem.goal)))
                assert cost_along(space, plan.states) == pytest.approx(plan.cost)
    assert solved > 10


@pytest.mark.parametrize("spread", [1e-9, 1e-4, 3.0, 8.0])
def test_costs_are_exact_and_cells_expanded_once_however_much_factors_differ(spread):
    for seed in range(4):
        space = space_of((True, 8, False), seed, shape=(60, 60), density=0.1, spread=spread)
        problem = random_ends(space, seed)
        start, goal = cells_of(space, np.stack((problem.start, problem.goal)))
        for weight in (0.0, 1.0):
            plan = plan_on_terrain(problem, weight, Budget())
            assert plan.cost == pytest.approx(true_costs(space, start)[goal], rel=1e-12)
            assert plan.stats.expanded <= (~space.blocked).sum() * 1.01


def test_terrain_of_ones_changes_nothing():
    for seed in range(10):
        plain = space_of((False, 8, False), seed, shape=(30, 40))
        rough = GridSpace(plain.grid, terrain=np.ones(plain.grid.shape))
        problem = random_ends(plain, seed)
        plans = [AStar().plan(Problem(space, problem.start, problem.goal)) for space in (plain, rough)]
        assert plans[0].status is plans[1].status
        assert plans[0].cost == pytest.approx(plans[1].cost, rel=1e-12)


def test_twice_the_terrain_is_twice_the_cost_on_the_same_way():
    space = space_of((True, 8, False), 3, density=0.1)
    problem = random_ends(space, 5)
    double = Problem(GridSpace(space.grid, terrain=2 * space.terrain), problem.start, problem.goal)
    plans = AStar().plan(problem), AStar().plan(double)
    assert plans[1].cost == pytest.approx(2 * plans[0].cost, rel=1e-12)
    assert np.array_equal(plans[0].states, plans[1].states)


def test_a_star_costs_what_dijkstra_does_and_looks_at_less():
    looked = np.zeros(2)
    for seed in range(10):
        problem = random_ends(space_of((True, 8, False), seed, shape=(50, 60), spread=0.3), seed)
        plans = [planner.plan(problem) for planner in (AStar(), Dijkstra())]
        assert plans[0].cost == pytest.approx(plans[1].cost, rel=1e-12)
        looked += [plan.stats.expanded for plan in plans]
    assert looked[0] < 0.8 * looked[1]


@pytest.mark.parametrize("weight", [1.5, 4.0, 1000.0])
def test_weighted_a_star_keeps_its_bound(weight):
    for seed in range(12):
        problem = random_ends(space_of((True, 8, False), seed, shape=(40, 40)), seed)
        best, plan = AStar().plan(problem), AStar(weight).plan(problem)
        assert plan.status is best.status
        if plan.solved:
            assert plan.lower_bound * (1 - 1e-12) <= best.cost <= plan.cost * (1 + 1e-12)
            assert plan.cost <= weight * best.cost * (1 + 1e-12)
            assert plan.cost <= weight * plan.lower_bound * (1 + 1e-12)


def test_a_spent_budget_says_how_good_any_path_can_be():
    space = space_of((True, 8, False), 1, shape=(40, 40), density=0.1)
    problem = random_ends(space, 4)
    whole = AStar().plan(problem)
    bounds = []
    for iterations in range(0, whole.stats.expanded, 7):
        plan = AStar().plan(problem, Budget(iterations=iterations))
        assert plan.status in (Status.BUDGET_SPENT, Status.SOLVED)
        assert plan.stats.expanded == iterations
        assert plan.lower_bound <= whole.cost * (1 + 1e-12)
        assert cost_along(space, plan.states) == pytest.approx(plan.cost)
        bounds.append(plan.lower_bound)
    assert bounds == sorted(bounds)
    assert bounds[-1] > 0.9 * whole.cost
    assert AStar().plan(problem, Budget(seconds=0.0)).stats.expanded <= 4096


def test_what_was_looked_at_is_in_the_order_of_the_search():
    space = space_of((True, 8, False), 2, shape=(40, 40), density=0.1)
    problem = random_ends(space, 3)
    plan = Dijkstra(keep_expanded=True).plan(problem)
    cells = cells_of(space, plan.expanded)
    costs = true_costs(space, cells[0])
    ordered = [costs[cell] for cell in cells]
    assert len(set(cells)) == len(cells) == plan.stats.expanded
    assert np.allclose(plan.expanded[0], problem.start)
    assert np.allclose(ordered, np.sort(ordered))


def test_the_queue_grows_without_losing_an_entry():
    space = space_of((True, 8, False), 0, shape=(60, 60), density=0.0)
    whole, small = (TerrainSearch(space, (30, 30), None) for _ in range(2))
    small.costs, small.came = whole.costs.copy(), whole.came.copy()
    for name in ("entries", "keys", "items", "links"):
        setattr(small, name, getattr(small, name)[:12].copy())
    small.links[-1], small.state = -1, whole.state.copy()
    for search in (whole, small):
        search.run(Budget(), Stopwatch())
    assert len(small.entries) > 12
    assert np.array_equal(whole.costs, small.costs)
    assert whole.expanded == small.expanded == 3600


def test_searches_do_not_see_each_other():
    space, other = (space_of((True, 8, False), seed, shape=(30, 30)) for seed in (1, 2))
    problem = random_ends(space, 1)
    first = AStar().plan(problem)
    for seed in range(5):
        AStar().plan(random_ends(other, seed), Budget(iterations=7 * seed))
        assert AStar().plan(problem).cost == first.cost


def test_maps_of_as_many_cells_but_other_widths_do_not_see_each_other():
    for shape in ((18, 4), (4, 18), (18, 4)):
        space = GridSpace(OccupancyGrid(np.zeros(shape)), terrain=np.ones(shape))
        problem = Problem(space, np.array([0.5, 0.5]), np.array(shape[::-1]) - 0.5)
        assert plan_on_terrain(problem, 1.0, Budget()).cost == pytest.approx(14 + 3 * np.sqrt(2))


def test_corners_are_cut_only_where_the_space_says_so():
    grid, ends = OccupancyGrid(1.0 - np.eye(2)), (np.array([0.5, 0.5]), np.array([1.5, 1.5]))
    assert AStar().plan(Problem(GridSpace(grid), *ends)).status is Status.NO_PATH
    assert AStar().plan(Problem(GridSpace(grid, corner_cutting=True), *ends)).cost == pytest.approx(np.sqrt(2))
    assert AStar().plan(Problem(GridSpace(grid, connectivity=4, corner_cutting=True), *ends)).status is Status.NO_PATH


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_terrain_must_be_positive_where_it_is_free(value):
    grid, terrain = OccupancyGrid([[0.0, 0.0, 1.0]]), np.ones((1, 3))
    terrain[0, 2] = value
    assert GridSpace(grid, terrain=terrain).terrain.max() == 1.0
    terrain[0, 1] = value
    with pytest.raises(MalformedInput, match=r"terrain\[0, 1\] is .* must be positive and finite"):
        GridSpace(grid, terrain=terrain)


def test_a_malformed_space_is_an_error_that_says_why():
    grid = OccupancyGrid(np.zeros((2, 3)))
    with pytest.raises(MalformedInput, match=r"terrain has shape \(3, 2\), but the map has \(2, 3\)"):
        GridSpace(grid, terrain=np.ones((3, 2)))
    with pytest.raises(MalformedInput, match="terrain must consist of numbers"):
        GridSpace(grid, terrain="mud")
    with pytest.raises(MalformedInput, match="connectivity is 6"):
        GridSpace(grid, connectivity=6)
    assert GridSpace(OccupancyGrid(np.ones((2, 2))), terrain=np.ones((2, 2))).terrain.shape == (2, 2)


def test_terrain_is_a_copy():
    terrain = np.ones((1, 3))
    space = GridSpace(OccupancyGrid(np.zeros((1, 3))), terrain=terrain)
    terrain[:] = 5.0
    assert space.terrain.tolist() == [[1.0, 1.0, 1.0]]
    with pytest.raises(ValueError, match="read-only"):
        space.terrain[0, 0] = 2.0


def test_the_problem_may_forbid_cells_of_its_own():
    space = GridSpace(OccupancyGrid(np.zeros((3, 3))), terrain=np.ones((3, 3)), connectivity=4)
    problem = Problem(space, np.array([0.5, 0.5]), np.array([2.5, 0.5]), is_free=lambda p: p[..., 0] != 1.5)
    assert AStar().plan(problem).status is Status.NO_PATH


REFERENCES = {
    "ros/depot.pgm": lambda path: read_pgm(path) > 0.5,
    "ros/willow_costmap.pgm": lambda path: read_pgm(path) < 0.9,
    "movingai/cities/Boston_0_512.map": lambda path: read_movingai_map(path).free[::-1],
}


@pytest.mark.parametrize("name", REFERENCES)
def test_costs_are_those_of_scikit_image(data, name):
    references = [r for r in json.loads((data / "refs/weighted_grid_skimage.json").read_text()) if r["map"] == name]
    free = REFERENCES[name](data / name)
    clearance = distance_transform_edt(np.pad(free, 1))[1:-1, 1:-1] * references[0]["res"]
    terrain = 1 + 20 * np.exp(-3 * np.maximum(clearance - 0.2, 0))
    space = GridSpace(OccupancyGrid(1.0 - free), terrain=terrain, corner_cutting=True)
    assert len(references) == 12
    for reference in references:
        ends = (space.grid.points(reference[end]) for end in ("start", "goal"))
        assert AStar().plan(Problem(space, *ends)).cost == pytest.approx(reference["cost"], rel=1e-12, abs=1e-9)
