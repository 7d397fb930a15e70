"""Occupancy grids: what is free, occupied and unknown in a plane, and where."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from plansim.core.arrays import Array, numbers, readonly
from plansim.core.errors import MalformedInput
from plansim.core.footprint import covered_cells, grow


@dataclass(frozen=True, eq=False)
class OccupancyGrid:
    """The probability that each cell of a map is occupied. A value: edits are copies.

    A cell owns its lower and left edge. What lies outside the map is neither free nor occupied.

    >>> grid = OccupancyGrid([[0, 0, 0], [0, 0, 1]], resolution=0.5)
    >>> grid.is_free(np.array([[0.1, 0.1], [1.1, 0.6]]))
    array([ True, False])
    >>> grid.distance(np.array([0.6, 0.6]))
    np.float64(0.5)
    """

    probability: Array  # (H, W) in [0, 1], 0.5: nothing is known; row 0 has the lowest y
    resolution: float = 1.0  # m, side of a cell
    origin: Array = (0.0, 0.0, 0.0)  # x m, y m, heading rad of the lower-left corner of cell (0, 0)
    occupied_above: float = 0.65
    free_below: float = 0.25

    def __post_init__(self) -> None:
        for name in ("probability", "origin"):
            object.__setattr__(self, name, numbers(name, getattr(self, name)))
        for name in ("resolution", "occupied_above", "free_below"):
            object.__setattr__(self, name, float(numbers(name, getattr(self, name))))
        p = self.probability
        if p.ndim != 2 or not p.size:
            raise MalformedInput(f"probability has shape {p.shape}, but a map has rows and columns")
        if not (p.min() >= 0.0 and p.max() <= 1.0):  # NaN fails as well
            row, column = np.argwhere(~((p >= 0.0) & (p <= 1.0)))[0]
            raise MalformedInput(f"probability[{row}, {column}] is {p[row, column]}, but must lie in [0, 1]")
        if not 0.0 < self.resolution < np.inf:
            raise MalformedInput(f"resolution is {self.resolution}, but must be metres a cell, above 0")
        if self.origin.shape != (3,) or not np.isfinite(self.origin).all():
            raise MalformedInput(f"origin is {self.origin.tolist()}, but must be a finite pose [x, y, heading]")
        if not 0.0 <= self.free_below <= 0.5 <= self.occupied_above <= 1.0:
            raise MalformedInput(
                f"free_below is {self.free_below} and occupied_above is {self.occupied_above}, but 0.5 (nothing known) "
                "must lie between them, and both in [0, 1]"
            )

    def __reduce__(self):  # a pickle carries no caches, and comes back read-only
        return type(self), (self.probability, self.resolution, self.origin, self.occupied_above, self.free_below)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, columns."""
        return self.probability.shape

    @property
    def size(self) -> tuple[float, float]:
        """Metres along the columns (x of the unrotated map) and along the rows (y)."""
        rows, columns = self.shape
        return columns * self.resolution, rows * self.resolution

    @cached_property
    def bounds(self) -> Array:
        """Lowest and highest x, y in the world that the map covers, (2, 2): [low, high]."""
        rows, columns = self.shape
        corners = self._world(np.array([[0, 0], [columns, 0], [0, rows], [columns, rows]], dtype=float))
        return readonly([corners.min(0), corners.max(0)])

    @cached_property
    def occupied(self) -> Array:
        return _frozen(self.probability > self.occupied_above)

    @cached_property
    def free(self) -> Array:
        return _frozen(self.probability < self.free_below)

    @cached_property
    def unknown(self) -> Array:
        return _frozen(~(self.occupied | self.free))

    @cached_property
    def distance_field(self) -> Array:
        """Metres from each cell's centre to the nearest occupied cell's centre, (H, W); inf where none is occupied."""
        return _frozen(_distance_to(self.occupied) * self.resolution)

    @cached_property
    def digest(self) -> str:
        """A hash of everything that makes this map what it is."""
        content = hashlib.sha256(repr((self.shape, self.resolution, self.occupied_above, self.free_below)).encode())
        content.update(self.origin.tobytes())
        content.update(self.probability.tobytes())
        return content.hexdigest()

    def cells(self, points: Array) -> Array:
        """The cells [row, column] (..., 2) that hold the points (..., 2+); those of points outside lie outside."""
        uv = self.columns_rows(points)
        if not np.isfinite(uv).all():
            raise MalformedInput("points must be finite to lie in a cell")
        return np.floor(uv[..., ::-1]).astype(np.int64)

    def columns_rows(self, points: Array) -> Array:
        """World points (..., 2+) in cells along the columns and the rows, from the origin, (..., 2)."""
        points = np.asarray(points, dtype=float)
        x, y = points[..., 0] - self.origin[0], points[..., 1] - self.origin[1]
        c, s = np.cos(self.origin[2]), np.sin(self.origin[2])
        return np.stack([c * x + s * y, c * y - s * x], axis=-1) / self.resolution

    def points(self, cells: Array) -> Array:
        """The centres (..., 2) in the world of the cells [row, column] (..., 2)."""
        return self._world(np.asarray(cells)[..., ::-1] + 0.5)

    def contains(self, points: Array) -> Array:
        """Which of the points (..., 2+) lie on the map, (...) bool."""
        rows, columns = self.shape
        uv = self.columns_rows(points)
        return ((uv >= 0) & (uv < (columns, rows))).all(-1)

    def is_free(self, points: Array) -> Array:
        """Which of the points (..., 2+) are known to be free, (...) bool: not what is unknown or outside."""
        return self._at(points, self.free, outside=False)

    def distance(self, points: Array) -> Array:
        """The distance field at the points (..., 2+), in metres, (...); 0 outside the map."""
        return self._at(points, self.distance_field, outside=0.0)

    def inflated(self, footprint: float | Array) -> OccupancyGrid:
        """Occupied wherever the footprint, placed at a cell's centre, would overlap an occupied cell.

        footprint: radius of a disc in metres, or a polygon (P, 2) around the robot's own origin at heading 0
        """
        covered = covered_cells(footprint, self.resolution, heading=-self.origin[2])
        return self.with_cells(grow(self.occupied, covered), 1.0)

    def with_cells(self, cells: Array, probability: float | Array) -> OccupancyGrid:
        """A copy where a mask (H, W) or the cells [row, column] (N, 2) have this probability."""
        cells = np.asarray(cells)
        edited = self.probability.copy()
        if cells.dtype == bool and cells.shape == self.shape:
            edited[cells] = probability
        elif np.issubdtype(cells.dtype, np.integer) and cells.ndim == 2 and cells.shape[1] == 2:
            if len(cells) and not ((cells >= 0) & (cells < self.shape)).all():
                raise MalformedInput(f"cells must lie in the map's {self.shape[0]} rows and {self.shape[1]} columns")
            edited[cells[:, 0], cells[:, 1]] = probability
        else:
            raise MalformedInput(
                f"cells are {cells.dtype} {cells.shape}, but must be a mask: bool {self.shape}, or integers (N, 2)"
            )
        return replace(self, probability=edited)

    def random_free_points(self, rng: np.random.Generator, count: int, clearance: float = 0.0) -> Array:
        """Points (count, 2), uniform over the free cells around which a disc of `clearance` metres is free."""
        # two cells' half diagonals lie between the centres' distance and the points' own
        enough = self._clearance > clearance + np.sqrt(2) * self.resolution if clearance > 0 else self.free
        candidates = np.argwhere(enough)
        if not len(candidates):
            raise MalformedInput(f"no free cell of the map has {clearance} m of free space around it")
        cells = candidates[rng.integers(len(candidates), size=count)]
        return self._world(cells[:, ::-1] + rng.random((count, 2)))

    def random_free_point(self, rng: np.random.Generator, clearance: float = 0.0) -> Array:
        """One point (2,), drawn as `random_free_points` draws them."""
        return self.random_free_points(rng, 1, clearance)[0]

    @cached_property
    def _clearance(self) -> Array:
        """Metres from each cell's centre to the nearest centre of a cell that is not free; outside is not free."""
        return _frozen(_distance_to(np.pad(~self.free, 1, constant_values=True))[1:-1, 1:-1] * self.resolution)

    def _world(self, uv: Array) -> Array:
        u, v = uv[..., 0] * self.resolution, uv[..., 1] * self.resolution
        c, s = np.cos(self.origin[2]), np.sin(self.origin[2])
        return np.stack([self.origin[0] + c * u - s * v, self.origin[1] + s * u + c * v], axis=-1)

    def _at(self, points: Array, field: Array, outside: float) -> Array:
        rows, columns = self.shape
        uv = self.columns_rows(points)
        inside = ((uv >= 0) & (uv < (columns, rows))).all(-1)
        cells = np.where(inside[..., None], uv, 0.0).astype(np.int64)
        return np.where(inside, field[cells[..., 1], cells[..., 0]], outside)[()]


def _frozen(a: Array) -> Array:
    a.setflags(write=False)
    return a


def _distance_to(mask: Array) -> Array:
    """Cells from each cell's centre to the nearest centre in the mask, exact (Felzenszwalb & Huttenlocher 2012)."""
    from scipy.ndimage import distance_transform_edt

    return distance_transform_edt(~mask) if mask.any() else np.full(mask.shape, np.inf)
