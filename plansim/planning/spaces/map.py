"""Straight lines on a map: how planners that draw samples see a `GridSpace`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from plansim.core.arrays import Array, readonly
from plansim.core.errors import MalformedInput
from plansim.core.kernel import lean_kernel
from plansim.core.random import uniform_pair
from plansim.planning.grid.space import _FINE, GridSpace, _edge_free
from plansim.planning.spaces import base
from plansim.planning.spaces.base import Kernels


@dataclass(frozen=True, eq=False)
class MapSpace:
    """Points (x, y) of a `GridSpace` that move straight, in any direction, through cells that may be entered.

    The same free points and edges as the grid's, exactly; the distance is that of straight lines.
    """

    grid_space: GridSpace

    def __post_init__(self) -> None:
        if self.grid_space.terrain is not None:
            raise MalformedInput("straight lines know no terrain: use a planner over cells, or a GridSpace without it")

    @property
    def dimension(self) -> int:
        return 2

    @property
    def low(self) -> Array:
        return self.grid_space.grid.bounds[0]

    @property
    def high(self) -> Array:
        return self.grid_space.grid.bounds[1]

    @cached_property
    def metric(self) -> Array:
        return base.metric(self.low, self.high)

    distance = base.distance
    __getstate__ = base.values
    interpolate = base.interpolate

    def is_free(self, states: Array) -> Array:
        return self.grid_space.is_free(states)

    def edge_free(self, a: Array, b: Array) -> Array:
        return self.grid_space.edge_free(a, b)

    @cached_property
    def _free_cells(self) -> Array:
        """Flat indices of the cells that may be entered, (F,); the first cell where there is none."""
        cells = np.flatnonzero(~self.grid_space.blocked)
        cells = cells if len(cells) else np.zeros(1, dtype=np.int64)
        cells.setflags(write=False)
        return cells

    def sample(self, rng: np.random.Generator, count: int) -> Array:
        """Points (count, 2), uniform over the free cells: walls of a map are often most of it."""
        cells = self._free_cells[rng.integers(len(self._free_cells), size=count)]
        rows, columns = np.divmod(cells, self.grid_space.grid.shape[1])
        return self.grid_space.grid.points(np.stack((rows, columns), axis=-1) - 0.5 + rng.random((count, 2)))

    @cached_property
    def kernels(self) -> Kernels:
        grid = self.grid_space.grid
        x, y, heading = grid.origin
        frame = readonly([x, y, np.cos(heading), np.sin(heading), grid.resolution])
        arrays = self.grid_space.blocked, frame, self._free_cells
        return Kernels(arrays, point_free, segment_free, sample=sample)


@lru_cache(maxsize=8)
def straight_lines(space: GridSpace) -> MapSpace:
    """The same `MapSpace` for the same space: what is kept of a space is found again."""
    return MapSpace(space)


@lean_kernel
def sample(stream, bounds, arrays, out):
    """A point of a free cell."""
    blocked, frame, cells = arrays
    u, v = uniform_pair(stream)
    cell = cells[np.int64(u * cells.shape[0])]
    w, _ = uniform_pair(stream)
    x = (cell % blocked.shape[1] + v) * frame[4]
    y = (cell // blocked.shape[1] + w) * frame[4]
    out[0] = frame[0] + frame[2] * x - frame[3] * y
    out[1] = frame[1] + frame[3] * x + frame[2] * y


@lean_kernel
def point_free(x, arrays):
    return segment_free(x, x, arrays)


@lean_kernel
def segment_free(a, b, arrays):
    blocked, frame = arrays[0], arrays[1]
    if not (np.isfinite(a[0] + a[1]) and np.isfinite(b[0] + b[1])):
        return False
    column, row = _fine(a, blocked, frame)
    to_column, to_row = _fine(b, blocked, frame)
    return _edge_free(blocked, column, row, to_column, to_row)


@lean_kernel
def _fine(point, blocked, frame):
    """`GridSpace._fine`, operation by operation: both must see the same line."""
    x, y = point[0] - frame[0], point[1] - frame[1]
    most = max(blocked.shape[0], blocked.shape[1]) + 2.0
    column = min(max((frame[2] * x + frame[3] * y) / frame[4], -2.0), most)
    row = min(max((frame[2] * y - frame[3] * x) / frame[4], -2.0), most)
    fine_x, fine_y = np.int64(np.rint(column * _FINE)), np.int64(np.rint(row * _FINE))
    own_x, own_y = np.int64(np.floor(column)), np.int64(np.floor(row))
    for x in (own_x, fine_x >> 16):
        for y in (own_y, fine_y >> 16):
            if not (0 <= y < blocked.shape[0] and 0 <= x < blocked.shape[1]) or blocked[y, x]:
                return min(fine_x, (own_x << 16) + _FINE - 1), min(fine_y, (own_y << 16) + _FINE - 1)
    return fine_x, fine_y
