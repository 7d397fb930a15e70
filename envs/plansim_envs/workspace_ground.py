"""What stands in a plane, and whether a body that is there, or moves there straight, touches any of it: exactly.

A body is made of parts, each the convex hull of its corners grown by a radius: a disc has one corner. What it covers on
a straight way is such a hull, too, so that nothing is missed between two states.
"""

from __future__ import annotations

from math import cos, hypot, sin
from typing import Any, NamedTuple

import numpy as np

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.kernel import kernel
from plansim.core.shapes import Shapes

TOUCH = 1e-9  # m; what overlaps by less only touches: two ways of rounding may differ by so much


class Ground(NamedTuple):
    """Obstacles of the plane as arrays."""

    bounds: np.ndarray  # (4,) lowest x, y, highest x, y; of a map in its own frame
    corners: np.ndarray  # (Q, K, 2) of convex polygons, counter-clockwise; the last corner is repeated to fill up
    balls: np.ndarray  # (S, 3) x, y, radius
    margin: float  # m, by which both are grown
    blocked: np.ndarray  # (H, W) bool, cells that are not free
    frame: np.ndarray  # (5,) of the cells: x, y, cos and sin of the heading, m a cell


class Body(NamedTuple):
    """The parts of a robot, each in the frame of its own pose."""

    corners: np.ndarray  # (K, P, 2) m, convex and counter-clockwise; the last corner is repeated to fill up
    radius: float  # m, by which they are grown

    @property
    def reach(self) -> float:
        """Metres from a part's pose to its farthest point."""
        return float(np.hypot(*np.moveaxis(self.corners, -1, 0)).max()) + self.radius


def ground_of(world: Shapes | OccupancyGrid) -> Ground:
    if isinstance(world, OccupancyGrid):
        x, y, heading = map(float, world.origin)
        frame = np.array([x, y, cos(heading), sin(heading), float(world.resolution)])
        return Ground(np.array([0.0, 0.0, *world.size]), np.empty((0, 1, 2)), np.empty((0, 3)), 0.0, ~world.free, frame)
    boxes = [_rectangle(*box) for box in np.asarray(world.boxes, dtype=float).reshape(-1, 2, 2)]
    polygons = [ordered(polygon, f"polygons[{i}]") for i, polygon in enumerate(world.polygons)]
    bounds, balls = np.concatenate((world.low, world.high)).astype(float), np.array(world.balls, dtype=float)
    nothing = np.empty((0, 0), dtype=bool), np.array([0.0, 0.0, 1.0, 0.0, 1.0])
    return Ground(bounds, padded([*boxes, *polygons]), balls.reshape(-1, 3), world.margin, *nothing)


def body_of(body: Any, parts: int) -> Body:
    """A radius, a convex polygon (P, 2), or one for each of the robot's parts."""
    if np.ndim(body) == 0 and not isinstance(body, list | tuple):
        radius = float(body)
        if not 0.0 <= radius < np.inf or (parts > 1 and not radius):
            raise MalformedInput(f"body is {body}, but must be a radius in metres, or convex polygons")
        return Body(np.zeros((parts, 1, 2)), radius)
    polygons = [body] if np.ndim(body[0][0]) == 0 else list(body)
    if len(polygons) != parts:
        raise MalformedInput(f"body has {len(polygons)} polygons, but this robot has {parts} parts")
    return Body(padded([ordered(polygon, "body") for polygon in polygons]), 0.0)


def ordered(polygon: Any, name: str) -> np.ndarray:
    """The corners (P, 2) of a convex polygon, counter-clockwise."""
    corners = np.array(polygon, dtype=float)
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3 or not np.isfinite(corners).all():
        raise MalformedInput(f"{name} has shape {corners.shape}, but a polygon is at least three finite corners (P, 2)")
    edges = np.roll(corners, -1, axis=0) - corners
    turns = _cross(edges, np.roll(edges, -1, axis=0))
    size = float((edges**2).sum(-1).max())
    if not ((turns >= -1e-12 * size).all() or (turns <= 1e-12 * size).all()) or not np.abs(turns).max() > 1e-12 * size:
        raise MalformedInput(f"{name} must be convex: cut it into convex polygons")
    return corners if turns.sum() > 0 else corners[::-1].copy()


def padded(polygons: list[np.ndarray]) -> np.ndarray:
    """Polygons as one array (Q, K, 2)."""
    most = max((len(polygon) for polygon in polygons), default=1)
    rows = [np.concatenate((polygon, np.repeat(polygon[-1:], most - len(polygon), axis=0))) for polygon in polygons]
    return np.array(rows, dtype=float).reshape(-1, most, 2)


def _rectangle(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return np.array([low, [high[0], low[1]], high, [low[0], high[1]]])


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def ways_free(ground: Ground, body: Body, poses: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """Whether all parts of a body, from poses (B, K, 3) straight on by moves (B, 2), stay clear of everything, (B,)."""
    out = np.empty(len(poses), dtype=bool)
    _ways_free(poses, moves, body.corners, body.radius, *ground, out)
    return out


@kernel
def _ways_free(poses, moves, parts, radius, bounds, corners, balls, margin, blocked, frame, out):
    count = parts.shape[1]
    hull = np.empty((2 * count, 2))
    for i in range(poses.shape[0]):
        out[i] = True
        for k in range(parts.shape[0]):
            _sweep(parts[k], poses[i, k], moves[i, 0], moves[i, 1], hull)
            if not _clear(hull, radius, bounds, corners, balls, margin, blocked, frame):
                out[i] = False
                break


@kernel
def _sweep(part, pose, dx, dy, hull):
    """The corners of the convex hull of a part here and dx, dy farther on: each edge goes along where it leads."""
    c, s, count = cos(pose[2]), sin(pose[2]), part.shape[0]
    for i in range(count):
        j = (i + 1) % count
        x, y = pose[0] + c * part[i, 0] - s * part[i, 1], pose[1] + s * part[i, 0] + c * part[i, 1]
        to_x, to_y = pose[0] + c * part[j, 0] - s * part[j, 1], pose[1] + s * part[j, 0] + c * part[j, 1]
        along = 1.0 if dx * (to_y - y) - dy * (to_x - x) > 0.0 else 0.0
        hull[2 * i, 0], hull[2 * i, 1] = x + along * dx, y + along * dy
        hull[2 * i + 1, 0], hull[2 * i + 1, 1] = to_x + along * dx, to_y + along * dy
    if count == 1:
        hull[1, 0], hull[1, 1] = hull[0, 0] + dx, hull[0, 1] + dy


@kernel
def _clear(hull, radius, bounds, corners, balls, margin, blocked, frame):
    """Whether a convex hull, grown by a radius, lies within the bounds and overlaps no obstacle."""
    for k in range(corners.shape[0]):
        if polygons_gap(hull, corners[k]) < radius + margin - TOUCH:
            return False
    for k in range(balls.shape[0]):
        if point_gap(hull, balls[k, 0], balls[k, 1]) < radius + balls[k, 2] + margin - TOUCH:
            return False
    x, y, c, s, resolution = frame[0], frame[1], frame[2], frame[3], frame[4]
    for i in range(hull.shape[0]):
        dx, dy = hull[i, 0] - x, hull[i, 1] - y
        hull[i, 0], hull[i, 1] = c * dx + s * dy, c * dy - s * dx
    left, low, right, high = hull[0, 0], hull[0, 1], hull[0, 0], hull[0, 1]
    for i in range(1, hull.shape[0]):
        left, right = min(left, hull[i, 0]), max(right, hull[i, 0])
        low, high = min(low, hull[i, 1]), max(high, hull[i, 1])
    room = radius - TOUCH
    # written so that NaN is outside
    if not (left - room >= bounds[0] and low - room >= bounds[1]):
        return False
    if not (right + room <= bounds[2] and high + room <= bounds[3]):
        return False
    rows, columns = blocked.shape
    square = np.empty((4, 2))
    for row in range(max(int((low - radius) / resolution), 0), min(int((high + radius) / resolution) + 1, rows)):
        for column in range(
            max(int((left - radius) / resolution), 0), min(int((right + radius) / resolution) + 1, columns)
        ):
            if blocked[row, column]:
                for i in range(4):
                    square[i, 0] = resolution * (column + (1 if i == 1 or i == 2 else 0))
                    square[i, 1] = resolution * (row + (1 if i >= 2 else 0))
                if polygons_gap(hull, square) < radius - TOUCH:
                    return False
    return True


@kernel
def polygons_gap(a, b):
    """The distance between convex polygons (P, 2), (Q, 2), counter-clockwise; where they overlap, minus how deeply.

    b must have an area; a may be a line or a point.
    """
    apart = max(_beyond(a, b), _beyond(b, a))
    if apart <= 0.0:
        return apart  # of all lines that could part them none does (separating axis theorem)
    least = np.inf
    for i in range(a.shape[0]):
        least = min(least, _from_outline(b, a[i, 0], a[i, 1]))
    for i in range(b.shape[0]):
        least = min(least, _from_outline(a, b[i, 0], b[i, 1]))
    return least


@kernel
def point_gap(a, x, y):
    """The distance of a point from a convex polygon, line or point (P, 2); within a polygon, minus how deeply."""
    inside = -np.inf
    for i in range(a.shape[0] if a.shape[0] > 2 else 0):
        inside = max(inside, _side(a, i, x, y))
    return inside if a.shape[0] > 2 and inside <= 0.0 else _from_outline(a, x, y)


@kernel
def _beyond(a, b):
    """The farthest that the whole of b lies beyond a line along an edge of a; -inf where a is a point."""
    farthest = -np.inf
    for i in range(a.shape[0]):
        nearest = np.inf
        for j in range(b.shape[0]):
            nearest = min(nearest, _side(a, i, b[j, 0], b[j, 1]))
        farthest = max(farthest, nearest)
    return farthest


@kernel
def _side(a, i, x, y):
    """How far a point lies outside the line along edge i of a; -inf where that edge has no length."""
    j = (i + 1) % a.shape[0]
    ex, ey = a[j, 0] - a[i, 0], a[j, 1] - a[i, 1]
    length = hypot(ex, ey)
    return ((x - a[i, 0]) * ey - (y - a[i, 1]) * ex) / length if length > 0.0 else -np.inf


@kernel
def _from_outline(a, x, y):
    """The distance of a point from the nearest edge of a."""
    least = np.inf
    for i in range(a.shape[0]):
        j = (i + 1) % a.shape[0]
        ex, ey = a[j, 0] - a[i, 0], a[j, 1] - a[i, 1]
        dx, dy = x - a[i, 0], y - a[i, 1]
        square = ex * ex + ey * ey
        share = min(max((dx * ex + dy * ey) / square, 0.0), 1.0) if square > 0.0 else 0.0
        least = min(least, hypot(dx - share * ex, dy - share * ey))
    return least
