"""Shortcuts: never longer, always free."""

from __future__ import annotations

import numpy as np

from plansim.core.grid import OccupancyGrid
from plansim.core.trajectory import arc_length
from plansim.planning.grid.astar import AStar
from plansim.planning.grid.space import GridSpace
from plansim.planning.trajectory.shortcut import shortcut
from tests.planning.grids import random_problem, random_space


def test_a_shortcut_is_never_longer_and_always_free():
    rng = np.random.default_rng(0)
    shorter = 0
    for seed in range(30):
        problem = random_problem(random_space(seed, shape=(40, 60), density=0.1), rng)
        path = AStar().plan(problem).states
        if not len(path):
            continue
        short = shortcut(problem.space, path)
        assert problem.space.edge_free(short[:-1], short[1:]).all()
        assert np.array_equal(short[[0, -1]], path[[0, -1]])
        assert arc_length(short)[-1] <= arc_length(path)[-1] + 1e-9
        assert (short[:, None] == path).all(-1).any(-1).all()
        shorter += arc_length(short)[-1] < arc_length(path)[-1] - 1e-9
    assert shorter > 20


def test_without_obstacles_the_shortcut_is_the_straight_line():
    space = GridSpace(OccupancyGrid(np.zeros((200, 300)), resolution=0.05))
    path = space.grid.points(np.column_stack((np.arange(200), np.arange(200))))
    path = np.concatenate((path, path[-1] + np.array([0.05, 0.0]) * np.arange(1, 100)[:, None]))
    assert np.array_equal(shortcut(space, path), path[[0, -1]])


def test_short_paths_stay_as_they_are():
    space = random_space(0)
    for count in (0, 1, 2):
        path = np.zeros((count, 2))
        assert np.array_equal(shortcut(space, path), path)
