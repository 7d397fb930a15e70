"""Joint space of an arm among solids, where no part of the way between two states goes untested."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.solids import Solids
from plansim.models.arm import SerialArm
from plansim.planning.spaces import base
from plansim.planning.spaces.arm_kernels import point_free, points_free, segment_free, segments_free
from plansim.planning.spaces.base import Kernels


@dataclass(frozen=True, eq=False)
class ArmSpace:
    """Joint angles (n,) within an arm's limits; free is what touches neither a solid of the cell nor the arm itself.

    A way that is called free is free: there is no resolution. One that is not touches something, or comes nearer to it
    than the tolerance; so a piece of a free way may be refused when it is asked for by itself. Link 0, which is mounted
    on something, is held against the arm's other links only.

    >>> from plansim.models.arm import planar_arm
    >>> space = ArmSpace(planar_arm(2), Solids(balls=[[0.0, 0.8, 0.0, 0.1]]))
    >>> space.edge_free(np.array([0.0, 0.0]), np.array([[1.3, 0.0], [3.0, 0.0]])).tolist()
    [True, False]
    """

    arm: SerialArm
    cell: Solids = field(default_factory=Solids)
    weights: Array | float = 1.0  # (n,) of each joint's movement in the distance
    tolerance: float = 1e-3  # m

    def __post_init__(self) -> None:
        if not 0.0 < self.tolerance < np.inf:
            raise MalformedInput(f"tolerance is {self.tolerance}, but must be above 0")
        links = self.arm.capsules[:, 0]
        if (np.diff(links) < 0).any():
            raise MalformedInput("the arm's capsules must be in the order of their links")
        _ = self.metric  # which checks the weights

    @property
    def dimension(self) -> int:
        return self.arm.dimension

    @property
    def low(self) -> Array:
        return self.arm.low

    @property
    def high(self) -> Array:
        return self.arm.high

    @cached_property
    def metric(self) -> Array:
        return base.metric(self.low, self.high, self.weights)

    distance = base.distance
    interpolate = base.interpolate
    sample = base.sample

    def is_free(self, states: Array) -> Array:
        """Which of the states (..., n) are free, (...) bool."""
        states = np.ascontiguousarray(states, dtype=float)
        out = np.empty(states.shape[:-1], dtype=bool)
        points_free(states.reshape(-1, self.dimension), self.arrays, out.reshape(-1))
        return out

    def edge_free(self, a: Array, b: Array) -> Array:
        """Whether the ways between states (..., n) are free, (...) bool; without gaps."""
        a, b = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(b, dtype=float))
        out = np.empty(a.shape[:-1], dtype=bool)
        flat = (np.ascontiguousarray(x).reshape(-1, self.dimension) for x in (a, b))
        segments_free(*flat, self.arrays, out.reshape(-1))
        return out

    @cached_property
    def arrays(self) -> tuple:
        return *self.arm.arrays, *self.cell.arrays, float(self.tolerance)

    @cached_property
    def kernels(self) -> Kernels:
        return Kernels(self.arrays, point_free, segment_free)
