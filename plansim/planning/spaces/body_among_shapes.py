"""Footprints in a world of shapes: by how much a convex body at a pose is clear of its obstacles. Exact and compiled.

As `body` does it on maps: where the discs that cover the body are clear, so is the body, and by how much; where they
are not, the polygon itself is held against the obstacles. A body that is one disc is never anything else.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from plansim.core.arrays import readonly
from plansim.core.kernel import kernel
from plansim.core.shape_kernels import clearance as clearance_of_point
from plansim.core.shape_kernels import segment_free
from plansim.planning.spaces.body import Body, body_of


def body_among(outline: Any, margin: float, skin: float) -> Body:
    """The body of a convex polygon (P, 2), or of a disc's radius, which has no corners here; see `body_of`."""
    body = body_of(outline, margin, skin)
    if np.ndim(outline) > 0:
        return body
    none, radius = readonly(np.empty((0, 2))), float(outline) + skin
    return Body(none, none, readonly([[0.0, 0.0, radius]]), margin=body.margin, step=body.step, reach=radius)


@kernel
def clearance_among(x, y, c, s, world, body):
    """Metres by which the body is at least clear at a pose whose cosine and sine are c, s; negative: it is not free."""
    corners, grown, discs, margin, _, _ = body
    centre, least = np.empty(2), 1e300
    for k in range(discs.shape[0]):
        centre[0] = x + c * discs[k, 0] - s * discs[k, 1]
        centre[1] = y + s * discs[k, 0] + c * discs[k, 1]
        room = clearance_of_point(centre, world) - discs[k, 2]
        if (k == 0 and room > margin) or corners.shape[0] == 0:
            return room
        if k > 0:
            least = min(least, room)
            if room <= margin:
                break
    if least > margin:
        return least
    if _polygon_free(x, y, c, s, grown, world):
        return margin
    return 0.0 if _polygon_free(x, y, c, s, corners, world) else -1.0


@kernel
def _polygon_free(x, y, c, s, corners, world):
    """No obstacle crosses an edge, and none lies within."""
    count = corners.shape[0]
    placed = np.empty((count, 2))
    for i in range(count):
        placed[i, 0] = x + c * corners[i, 0] - s * corners[i, 1]
        placed[i, 1] = y + s * corners[i, 0] + c * corners[i, 1]
    for i in range(count):
        if not segment_free(placed[i - 1], placed[i], world):
            return False
    boxes, balls, vertices, offsets = world[-5], world[-4], world[-3], world[-2]
    for k in range(boxes.shape[0]):
        if _within(boxes[k, 0, 0], boxes[k, 0, 1], placed):
            return False
    for k in range(balls.shape[0]):
        if _within(balls[k, 0], balls[k, 1], placed):
            return False
    for k in range(offsets.shape[0] - 1):
        if _within(vertices[offsets[k], 0], vertices[offsets[k], 1], placed):
            return False
    return True


@kernel
def _within(x, y, corners):
    for i in range(corners.shape[0]):
        ax, ay, bx, by = corners[i - 1, 0], corners[i - 1, 1], corners[i, 0], corners[i, 1]
        if (bx - ax) * (y - ay) - (by - ay) * (x - ax) < 0.0:
            return False
    return True
