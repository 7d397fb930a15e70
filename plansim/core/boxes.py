"""Turned rectangles in kernels: whether two overlap, and what stands in a line of sight.

A vehicle is a row x, y, heading, speed, length, width of its rectangle's middle; many are (Q, 6).
"""

from __future__ import annotations

from math import cos, hypot, sin

import numpy as np

from plansim.core.arrays import Array
from plansim.core.kernel import kernel


@kernel
def boxes_overlap(dx, dy, ac, an, al, aw, bc, bn, bl, bw):
    """Whether two rectangles overlap: separating axes (Gottschalk, Lin, Manocha 1996).

    dx, dy: from the middle of a to that of b; then each one's cosine and sine of heading, half length, half width.
    """
    c, s = abs(ac * bc + an * bn), abs(ac * bn - an * bc)  # of the angle between them
    return (
        abs(dx * ac + dy * an) < al + bl * c + bw * s
        and abs(dy * ac - dx * an) < aw + bl * s + bw * c
        and abs(dx * bc + dy * bn) < bl + al * c + aw * s
        and abs(dy * bc - dx * bn) < bw + al * s + aw * c
    )


@kernel
def vehicles_overlap(a, b):
    """Whether two vehicles (6,) overlap."""
    return boxes_overlap(
        b[0] - a[0], b[1] - a[1], cos(a[2]), sin(a[2]), 0.5 * a[4], 0.5 * a[5],
        cos(b[2]), sin(b[2]), 0.5 * b[4], 0.5 * b[5],
    )  # fmt: skip


@kernel
def crosses_box(x, y, dx, dy, vehicle):
    """Whether the straight way from x, y over dx, dy passes through the vehicle (6,)."""
    c, s = cos(vehicle[2]), sin(vehicle[2])
    px, py = c * (x - vehicle[0]) + s * (y - vehicle[1]), c * (y - vehicle[1]) - s * (x - vehicle[0])
    qx, qy = c * dx + s * dy, c * dy - s * dx
    enter, leave = 0.0, 1.0
    for p, q, half in ((px, qx, 0.5 * vehicle[4]), (py, qy, 0.5 * vehicle[5])):
        if q == 0.0:
            if abs(p) >= half:
                return False
        else:
            a, b = (-half - p) / q, (half - p) / q
            enter, leave = max(enter, min(a, b)), min(leave, max(a, b))
    return enter < leave


@kernel
def in_sight(x, y, reach, target, vehicles, skip):
    """Whether the middle or a corner of the target (6,) is within reach of x, y with no vehicle (Q, 6) between.

    skip: the row of the target itself, -1 where it is none of them. A vehicle of no length hides nothing.
    """
    if hypot(target[0] - x, target[1] - y) > reach + 0.5 * hypot(target[4], target[5]):
        return False
    c, s = cos(target[2]), sin(target[2])
    for forward, left in ((0.0, 0.0), (0.5, 0.5), (0.5, -0.5), (-0.5, 0.5), (-0.5, -0.5)):
        dx = target[0] + c * forward * target[4] - s * left * target[5] - x
        dy = target[1] + s * forward * target[4] + c * left * target[5] - y
        clear = hypot(dx, dy) <= reach
        for j in range(vehicles.shape[0]):
            if clear and j != skip and vehicles[j, 4] > 0.0 and crosses_box(x, y, dx, dy, vehicles[j]):
                clear = False
        if clear:
            return True
    return False


@kernel
def _first_unseen(x, y, reach, targets, vehicles):
    for i in range(targets.shape[0]):
        if not in_sight(x, y, reach, targets[i], vehicles, -1):
            return i
    return targets.shape[0]


def first_unseen(eye: Array, reach: float, targets: Array, vehicles: Array) -> int:
    """The first of the targets (N, 6) that cannot be seen from the eye (2,) past the vehicles (Q, 6); N if none."""
    rows = [np.ascontiguousarray(rows, dtype=float).reshape(-1, 6) for rows in (targets, vehicles)]
    return int(_first_unseen(float(eye[0]), float(eye[1]), float(reach), *rows))


def corners(vehicles: Array) -> Array:
    """The corners (..., 4, 2) of vehicles (..., 6), counter-clockwise from the front left one."""
    x, y, heading, _, length, width = np.moveaxis(np.asarray(vehicles, dtype=float)[..., None, :], -1, 0)
    forward, left = length * [0.5, -0.5, -0.5, 0.5], width * [0.5, 0.5, -0.5, -0.5]
    c, s = np.cos(heading), np.sin(heading)
    return np.stack((x + c * forward - s * left, y + s * forward + c * left), axis=-1)
