"""A map corrected by the cells that a robot sees around itself."""

from __future__ import annotations

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid


def with_seen(map: OccupancyGrid, position: Array, around: Array) -> OccupancyGrid:
    """The map with the cells around a position (2,) as they are seen; the same object where nothing is new.

    around: (2s + 1, 2s + 1), rows and columns as the map's, the robot's own cell in the middle: above 0.5 is blocked.
        Cells beyond the map are passed over.
    """
    if around.ndim != 2 or around.shape[0] != around.shape[1] or around.shape[0] % 2 == 0:
        raise MalformedInput(f"around has shape {around.shape}, but must be a square of odd side")
    sight = len(around) // 2
    row, column = (int(i) for i in map.cells(position))
    rows = slice(max(row - sight, 0), min(row + sight + 1, map.shape[0]))
    columns = slice(max(column - sight, 0), min(column + sight + 1, map.shape[1]))
    blocked = around[rows.start - row + sight :, columns.start - column + sight :] > 0.5
    blocked = blocked[: rows.stop - rows.start, : columns.stop - columns.start]
    new = blocked == map.free[rows, columns]
    for value, wrong in ((0.0, new & ~blocked), (1.0, new & blocked)):
        if wrong.any():
            map = map.with_cells(np.argwhere(wrong) + np.array([rows.start, columns.start]), value)
    return map
