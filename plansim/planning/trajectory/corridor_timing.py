"""When to be in which box of a corridor: the times and the bounds of the program that smooths a path."""

from __future__ import annotations

import numpy as np

from plansim.core.arrays import Array
from plansim.core.trajectory import arc_length, point_at
from plansim.planning.trajectory.corridor import Corridor
from plansim.planning.trajectory.corridor_qp import CorridorProblem
from plansim.planning.trajectory.paths import blended_path
from plansim.planning.trajectory.time_optimal import time_optimal

_EDGE = 2e-5  # of a box's shorter side, kept free inside it: edges are checked in 65536ths of a cell


def corridor_problem(
    corridor: Corridor, path: Array, start: Array, goal: Array, limits: Array, dt: float, stretch: float
) -> CorridorProblem:
    """The program for a path (T, 2) that the corridor was grown around, from start to goal, both x y vx vy.

    The path with rounded corners, passed as fast as speed and acceleration allow, says when each box is entered and
    left; that motion, `stretch` times as long, is also what the trajectory is held near.
    limits: (3,) of speed, acceleration and jerk along each axis.
    """
    path = corridor.to_frame(path)
    along = _times(path, limits, dt, stretch)
    boxes = corridor.boxes + _EDGE * np.diff(corridor.boxes, axis=1).min(-1, keepdims=True) * [[[1.0], [-1.0]]]
    # the control point c_i+1 belongs to step i
    box: Array = np.searchsorted(_switches(corridor.boxes, path), along, side="right")
    bounds = boxes[box]
    joints = np.flatnonzero(box[1:-2] != box[2:-1]) + 1
    before, after = boxes[box[joints]], boxes[box[joints + 1]]
    turn = Corridor(corridor.boxes, np.array([0.0, 0.0, corridor.frame[2]]))
    ends = [np.stack((corridor.to_frame(end[:2]), turn.to_frame(end[2:]), np.zeros(2))) for end in (start, goal)]
    return CorridorProblem(
        dt, ends[0], ends[1], bounds[:, 0], bounds[:, 1], joints,
        np.maximum(before[:, 0], after[:, 0]), np.minimum(before[:, 1], after[:, 1]),
        np.repeat(limits[:, None], 2, axis=1), point_at(path, along),
    )  # fmt: skip


def _times(path: Array, limits: Array, dt: float, stretch: float) -> Array:
    """Arc length along the path at the time of each control point of the spline, (N + 2,)."""
    blended = blended_path(path, 0.5 * np.linalg.norm(np.diff(path, axis=0), axis=-1).min())
    timed = time_optimal(blended, limits[0], limits[1], steps=200)
    # jerk takes its time even on the shortest way: the time to build acceleration up and down, twice
    shortest = max(timed.duration, 4 * (timed.duration / 8 * limits[1] / limits[2]) ** 0.5)
    steps = max(int(np.ceil(shortest * stretch / dt)), 6)
    seconds = (np.arange(steps + 2) - 0.5) * dt
    s = timed.clock.at(seconds * timed.duration / (steps * dt))[:, 0] / blended.breaks[-1]
    return s * arc_length(path)[-1]


def _switches(boxes: Array, path: Array) -> Array:
    """Arc lengths at which the path goes over from each box to the next, in the middle of what they share, (K - 1,)."""
    begin, shared = arc_length(path), len(boxes) - 1
    first, last, reached = np.empty(shared), np.empty(shared), 0.0
    for k in range(shared):
        low, high = np.maximum(boxes[k, 0], boxes[k + 1, 0]), np.minimum(boxes[k, 1], boxes[k + 1, 1])
        entry, exit = _within(low, high, path)
        i = int(np.argmax((entry <= exit) & (begin[:-1] + exit >= reached)))
        first[k] = reached = max(begin[i] + entry[i], reached)
        while i + 1 < len(entry) and begin[i] + exit[i] >= begin[i + 1] - 1e-9 and entry[i + 1] <= 1e-9:
            i += 1
        last[k] = begin[i] + exit[i]
    last = np.minimum.accumulate(last[::-1])[::-1]
    out, passed = np.empty(shared), 0.0
    for k in range(shared):
        out[k] = passed = (max(first[k], passed) + last[k]) / 2
    return out


def _within(low: Array, high: Array, path: Array) -> tuple[Array, Array]:
    """Where each leg of a path enters and leaves a box, in metres of the leg, (L,); entry above exit: nowhere."""
    legs = np.diff(path, axis=0)
    lengths = np.linalg.norm(legs, axis=-1)
    slope = np.where(np.abs(legs) < 1e-12, 1e-12, legs)
    ends = np.stack(((low - path[:-1]) / slope, (high - path[:-1]) / slope))
    return np.maximum(ends.min(0).max(-1), 0.0) * lengths, np.minimum(ends.max(0).min(-1), 1.0) * lengths
