"""Where shortest paths among boxes and polygons turn: at their corners."""

from __future__ import annotations

import numpy as np

from plansim.core.arrays import Array
from plansim.core.shapes import Shapes

_OFF = 1e-11  # of the world's size: how far off a corner a path turns


def free_corners(world: Shapes) -> Array:
    """Free points (C, 2) at which shortest paths of a plane world turn: just off the corners of its boxes and polygons.

    Lozano-Perez & Wesley 1979. Of round corners, where the world is blown up, three points just outside of each.

    >>> free_corners(Shapes([0, 0], [10, 10], boxes=[[[4, 0], [6, 8]]])).round(6).tolist()
    [[6.0, 8.0], [4.0, 8.0]]
    """
    boxes = [np.array([[x, y], [X, y], [X, Y], [x, Y]]) for (x, y), (X, Y) in world.boxes]
    off = _OFF * float((world.high - world.low).max())
    found = [np.empty((0, 2)), *(_around(corners, world.margin, off) for corners in (*boxes, *world.polygons))]
    points = np.concatenate(found)
    return points[world.is_free(points)]


def _around(corners: Array, margin: float, off: float) -> Array:
    """Points `off` outside a convex polygon's corners (P, 2); where a margin rounds them, a tangent polygon's."""
    ahead = np.roll(corners, -1, axis=0) - corners
    outward = np.stack((ahead[:, 1], -ahead[:, 0]), axis=-1) / np.linalg.norm(ahead, axis=-1, keepdims=True)
    first, last = (np.arctan2(*n[:, ::-1].T) for n in (np.roll(outward, 1, axis=0), outward))
    turn = (last - first) % (2 * np.pi)
    shares = np.array([1, 3, 5]) / 6 if margin > 0.0 else np.array([0.5])
    angles = first[:, None] + turn[:, None] * shares
    reach = off + margin / np.cos(turn / 6)[:, None, None]
    points = corners[:, None] + reach * np.stack((np.cos(angles), np.sin(angles)), axis=-1)
    return points.reshape(-1, 2)
