"""Footprints on a map: whether a convex body at a pose, or along an arc, lies on free cells only. Exact and compiled.

A `Ground` is a map in its own frame: metres from the lower-left corner of cell (0, 0) along the columns and the rows.
What lies outside it is not free. Bodies are convex polygons around the robot's own origin, covered by discs: where
the discs are clear by the map's distance field, so is the body, and by how much; where they are not, the polygon is
held against the rows of cells that it overlaps.
"""

from __future__ import annotations

from math import cos, fabs, floor, sin, sqrt
from typing import Any, NamedTuple

import numpy as np

from plansim.core.arrays import Array, readonly
from plansim.core.errors import MalformedInput
from plansim.core.kernel import kernel
from plansim.planning.curves.words import advance

HALF_DIAGONAL = sqrt(0.5)  # of a cell


class Ground(NamedTuple):
    """What the kernels see of a map; goes into them as it is."""

    before: Array  # (H, W + 1) int64 how many cells of the row, left of the column, are not free
    distance: Array  # (H, W) m from a cell's centre to the nearest centre of a cell that is not free
    resolution: float  # m


class Body(NamedTuple):
    """A convex polygon, and discs that cover it; goes into kernels as it is."""

    corners: Array  # (P, 2) m, counter-clockwise; its edges are `skin` farther out than the vehicle's
    grown: Array  # (P, 2) m, its edges are `margin` farther out than those of the corners
    discs: Array  # (K, 3) x m, y m, radius m: the first covers all, the others do together
    margin: float  # m
    step: float  # m, that a corner may go from one check to the next where the body is clear by less than its margin
    reach: float  # m, of the farthest corner from the origin


def ground_of(free: Array, resolution: float) -> Ground:
    """The ground of a mask (H, W) of free cells."""
    from scipy.ndimage import distance_transform_edt

    blocked = ~np.asarray(free, dtype=bool)
    before = np.zeros((blocked.shape[0], blocked.shape[1] + 1), dtype=np.int64)
    np.cumsum(blocked, axis=1, out=before[:, 1:])
    distance = distance_transform_edt(np.pad(~blocked, 1))[1:-1, 1:-1] * resolution
    return Ground(before, np.ascontiguousarray(distance), float(resolution))


def body_of(outline: Any, margin: float = 0.01, skin: float = 0.0) -> Body:
    """The body of a convex polygon (P, 2), in any direction of rotation, or of a disc's radius: the 16-gon around it.

    skin: m, added all around. An arc whose checks, two skins apart, are free with it is free without it, all along.

    >>> body_of([[-0.5, -0.4], [1.0, -0.4], [1.0, 0.4], [-0.5, 0.4]]).reach.__round__(3)
    1.077
    """
    corners = _outline(outline)
    before, after = corners - np.roll(corners, 1, axis=0), np.roll(corners, -1, axis=0) - corners
    turns = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    angle = np.arctan2(turns, (before * after).sum(-1)).sum()
    one_way = (turns > 0.0).all() or (turns < 0.0).all()
    if not (one_way and np.isclose(np.abs(angle), 2 * np.pi)):
        raise MalformedInput(f"a body must be a convex polygon without needless corners, not {corners.tolist()}")
    if angle < 0.0:
        corners = corners[::-1].copy()
    if skin:
        corners = _grown(corners, skin)
    grown, step = _grown(corners, margin), 2.0 * skin or margin / 10.0
    reach = float(np.hypot(*corners.T).max())
    outlines = readonly(corners), readonly(grown), readonly(_cover(corners))
    return Body(*outlines, float(margin), float(step), reach)


def inscribed(corners: Array, point: Array) -> float:
    """The radius of the largest disc around a point (2,) within a convex polygon (P, 2); negative: it lies outside."""
    along = np.roll(corners, -1, axis=0) - corners
    offset = point - corners
    return float(((along[:, 0] * offset[:, 1] - along[:, 1] * offset[:, 0]) / np.hypot(*along.T)).min())


def _outline(outline: Any) -> Array:
    try:
        corners = np.array(outline, dtype=float)
    except (TypeError, ValueError):
        raise MalformedInput(f"a body must be a radius or a polygon (P, 2), not {outline!r}") from None
    if corners.ndim == 0 and 0.0 < corners < np.inf:
        angles = np.arange(16) * (np.pi / 8)
        return corners / np.cos(np.pi / 16) * np.stack((np.cos(angles), np.sin(angles)), axis=-1)
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3 or not np.isfinite(corners).all():
        raise MalformedInput(f"a body must be a radius above 0 or a polygon (P, 2), P >= 3, not {outline!r}")
    return corners


def _grown(corners: Array, margin: float) -> Array:
    """Where the edges, moved outwards by the margin, meet."""
    along = np.roll(corners, -1, axis=0) - corners
    normal = np.stack((along[:, 1], -along[:, 0]), axis=-1) / np.hypot(*along.T)[:, None]
    last = np.roll(normal, 1, axis=0)
    return corners + margin * (last + normal) / (1.0 + (last * normal).sum(-1, keepdims=True))


def _cover(corners: Array) -> Array:
    """One disc around all, and a row of equal ones along the longer axis of the bounding box."""
    low, high = corners.min(0), corners.max(0)
    size, axis = high - low, int(np.argmax(high - low))
    count = int(np.clip(round(2.0 * size[axis] / size[1 - axis]), 2, 10))
    centres = np.tile((low + high) / 2, (count + 1, 1))
    centres[1:, axis] = low[axis] + size[axis] * (np.arange(count) + 0.5) / count
    radii = np.full(count + 1, np.hypot(size[1 - axis] / 2, size[axis] / (2 * count)))
    radii[0] = np.hypot(*(corners - centres[0]).T).max()
    return np.column_stack((centres, radii))


@kernel
def clearance(x, y, c, s, ground, body):
    """Metres by which the body is at least clear at a pose whose cosine and sine are c, s; negative: it is not free."""
    before, distance, resolution = ground
    corners, grown, discs, margin, _, _ = body
    least = 1e300
    for k in range(discs.shape[0]):
        u = (x + c * discs[k, 0] - s * discs[k, 1]) / resolution
        v = (y + s * discs[k, 0] + c * discs[k, 1]) / resolution
        column, row = floor(u), floor(v)
        if not (0 <= row < distance.shape[0] and 0 <= column < distance.shape[1]):
            return -1.0
        a, b = u - column - 0.5, v - row - 0.5
        room = distance[row, column] - resolution * (sqrt(a * a + b * b) + HALF_DIAGONAL) - discs[k, 2]
        if k == 0 and room > margin:
            return room
        if k > 0:
            least = min(least, room)
            if room <= margin:
                break
    if least > margin:
        return least
    x, y = x / resolution, y / resolution
    if _covers_free_cells(x, y, c, s, before, grown, resolution):
        return margin
    return 0.0 if _covers_free_cells(x, y, c, s, before, corners, resolution) else -1.0


@kernel
def _covers_free_cells(x, y, c, s, before, corners, resolution):
    """Whether the polygon at x, y (in cells) overlaps free cells only: row by row of the cells that it crosses."""
    rows, columns = before.shape[0], before.shape[1] - 1
    count = corners.shape[0]
    c, s = c / resolution, s / resolution
    low, high = 1e300, -1e300
    for i in range(count):
        v = y + s * corners[i, 0] + c * corners[i, 1]
        low, high = min(low, v), max(high, v)
    if not (low >= 0.0 and high < rows):
        return False
    for row in range(floor(low), floor(high) + 1):
        left, right = 1e300, -1e300
        ax, ay = x + c * corners[count - 1, 0] - s * corners[count - 1, 1], 0.0
        ay = y + s * corners[count - 1, 0] + c * corners[count - 1, 1]
        for i in range(count):
            bx, by = x + c * corners[i, 0] - s * corners[i, 1], y + s * corners[i, 0] + c * corners[i, 1]
            begin, end = (ay - row, by - row)
            if not ((begin < 0.0 and end < 0.0) or (begin > 1.0 and end > 1.0)):
                # the ends of the edge's part within the row
                for height in (begin, end):
                    clipped = min(max(height, 0.0), 1.0)
                    at = ax + (bx - ax) * (clipped - begin) / (end - begin) if begin != end else ax
                    left, right = min(left, at), max(right, at)
                if begin == end:
                    left, right = min(left, bx), max(right, bx)
            ax, ay = bx, by
        if left > right:
            continue
        if not (left >= 0.0 and right < columns):
            return False
        if before[row, floor(right) + 1] != before[row, floor(left)]:
            return False
    return True


@kernel
def arc_room(x, y, heading, curvature, length, room, ground, body):
    """The pose at the end of an arc, and the body's clearance there: x, y, heading, room; room < 0: it is not free.

    room: clearance at the arc's begin. By conservative advancement: as far as the body is clear it cannot collide;
    where it is clear by less than its margin, it goes on by its `step`.
    """
    whole = fabs(length)
    lever = 1.0 + fabs(curvature) * body[5]  # how far a corner can go for a metre of the origin
    gone, px, py, angle = 0.0, x, y, heading
    while gone < whole and room >= 0.0:
        gone = min(gone + max(room, body[4]) / lever, whole)
        px, py, angle = advance(x, y, heading, curvature, gone if length >= 0.0 else -gone)
        room = clearance(px, py, cos(angle), sin(angle), ground, body)
    return px, py, angle, room


@kernel
def poses_free(poses, ground, body, out):
    """out (B,) bool: whether the body is free at poses (B, 3)."""
    for i in range(poses.shape[0]):
        x, y, heading = poses[i, 0], poses[i, 1], poses[i, 2]
        out[i] = clearance(x, y, cos(heading), sin(heading), ground, body) >= 0.0


@kernel
def arcs_free(poses, arcs, ground, body, out):
    """out (B,) bool: whether the body is free along arcs (B, 2) of curvature and length from poses (B, 3)."""
    for i in range(poses.shape[0]):
        x, y, heading = poses[i, 0], poses[i, 1], poses[i, 2]
        room = clearance(x, y, cos(heading), sin(heading), ground, body)
        out[i] = room >= 0.0 and arc_room(x, y, heading, arcs[i, 0], arcs[i, 1], room, ground, body)[3] >= 0.0
