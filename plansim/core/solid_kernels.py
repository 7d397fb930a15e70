"""Distances between segments and solids in space, compiled.

A solid is a row of `items` (N, 17): its kind, the centre (3) and radius of a ball around it, and then for a box the
matrix (9) into its frame, for a cylinder or capsule its axis (3), half its length, and its radius. The extents of box k
in its own frame are `extents[k]` (2, 3).
"""

from __future__ import annotations

from math import sqrt

from plansim.core.kernel import lean_kernel
from plansim.core.shape_kernels import segment_to_box

BOX, CYLINDER, CAPSULE = 0.0, 1.0, 2.0
_AXES = (0.0, 0.0, 0.0)
_HALVINGS = 40  # of the bracket around the point of a segment that is nearest a cylinder


@lean_kernel
def distances(a, b, items, extents, out):
    for i in range(a.shape[0]):
        p, q = (a[i, 0], a[i, 1], a[i, 2]), (b[i, 0], b[i, 1], b[i, 2])
        least = float("inf")
        for k in range(items.shape[0]):
            least = min(least, distance_to(p, q, items, extents, k))
        out[i] = least


@lean_kernel
def distance_to(a, b, items, extents, k):
    """How far the segment between the points a and b stays from solid k; 0 where it touches or enters it."""
    # seen from the solid's centre
    p = (a[0] - items[k, 1], a[1] - items[k, 2], a[2] - items[k, 3])
    q = (b[0] - items[k, 1], b[1] - items[k, 2], b[2] - items[k, 3])
    if items[k, 0] == BOX:
        return sqrt(segment_to_box(_AXES, _turned(p, items, k), _turned(q, items, k), extents, k))
    axis, half, radius = (items[k, 5], items[k, 6], items[k, 7]), items[k, 8], items[k, 9]
    if items[k, 0] == CYLINDER:
        return _to_cylinder(p, q, axis, half, radius)
    end = (half * axis[0], half * axis[1], half * axis[2])
    return max(sqrt(segments_apart(p, q, (-end[0], -end[1], -end[2]), end)) - radius, 0.0)


@lean_kernel
def _turned(p, items, k):
    return (
        items[k, 5] * p[0] + items[k, 6] * p[1] + items[k, 7] * p[2],
        items[k, 8] * p[0] + items[k, 9] * p[1] + items[k, 10] * p[2],
        items[k, 11] * p[0] + items[k, 12] * p[1] + items[k, 13] * p[2],
    )


@lean_kernel
def segments_apart(a, b, c, d):
    """The squared distance between the segments a b and c d; Ericson 2005, Real-Time Collision Detection, 5.1.9."""
    u = (b[0] - a[0], b[1] - a[1], b[2] - a[2])
    v = (d[0] - c[0], d[1] - c[1], d[2] - c[2])
    w = (a[0] - c[0], a[1] - c[1], a[2] - c[2])
    uu, vv, uv, uw, vw = dot(u, u), dot(v, v), dot(u, v), dot(u, w), dot(v, w)
    apart = uu * vv - uv * uv
    s = min(max((uv * vw - uw * vv) / apart, 0.0), 1.0) if apart > 1e-12 * uu * vv else 0.0
    t = (uv * s + vw) / vv if vv > 0.0 else 0.0
    t = min(max(t, 0.0), 1.0)
    s = min(max((uv * t - uw) / uu, 0.0), 1.0) if uu > 0.0 else 0.0
    gap = (w[0] + s * u[0] - t * v[0], w[1] + s * u[1] - t * v[1], w[2] + s * u[2] - t * v[2])
    return dot(gap, gap)


@lean_kernel
def dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@lean_kernel
def _to_cylinder(p, q, axis, half, radius):
    """Along the segment the distance to a convex solid is convex: it is least where its slope is 0."""
    start, end = 0.0, 1.0
    if _slope_to_cylinder(p, q, axis, half, radius, 0.0) >= 0.0:
        end = 0.0
    elif _slope_to_cylinder(p, q, axis, half, radius, 1.0) <= 0.0:
        start = 1.0
    else:
        for _ in range(_HALVINGS):
            middle = 0.5 * (start + end)
            if _slope_to_cylinder(p, q, axis, half, radius, middle) < 0.0:
                start = middle
            else:
                end = middle
    t = 0.5 * (start + end)
    x = (p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1]), p[2] + t * (q[2] - p[2]))
    along = dot(x, axis)
    beside = sqrt(max(dot(x, x) - along * along, 0.0))
    over, out = max(abs(along) - half, 0.0), max(beside - radius, 0.0)
    return sqrt(over * over + out * out)


@lean_kernel
def _slope_to_cylinder(p, q, axis, half, radius, t):
    """Of half the squared distance, as the point moves from p to q."""
    d = (q[0] - p[0], q[1] - p[1], q[2] - p[2])
    x = (p[0] + t * d[0], p[1] + t * d[1], p[2] + t * d[2])
    along, rise = dot(x, axis), dot(d, axis)
    beside = sqrt(max(dot(x, x) - along * along, 0.0))
    slope = (along - half) * rise if along > half else (along + half) * rise if along < -half else 0.0
    if beside > radius:
        slope += (beside - radius) * (dot(x, d) - along * rise) / beside
    return slope
