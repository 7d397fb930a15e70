"""Spaces with terrain, of 4 or 8 neighbours, and scipy's answers about them."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from plansim.core.grid import OccupancyGrid
from plansim.planning.base import Problem
from plansim.planning.grid.space import GridSpace

KINDS = list(itertools.product((False, True), (4, 8), (False, True)))  # terrain, connectivity, corner_cutting


def space_of(kind, seed: int, shape=(14, 19), density=0.25, spread=1.0) -> GridSpace:
    """spread: of the logarithm of the terrain's factors."""
    rough, connectivity, corner_cutting = kind
    rng = np.random.default_rng(seed)
    grid = OccupancyGrid(rng.random(shape) < density, 0.5, (1.0, -2.0, 0.3))
    terrain = np.exp(spread * rng.standard_normal(shape)) if rough else None
    return GridSpace(grid, terrain=terrain, connectivity=connectivity, corner_cutting=corner_cutting)


def random_ends(space: GridSpace, seed: int) -> Problem:
    free = np.argwhere(~space.blocked)
    start, goal = space.grid.points(free[np.random.default_rng(seed).integers(len(free), size=2)])
    return Problem(space, start, goal)


def legal(space: GridSpace, a, b) -> bool:
    """Whether the space has a single move between the cells."""
    (row, column), (to_row, to_column) = a, b
    inside = 0 <= to_row < space.grid.shape[0] and 0 <= to_column < space.grid.shape[1]
    if not inside or space.blocked[to_row, to_column] or max(abs(to_row - row), abs(to_column - column)) != 1:
        return False
    if row == to_row or column == to_column:
        return True
    beside_free = not (space.blocked[row, to_column] or space.blocked[to_row, column])
    return space.connectivity == 8 and (space.corner_cutting or beside_free)


def edge(space: GridSpace, a, b) -> float:
    """Length times the mean of both factors, in metres."""
    mean = 1.0 if space.terrain is None else (space.terrain[a] + space.terrain[b]) / 2
    return float(np.hypot(a[0] - b[0], a[1] - b[1]) * mean * space.grid.resolution)


def true_costs(space: GridSpace, start) -> np.ndarray:
    """From a free cell to all cells, (H, W), by scipy over every legal move."""
    rows, columns = space.grid.shape
    i, j, costs = [], [], []
    for row, column in np.argwhere(~space.blocked).tolist():
        for to in itertools.product((row - 1, row, row + 1), (column - 1, column, column + 1)):
            if legal(space, (row, column), to):
                i.append(row * columns + column)
                j.append(to[0] * columns + to[1])
                costs.append(edge(space, (row, column), to))
    graph = csr_array((costs, (i, j)), shape=(rows * columns, rows * columns))
    return dijkstra(graph, indices=start[0] * columns + start[1]).reshape(rows, columns)


def cells_of(space: GridSpace, states) -> list[tuple[int, int]]:
    return [tuple(int(i) for i in cell) for cell in space.grid.cells(states)]


def cost_along(space: GridSpace, states) -> float:
    """Of a path whose every move must be legal."""
    cells = cells_of(space, states)
    assert all(legal(space, a, b) for a, b in itertools.pairwise(cells))
    return sum(edge(space, a, b) for a, b in itertools.pairwise(cells))
