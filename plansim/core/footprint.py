"""The ground that a robot covers, in cells, and how obstacles grow by it."""

from __future__ import annotations

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput


def covered_cells(footprint: float | Array, resolution: float, heading: float = 0.0) -> Array:
    """Which cells a footprint at the centre of a cell overlaps: a mask (2n+1, 2n+1), that cell in its middle.

    footprint: radius of a disc in metres, or a simple polygon (P, 2), turned by `heading`
    """
    shape = np.asarray(footprint, dtype=float) / resolution
    if not np.isfinite(shape).all():
        raise MalformedInput("a footprint must be finite")
    if shape.ndim == 0:
        if shape < 0:
            raise MalformedInput(f"the radius of a footprint is {footprint}, but must not be negative")
        return _covered_by_disc(float(shape))
    if shape.ndim != 2 or shape.shape[1] != 2 or len(shape) < 3:
        raise MalformedInput(f"a footprint has shape {shape.shape}, but must be a radius or a polygon (P, 2), P >= 3")
    c, s = np.cos(heading), np.sin(heading)
    return _covered_by_polygon(shape @ np.array([[c, s], [-s, c]]))


def grow(occupied: Array, covered: Array) -> Array:
    """The cells at whose centre a footprint that covers `covered` (2n+1, 2n+1) would touch an occupied cell."""
    rows, columns = occupied.shape
    n = len(covered) // 2
    padded = np.pad(occupied, n)
    grown = occupied.copy()
    for row, column in np.argwhere(covered):
        grown |= padded[row : row + rows, column : column + columns]
    return grown


def _covered_by_disc(radius: float) -> Array:
    n = int(np.ceil(radius + 0.5))
    nearest = np.maximum(np.abs(np.arange(-n, n + 1)) - 0.5, 0.0)
    return np.hypot(nearest[:, None], nearest) < radius


def _covered_by_polygon(polygon: Array) -> Array:
    """A cell that no edge enters lies wholly inside or wholly outside: its centre tells."""
    n = int(np.ceil(np.abs(polygon).max() + 0.5))
    rows, columns = np.mgrid[-n : n + 1, -n : n + 1]
    centres = np.stack([columns, rows], axis=-1)[..., None, :]  # (2n+1, 2n+1, 1, 2) as x, y
    a, b = polygon, np.roll(polygon, -1, axis=0)
    return (_edges_enter(centres, a, b) | _even_odd(centres[..., 0, :], a, b)[..., None]).any(-1)


def _edges_enter(centres: Array, a: Array, b: Array) -> Array:
    """Whether the segments a, b (P, 2) pass through the inside of unit cells, (..., P): the slab test."""
    d = b - a
    along = d != 0
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = (centres - 0.5 - a) / d, (centres + 0.5 - a) / d
    beside = np.abs(a - centres) < 0.5  # a segment along one axis stays beside the other
    enter = np.where(along, np.minimum(low, high), np.where(beside, 0.0, np.inf)).max(-1)
    leave = np.where(along, np.maximum(low, high), np.where(beside, 1.0, -np.inf)).min(-1)
    return np.maximum(enter, 0.0) < np.minimum(leave, 1.0)


def _even_odd(points: Array, a: Array, b: Array) -> Array:
    x, y = points[..., 0:1], points[..., 1:2]
    straddles = (a[:, 1] > y) != (b[:, 1] > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = a[:, 0] + (y - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
    return (straddles & (x < crossing)).sum(-1) % 2 == 1
