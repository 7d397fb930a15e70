"""The spaces that planners search: which states are free, how far apart they are, what lies between them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from plansim.core.arrays import Array, numbers
from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.kernel import kernel, lean_kernel
from plansim.planning.grid.bits import bit_lines
from plansim.planning.grid.kernels import fill_neighbours

if TYPE_CHECKING:
    from plansim.planning.grid.jump_index import JumpPointIndex

_FINE = 1 << 16  # edges are followed in whole 65536ths of a cell, so that every comparison is exact


@dataclass(frozen=True, eq=False)
class GridSpace:
    """Points (x, y) on a map, where a robot moves from cell to cell, 8-connected, and cuts no corner.

    A path here runs along walls: inflate the map by the robot's footprint first.
    On terrain, a move costs its length times the mean of its two cells' factors. Straight lines between points
    (`edge_free`) cut no corner in any case.
    """

    grid: OccupancyGrid
    unknown_is_free: bool = False
    terrain: Array | None = None  # (H, W) cost of a metre in each cell, positive; not read where it is blocked
    connectivity: Literal[4, 8] = 8
    corner_cutting: bool = False  # a diagonal move may pass between blocked cells

    def __post_init__(self) -> None:
        if self.connectivity not in (4, 8):
            raise MalformedInput(f"connectivity is {self.connectivity}, but must be 4 or 8")
        if self.terrain is not None:
            object.__setattr__(self, "terrain", _terrain(self.terrain, self.blocked))

    @property
    def plain(self) -> bool:
        """Whether a move costs its length, goes to 8 neighbours, and cuts no corner."""
        return self.terrain is None and self.connectivity == 8 and not self.corner_cutting

    @cached_property
    def blocked(self) -> Array:
        """The cells that may not be entered, (H, W) bool."""
        return self.grid.occupied if self.unknown_is_free else _frozen(~self.grid.free)

    @cached_property
    def frame(self) -> tuple[float, float, float, float]:
        """x and y of the map's origin, cosine and sine of its heading."""
        x, y, heading = self.grid.origin
        return float(x), float(y), float(np.cos(heading)), float(np.sin(heading))

    @cached_property
    def bits(self) -> tuple[Array, Array]:
        """Rows and columns as bits, see `bit_lines`."""
        return bit_lines(~self.blocked)

    @cached_property
    def jump_points(self) -> JumpPointIndex:
        """The index of this space's jump points, built when it is first asked for; see `indexed`."""
        from plansim.planning.grid.jump_index import JumpPointIndex

        if not self.plain:
            raise MalformedInput("jump points are of 8-connected moves that cut no corner and cost their length alone")
        return JumpPointIndex.of(_frozen(~self.blocked))

    @property
    def has_index(self) -> bool:
        return "jump_points" in self.__dict__

    def indexed(self, index: JumpPointIndex | None = None) -> GridSpace:
        """This space, with its index of jump points from now on, or with a ready one: `AStar` then answers from it."""
        if index is None:
            _ = self.jump_points  # built and kept
        elif not self.plain or not np.array_equal(index.free, ~self.blocked):
            raise MalformedInput("the index is of another map; `index.repaired(free)` makes the one of an edited map")
        else:
            self.__dict__["jump_points"] = index
        return self

    def edited(self, cells: Array, probability: float | Array) -> GridSpace:
        """A copy with an edited map, see `OccupancyGrid.with_cells`; where this one has an index, so has the copy."""
        space = replace(self, grid=self.grid.with_cells(cells, probability))
        return space.indexed(self.jump_points.repaired(_frozen(~space.blocked))) if self.has_index else space

    @cached_property
    def neighbours(self) -> Array:
        """The free neighbours of each cell, see `neighbours_of`."""
        return neighbours_of(~self.blocked)

    def is_free(self, states: Array) -> Array:
        """Which of the points (..., 2+) lie in a cell that may be entered, (...) bool; none outside the map."""
        return self._enterable(self.grid.cells(states))

    def distance(self, a: Array, b: Array) -> Array:
        """Metres between points (..., 2+) over the space's moves where all is free, (...)."""
        d = np.abs(self.grid.columns_rows(a) - self.grid.columns_rows(b))
        if self.connectivity == 4:
            return self.grid.resolution * d.sum(-1)
        return self.grid.resolution * (d.max(-1) + (np.sqrt(2) - 1) * d.min(-1))

    def edge_free(self, a: Array, b: Array) -> Array:
        """Whether the straight lines between points (..., 2+) stay in cells that may be entered, (...) bool.

        Exact, without sampling: points are taken to the nearest 65536th of a cell, of their own cell where not all
        around are free, and from there the cells of the line are followed in whole numbers. A line through a corner
        needs all four cells around it to be free.
        """
        a, b = np.broadcast_arrays(self._fine(a), self._fine(b))
        edges = np.ascontiguousarray(np.concatenate((a, b), axis=-1).reshape(-1, 4))
        out = np.empty(len(edges), dtype=bool)
        _edges_free(self.blocked, edges, out)
        return out.reshape(a.shape[:-1])[()]

    def _fine(self, points: Array) -> Array:
        cells = self.grid.columns_rows(points)
        if not np.isfinite(cells).all():
            raise MalformedInput("the ends of an edge must be finite")
        # far outside is as outside as just outside, and overflows nothing
        cells = np.clip(cells, -2.0, max(self.blocked.shape) + 2.0)
        fine, own = np.rint(cells * _FINE).astype(np.int64), np.floor(cells).astype(np.int64)
        over = (fine >> 16 != own).any(-1)
        if over.any():  # a border, which is gone over where nothing stands beside it
            mixed = np.stack((own, fine >> 16))[[0, 0, 1, 1], ..., 0], np.stack((own, fine >> 16))[[0, 1, 0, 1], ..., 1]
            over &= ~self._enterable(np.stack(mixed[::-1], axis=-1)).all(0)
            fine = np.where(over[..., None], np.minimum(fine, (own << 16) + _FINE - 1), fine)
        return fine

    def _enterable(self, cells: Array) -> Array:
        inside = ((cells >= 0) & (cells < self.grid.shape)).all(-1)
        cells = np.where(inside[..., None], cells, 0)
        return inside & ~self.blocked[cells[..., 0], cells[..., 1]]


def _terrain(terrain: Array, blocked: Array) -> Array:
    """A copy that is checked where it counts; blocked cells hold what some free cell does."""
    terrain = numbers("terrain", terrain)
    if terrain.shape != blocked.shape:
        raise MalformedInput(f"terrain has shape {terrain.shape}, but the map has {blocked.shape}")
    first = np.argmin(blocked)  # 0 where all are blocked
    factors = np.where(blocked, terrain.flat[first] if not blocked.flat[first] else 1.0, terrain)
    if not (factors.min() > 0.0 and factors.max() < np.inf):  # NaN fails as well
        row, column = np.argwhere(~((factors > 0.0) & (factors < np.inf)) & ~blocked)[0]
        raise MalformedInput(
            f"terrain[{row}, {column}] is {terrain[row, column]}, but a free cell's must be positive and finite"
        )
    return _frozen(factors)


def neighbours_of(free: Array) -> Array:
    """For each cell of a mask (H, W), which of its 8 neighbours are free: bit k for direction k * 45 degrees from +x.

    (H + 2, W + 2) uint8: a ring of blocked cells is added.
    """
    padded = np.zeros((free.shape[0] + 2, free.shape[1] + 2), dtype=np.uint8)
    padded[1:-1, 1:-1] = free
    neighbours = np.zeros_like(padded)
    fill_neighbours(padded, neighbours)
    return _frozen(neighbours)


@kernel
def _edges_free(blocked, edges, out):
    for i in range(edges.shape[0]):
        out[i] = _edge_free(blocked, edges[i, 0], edges[i, 1], edges[i, 2], edges[i, 3])


@lean_kernel
def _edge_free(blocked, x, y, to_x, to_y):
    """Follows the cells of a line (Amanatides & Woo 1987); where it passes a corner, also the two beside it."""
    column, row, to_column, to_row = x >> 16, y >> 16, to_x >> 16, to_y >> 16
    right, up = to_x >= x, to_y >= y
    dx, dy = abs(to_x - x), abs(to_y - y)
    # to the next border across columns and rows: passed at shares border_x / dx and border_y / dy of the line
    border_x = ((column + 1) << 16) - x if right else x - (column << 16)
    border_y = ((row + 1) << 16) - y if up else y - (row << 16)
    step_x, step_y = 1 if right else -1, 1 if up else -1
    rows, columns = blocked.shape
    if not (0 <= row < rows and 0 <= column < columns and 0 <= to_row < rows and 0 <= to_column < columns):
        return False
    while True:
        if blocked[row, column]:
            return False
        if row == to_row and column == to_column:
            return True
        ahead = border_x * dy - border_y * dx
        if row == to_row or (column != to_column and ahead < 0):
            column += step_x
            border_x += _FINE
        elif column == to_column or ahead > 0:
            row += step_y
            border_y += _FINE
        else:
            if blocked[row + step_y, column] or blocked[row, column + step_x]:
                return False
            row, column = row + step_y, column + step_x
            border_x += _FINE
            border_y += _FINE


def _frozen(a: Array) -> Array:
    a.setflags(write=False)
    return a
