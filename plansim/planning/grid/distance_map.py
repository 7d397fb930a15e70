"""Distance maps: what the way to a goal costs from every cell at once, and the way down such a map."""

from __future__ import annotations

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.kernel import kernel
from plansim.planning.base import Budget, Stopwatch
from plansim.planning.grid.kernels import COLUMNS, LOWEST, ROWS
from plansim.planning.grid.moves import METRES, cell_of, padded, unpadded
from plansim.planning.grid.space import GridSpace
from plansim.planning.grid.terrain_search import TerrainSearch, ground_of

STAY = 255  # in place of a direction: at the goal, or where no way leads to it


def distance_map(space: GridSpace, goal: Array) -> Array:
    """What the cheapest path from each cell to a point (2+,) costs, (H, W); inf where there is none.

    Metres, on terrain times its factors. Dijkstra's algorithm from the goal: moves cost the same in both directions.

    >>> from plansim.core.grid import OccupancyGrid
    >>> space = GridSpace(OccupancyGrid([[0, 0, 0], [0, 1, 0]]))
    >>> distance_map(space, np.array([2.5, 1.5])).tolist()
    [[3.0, 2.0, 1.0], [4.0, inf, 0.0]]
    """
    cell = cell_of(space, "goal", goal)
    if space.blocked[cell]:
        return np.full(space.grid.shape, np.inf)
    search = TerrainSearch(space, cell, None)
    search.run(Budget(), Stopwatch())
    return search.costs.reshape(space.neighbours.shape)[1:-1, 1:-1] * space.grid.resolution


def next_moves(space: GridSpace, distances: Array) -> Array:
    """The direction of the best move from each cell, (H, W) uint8: k * 45 degrees from the columns' axis, or STAY."""
    costs, ground = _costs(space, distances), ground_of(space)
    moves = np.full(len(costs), STAY, dtype=np.uint8)
    _fill_moves(ground.neighbours, ground.moves_of, ground.halves, ground.width, costs, moves)
    return moves.reshape(space.neighbours.shape)[1:-1, 1:-1].copy()


def descend(space: GridSpace, distances: Array, start: Array) -> Array:
    """The cheapest path (T + 1, 2) from a point (2+,) down a distance map of the space; (0, 2) where there is none."""
    cell = cell_of(space, "start", start)
    if not np.isfinite(distances[cell]):
        return np.empty((0, 2))
    costs, ground = _costs(space, distances), ground_of(space)
    path = np.empty(len(costs), dtype=np.int64)
    walk = ground.neighbours, ground.moves_of, ground.halves, ground.width, costs
    count = _descend(*walk, padded(cell, ground.width), path)
    return space.grid.points(unpadded(path[:count], ground.width))


def _costs(space: GridSpace, distances: Array) -> Array:
    distances = np.asarray(distances, dtype=float)
    if distances.shape != space.grid.shape:
        raise MalformedInput(f"distances have shape {distances.shape}, but the map has {space.grid.shape}")
    return np.pad(distances / space.grid.resolution, 1, constant_values=np.inf).reshape(-1)


@kernel
def _best_move(neighbours, moves_of, halves, width, costs, cell):
    """The move to a nearer cell by which the goal is cheapest, or STAY."""
    moves, best, least = np.int64(moves_of[neighbours[cell]]), STAY, np.inf
    while moves:
        k = np.int64(LOWEST[moves])
        moves &= moves - 1
        to = cell + ROWS[k] * width + COLUMNS[k]
        through = costs[to] + METRES[k] * (halves[cell] + halves[to])
        if costs[to] < costs[cell] and through < least:
            best, least = k, through
    return best


@kernel
def _fill_moves(neighbours, moves_of, halves, width, costs, moves):
    for cell in range(width, costs.shape[0] - width):
        if 0.0 < costs[cell] < np.inf:
            moves[cell] = _best_move(neighbours, moves_of, halves, width, costs, cell)


@kernel
def _descend(neighbours, moves_of, halves, width, costs, cell, path):
    count = 0
    while True:
        path[count] = cell
        count += 1
        if costs[cell] == 0.0:
            return count
        k = _best_move(neighbours, moves_of, halves, width, costs, cell)
        if k == STAY:
            return count
        cell += ROWS[k] * width + COLUMNS[k]
