"""A smooth line by its arc length: points, headings and curvatures on it, and what lies beside it.

In kernels a line is its `pieces` (M, 10): a cubic of u in [0, 1] each, as s, length, then x and y by powers of u.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from math import hypot, sqrt
from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.kernel import kernel

# Gauss and Legendre's five points on [0, 1]
_NODES = tuple((0.5 * (1 + np.polynomial.legendre.leggauss(5)[0])).tolist())
_WEIGHTS = tuple((0.5 * np.polynomial.legendre.leggauss(5)[1]).tolist())
_PRECISION = 1e-13  # m, of a piece's length


class Frames(NamedTuple):
    """The line at some of its arc lengths, each (...)."""

    x: Array
    y: Array
    heading: Array  # rad
    curvature: Array  # 1/m, positive to the left
    curvature_slope: Array  # 1/m^2, by arc length


@dataclass(frozen=True, eq=False)
class ReferenceLine:
    """The natural cubic spline through points, by arc length; straight on beyond both ends, its curvature continuous.

    >>> line = ReferenceLine([[0.0, 0.0], [30.0, 0.0], [60.0, 10.0]])
    >>> s, offset = line.project(np.array([15.0, 2.0]))
    >>> bool(offset > 0)  # to the left
    True
    """

    points: Array  # (P, 2) m, what it passes through

    def __post_init__(self) -> None:
        points = np.array(self.points, dtype=float)
        if points.ndim != 2 or points.shape[1:] != (2,) or len(points) < 2 or not np.isfinite(points).all():
            raise MalformedInput(f"points have shape {points.shape}, but must be two or more finite (x, y)")
        if not (np.hypot(*np.diff(points, axis=0).T) > 1e-6).all():
            raise MalformedInput("points lie upon each other, but a line must go on from each to the next")
        object.__setattr__(self, "points", points)

    @functools.cached_property
    def pieces(self) -> Array:
        return _pieces(self.points)

    @property
    def length(self) -> float:
        return float(self.pieces[-1, 0] + self.pieces[-1, 1])

    def at(self, s: Array) -> Frames:
        """The line at arc lengths (...)."""
        s = np.asarray(s, dtype=float)
        out = np.empty((s.size, 6))
        _frames(self.pieces, s.ravel(), out)
        x, y, c, sn, curvature, slope = out.reshape(*s.shape, 6).transpose(-1, *range(s.ndim))
        return Frames(x, y, np.arctan2(sn, c), curvature, slope)

    def project(self, points: Array) -> tuple[Array, Array]:
        """Arc lengths (...) of the line's nearest points, and how far to the left of them the points (..., 2) lie."""
        points = np.asarray(points, dtype=float)
        out = np.empty((points.size // 2, 2))
        _projections(self.pieces, np.ascontiguousarray(points.reshape(-1, 2)), out)
        out = out.reshape(points.shape)
        return out[..., 0], out[..., 1]

    def beside(self, s: Array, offset: Array) -> Array:
        """Points (..., 2), `offset` metres to the left of the line at s (...)."""
        frames = self.at(s)
        return np.stack((frames.x - offset * np.sin(frames.heading), frames.y + offset * np.cos(frames.heading)), -1)


def _pieces(points: Array) -> Array:
    """The spline by powers of u, in pieces so short that five points give their length."""
    from scipy.interpolate import CubicSpline

    chords = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))))
    spline = CubicSpline(chords, points, bc_type="natural")
    begin, end = chords[:-1], chords[1:]
    cubics = _cubics(spline, begin, end)
    for _ in range(20):
        middle = 0.5 * (begin + end)
        halves = [_cubics(spline, *ends) for ends in ((begin, middle), (middle, end))]
        off = np.abs(_lengths(cubics) - _lengths(halves[0]) - _lengths(halves[1])) > _PRECISION
        if not off.any():
            break
        keep, split = ~off, off
        begin = np.concatenate((begin[keep], begin[split], middle[split]))
        end = np.concatenate((end[keep], middle[split], end[split]))
        order = np.argsort(begin)
        begin, end = begin[order], end[order]
        cubics = _cubics(spline, begin, end)
    lengths = _lengths(cubics)
    return np.column_stack((np.cumsum(lengths) - lengths, lengths, cubics[:, :, 0], cubics[:, :, 1]))


def _cubics(spline, begin: Array, end: Array) -> Array:
    """Powers of u (M, 4, 2) of the spline between parameters."""
    h = (end - begin)[:, None]
    # just inside: at a knot the third derivative belongs to either side
    terms = [spline(begin), spline(begin, 1) * h, spline(begin, 2) * h**2 / 2, spline((begin + end) / 2, 3) * h**3 / 6]
    return np.stack(terms, axis=1)


def _lengths(cubics: Array) -> Array:
    u = np.array(_NODES)[:, None, None]
    velocity = cubics[:, 1] + 2 * u * cubics[:, 2] + 3 * u**2 * cubics[:, 3]
    return np.array(_WEIGHTS) @ np.hypot(velocity[..., 0], velocity[..., 1])


@kernel
def line_frame(pieces, s):
    """x, y, cosine and sine of the heading, curvature and its slope at the arc length s."""
    last = pieces.shape[0] - 1
    length = pieces[last, 0] + pieces[last, 1]
    low, high = 0, last
    while low < high:
        middle = (low + high + 1) // 2
        if pieces[middle, 0] <= s:
            low = middle
        else:
            high = middle - 1
    p = pieces[low]
    if s <= 0.0 or s >= length:
        u = 0.0 if s <= 0.0 else 1.0
        vx, vy = p[3] + u * (2 * p[4] + 3 * u * p[5]), p[7] + u * (2 * p[8] + 3 * u * p[9])
        speed = hypot(vx, vy)
        c, sn, beyond = vx / speed, vy / speed, s if s <= 0.0 else s - length
        x, y = p[2] + u * (p[3] + u * (p[4] + u * p[5])), p[6] + u * (p[7] + u * (p[8] + u * p[9]))
        return x + beyond * c, y + beyond * sn, c, sn, 0.0, 0.0
    u = _parameter(p, s - p[0])
    x, y = p[2] + u * (p[3] + u * (p[4] + u * p[5])), p[6] + u * (p[7] + u * (p[8] + u * p[9]))
    vx, vy = p[3] + u * (2 * p[4] + 3 * u * p[5]), p[7] + u * (2 * p[8] + 3 * u * p[9])
    ax, ay, jx, jy = 2 * p[4] + 6 * u * p[5], 2 * p[8] + 6 * u * p[9], 6 * p[5], 6 * p[9]
    squared = vx * vx + vy * vy
    speed = sqrt(squared)
    cross, dot = vx * ay - vy * ax, vx * ax + vy * ay
    curvature = cross / (squared * speed)
    slope = ((vx * jy - vy * jx) / squared - 3 * cross * dot / (squared * squared)) / squared
    return x, y, vx / speed, vy / speed, curvature, slope


@kernel
def _parameter(p, along):
    """u in [0, 1] of a piece at which `along` metres of it have passed: Newton's method from Hermite's cubic."""
    share = along / p[1]
    a, b = p[1] / hypot(p[3], p[7]), p[1] / hypot(p[3] + 2 * p[4] + 3 * p[5], p[7] + 2 * p[8] + 3 * p[9])
    u = share * (a + share * (3 - 2 * a - b + share * (a + b - 2)))
    for _ in range(4):
        u = min(max(u, 0.0), 1.0)
        passed = 0.0
        for k in range(5):
            w = u * _NODES[k]
            passed += _WEIGHTS[k] * hypot(p[3] + w * (2 * p[4] + 3 * w * p[5]), p[7] + w * (2 * p[8] + 3 * w * p[9]))
        change = (u * passed - along) / hypot(
            p[3] + u * (2 * p[4] + 3 * u * p[5]), p[7] + u * (2 * p[8] + 3 * u * p[9])
        )
        u -= change
        if abs(change) < 1e-12:
            break
    return min(max(u, 0.0), 1.0)


@kernel
def project_on_line(pieces, x, y):
    """Arc length of the line's point nearest to x, y, and how far to its left x, y lies."""
    last = pieces.shape[0] - 1
    best, best_piece, best_u = np.inf, 0, 0.0
    for i in range(last + 1):
        p = pieces[i]
        # no point of a piece is farther from its beginning than it is long
        if hypot(p[2] - x, p[6] - y) - p[1] >= best:
            continue
        u = _nearest(p, x, y)
        distance = hypot(p[2] + u * (p[3] + u * (p[4] + u * p[5])) - x, p[6] + u * (p[7] + u * (p[8] + u * p[9])) - y)
        if distance < best:
            best, best_piece, best_u = distance, i, u
    p, u = pieces[best_piece], best_u
    vx, vy = p[3] + u * (2 * p[4] + 3 * u * p[5]), p[7] + u * (2 * p[8] + 3 * u * p[9])
    dx, dy = x - (p[2] + u * (p[3] + u * (p[4] + u * p[5]))), y - (p[6] + u * (p[7] + u * (p[8] + u * p[9])))
    speed = hypot(vx, vy)
    along, left = (vx * dx + vy * dy) / speed, (vx * dy - vy * dx) / speed
    if (best_piece == 0 and u == 0.0 and along < 0.0) or (best_piece == last and u == 1.0 and along > 0.0):
        return (0.0 if u == 0.0 else pieces[last, 0] + pieces[last, 1]) + along, left
    passed = 0.0
    for k in range(5):
        w = u * _NODES[k]
        passed += _WEIGHTS[k] * hypot(p[3] + w * (2 * p[4] + 3 * w * p[5]), p[7] + w * (2 * p[8] + 3 * w * p[9]))
    return p[0] + u * passed, left


@kernel
def _nearest(p, x, y):
    """u in [0, 1] where a piece comes nearest: the best of five, then Newton's method held to its neighbours."""
    u, best = 0.0, np.inf
    for k in range(5):
        w = 0.25 * k
        distance = hypot(p[2] + w * (p[3] + w * (p[4] + w * p[5])) - x, p[6] + w * (p[7] + w * (p[8] + w * p[9])) - y)
        if distance < best:
            u, best = w, distance
    low, high = max(u - 0.25, 0.0), min(u + 0.25, 1.0)
    for _ in range(60):
        vx, vy = p[3] + u * (2 * p[4] + 3 * u * p[5]), p[7] + u * (2 * p[8] + 3 * u * p[9])
        dx, dy = p[2] + u * (p[3] + u * (p[4] + u * p[5])) - x, p[6] + u * (p[7] + u * (p[8] + u * p[9])) - y
        slope = dx * vx + dy * vy
        if slope > 0.0:
            high = u
        else:
            low = u
        bend = vx * vx + vy * vy + dx * (2 * p[4] + 6 * u * p[5]) + dy * (2 * p[8] + 6 * u * p[9])
        to = u - slope / bend if bend > 0.0 else 0.5 * (low + high)
        if not low < to < high:
            # at an end of the piece there may be nothing to cross
            to = low if to <= low else high
            if (to == 0.0 or to == 1.0) and to == u:
                break
            if to != 0.0 and to != 1.0:
                to = 0.5 * (low + high)
        if abs(to - u) < 1e-15:
            u = to
            break
        u = to
    return u


@kernel
def _frames(pieces, s, out):
    for i in range(s.shape[0]):
        out[i, 0], out[i, 1], out[i, 2], out[i, 3], out[i, 4], out[i, 5] = line_frame(pieces, s[i])


@kernel
def _projections(pieces, points, out):
    for i in range(points.shape[0]):
        out[i, 0], out[i, 1] = project_on_line(pieces, points[i, 0], points[i, 1])
