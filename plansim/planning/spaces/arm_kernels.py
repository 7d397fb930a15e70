"""Whether an arm of capsules touches itself or the solids around it, at a state or anywhere on the way between two.

An arm in its cell reaches kernels as one tuple of arrays, `ArmSpace.arrays`:

    limits (2, n), frames (n + 1, 3, 4), capsules (C, 8), reach (C, n), pairs (P, 2), items (N, 17), extents (N, 2, 3),
    tolerance
"""

from __future__ import annotations

from math import cos, sin, sqrt

import numpy as np

from plansim.core.kernel import kernel, lean_kernel
from plansim.core.solid_kernels import distance_to, segments_apart

HIT, NEAR, CLEAR = 0, 1, 2


@kernel
def point_free(x, arrays):
    """Whether the arm keeps its limits and touches nothing at x (n,)."""
    return segment_free(x, x, arrays)


@kernel
def segment_free(a, b, arrays):
    """Whether the arm is free all the way from a to b, both (n,); what comes nearer than the tolerance may be refused.

    Schwarzer, Saha & Latombe 2005, "Adaptive dynamic collision checking": the gap between two bodies at one moment
    vouches for as much of the way as they need to close it. What it does not vouch for is halved, coarse to fine.
    """
    limits, _, capsules, reach, pairs, _, _, tolerance = arrays
    n, count = a.shape[0], capsules.shape[0]
    for i in range(n):
        if not (limits[0, i] <= a[i] <= limits[1, i] and limits[0, i] <= b[i] <= limits[1, i]):
            return False
    speeds, closing = np.zeros(count), np.zeros(pairs.shape[0])
    _speeds(a, b, capsules, reach, pairs, speeds, closing)
    fastest = max(speeds.max() if count else 0.0, closing.max() if len(closing) else 0.0)
    x, ends, frames = np.empty(n), np.empty((count, 2, 3)), np.empty((2, 3, 4))
    moments, half = np.array([0.5]), 0.5
    while len(moments):
        open_moments, found = np.empty(2 * len(moments)), 0
        for t in moments:
            for i in range(n):
                x[i] = a[i] + t * (b[i] - a[i])
            _place(x, arrays, frames, ends)
            outcome = _around(half, speeds, closing, ends, arrays)
            if outcome == HIT:
                return False
            if outcome == NEAR:
                open_moments[found], open_moments[found + 1] = t - half / 2, t + half / 2
                found += 2
        if found and fastest * half <= 0.5 * tolerance:
            return False
        half /= 2
        moments = open_moments[:found]
    return True


@lean_kernel
def _speeds(a, b, capsules, reach, pairs, speeds, closing):
    """How far each capsule can move between a and b, and of each pair the second one, as the first one sees it."""
    for c in range(capsules.shape[0]):
        for j in range(a.shape[0]):
            speeds[c] += abs(b[j] - a[j]) * reach[c, j]
    for k in range(pairs.shape[0]):
        first, second = pairs[k, 0], pairs[k, 1]
        if capsules[first, 0] > capsules[second, 0]:
            first, second = second, first
        for j in range(int(capsules[first, 0]), int(capsules[second, 0])):
            closing[k] += abs(b[j] - a[j]) * reach[second, j]


@lean_kernel
def _place(x, arrays, frames, ends):
    """Puts both ends of every capsule where they are at x; capsules are in the order of their links."""
    _, origins, capsules, _, _, _, _, _ = arrays
    for i in range(3):
        for k in range(4):
            frames[0, i, k] = origins[0, i, k]
    c = 0
    for link in range(x.shape[0] + 1):
        now, last = link % 2, (link + 1) % 2
        if link > 0:
            _next_frame(frames, now, last, origins, link, cos(x[link - 1]), sin(x[link - 1]))
        while c < capsules.shape[0] and capsules[c, 0] == link:
            for e in range(2):
                for i in range(3):
                    ends[c, e, i] = (
                        frames[now, i, 0] * capsules[c, 1 + 3 * e]
                        + frames[now, i, 1] * capsules[c, 2 + 3 * e]
                        + frames[now, i, 2] * capsules[c, 3 + 3 * e]
                        + frames[now, i, 3]
                    )
            c += 1


@lean_kernel
def _next_frame(frames, now, last, origins, link, c, s):
    """The last link's frame, moved to the joint's origin and turned about z there."""
    for i in range(3):
        f0, f1, f2 = frames[last, i, 0], frames[last, i, 1], frames[last, i, 2]
        x = f0 * origins[link, 0, 0] + f1 * origins[link, 1, 0] + f2 * origins[link, 2, 0]
        y = f0 * origins[link, 0, 1] + f1 * origins[link, 1, 1] + f2 * origins[link, 2, 1]
        frames[now, i, 0], frames[now, i, 1] = x * c + y * s, y * c - x * s
        frames[now, i, 2] = f0 * origins[link, 0, 2] + f1 * origins[link, 1, 2] + f2 * origins[link, 2, 2]
        frames[now, i, 3] = (
            f0 * origins[link, 0, 3] + f1 * origins[link, 1, 3] + f2 * origins[link, 2, 3] + frames[last, i, 3]
        )


@lean_kernel
def _around(half, speeds, closing, ends, arrays):
    """Whether gaps vouch for all that lies within `half` of this moment (CLEAR), or something touches here (HIT)."""
    _, _, capsules, _, pairs, items, extents, _ = arrays
    outcome = CLEAR
    for c in range(capsules.shape[0] - 1, -1, -1):  # the hand hits first
        if capsules[c, 0] == 0.0:  # what stands still is where it was mounted
            continue
        radius, move = capsules[c, 7], speeds[c] * half
        a, b = (ends[c, 0, 0], ends[c, 0, 1], ends[c, 0, 2]), (ends[c, 1, 0], ends[c, 1, 1], ends[c, 1, 2])
        for k in range(items.shape[0]):
            if _far(a, b, items, k, radius + move):
                continue
            gap = distance_to(a, b, items, extents, k) - radius
            if gap < 0.0:
                return HIT
            if gap < move:
                outcome = NEAR
    for k in range(pairs.shape[0]):
        i, j = pairs[k, 0], pairs[k, 1]
        a, b = (ends[i, 0, 0], ends[i, 0, 1], ends[i, 0, 2]), (ends[i, 1, 0], ends[i, 1, 1], ends[i, 1, 2])
        c, d = (ends[j, 0, 0], ends[j, 0, 1], ends[j, 0, 2]), (ends[j, 1, 0], ends[j, 1, 1], ends[j, 1, 2])
        gap = sqrt(segments_apart(a, b, c, d)) - capsules[i, 7] - capsules[j, 7]
        if gap < 0.0:
            return HIT
        if gap < closing[k] * half:
            outcome = NEAR
    return outcome


@lean_kernel
def _far(a, b, items, k, room):
    """Whether the ball around solid k stays farther than `room` from the segment; cheap."""
    x, y, z = items[k, 1] - a[0], items[k, 2] - a[1], items[k, 3] - a[2]
    u, v, w = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    along, length = x * u + y * v + z * w, u * u + v * v + w * w
    t = min(max(along / length, 0.0), 1.0) if length > 0.0 else 0.0
    x, y, z = x - t * u, y - t * v, z - t * w
    room += items[k, 4]
    return x * x + y * y + z * z > room * room


@kernel
def points_free(states, arrays, out):
    for i in range(states.shape[0]):
        out[i] = point_free(states[i], arrays)


@kernel
def segments_free(a, b, arrays, out):
    for i in range(a.shape[0]):
        out[i] = segment_free(a[i], b[i], arrays)
