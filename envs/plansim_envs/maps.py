"""What the grid environments ask of a map: a default, its edges, its connected regions, and where a disc fits."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from math import cos, sin
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from plansim.core.grid import OccupancyGrid
from plansim.core.kernel import kernel


@functools.cache
def default_map() -> OccupancyGrid:
    """The warehouse that the environments use where no map is given, made once."""
    from plansim.core.map_makers import warehouse

    return warehouse()


def per_map(function: Callable[..., Any]) -> Callable[..., Any]:
    """Computes a function of a map (and numbers) once for as long as the map lives: many environments share it."""
    known: WeakKeyDictionary[OccupancyGrid, dict] = WeakKeyDictionary()

    @functools.wraps(function)
    def cached(grid: OccupancyGrid, *numbers: float) -> Any:
        answers = known.setdefault(grid, {})
        if numbers not in answers:
            answers[numbers] = function(grid, *numbers)
        return answers[numbers]

    return cached


def edges(grid: OccupancyGrid) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest x, y on the map, as spaces want them."""
    low, high = grid.bounds
    return np.array(low), np.array(high)


class Regions(NamedTuple):
    """Cells in order of the connected region that they lie in; regions of a single cell are left out."""

    cells: np.ndarray  # (F, 2) row, column
    first: np.ndarray  # (F,) where in `cells` the region of each cell begins
    last: np.ndarray  # (F,) and where it ends, one beyond its last


NOWHERE = Regions(np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


def regions(mask: np.ndarray) -> Regions:
    """Cells of the mask (H, W), connected by straight moves.

    Without cut corners, diagonal moves connect only what straight ones do.
    """
    from scipy.ndimage import label

    labels, _ = label(mask)
    region = labels[mask]
    order = np.argsort(region, kind="stable")
    region = region[order]
    first, last = np.searchsorted(region, region, "left"), np.searchsorted(region, region, "right")
    several = last - first > 1
    first, last = first[several], last[several]
    # what is left out moves the others forward
    shift = np.concatenate([[0], np.cumsum(~several)])
    return Regions(np.argwhere(mask)[order][several], first - shift[first], last - shift[last])


class Room(NamedTuple):
    """Where the middle of a disc may be: samples of the map in its own frame."""

    spacing: float  # m, between samples
    open: np.ndarray  # (h, w) bool; sample [row, column] lies at ((column, row) + 1/2) spacing
    regions: Regions  # of the open samples


@per_map
def room(grid: OccupancyGrid, radius: float) -> Room:
    """Samples at which a disc of `radius` metres touches nothing but free cells.

    Wherever two neighbouring samples are open, so is the way between them; and within half a spacing of an open
    sample the disc fits as well.
    """
    # half a radius apart, but no more than four million
    spacing = max(radius / 2, np.sqrt(np.prod(grid.size) / 4e6))
    shape = tuple(max(int(side / spacing), 1) for side in reversed(grid.size))
    fits = np.empty(shape, dtype=bool)
    _fill_open(~grid.free, spacing / grid.resolution, (radius + spacing / 2) / grid.resolution, fits)
    return Room(float(spacing), fits, regions(fits))


def has_room(grid: OccupancyGrid, point: Sequence[float], radius: float) -> bool:
    """Whether a disc of `radius` metres around a point x, y touches neither occupied cells nor the edge."""
    x, y, heading = grid.origin
    (dx, dy), c, s = (np.array(point[:2]) - (x, y)) / grid.resolution, cos(heading), sin(heading)
    return not touches(grid.occupied, c * dx + s * dy, c * dy - s * dx, radius / grid.resolution)


@kernel
def touches(blocked, x, y, radius):
    """Whether a disc, in cells, overlaps a blocked cell or the map's edge; NaN does."""
    rows, columns = blocked.shape
    if not (radius <= x <= columns - radius and radius <= y <= rows - radius):
        return True
    for row in range(int(y - radius), min(int(y + radius) + 1, rows)):
        dy = max(row - y, 0.0, y - row - 1.0)
        for column in range(int(x - radius), min(int(x + radius) + 1, columns)):
            if blocked[row, column]:
                dx = max(column - x, 0.0, x - column - 1.0)
                if dx * dx + dy * dy < radius * radius:
                    return True
    return False


@kernel
def _fill_open(blocked, spacing, radius, out):
    for row in range(out.shape[0]):
        for column in range(out.shape[1]):
            out[row, column] = not touches(blocked, (column + 0.5) * spacing, (row + 0.5) * spacing, radius)
