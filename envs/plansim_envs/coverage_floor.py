"""What a disc can cover of a floor: where its centre may go, and the cells that it passes over there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.kernel import kernel
from plansim_envs.maps import per_map, touches


class Floor(NamedTuple):
    blocked: np.ndarray  # (H, W) bool, what is not free
    reachable: np.ndarray  # (H, W) bool, cells whose centre a disc can pass over
    places: np.ndarray  # (N, 2) m, where its centre may go, all connected with each other
    size: int  # how many cells are reachable


@per_map
def floor(grid: OccupancyGrid, radius: float, *start: float) -> Floor:
    """The part of the map that is connected with the start x, y, or the largest part where none is given."""
    from scipy.ndimage import distance_transform_edt, label

    blocked, fits = ~grid.free, np.empty(grid.shape, dtype=bool)
    _fill_fits(blocked, radius / grid.resolution, fits)
    if not fits.any():
        raise MalformedInput(f"the map has no free place for a disc of {radius:g} m")
    labels, _ = label(fits)
    cells = np.argwhere(fits)
    if start:
        nearest = cells[np.argmin(np.hypot(*(grid.points(cells) - start).T))]
        chosen = labels[tuple(nearest)]
    else:
        chosen = 1 + np.argmax(np.bincount(labels[fits])[1:])
    inside = labels == chosen
    # the rim counts, rounded or not: between cells the centre goes nearer still to what stops it
    reachable = (distance_transform_edt(~inside) <= radius / grid.resolution + 1e-9) & grid.free
    places = np.ascontiguousarray(grid.points(np.argwhere(inside)))
    return Floor(blocked, reachable, places, int(reachable.sum()))


@kernel
def _fill_fits(blocked, radius, out):
    for row in range(out.shape[0]):
        for column in range(out.shape[1]):
            out[row, column] = not touches(blocked, column + 0.5, row + 0.5, radius)
