"""Paths as piecewise cubic polynomials: what a path is before it has a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from plansim.core.arrays import Array, readonly
from plansim.core.errors import MalformedInput
from plansim.core.trajectory import arc_length, resample


@dataclass(frozen=True, eq=False)
class PiecewisePath:
    """q(s) = c0 + c1 h + c2 h^2 + c3 h^3 with h = s - breaks[b], on each piece b.

    >>> path = spline_path(np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]]))
    >>> path.at(path.breaks[1]).round(9).tolist(), path.at(0.0, derivative=1).shape
    ([1.0, 1.0], (2,))
    """

    breaks: Array  # (B + 1,) rising
    coefficients: Array  # (B, 4, n)

    def __post_init__(self) -> None:
        for name in ("breaks", "coefficients"):
            object.__setattr__(self, name, readonly(getattr(self, name)))
        if self.coefficients.ndim != 3 or self.coefficients.shape[:2] != (len(self.breaks) - 1, 4):
            raise MalformedInput(
                f"{len(self.breaks)} breaks need coefficients ({len(self.breaks) - 1}, 4, n), "
                f"not {self.coefficients.shape}"
            )
        if not (np.isfinite(self.coefficients).all() and np.all(np.diff(self.breaks) > 0)):
            raise MalformedInput("the breaks of a path must rise, and its coefficients be finite")

    @property
    def dimension(self) -> int:
        return self.coefficients.shape[2]

    def at(self, s: Array, derivative: int = 0) -> Array:
        """Points at the parameters (...), or their derivatives by s, (..., n); of two pieces the later one's."""
        s = np.clip(s, self.breaks[0], self.breaks[-1])
        b = np.clip(np.searchsorted(self.breaks, s, side="right") - 1, 0, len(self.breaks) - 2)
        h, out = (s - self.breaks[b])[..., None], 0.0
        for k in range(3, derivative - 1, -1):
            factor = np.prod(np.arange(k - derivative + 1, k + 1))  # of h^k, derived
            out = out * h + factor * self.coefficients[b, k]
        return out

    @cached_property
    def corners(self) -> Array:
        """At which inner breaks the direction jumps, (B - 1,) bool."""
        return (np.abs(self.jumps(1)) > 1e-7 * np.abs(self.coefficients[:, 1]).max()).any(-1)

    def jumps(self, derivative: int) -> Array:
        """How far a derivative jumps at each inner break, (B - 1, n)."""
        h = np.diff(self.breaks)[:-1, None]
        end = np.zeros_like(h)
        for k in range(3, derivative - 1, -1):
            factor = np.prod(np.arange(k - derivative + 1, k + 1))
            end = end * h + factor * self.coefficients[:-1, k]
        return self.coefficients[1:, derivative] * np.prod(np.arange(1, derivative + 1)) - end


def spline_path(points: Array, breaks: Array | None = None) -> PiecewisePath:
    """The cubic spline through the points (T, n), smooth in its second derivative, "not a knot" at the ends.

    breaks: (T,) parameter at each point; the distance along the chords where None. Repeated points are left out.
    """
    points = _distinct(points)
    breaks = arc_length(points) if breaks is None else np.asarray(breaks, dtype=float)
    if len(points) == 2:
        return _line(points, breaks)
    from scipy.interpolate import CubicSpline

    spline = CubicSpline(breaks, points)
    return PiecewisePath(spline.x, np.ascontiguousarray(spline.c[::-1].swapaxes(0, 1)))


def blended_path(points: Array, deviation: float) -> PiecewisePath:
    """Straight lines between the points (T, n), with parabolas for corners that keep within `deviation` metres of them.

    A parabola takes at most half of the lines beside it. Without deviation the corners stay sharp: to be passed they
    need a stop (Kunz & Stilman 2012 blend by circles, for the same reason).
    """
    points = _distinct(points)
    legs = np.diff(points, axis=0)
    lengths = np.linalg.norm(legs, axis=-1)
    along = legs / lengths[:, None]
    turns = np.linalg.norm(np.diff(along, axis=0), axis=-1)
    reach = np.minimum(lengths[:-1], lengths[1:]) / 2
    cut = np.where(turns > 1e-9, np.minimum(reach, 4 * deviation / np.maximum(turns, 1e-9)), 0.0)
    cuts = np.concatenate(([0.0], cut, [0.0]))
    pieces, widths = [], []
    for i in range(len(legs)):
        straight = lengths[i] - cuts[i] - cuts[i + 1]
        if straight > 1e-9 * lengths[i]:
            pieces.append((points[i] + cuts[i] * along[i], along[i], np.zeros_like(along[i])))
            widths.append(straight)
        if i < len(cut) and cut[i] > 0:
            bend = (along[i + 1] - along[i]) / (4 * cut[i])
            pieces.append((points[i + 1] - cut[i] * along[i], along[i], bend))
            widths.append(2 * cut[i])
    coefficients = np.stack([np.stack((*piece, np.zeros_like(piece[0]))) for piece in pieces])
    return PiecewisePath(np.concatenate(([0.0], np.cumsum(widths))), coefficients)


def rounded_path(points: Array, deviation: float) -> PiecewisePath:
    """Straight lines between the points (T, n), with corners so smooth that the second derivative does not jump.

    A uniform cubic B-spline whose control points lie on the lines, so close that no corner is cut by more than
    `deviation` metres; it stays within the triangles at the corners.
    """
    points = _distinct(points)
    if not deviation > 0:
        raise MalformedInput(f"deviation is {deviation}, but smooth corners need metres above 0")
    c = resample(points, 3 * deviation)  # the spline passes a right angle at a sixth of sqrt(2) spacings
    c = np.concatenate((2 * c[:1] - c[1:2], c, 2 * c[-1:] - c[-2:-1]))  # so that it begins and ends on the points
    a, b, d, e = c[:-3], c[1:-2], c[2:-1], c[3:]
    pieces = np.stack(((a + 4 * b + d) / 6, (d - a) / 2, (a - 2 * b + d) / 2, (e - 3 * d + 3 * b - a) / 6), axis=1)
    return PiecewisePath(np.arange(len(pieces) + 1.0), pieces)


def _line(points: Array, breaks: Array) -> PiecewisePath:
    slope = (points[1] - points[0]) / (breaks[1] - breaks[0])
    return PiecewisePath(breaks, np.stack((points[0], slope, 0 * slope, 0 * slope))[None])


def _distinct(points: Array) -> Array:
    points = np.asarray(points, dtype=float)
    if points.ndim != 2 or not np.isfinite(points).all():
        raise MalformedInput(f"points must be finite rows (T, n), but have shape {points.shape}")
    kept = np.concatenate(([True], (np.diff(points, axis=0) != 0).any(-1)))
    if kept.sum() < 2:
        raise MalformedInput("a path needs two points that differ")
    return points[kept]
