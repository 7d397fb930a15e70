"""Rigid motions of the plane: poses (..., 3) are x, y in metres and heading in radians."""

from __future__ import annotations

from plansim.core.arrays import Array, namespace, stack
from plansim.core.layout import layout, wrap_angle

POSE = layout("x y heading", angles="heading")


def compose(a: Array, b: Array) -> Array:
    """The pose b, given in the frame a, in the frame of a: a * b."""
    m = namespace(a, b)
    c, s = m.cos(a[..., 2]), m.sin(a[..., 2])
    x = a[..., 0] + c * b[..., 0] - s * b[..., 1]
    y = a[..., 1] + s * b[..., 0] + c * b[..., 1]
    return stack((x, y, wrap_angle(a[..., 2] + b[..., 2])), like=a)


def inverse(a: Array) -> Array:
    """The pose that undoes a: compose(a, inverse(a)) = 0."""
    m = namespace(a)
    c, s = m.cos(a[..., 2]), m.sin(a[..., 2])
    return stack((-c * a[..., 0] - s * a[..., 1], s * a[..., 0] - c * a[..., 1], wrap_angle(-a[..., 2])), like=a)


def between(a: Array, b: Array) -> Array:
    """b seen from a: inverse(a) * b."""
    return compose(inverse(a), b)


def transform(pose: Array, points: Array) -> Array:
    """Points (..., N, 2) of the frame `pose` (..., 3), in the frame of the pose."""
    m = namespace(pose, points)
    c, s = m.cos(pose[..., 2:3]), m.sin(pose[..., 2:3])
    x = pose[..., 0:1] + c * points[..., 0] - s * points[..., 1]
    y = pose[..., 1:2] + s * points[..., 0] + c * points[..., 1]
    return stack((x, y), like=points)


def exponential(twist: Array) -> Array:
    """The pose reached by the constant body velocity (forward, left, turn), (..., 3), in unit time."""
    m = namespace(twist)
    turn = twist[..., 2]
    a, b = _sinc_pair(turn, m)
    x = a * twist[..., 0] - b * twist[..., 1]
    y = b * twist[..., 0] + a * twist[..., 1]
    return stack((x, y, wrap_angle(turn)), like=twist)


def logarithm(pose: Array) -> Array:
    """The constant body velocity (..., 3) that reaches the pose in unit time, turning at most pi."""
    m = namespace(pose)
    turn = wrap_angle(pose[..., 2])
    a, b = _sinc_pair(turn, m)
    scale = 1.0 / (a * a + b * b)
    x = scale * (a * pose[..., 0] + b * pose[..., 1])
    y = scale * (a * pose[..., 1] - b * pose[..., 0])
    return stack((x, y, turn), like=pose)


def _sinc_pair(turn: Array, m) -> tuple[Array, Array]:
    """sin(t)/t and (1 - cos(t))/t, by their series near zero."""
    small = m.abs(turn) < 1e-4
    safe = m.where(small, m.ones_like(turn), turn)
    a = m.where(small, 1 - turn**2 / 6, m.sin(safe) / safe)
    b = m.where(small, turn / 2 - turn**3 / 24, 2 * m.sin(0.5 * safe) ** 2 / safe)
    return a, b
