"""Motion seen from a line: states in the plane and beside a reference line, one into the other, exactly."""

from __future__ import annotations

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.layout import layout, wrap_angle
from plansim.core.reference_line import ReferenceLine

CARTESIAN = layout("x y heading speed acceleration curvature", angles="heading")
FRENET = layout("s speed acceleration offset slope bend")  # of s in time; offset, and its derivatives by s


def to_frenet(line: ReferenceLine, x: Array) -> Array:
    """States in the plane (..., 6), `CARTESIAN`, as they are seen from the line, (..., 6), `FRENET`.

    Werling, Ziegler, Kammel, Thrun 2010, "Optimal trajectory generation for dynamic street scenarios in a Frenét
    frame", appendix I, solved for the line's side. With the offset's derivatives by s, not by time, a state at rest
    keeps its heading. Refused: a state beyond the line's centre of curvature, or one that moves across or against it.

    >>> line = ReferenceLine([[0.0, 0.0], [50.0, 0.0]])
    >>> to_frenet(line, np.array([10.0, 2.0, 0.0, 5.0, 1.0, 0.0])).round(9).tolist()
    [10.0, 5.0, 1.0, 2.0, 0.0, 0.0]
    """
    x = np.asarray(x, dtype=float)
    s, d = line.project(x[..., :2])
    _, _, heading, curvature, curvature_slope = line.at(s)
    w = 1 - curvature * d  # a step on the line is a step of w beside it
    turn = wrap_angle(x[..., 2] - heading)
    _refuse("lies beyond the line's centre of curvature", w <= 0, s, d)
    _refuse("heads across or against the line", np.abs(turn) >= 0.5 * np.pi, s, d)
    c, tan = np.cos(turn), np.tan(turn)
    slope = w * tan
    w_slope = -(curvature_slope * d + curvature * slope)
    bend = w_slope * tan + w / c**2 * (x[..., 5] * w / c - curvature)
    speed = x[..., 3] * c / w
    acceleration = (x[..., 4] - speed**2 / c * (slope * (x[..., 5] * w / c - curvature) + w_slope)) * c / w
    return np.stack((s, speed, acceleration, d, slope, bend), axis=-1)


def to_cartesian(line: ReferenceLine, f: Array) -> Array:
    """The inverse of `to_frenet`: (..., 6), `FRENET`, to (..., 6), `CARTESIAN`."""
    f = np.asarray(f, dtype=float)
    s, speed, acceleration, d, slope, bend = np.moveaxis(f, -1, 0)
    x, y, heading, curvature, curvature_slope = line.at(s)
    w = 1 - curvature * d
    _refuse("lies beyond the line's centre of curvature", w <= 0, s, d)
    tan = slope / w
    c = 1 / np.sqrt(1 + tan**2)
    w_slope = -(curvature_slope * d + curvature * slope)
    own_curvature = ((bend - w_slope * tan) * c**2 / w + curvature) * c / w
    own_acceleration = acceleration * w / c + speed**2 / c * (slope * (own_curvature * w / c - curvature) + w_slope)
    place = x - d * np.sin(heading), y + d * np.cos(heading), wrap_angle(heading + np.arctan(tan))
    return np.stack((*place, speed * w / c, own_acceleration, own_curvature), axis=-1)


def by_time(f: Array) -> Array:
    """The offset and its derivatives by time (..., 3), of states (..., 6), `FRENET`."""
    _, speed, acceleration, d, slope, bend = np.moveaxis(np.asarray(f, dtype=float), -1, 0)
    return np.stack((d, slope * speed, bend * speed**2 + slope * acceleration), axis=-1)


def _refuse(what: str, where: Array, s: Array, d: Array) -> None:
    if np.any(where):
        i = tuple(np.argwhere(where)[0]) if np.ndim(where) else ()
        which = f"state {i if len(i) > 1 else i[0]}" if i else "the state"
        raise MalformedInput(
            f"{which}, at s = {s[i]:g} m, {d[i]:g} m to the left, {what}, where there is no such frame"
        )
