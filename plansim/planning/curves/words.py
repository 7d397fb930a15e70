"""Words: paths made of arcs and straight lines, sampled and driven in closed form.

A word is two arrays of the same length K: `turns` (K,) int64 says left +1, straight 0, right -1, the sign of the
curvature; `lengths` (K,) float64 says how far in metres, negative: backwards. A letter that is not needed has length 0.

Kernels, to be called from other kernels (poses are arrays (3,), which are read or filled in place):

    advance(x, y, heading, curvature, length) -> (x, y, heading)   along one arc; headings run on
    seen_from(a, b, radius) -> (x, y, turn)                        b in the frame of a, in radii
    sample_word(start, turns, lengths, radius, distance, out)      pose at `distance` metres >= 0 along the word;
                                                                   beyond its end: its end
"""

from __future__ import annotations

from math import cos, fabs, pi, sin
from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.kernel import kernel
from plansim.core.scalar import wrap_angle

LETTERS = 5  # the longest word


class Curve(NamedTuple):
    """A path that a car can follow: between states i and i + 1 it drives controls[i]."""

    states: Array  # (T + 1, 3) x m, y m, heading rad, which runs on and is not wrapped
    controls: Array  # (T, 2) curvature 1/m, to the left where positive; length m, backwards where negative

    @property
    def length(self) -> float:
        return float(np.abs(self.controls[:, 1]).sum())


@kernel
def advance(x, y, heading, curvature, length):
    half = 0.5 * curvature * length
    # the chord; by its series where the arc is almost straight
    chord = length * (sin(half) / half if fabs(half) > 1e-4 else 1.0 - half * half / 6.0)
    return x + chord * cos(heading + half), y + chord * sin(heading + half), heading + 2.0 * half


@kernel
def seen_from(a, b, radius):
    dx, dy = (b[0] - a[0]) / radius, (b[1] - a[1]) / radius
    c, s = cos(a[2]), sin(a[2])
    return c * dx + s * dy, c * dy - s * dx, wrap_angle(b[2] - a[2])


@kernel
def sample_word(start, turns, lengths, radius, distance, out):
    x, y, heading = start[0], start[1], start[2]
    left = distance
    for k in range(turns.shape[0]):
        whole = fabs(lengths[k])
        share = min(left, whole)
        x, y, heading = advance(x, y, heading, turns[k] / radius, share if lengths[k] >= 0.0 else -share)
        left -= share
        if left <= 0.0:
            break
    out[0], out[1], out[2] = x, y, heading


@kernel
def sample_words(start, turns, lengths, radius, distance, out):
    """`sample_word` for each of B words: start (B, 3), turns and lengths (B, K), distance (B,), out (B, 3)."""
    for b in range(start.shape[0]):
        sample_word(start[b], turns[b], lengths[b], radius, distance[b], out[b])


@kernel
def positive_angle(angle):
    """The same direction within [0, 2 pi), of an angle within twice that; what rounding left just below it is 0."""
    rest = angle + 2.0 * pi if angle < 0.0 else angle
    rest = rest + 2.0 * pi if rest < 0.0 else rest - 2.0 * pi if rest >= 2.0 * pi else rest
    return 0.0 if rest > 2.0 * pi - 1e-12 else rest


def curve_along(start: Array, turns: Array, lengths: Array, radius: float, spacing: float) -> Curve:
    """The word as a curve: every letter in equal pieces no longer than `spacing` metres."""
    states, controls = [np.array(start, dtype=float)], []
    for turn, length in zip(turns, lengths, strict=True):
        if length == 0.0:
            continue
        pieces = max(int(np.ceil(abs(length) / spacing - 1e-9)), 1)
        begin = states[-1]
        states += [np.array(advance(*begin, turn / radius, length * i / pieces)) for i in range(1, pieces + 1)]
        controls += [(turn / radius, length / pieces)] * pieces
    return Curve(np.stack(states), np.array(controls).reshape(-1, 2))


def poses_pair(a: Array, b: Array, radius: float) -> tuple[Array, Array, tuple[int, ...]]:
    """Contiguous poses (B, 3) from a to b (..., 3), which are broadcast, and the shape (...) of the batch."""
    check_positive("radius", radius)
    a, b = (_poses(name, value) for name, value in (("a", a), ("b", b)))
    try:
        batch = np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        raise MalformedInput(f"poses of shapes {a.shape} and {b.shape} cannot be paired") from None
    a, b = (np.broadcast_to(value, batch) if value.shape != batch else value for value in (a, b))
    # kernels know one type of array: contiguous and writable
    a, b = (np.require(value, requirements=("C", "W")).reshape(-1, 3) for value in (a, b))
    return a, b, batch[:-1]


def check_positive(name: str, value: float) -> None:
    if not 0.0 < value < np.inf:
        raise MalformedInput(f"{name} is {value}, but must be a positive, finite number of metres")


def _poses(name: str, value: Array) -> Array:
    try:
        value = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise MalformedInput(f"{name} must be poses (..., 3): x, y, heading") from None
    if value.ndim == 0 or value.shape[-1] != 3:
        raise MalformedInput(f"{name} has shape {value.shape}, but must be poses (..., 3): x, y, heading")
    if not np.isfinite(value).all():
        raise MalformedInput(f"{name} must be finite")
    return value
