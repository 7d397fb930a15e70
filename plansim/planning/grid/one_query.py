"""The shortest path on a map that is seen for the first time and the last: no space, no index, all set-up included."""

from __future__ import annotations

import numpy as np

from plansim.core.arrays import Array
from plansim.core.kernel import kernel
from plansim.planning.grid.bits import BLOCKED, bit_lines
from plansim.planning.grid.jump_graph import fill_corners, ones
from plansim.planning.grid.jump_index import MANY
from plansim.planning.grid.jump_points import search_bits
from plansim.planning.grid.search import GridPath, search_grid
from plansim.planning.grid.space import neighbours_of

_EVERY = 8  # rows, of which one is looked at


def shortest_path(free: Array, start: tuple[int, int], goal: tuple[int, int]) -> GridPath:
    """Between two free cells of a mask (H, W), by jump points where they are few, else by buckets of cells.

    >>> free = np.array([[1, 1, 1], [1, 0, 1]], dtype=bool)
    >>> shortest_path(free, (1, 0), (1, 2)).cells.tolist()
    [[1, 0], [0, 0], [0, 1], [0, 2], [1, 2]]
    """
    rows, columns = bit_lines(free)
    if share_of_jump_points(rows, np.zeros(rows.shape[1:], dtype=np.uint64), _EVERY) > MANY:
        return search_grid(neighbours_of(free), start, goal)
    return search_bits(rows, columns, start, goal)


@kernel
def share_of_jump_points(rows, corners, every):
    """Of the free cells of every so many rows; corners: room for `fill_corners`."""
    points, free = 0, 1
    for r in range(1, rows.shape[1] - 1, every):
        fill_corners(rows, corners, r, r + 1)
        for i in range(rows.shape[2]):
            points += ones(corners[r, i])
            free += ones(~rows[BLOCKED, r, i])
    return points / free
