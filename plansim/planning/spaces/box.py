"""R^n with obstacles: points move straight through a world of shapes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from plansim.core.arrays import Array
from plansim.core.shape_kernels import point_free, segment_free
from plansim.core.shapes import Shapes
from plansim.planning.spaces import base
from plansim.planning.spaces.base import Kernels


@dataclass(frozen=True, eq=False)
class BoxSpace:
    """Points of R^n in a world of boxes, balls and polygons; edges are tested exactly.

    A robot that is a ball of radius r is a point of `world.grown(r)`.

    >>> import numpy as np
    >>> space = BoxSpace(Shapes([0, 0], [10, 10], boxes=[[[4, 0], [6, 8]]]))
    >>> space.edge_free(np.array([1.0, 1.0]), np.array([9.0, 1.0]))
    np.False_
    """

    world: Shapes

    @property
    def dimension(self) -> int:
        return self.world.dimension

    @property
    def low(self) -> Array:
        return self.world.low

    @property
    def high(self) -> Array:
        return self.world.high

    @cached_property
    def metric(self) -> Array:
        return base.metric(self.low, self.high)

    distance = base.distance
    interpolate = base.interpolate
    sample = base.sample

    def is_free(self, states: Array) -> Array:
        """Which of the states (..., n) are free, (...) bool."""
        return self.world.is_free(states)

    def edge_free(self, a: Array, b: Array) -> Array:
        """Whether the straight ways between states (..., n) are free, (...) bool; exact."""
        return self.world.segment_free(a, b)

    @cached_property
    def corners(self) -> Array:
        """Free points (C, n) at which shortest paths of a plane world turn: the corners of its boxes and polygons.

        Lozano-Perez & Wesley 1979. Of round corners, where the world is blown up, three points just outside of each.
        """
        world = self.world
        if world.dimension != 2:
            return np.empty((0, world.dimension))
        boxes = [np.array([[x, y], [X, y], [X, Y], [x, Y]]) for (x, y), (X, Y) in world.boxes]
        found = [np.empty((0, 2)), *(_blown_up(corners, world.margin) for corners in (*boxes, *world.polygons))]
        points = np.concatenate(found)
        return points[world.is_free(points)]

    @cached_property
    def kernels(self) -> Kernels:
        return Kernels(self.world.arrays, point_free, segment_free)


def _blown_up(corners: Array, margin: float) -> Array:
    """The corners (P, 2) of a convex polygon, or where it is rounded by a margin, a tangent polygon's around each."""
    if margin == 0.0:
        return corners
    ahead = np.roll(corners, -1, axis=0) - corners
    outward = np.stack((ahead[:, 1], -ahead[:, 0]), axis=-1) / np.linalg.norm(ahead, axis=-1, keepdims=True)
    first, last = (np.arctan2(*n[:, ::-1].T) for n in (np.roll(outward, 1, axis=0), outward))
    turn = (last - first) % (2 * np.pi)
    angles = first[:, None] + turn[:, None] * np.array([1, 3, 5]) / 6
    reach = margin / np.cos(turn / 6)[:, None, None] * (1 + 1e-9)
    points = corners[:, None] + reach * np.stack((np.cos(angles), np.sin(angles)), axis=-1)
    return points.reshape(-1, 2)
