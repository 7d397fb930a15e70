"""Bodies of convex polygons that move and turn among shapes: exact to a micrometre, and never free by mistake."""

from __future__ import annotations

from math import cos, hypot, pi, sin

import numpy as np

from plansim.core.kernel import kernel, lean_kernel
from plansim.core.shape_kernels import _side, _to_polygon, _to_segment
from plansim.planning.spaces.straight import to_go

TOUCH = 1e-6  # m: what passes an obstacle nearer than this may count as touching it


@kernel
def point_free(x, arrays):
    return segment_free(x, x, arrays)


@kernel
def segment_free(a, b, arrays):
    """Whether a body keeps clear all the way from pose a to pose b, both (3,), moving and turning evenly.

    The body at the middle of a piece of the way is clear of everything by more than any of its points moves within the
    piece: then the piece is free. Otherwise it is halved, until the body touches, or all but touches.
    arrays: body (V, 2), its offsets (P + 1,), its reach, and those of a `Shapes` without boxes
    """
    body, offsets, reach, world = arrays
    turn = to_go(a[2], b[2], 2 * pi)
    path = hypot(b[0] - a[0], b[1] - a[1]) + reach * abs(turn)
    posed, pieces = np.empty_like(body), np.empty((64, 2))
    pieces[0, 0], pieces[0, 1], top = 0.0, 1.0, 0
    while top >= 0:
        begin, end = pieces[top, 0], pieces[top, 1]
        t, slack = 0.5 * (begin + end), 0.5 * (end - begin) * path
        c, s = cos(a[2] + t * turn), sin(a[2] + t * turn)
        for k in range(body.shape[0]):
            posed[k, 0] = a[0] + t * (b[0] - a[0]) + c * body[k, 0] - s * body[k, 1]
            posed[k, 1] = a[1] + t * (b[1] - a[1]) + s * body[k, 0] + c * body[k, 1]
        top -= 1
        if body_clear(posed, offsets, slack, world):
            continue
        if slack < TOUCH or not body_clear(posed, offsets, 0.0, world):
            return False
        pieces[top + 1, 0], pieces[top + 1, 1] = t, end
        pieces[top + 2, 0], pieces[top + 2, 1] = begin, t
        top += 2
    return True


@lean_kernel
def body_clear(posed, offsets, slack, world):
    """Whether polygons (V, 2) keep `slack` metres from every obstacle and bound; touching is clear."""
    _, bounds, nodes, links, _, balls, vertices, corners, margin = world
    for part in range(offsets.shape[0] - 1):
        first, last = offsets[part], offsets[part + 1]
        x_low, y_low, x_high, y_high = np.inf, np.inf, -np.inf, -np.inf
        for k in range(first, last):
            x_low, x_high = min(x_low, posed[k, 0]), max(x_high, posed[k, 0])
            y_low, y_high = min(y_low, posed[k, 1]), max(y_high, posed[k, 1])
        x_low, x_high, y_low, y_high = x_low - slack, x_high + slack, y_low - slack, y_high + slack
        if not (x_low >= bounds[0, 0] and y_low >= bounds[0, 1] and x_high <= bounds[1, 0] and y_high <= bounds[1, 1]):
            return False
        k = 0
        while k < nodes.shape[0]:
            if (
                x_high <= nodes[k, 0, 0]
                or nodes[k, 1, 0] <= x_low
                or y_high <= nodes[k, 0, 1]
                or nodes[k, 1, 1] <= y_low
            ):
                k = links[k, 0]
                continue
            item = links[k, 1]
            if 0 <= item < balls.shape[0]:
                if _to_polygon(balls[item], posed, offsets, part) < balls[item, 2] + margin + slack:
                    return False
            elif item >= 0:
                other = item - balls.shape[0]
                if not _apart(posed, first, last, vertices, corners[other], corners[other + 1], margin + slack):
                    return False
            k += 1
    return True


@lean_kernel
def _apart(p, p_first, p_last, q, q_first, q_last, least):
    """Whether two convex polygons do not overlap, and lie at least so far apart."""
    if not (_one_side(p, p_first, p_last, q, q_first, q_last) or _one_side(q, q_first, q_last, p, p_first, p_last)):
        return False
    return least == 0.0 or (
        _far(p, p_first, p_last, q, q_first, q_last, least) and _far(q, q_first, q_last, p, p_first, p_last, least)
    )


@lean_kernel
def _one_side(p, p_first, p_last, q, q_first, q_last):
    """Whether an edge of p has all of q outside."""
    previous = p_last - 1
    for i in range(p_first, p_last):
        outside = True
        for j in range(q_first, q_last):
            outside = outside and _side(p[previous], p[i], q[j]) <= 0.0
        if outside:
            return True
        previous = i
    return False


@lean_kernel
def _far(p, p_first, p_last, q, q_first, q_last, least):
    """Whether all corners of q are at least so far from all edges of p."""
    previous = p_last - 1
    for i in range(p_first, p_last):
        for j in range(q_first, q_last):
            if _to_segment(q[j], p[previous], p[i]) < least * least:
                return False
        previous = i
    return True
