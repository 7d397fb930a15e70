"""Routes for a robot with a radius: clear of walls and obstacles, and honest where there is none."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from plansim.core.grid import OccupancyGrid
from plansim.core.trajectory import resample
from plansim.planning.base import Status
from plansim.planning.grid.astar import AStar
from plansim.planning.grid.space import GridSpace
from plansim.planning.route import is_blocked, nearest_free, plan_route

NOTHING = np.empty((0, 2))


def hall(gap=slice(40, 60)):
    cells = np.zeros((100, 160))
    cells[[0, -1], :] = cells[:, [0, -1]] = 1
    cells[:, 78:82] = 1
    cells[gap, 78:82] = 0
    return OccupancyGrid(cells, resolution=0.05)


def test_a_route_keeps_its_distance_and_begins_and_ends_exactly():
    grid, start, goal = hall(), np.array([1.23, 0.71]), np.array([7.01, 4.02])
    plan = plan_route(AStar(), grid, start, goal, NOTHING, 0.3, 0.3)
    assert plan.solved
    assert np.array_equal(plan.states[[0, -1]], [start, goal])
    assert grid.distance(resample(plan.states, 0.01)).min() > 0.3 - 0.05
    assert len(plan.states) < 10


def test_obstacles_are_walked_around():
    grid, obstacle = hall(), np.array([[3.0, 2.5]])
    plan = plan_route(AStar(), grid, np.array([1.0, 2.5]), np.array([7.0, 2.5]), obstacle, 0.3, 0.5)
    assert np.hypot(*(resample(plan.states, 0.01) - obstacle).T).min() > 0.5 - 0.05


def test_a_start_or_goal_too_near_a_wall_is_joined_to_the_nearest_free_cell():
    grid, near = hall(), np.array([0.2, 2.5])
    plan = plan_route(AStar(), grid, near, np.array([7.8, 2.5]), NOTHING, 0.3, 0.3)
    assert plan.solved
    assert np.array_equal(plan.states[[0, -1]], [near, [7.8, 2.5]])
    inner = resample(plan.states[1:-1], 0.01)
    assert grid.distance(inner).min() > 0.3 - 0.05


def test_the_edge_of_the_map_is_a_wall():
    cells = np.zeros((60, 100))
    cells[11:, 50:52] = 1
    start, goal = np.array([1.0, 1.0]), np.array([4.0, 1.0])
    grid = OccupancyGrid(cells, resolution=0.05, origin=(3.0, -2.0, 0.7))
    start, goal = (grid.points(np.floor(point[::-1] / 0.05)) for point in (start, goal))
    assert plan_route(AStar(), grid, start, goal, NOTHING, 0.3, 0.3).status is Status.NO_PATH
    plan = plan_route(AStar(), grid, start, goal, NOTHING, 0.2, 0.2)
    walled = OccupancyGrid(
        np.pad(cells, 1, constant_values=1.0), 0.05, [*grid.points(np.array([-1.5, -1.5])).tolist(), 0.7]
    )
    assert walled.distance(resample(plan.states, 0.01)).min() > 0.2 - 0.05


def test_it_leaves_a_tight_place_by_the_cell_that_the_route_begins_with():
    cells = np.zeros((60, 60))
    cells[20:22, :40] = 1  # a wall, the robot close behind it, the goal on the other side
    grid = OccupancyGrid(cells, resolution=0.05)
    plan = plan_route(AStar(), grid, np.array([1.7, 0.9]), np.array([1.7, 2.0]), NOTHING, 0.3, 0.3)
    space = GridSpace(grid.inflated(0.25))
    assert plan.solved
    assert space.edge_free(plan.states[1:-2], plan.states[2:-1]).all()
    assert plan.states[1] == pytest.approx(nearest_free(grid.inflated(0.3), np.array([1.7, 0.9])))


def test_there_is_no_route_through_a_wall_to_a_closet_that_the_robot_does_not_fit_in():
    cells = np.zeros((60, 100))
    cells[:, 50:52] = cells[:, 58:60] = 1
    grid = OccupancyGrid(cells, resolution=0.05)
    start, closet = np.array([1.0, 1.0]), np.array([2.75, 1.0])
    assert plan_route(AStar(), grid, start, closet, NOTHING, 0.3, 0.3).status is Status.NO_PATH


def test_no_route_is_a_status():
    closed = hall(gap=slice(0, 0))
    start, goal = np.array([1.0, 2.5]), np.array([7.0, 2.5])
    assert plan_route(AStar(), closed, start, goal, NOTHING, 0.3, 0.3).status is Status.NO_PATH
    assert plan_route(AStar(), hall(), start, goal, NOTHING, 0.6, 0.6).status is Status.NO_PATH
    in_wall = plan_route(AStar(), hall(), start, np.array([4.0, 0.5]), NOTHING, 0.3, 0.3)
    assert in_wall.status is Status.INVALID_GOAL


def test_the_nearest_free_cell_is_the_nearest():
    grid = hall()
    assert nearest_free(grid, np.array([1.0, 1.0])).tolist() == [1.0, 1.0]
    assert nearest_free(grid, np.array([4.0 - 0.08, 0.5])) == pytest.approx([3.875, 0.525], abs=0.051)
    full = OccupancyGrid(np.ones((3, 3)))
    assert nearest_free(full, np.array([1.5, 1.5])).tolist() == [1.5, 1.5]


def test_only_what_lies_ahead_blocks():
    path = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0]])
    obstacle = np.array([[2.0, 0.2]])
    assert is_blocked(path, 1.0, obstacle, 0.3)
    assert not is_blocked(path, 2.5, obstacle, 0.3)
    assert not is_blocked(path, 1.0, obstacle, 0.1)
    assert not is_blocked(path, 0.0, NOTHING, 0.3)
    assert is_blocked(path, 8.0, np.array([[4.0, 4.1]]), 0.3)


def test_a_map_is_forgotten_with_all_that_was_made_of_it():
    grid = hall()
    plan_route(AStar(), grid, np.array([1.0, 1.0]), np.array([2.0, 2.0]), NOTHING, 0.3, 0.3)
    alive = weakref.ref(grid)
    del grid
    gc.collect()
    assert alive() is None
