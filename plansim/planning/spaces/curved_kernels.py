"""Spaces of poses joined by shortest curves, compiled: the kernels of `base.Kernels` for one kind of curve and world.

They read (radius, frame (3,), ground, body); see `curved.Place`.
"""

from __future__ import annotations

from math import cos, fabs, sin

import numpy as np

from plansim.core.kernel import Kernel, kernel
from plansim.core.scalar import wrap_angle
from plansim.planning.curves.words import LETTERS, advance, sample_word, seen_from


def curve_kernels(shortest: Kernel, length: Kernel, room: Kernel) -> tuple[Kernel, Kernel, Kernel, Kernel]:
    """point_free, segment_free, distance, interpolate.

    shortest, length: of a kind of curve, as `shortest_dubins` and `dubins_distance`
    room: (x, y, cosine, sine, ground, body) -> metres by which the body is clear, as `spaces.body.clearance`
    """

    @kernel
    def point_free(x, arrays):
        _, frame, ground, body = arrays
        u, v, heading = _in_frame(x, frame)
        return room(u, v, cos(heading), sin(heading), ground, body) >= 0.0

    @kernel
    def segment_free(a, b, arrays):
        """By conservative advancement: as far as the body is clear it cannot collide; its skin covers what is left."""
        radius, frame, ground, body = arrays
        turns, lengths = np.zeros(LETTERS, dtype=np.int64), np.zeros(LETTERS)
        shortest(a, b, radius, turns, lengths)
        x, y, heading = _in_frame(a, frame)
        for k in range(LETTERS):
            curvature = turns[k] / radius
            lever = 1.0 + fabs(curvature) * body.reach  # how far a corner can go for a metre of the origin
            whole, gone = fabs(lengths[k]), 0.0
            while True:
                u, v, angle = advance(x, y, heading, curvature, gone if lengths[k] >= 0.0 else -gone)
                clear = room(u, v, cos(angle), sin(angle), ground, body)
                if clear < 0.0:
                    return False
                if gone >= whole:
                    break
                gone = min(gone + max(clear, body.step) / lever, whole)
            x, y, heading = u, v, angle
        return True

    @kernel
    def distance(a, b, arrays):
        radius = arrays[0]
        x, y, turn = seen_from(a, b, radius)
        return radius * length(x, y, turn)

    @kernel
    def interpolate(a, b, t, arrays, out):
        radius = arrays[0]
        turns, lengths = np.zeros(LETTERS, dtype=np.int64), np.zeros(LETTERS)
        sample_word(a, turns, lengths, radius, t * shortest(a, b, radius, turns, lengths), out)
        out[2] = wrap_angle(out[2])

    return point_free, segment_free, distance, interpolate


@kernel
def _in_frame(pose, frame):
    """A pose of the world in the map's own frame."""
    dx, dy, c, s = pose[0] - frame[0], pose[1] - frame[1], cos(frame[2]), sin(frame[2])
    return c * dx + s * dy, c * dy - s * dx, pose[2] - frame[2]
