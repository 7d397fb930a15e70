"""R^n with obstacles: points move straight through a world of shapes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from plansim.core.arrays import Array
from plansim.core.shape_corners import free_corners
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
    __getstate__ = base.values
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
        """Free points (C, n) at which shortest paths of a plane world turn, see `free_corners`."""
        return free_corners(self.world) if self.dimension == 2 else np.empty((0, self.dimension))

    @cached_property
    def kernels(self) -> Kernels:
        return Kernels(self.world.arrays, point_free, segment_free)
