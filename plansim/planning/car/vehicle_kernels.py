"""Whether a vehicle with its body, and its trailer's, stays clear of everything while a control is held, compiled.

They read the arrays of a `VehicleSpace`:

    frame (3,), ground, body, trailer_body, hitch (3,), angles (2,), bounds (2, n)

frame: pose of the map's own frame; hitch: offset behind the rear axle and trailer's length in metres, and the bend in
radians that is too much; angles: which components are the headings of vehicle and trailer, -1 where there is none;
bounds: of every component, infinite for angles.
"""

from __future__ import annotations

from functools import cache
from math import cos, fabs, hypot, sin

import numpy as np

from plansim.core.kernel import Kernel, kernel

SAFETY = 1.5  # how much faster than in the mean of half a step a corner may go


@cache
def vehicle_kernels(step: Kernel, clearance: Kernel) -> tuple[Kernel, Kernel]:
    """room(x (n,), arrays) -> metres by which all is at least clear, negative: it is not free;
    way_room(x, u, p, dt, room, arrays, scratch (2, n)) -> room after dt, negative: it was not free somewhere.

    step: of a vehicle, as `models.vehicle.compiled_step`; clearance: of a body, as `spaces.body.clearance`. way_room is
    given the room of x, and leaves the state after dt in scratch[1].
    """

    @kernel
    def room(x, arrays):
        if not _within(x, arrays):
            return -1.0
        frame, ground, body, trailer_body, hitch, angles, _ = arrays
        heading = x[angles[0]] if angles[0] >= 0 else 0.0
        least = placed(x[0], x[1], heading, frame, ground, body)
        if angles[1] >= 0 and least >= 0.0:
            trailer = x[angles[1]]
            axle_x = x[0] - hitch[0] * cos(heading) - hitch[1] * cos(trailer)
            axle_y = x[1] - hitch[0] * sin(heading) - hitch[1] * sin(trailer)
            least = min(least, placed(axle_x, axle_y, trailer, frame, ground, trailer_body))
        return least

    @kernel
    def placed(x, y, heading, frame, ground, body):
        dx, dy, c, s = x - frame[0], y - frame[1], cos(frame[2]), sin(frame[2])
        heading -= frame[2]
        return clearance(c * dx + s * dy, c * dy - s * dx, cos(heading), sin(heading), ground, body)

    @kernel
    def way_room(x, u, p, dt, least, arrays, scratch):
        """By conservative advancement: as far as all is clear nothing can collide; skins cover what is left."""
        _, _, body, trailer_body, hitch, angles, _ = arrays
        part, end = scratch[0], scratch[1]
        step(x, u, p, 0.5 * dt, part)
        step(x, u, p, dt, end)
        moved = _moved(x, part, body, trailer_body, hitch, angles) + _moved(
            part, end, body, trailer_body, hitch, angles
        )
        if not _within(end, arrays):
            return -1.0
        rest, finest = SAFETY * moved, min(body.step, trailer_body.step)
        if least < rest:
            least = room(x, arrays)
        gone = 0.0
        while least >= 0.0:
            if least >= (1.0 - gone) * rest:  # what is left of it is clear at the end
                return least - (1.0 - gone) * rest
            gone = min(gone + max(least, finest) / rest, 1.0)
            step(x, u, p, gone * dt, part)
            least = room(part, arrays)
        return least

    return room, way_room


@kernel
def _within(x, arrays):
    """Whether the components are within their bounds, and the trailer is not bent too much."""
    hitch, angles, bounds = arrays[4], arrays[5], arrays[6]
    for i in range(x.shape[0]):
        if not bounds[0, i] <= x[i] <= bounds[1, i]:
            return False
    if angles[1] < 0:
        return True
    bend = x[angles[0]] - x[angles[1]]
    return fabs(bend - 2 * np.pi * np.rint(bend / (2 * np.pi))) <= hitch[2]


@kernel
def _moved(a, b, body, trailer_body, hitch, angles):
    """Metres that no point of vehicle and trailer exceeds on a short way from a to b."""
    way = hypot(b[0] - a[0], b[1] - a[1])
    turn = fabs(b[angles[0]] - a[angles[0]]) if angles[0] >= 0 else 0.0
    most = way + body.reach * turn
    if angles[1] >= 0:
        swing = fabs(b[angles[1]] - a[angles[1]])
        most = max(most, way + fabs(hitch[0]) * turn + (hitch[1] + trailer_body.reach) * swing)
    return most
