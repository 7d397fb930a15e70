"""Exact tests of points and segments against the obstacles of a `Shapes` world, in any dimension, compiled.

A world reaches kernels as one tuple of arrays, `Shapes.arrays`:

    axes, bounds (2, n), nodes (N, 2, n), links (N, 2), boxes (B, 2, n), balls (S, n + 1), vertices (V, 2),
    offsets (P + 1,), margin

axes: n zeros, a tuple, by which the compiler knows the dimension; nodes: bounding boxes of a tree of obstacles in
preorder; links: the node after a node's subtree, and the leaf's obstacle (boxes first, then balls, then polygons; -1:
no leaf). Every obstacle is blown up by the margin, corners round.
Obstacles are closed, so that two of them that touch leave no seam between them, and so are bounds: a point on a bound
is free, one on an obstacle is not. Whatever is NaN is not free.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from plansim.core.kernel import lean_kernel


@lean_kernel
def point_free(x, world):
    """Whether the point x (n,) is free: it is a segment that ends where it begins."""
    return segment_free(x, x, world)


@lean_kernel
def segment_free(a, b, world):
    """Whether all points between a and b, both (n,), are free; no resolution is involved."""
    axes, bounds, nodes, links, boxes, balls, vertices, offsets, margin = world
    for i in range(len(axes)):
        if not (bounds[0, i] <= a[i] <= bounds[1, i] and bounds[0, i] <= b[i] <= bounds[1, i]):
            return False
    k = 0
    while k < nodes.shape[0]:
        if not meets_box(axes, a, b, nodes, k):
            k = links[k, 0]
            continue
        item = links[k, 1]
        if item >= 0 and (
            _hits_box(axes, a, b, boxes, item, margin)
            if item < boxes.shape[0]
            else _hits_ball(axes, a, b, balls, item - boxes.shape[0], margin)
            if item < boxes.shape[0] + balls.shape[0]
            else _hits_polygon(axes, a, b, vertices, offsets, item - boxes.shape[0] - balls.shape[0], margin)
        ):
            return False
        k += 1
    return True


@lean_kernel
def meets_box(axes, a, b, boxes, k):
    """Whether the segment a b meets box k of (.., 2, n), by comparisons alone.

    Each axis leaves an interval of the segment inside its slab; intervals that meet in pairs all meet (Helly 1923), and
    a pair meets when the segment's line, seen in the plane of its two axes, has corners of the box on both sides.
    """
    for i in range(len(axes)):
        if not (max(a[i], b[i]) >= boxes[k, 0, i] and min(a[i], b[i]) <= boxes[k, 1, i]):
            return False
    for i in range(len(axes)):
        di = b[i] - a[i]
        for j in range(i):
            dj = b[j] - a[j]
            if di == 0.0 or dj == 0.0:  # the slabs have answered
                continue
            left, right = (1, 0) if di > 0.0 else (0, 1)
            near, far = (0, 1) if dj > 0.0 else (1, 0)
            most = di * (boxes[k, left, j] - a[j]) - dj * (boxes[k, near, i] - a[i])
            least = di * (boxes[k, right, j] - a[j]) - dj * (boxes[k, far, i] - a[i])
            if not (most >= 0.0 and least <= 0.0):
                return False
    return True


@lean_kernel
def _hits_box(axes, a, b, boxes, k, margin):
    return (
        margin == 0.0 or segment_to_box(axes, a, b, boxes, k) <= margin * margin
    )  # without margin, the leaf is the box


@lean_kernel
def segment_to_box(axes, a, b, boxes, k):
    """The squared distance of a segment from a box: the least value of a convex, piecewise quadratic function."""
    start, end = 0.0, 1.0
    at_start, at_end = _slope(axes, a, b, boxes, k, 0.0), _slope(axes, a, b, boxes, k, 1.0)
    if at_start >= 0.0:
        return _to_box(axes, a, b, boxes, k, 0.0)
    if at_end <= 0.0:
        return _to_box(axes, a, b, boxes, k, 1.0)
    for i in range(len(axes)):  # the slope is linear between the shares of the segment that cross a face
        for side in range(2):
            if a[i] != b[i]:
                t = (boxes[k, side, i] - a[i]) / (b[i] - a[i])
                if start < t < end:
                    slope = _slope(axes, a, b, boxes, k, t)
                    if slope < 0.0:
                        start, at_start = t, slope
                    else:
                        end, at_end = t, slope
    return _to_box(axes, a, b, boxes, k, start + (end - start) * at_start / (at_start - at_end))


@lean_kernel
def _slope(axes, a, b, boxes, k, t):
    total = 0.0
    for i in range(len(axes)):
        x = a[i] + t * (b[i] - a[i])
        total += (min(x - boxes[k, 0, i], 0.0) + max(x - boxes[k, 1, i], 0.0)) * (b[i] - a[i])
    return total


@lean_kernel
def _to_box(axes, a, b, boxes, k, t):
    total = 0.0
    for i in range(len(axes)):
        x = a[i] + t * (b[i] - a[i])
        total += max(boxes[k, 0, i] - x, x - boxes[k, 1, i], 0.0) ** 2
    return total


@lean_kernel
def _hits_ball(axes, a, b, balls, k, margin):
    return segment_to_point(axes, a, b, balls, k) <= (balls[k, len(axes)] + margin) ** 2


@lean_kernel
def segment_to_point(axes, a, b, points, k):
    """The squared distance of a segment from the point k of (.., n+)."""
    along, length = 0.0, 0.0
    for i in range(len(axes)):
        along += (points[k, i] - a[i]) * (b[i] - a[i])
        length += (b[i] - a[i]) ** 2
    t = min(max(along / length, 0.0), 1.0) if length > 0.0 else 0.0
    total = 0.0
    for i in range(len(axes)):
        total += (points[k, i] - a[i] - t * (b[i] - a[i])) ** 2
    return total


@lean_kernel
def _hits_polygon(axes, a, b, vertices, offsets, k, margin):
    first, last = offsets[k], offsets[k + 1]
    if _meets_polygon(a, b, vertices, first, last):
        return True
    previous = last - 1
    for i in range(first, last):
        # two segments that do not cross are nearest at an end of one of them
        p, q = vertices[previous], vertices[i]
        if margin > 0.0 and (
            segment_to_point(axes, a, b, vertices, i) <= margin * margin
            or _to_segment(a, p, q) <= margin * margin
            or _to_segment(b, p, q) <= margin * margin
        ):
            return True
        previous = i
    return False


@lean_kernel
def _meets_polygon(a, b, vertices, first, last):
    """By separating axes: an edge with the segment outside it, or the segment with all corners on one side."""
    left, right, previous = False, False, last - 1
    for i in range(first, last):
        p, q = vertices[previous], vertices[i]
        if not (_side(p, q, a) >= 0.0 or _side(p, q, b) >= 0.0):
            return False
        side = _side(a, b, q)
        left, right = left or side >= 0.0, right or side <= 0.0
        previous = i
    return left and right


@lean_kernel
def _side(p, q, x):
    """Positive where x is to the left of the line from p to q."""
    return (q[0] - p[0]) * (x[1] - p[1]) - (q[1] - p[1]) * (x[0] - p[0])


@lean_kernel
def _to_segment(x, p, q):
    dx, dy = q[0] - p[0], q[1] - p[1]
    t = min(max(((x[0] - p[0]) * dx + (x[1] - p[1]) * dy) / (dx * dx + dy * dy), 0.0), 1.0)
    return (x[0] - p[0] - t * dx) ** 2 + (x[1] - p[1] - t * dy) ** 2


@lean_kernel
def clearance(x, world):
    """Metres from x (n,) to the nearest obstacle or bound; inside an obstacle or outside the bounds, minus the depth.

    The depth is that in the deepest obstacle, as if it stood alone.
    """
    axes, bounds, nodes, links, boxes, balls, vertices, offsets, margin = world
    best, n = np.inf, len(axes)
    for i in range(n):
        best = min(best, x[i] - bounds[0, i], bounds[1, i] - x[i])
    k = 0
    while k < nodes.shape[0]:
        to_node = _signed(axes, x, nodes, k)
        if to_node >= 0.0 and to_node >= best:
            k = links[k, 0]
            continue
        item = links[k, 1]
        if 0 <= item < boxes.shape[0]:
            best = min(best, _signed(axes, x, boxes, item) - margin)
        elif 0 <= item < boxes.shape[0] + balls.shape[0]:
            ball = item - boxes.shape[0]
            best = min(best, sqrt(segment_to_point(axes, x, x, balls, ball)) - balls[ball, n] - margin)
        elif item >= 0:
            best = min(best, _to_polygon(x, vertices, offsets, item - boxes.shape[0] - balls.shape[0]) - margin)
        k += 1
    return best


@lean_kernel
def _signed(axes, x, boxes, k):
    outside, deepest = 0.0, -np.inf
    for i in range(len(axes)):
        d = max(boxes[k, 0, i] - x[i], x[i] - boxes[k, 1, i])
        deepest = max(deepest, d)
        outside += max(d, 0.0) ** 2
    return sqrt(outside) if deepest > 0.0 else deepest


@lean_kernel
def _to_polygon(x, vertices, offsets, k):
    nearest, inside, previous = np.inf, True, offsets[k + 1] - 1
    for i in range(offsets[k], offsets[k + 1]):
        p, q = vertices[previous], vertices[i]
        nearest, inside = min(nearest, _to_segment(x, p, q)), inside and _side(p, q, x) > 0.0
        previous = i
    return -sqrt(nearest) if inside else sqrt(nearest)


@lean_kernel
def points_free(points, world, out):
    for i in range(points.shape[0]):
        out[i] = point_free(points[i], world)


@lean_kernel
def segments_free(a, b, world, out):
    for i in range(a.shape[0]):
        out[i] = segment_free(a[i], b[i], world)


@lean_kernel
def clearances(points, world, out):
    for i in range(points.shape[0]):
        out[i] = clearance(points[i], world)
