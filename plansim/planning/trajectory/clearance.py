"""How far points are from what is not free, as far as a robot cares: exact, in any space whose obstacles are known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.kernel import kernel
from plansim.planning.grid.space import GridSpace


def clearance_of(space, most: float) -> Callable[[Array], Array]:
    """The function: points (..., n) -> metres to the nearest obstacle or bound, but at most `most`, (...).

    space: a `GridSpace`, or one with a `world` that knows its `distance`
    """
    space = getattr(space, "grid_space", space)  # that of straight lines on it
    if isinstance(space, GridSpace):
        return lambda points: _on_grid(space, points, most)
    world = getattr(space, "world", None)
    if world is None or not hasattr(world, "distance"):
        raise MalformedInput(f"a {type(space).__name__} does not know how far its obstacles are: ask for no clearance")
    return lambda points: np.minimum(world.distance(points), most)


def _on_grid(space: GridSpace, points: Array, most: float) -> Array:
    uv = space.grid.columns_rows(points)
    flat = np.ascontiguousarray(uv.reshape(-1, 2))
    out = np.empty(len(flat))
    _fill(space.blocked, flat, most / space.grid.resolution, out)
    return out.reshape(uv.shape[:-1]) * space.grid.resolution


@kernel
def _fill(blocked, points, most, out):
    """Cells from points (N, 2), as columns and rows, to the nearest blocked cell's square or the map's edge."""
    rows, columns = blocked.shape
    for i in range(points.shape[0]):
        u, v = points[i, 0], points[i, 1]
        nearest = min(most, min(min(u, columns - u), min(v, rows - v)))
        if nearest <= 0:
            out[i] = 0.0
            continue
        nearest *= nearest
        for row in range(max(int(v - most), 0), min(int(v + most), rows - 1) + 1):
            up = max(max(row - v, v - row - 1), 0.0)
            if up * up < nearest:
                for column in range(max(int(u - most), 0), min(int(u + most), columns - 1) + 1):
                    if blocked[row, column]:
                        side = max(max(column - u, u - column - 1), 0.0)
                        nearest = min(nearest, up * up + side * side)
        out[i] = np.sqrt(nearest)
