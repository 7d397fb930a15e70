"""Any-angle paths: as short as the visibility graph's, along edges that are exactly free."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.planning.base import Budget, Problem, Status
from plansim.planning.grid.any_angle import CLEARANCE, AnyAngle
from plansim.planning.grid.astar import AStar
from plansim.planning.grid.space import GridSpace
from tests.planning.grids import random_problem, random_space


def visibility_graph_cost(space, start, goal):
    """The shortest path by Dijkstra's algorithm over all corners of one blocked cell, a little off them."""
    from scipy.sparse.csgraph import dijkstra

    blocked, corners = np.pad(space.blocked, 1, constant_values=True), []
    for r, c in np.ndindex(blocked.shape[0] - 1, blocked.shape[1] - 1):
        around = blocked[r : r + 2, c : c + 2]
        if around.sum() == 1:
            row, column = np.argwhere(around)[0]
            corners.append((r + CLEARANCE * (1 - 2 * row) - 0.5, c + CLEARANCE * (1 - 2 * column) - 0.5))
    points = np.concatenate((start[None], goal[None], space.grid.points(np.array(corners).reshape(-1, 2))))
    lengths = np.linalg.norm(points[:, None] - points, axis=-1)
    graph = np.where(space.edge_free(points[:, None], points), lengths + 1e-13, 0.0)
    return dijkstra(graph, indices=0)[1]


def boxes(rng, shape):
    occupied = np.zeros(shape)
    for _ in range(rng.integers(1, 8)):
        r, c = rng.integers(0, shape)
        occupied[r : r + rng.integers(1, 7), c : c + rng.integers(1, 7)] = 1
    return occupied


@pytest.mark.parametrize("kind", ["scattered", "boxes"])
@pytest.mark.parametrize("anywhere", [False, True], ids=["centres", "anywhere"])
def test_paths_are_as_short_as_those_of_the_visibility_graph_and_free(kind, anywhere):
    rng, statuses = np.random.default_rng(anywhere), set()
    for _ in range(60):
        shape = rng.integers(3, 22, 2)
        occupied = rng.random(shape) < 0.5 * rng.random() if kind == "scattered" else boxes(rng, shape)
        if (occupied == 0).sum() < 2:
            continue
        space = GridSpace(OccupancyGrid(occupied, resolution=0.5, origin=(1.0, -2.0, 0.3)))
        free = np.argwhere(~space.blocked)
        a, b = rng.choice(len(free), 2, replace=False)
        start, goal = space.grid.points(free[[a, b]] + rng.uniform(-0.49, 0.49, (2, 2)) * anywhere)
        plan, expected = AnyAngle().plan(Problem(space, start, goal)), visibility_graph_cost(space, start, goal)
        statuses.add(plan.status)
        assert plan.solved == np.isfinite(expected)
        if plan.solved:
            assert np.array_equal(plan.states[[0, -1]], (start, goal))
            assert space.edge_free(plan.states[:-1], plan.states[1:]).all()
            assert plan.cost == pytest.approx(np.linalg.norm(np.diff(plan.states, axis=0), axis=-1).sum())
            assert plan.lower_bound <= plan.cost <= plan.lower_bound + 0.001 * len(plan.states)
            assert plan.cost == pytest.approx(expected, abs=2e-3)
    assert statuses == {Status.SOLVED, Status.NO_PATH} or kind == "boxes"


def test_starts_and_goals_upon_corners_and_borders_have_edges_that_are_free():
    rng, solved = np.random.default_rng(0), 0
    for _ in range(400):
        shape = rng.integers(2, 9, 2)
        space = GridSpace(OccupancyGrid(rng.random(shape) < 0.3))
        start, goal = rng.integers(0, 2 * shape[::-1], (2, 2)) / 2 + rng.choice([0.0, 0.0, -1e-6], (2, 2))
        inside = space.grid.contains(np.stack((start, goal))).all()
        plan = AnyAngle().plan(Problem(space, start, goal)) if inside else None
        if plan is not None and plan.solved and len(plan.states) > 1:
            solved += 1
            assert np.array_equal(plan.states[[0, -1]], (start, goal))
            assert space.edge_free(plan.states[:-1], plan.states[1:]).all()
            assert plan.cost <= plan.lower_bound + 1e-3 * len(plan.states)
    assert solved > 100


def test_no_path_is_longer_than_a_stars_and_open_ground_is_crossed_straight():
    rng, shorter = np.random.default_rng(5), 0
    for seed in range(20):
        problem = random_problem(random_space(seed, shape=(40, 60), density=0.2), rng)
        best, plan = AStar().plan(problem), AnyAngle().plan(problem)
        assert plan.status is best.status
        shorter += plan.cost < 0.99 * best.cost
        assert not plan.solved or plan.cost <= best.cost + 1e-3
    assert shorter > 10
    space = random_space(0, density=0.0)
    start, goal = space.grid.points(np.array([[1.2, 1.4], [9.0, 15.3]]))
    plan = AnyAngle().plan(Problem(space, start, goal))
    assert plan.states.tolist() == [start.tolist(), goal.tolist()]
    assert plan.optimal


def test_a_path_bends_around_a_wall_and_nothing_else():
    occupied = np.zeros((20, 30))
    occupied[4:15, 14:16] = 1
    plan = AnyAngle(keep_expanded=True).plan(
        Problem(GridSpace(OccupancyGrid(occupied)), np.array([3.5, 10.5]), np.array([26.5, 10.5]))
    )
    assert plan.states.round(2).tolist() == [[3.5, 10.5], [14.0, 15.0], [16.0, 15.0], [26.5, 10.5]]
    corners = {(14.0, 4.0), (16.0, 4.0), (14.0, 15.0), (16.0, 15.0)}
    assert {(x, y) for x, y in plan.expanded} <= corners


def test_nothing_passes_where_two_blocked_cells_touch():
    space = GridSpace(OccupancyGrid(np.array([[0, 1], [1, 0]])))
    assert AnyAngle().plan(Problem(space, np.array([0.5, 0.5]), np.array([1.5, 1.5]))).status is Status.NO_PATH


def test_a_line_between_corners_on_either_side_is_bent_around_both():
    occupied = np.zeros((9, 9))
    occupied[4:, :3] = occupied[:5, 5:] = 1  # corners (3, 4) and (5, 5): a slope of one half fits between exactly
    occupied[6:, 3:7] = 1
    space = GridSpace(OccupancyGrid(occupied))
    start, goal = np.array([1.0, 3.0]), np.array([7.0, 6.0])
    plan = AnyAngle().plan(Problem(space, start, goal - (0, 0.001)))
    assert plan.cost == pytest.approx(visibility_graph_cost(space, plan.states[0], plan.states[-1]), abs=2e-3)
    assert space.edge_free(plan.states[:-1], plan.states[1:]).all()


def test_room_for_the_search_grows_as_it_needs():
    space = random_space(1, shape=(150, 150), density=0.2)
    free = np.argwhere(~space.blocked)
    problem = Problem(space, *space.grid.points(free[[0, -1]]))
    from plansim.planning.grid import any_angle

    search = any_angle._kept(space.grid.shape)
    plan = AnyAngle().plan(problem)
    search.room, search.beams = 4, np.empty((2, 3))
    again = AnyAngle().plan(problem)
    assert search.room > 4
    assert np.array_equal(plan.states, again.states)
    assert plan.stats.expanded == again.stats.expanded


def test_a_spent_budget_leads_nearer_the_goal_and_bounds_what_was_missed():
    space = random_space(1, shape=(60, 60), density=0.2)
    free = np.argwhere(~space.blocked)
    problem = Problem(space, *space.grid.points(free[[0, -1]]))
    best = AnyAngle().plan(problem)
    for iterations in (0, 1, 5, 20):
        plan = AnyAngle().plan(problem, Budget(iterations=iterations))
        assert plan.status is Status.BUDGET_SPENT
        assert plan.stats.expanded <= iterations
        assert plan.lower_bound <= best.cost + 1e-9
        assert space.edge_free(plan.states[:-1], plan.states[1:]).all()
    assert AnyAngle().plan(problem, Budget(seconds=1e6)).cost == best.cost


def test_terrain_is_refused():
    space = GridSpace(OccupancyGrid(np.zeros((3, 3))), terrain=np.full((3, 3), 2.0))
    with pytest.raises(MalformedInput, match="terrain"):
        AnyAngle().plan(Problem(space, np.array([0.5, 0.5]), np.array([1.5, 1.5])))
