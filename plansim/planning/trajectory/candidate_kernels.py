"""Judges all candidates of a fan at once: every longitudinal motion with every lateral one, at every step.

The inner loops run over the lateral motions, so that the compiler works on several of them in one instruction. What an
obstacle means depends on the longitudinal motion alone, but for one comparison with the offset: most are far away.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from plansim.core.boxes import boxes_overlap
from plansim.core.kernel import kernel
from plansim.core.reference_line import line_frame

SPEED, ACCELERATION, CURVATURE, LATERAL, EDGE, FRAME, COLLISION = 1, 2, 4, 8, 16, 32, 64


class Limits(NamedTuple):
    """What the kernel is told in numbers."""

    dt: float
    half_length: float
    half_width: float
    ahead: float  # m, from the rear axle to the middle of the car
    top_speed: float
    acceleration: float
    braking: float
    lateral_acceleration: float
    curvature: float
    right: float  # m, offsets between which the whole car stays
    left: float
    margin: float  # m, by which obstacles are grown
    time_to_collision: float  # s, below which a candidate is in danger
    headway: float  # s, likewise


@kernel
def score(pieces, along, sideways, lengths, obstacles, sizes, limits, faults, hits, swerving, danger):
    """Fills faults (N, M), the sum of what a candidate breaks; hits, its first step in collision, -1 where there is
    none; swerving, the integral of its squared lateral acceleration; danger in [0, 1]. Returns the boxes compared.

    along: (N, T + 1, 3) s and its derivatives by time. sideways: (3, T + 1, M) the offset and its derivatives by time
    where lengths is empty; else (3, 2, M) the coefficients of the offset as a quintic of s over the lengths (M,).
    obstacles: (Q, T + 1, 6) x, y, cosine and sine of the heading, velocity x, y. sizes: (Q, 2) half length and width.
    """
    N, steps, M = along.shape[0], along.shape[1], sideways.shape[2]
    rows = np.empty((5, M))  # offset, slope, bend; cosine and sine of the turn against the line
    compared = 0
    for i in range(N):
        for j in range(M):
            faults[i, j], hits[i, j], swerving[i, j], danger[i, j] = 0, -1, 0.0, 0.0
        for k in range(steps):
            frame = line_frame(pieces, along[i, k, 0])
            v, a = along[i, k, 1], along[i, k, 2]
            if lengths.shape[0] > 0:
                offsets_by_distance(sideways, lengths, along[i, k, 0] - along[i, 0, 0], rows)
            else:
                offsets_by_time(sideways, k, v, a, rows, faults[i])
            _move(frame, v, a, limits, rows, faults[i], swerving[i])
            if k > 0:
                compared += _meet(frame, v, k, obstacles, sizes, limits, rows, hits[i], danger[i])
        for j in range(M):
            faults[i, j] |= COLLISION if hits[i, j] >= 0 else 0
    return compared


@kernel
def offsets_by_time(sideways, k, v, a, rows, faults):
    """Offset, and its derivatives by s, at a step: d' = d_t / v, d'' = (d_tt - d' a) / v^2."""
    inverse = 1.0 / v if v > 1e-6 else 0.0
    for j in range(rows.shape[1]):
        slope = sideways[1, k, j] * inverse
        rows[0, j], rows[1, j] = sideways[0, k, j], slope
        rows[2, j] = (sideways[2, k, j] - slope * a) * inverse * inverse
    if inverse == 0.0:
        for j in range(rows.shape[1]):
            faults[j] |= FRAME if abs(sideways[1, k, j]) > 1e-6 else 0  # sideways, but not onwards


@kernel
def offsets_by_distance(sideways, lengths, s, rows):
    for j in range(rows.shape[1]):
        u = min(max(s, 0.0), lengths[j])
        a, b, c = sideways[0, 0, j], sideways[1, 0, j], sideways[2, 0, j]
        d, e, f = sideways[0, 1, j], sideways[1, 1, j], sideways[2, 1, j]
        rows[0, j] = a + u * (b + u * (c + u * (d + u * (e + u * f))))
        rows[1, j] = b + u * (2 * c + u * (3 * d + u * (4 * e + u * 5 * f)))
        rows[2, j] = 2 * c + u * (6 * d + u * (12 * e + u * 20 * f)) if s < lengths[j] else 0.0


@kernel
def _move(frame, v, a, limits, rows, faults, swerving):
    """The car's own motion, by the formulas of `to_cartesian`, against its limits."""
    curvature, curvature_slope = frame[4], frame[5]
    slow = SPEED if v < -1e-6 else 0
    for j in range(rows.shape[1]):
        d, slope = rows[0, j], rows[1, j]
        w = 1.0 - curvature * d
        tan = slope / w
        stretch = sqrt(1.0 + tan * tan)
        c = 1.0 / stretch
        w_slope = -(curvature_slope * d + curvature * slope)
        own = ((rows[2, j] - w_slope * tan) * c * c / w + curvature) * c / w
        speed = v * w * stretch
        push = a * w * stretch + v * v * stretch * (slope * (own * w * stretch - curvature) + w_slope)
        aside = speed * speed * own
        middle = d + limits.ahead * tan * c
        reach = limits.half_width * c + limits.half_length * abs(tan) * c
        rows[3, j], rows[4, j] = c, tan * c
        swerving[j] += aside * aside * limits.dt
        faults[j] |= (
            slow
            | (SPEED if speed > limits.top_speed + 1e-6 else 0)
            | (ACCELERATION if (push > limits.acceleration + 1e-6) | (push < -limits.braking - 1e-6) else 0)
            | (CURVATURE if abs(own) > limits.curvature + 1e-9 else 0)
            | (LATERAL if abs(aside) > limits.lateral_acceleration + 1e-6 else 0)
            | (EDGE if (middle - reach < limits.right) | (middle + reach > limits.left) else 0)
            | (FRAME if w <= 1e-3 else 0)
        )


@kernel
def _meet(frame, v, k, obstacles, sizes, limits, rows, hits, danger):
    """The obstacles at a step: which candidates they hit, and how soon they would hit one that stays in its lane."""
    x, y, tx, ty = frame[0], frame[1], frame[2], frame[3]
    compared = 0
    for q in range(obstacles.shape[0]):
        o = obstacles[q, k]
        dx, dy = o[0] - x, o[1] - y
        forward, left = dx * tx + dy * ty, dy * tx - dx * ty
        c, s = o[2] * tx + o[3] * ty, o[3] * tx - o[2] * ty  # of its heading against the line's
        half_length, half_width = sizes[q, 0], sizes[q, 1]
        threat = _threat(
            forward - limits.ahead, v, o[4] * tx + o[5] * ty, abs(c) * half_length + abs(s) * half_width, limits
        )
        if threat > 0.0:
            width = limits.half_width + abs(c) * half_width + abs(s) * half_length
            for j in range(rows.shape[1]):
                beside = abs(left - rows[0, j] - limits.ahead * rows[4, j])
                danger[j] = max(danger[j], threat if beside < width else 0.0)
        half_length, half_width = half_length + limits.margin, half_width + limits.margin
        reach = limits.ahead + sqrt(limits.half_length**2 + limits.half_width**2) + sqrt(half_length**2 + half_width**2)
        if abs(forward) >= reach:
            continue
        for j in range(rows.shape[1]):
            aside = left - rows[0, j]
            if forward * forward + aside * aside < reach * reach and hits[j] < 0:
                compared += 1
                turn_c, turn_s = rows[3, j], rows[4, j]
                if boxes_overlap(
                    forward - limits.ahead * turn_c, aside - limits.ahead * turn_s,
                    turn_c, turn_s, limits.half_length, limits.half_width, c, s, half_length, half_width,
                ):  # fmt: skip
                    hits[j] = k
    return compared


@kernel
def _threat(forward, v, other, half_length, limits):
    """In [0, 1]: how far the time to collision, or the headway, falls below what is wanted; 1 where there is no gap."""
    gap = abs(forward) - limits.half_length - half_length
    if gap <= 0.0:
        return 1.0
    closing = v - other if forward > 0.0 else other - v
    threat = 1.0 - gap / (closing * limits.time_to_collision) if closing > 1e-9 else 0.0
    if forward > 0.0 and v > 1e-9:
        threat = max(threat, 1.0 - gap / (v * limits.headway))
    return max(threat, 0.0)
