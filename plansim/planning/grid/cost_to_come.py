"""What each cell of a small search had cost when it was looked at: the numbers that a picture writes into cells."""

from __future__ import annotations

import numpy as np

from plansim.core.arrays import Array
from plansim.planning.grid.space import GridSpace

_MOVES = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))


def cost_to_come(space: GridSpace, expanded: Array) -> Array:
    """The least cost (N,) from the first of the states (N, 2+) over those that were expanded before each.

    NaN where none of them lies beside it, as with planners that jump.

    >>> from plansim.core.grid import OccupancyGrid
    >>> states = np.array([[0.5, 0.5], [1.5, 0.5], [1.5, 1.5]])
    >>> cost_to_come(GridSpace(OccupancyGrid(np.zeros((2, 2)))), states).round(3).tolist()
    [0.0, 1.0, 1.414]
    """
    costs: dict[tuple[int, int], float] = {}
    found = []
    for row, column in space.grid.cells(expanded).tolist():
        beside = [costs[row + r, column + c] + _cost(space, row, column, r, c) for r, c in _MOVES
                  if (row + r, column + c) in costs]  # fmt: skip
        least = min(beside, default=np.inf) if costs else 0.0
        found.append(least)
        costs[row, column] = min(least, costs.get((row, column), np.inf))
    return np.where(np.isfinite(found), found, np.nan)


def _cost(space: GridSpace, row: int, column: int, r: int, c: int) -> float:
    """Of the move between a cell and its neighbour; inf where there is no such move."""
    diagonal = r != 0 and c != 0
    beside = (space.blocked[row + r, column], space.blocked[row, column + c])
    if diagonal and (space.connectivity == 4 or (any(beside) and not space.corner_cutting)):
        return np.inf
    length = space.grid.resolution * (np.sqrt(2.0) if diagonal else 1.0)
    if space.terrain is None:
        return length
    return length * (space.terrain[row, column] + space.terrain[row + r, column + c]) / 2
