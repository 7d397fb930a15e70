"""Joint spaces: angles and lengths between limits, some of which turn without end."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Protocol

import numpy as np

from plansim.core.arrays import Array, readonly
from plansim.core.errors import MalformedInput
from plansim.core.kernel import Kernel, kernel, lean_kernel
from plansim.planning.spaces import base
from plansim.planning.spaces.base import Kernels
from plansim.planning.spaces.straight import to_go


class Obstacles(Protocol):
    """What an arm may not touch."""

    def is_free(self, states: Array) -> Array: ...  # (..., n) -> (...) bool
    def edge_free(self, a: Array, b: Array) -> Array: ...  # (..., n), (..., n) -> (...) bool


@dataclass(frozen=True, eq=False)
class JointSpace:
    """Joint positions (n,) between limits; a way moves all joints at once, each at its own constant speed.

    obstacles: what an arm may not touch; has also, where it is to be planned with by compiled code, `kernels`: a
        `Kernels` whose `segment_free` may take b beyond the limits of a continuous joint, as far from a as the way is
        long. None: all within the limits is free, but for a problem's own `is_free`

    >>> space = JointSpace(low=[-np.pi, -2.0], high=[np.pi, 2.0], continuous=[True, False])
    >>> round(float(space.distance(np.array([3.0, 0.0]), np.array([-3.0, 0.0]))), 3)  # the short way round
    0.283
    """

    low: Array  # (n,) rad or m
    high: Array  # (n,)
    weights: Array | float = 1.0  # (n,) of each joint's movement in the distance
    continuous: tuple[bool, ...] | bool = False  # joints that come round at their limits
    obstacles: Obstacles | None = None

    def __post_init__(self) -> None:
        low, high = readonly(self.low), readonly(self.high)
        if low.ndim != 1 or low.shape != high.shape or not (low < high).all() or not np.isfinite([low, high]).all():
            raise MalformedInput(f"low is {low.tolist()} and high {high.tolist()}, but low must lie below high")
        for name, value in (("weights", self.weights), ("continuous", self.continuous)):
            if np.ndim(value) and np.shape(value) != low.shape:
                raise MalformedInput(f"{name} has shape {np.shape(value)}, but there are {len(low)} joints")
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    @property
    def dimension(self) -> int:
        return len(self.low)

    @cached_property
    def metric(self) -> Array:
        return base.metric(self.low, self.high, self.weights, self.continuous)

    distance = base.distance
    __getstate__ = base.values
    interpolate = base.interpolate
    sample = base.sample

    def is_free(self, states: Array) -> Array:
        """Which of the states (..., n) keep the limits and touch nothing, (...) bool."""
        states = np.asarray(states, dtype=float)
        inside = ((states >= self.low) & (states <= self.high)).all(-1)
        return inside if self.obstacles is None else inside & self.obstacles.is_free(states)

    def edge_free(self, a: Array, b: Array) -> Array:
        """Whether the ways between states (..., n) are free, (...) bool."""
        a, b = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(b, dtype=float))
        if self.obstacles is None:
            return self.is_free(a) & self.is_free(b)
        return self.obstacles.edge_free(a, a + base.difference(self, a, b))

    @cached_property
    def kernels(self) -> Kernels | None:
        if self.obstacles is None:
            return Kernels((readonly([self.low, self.high]),), _inside, _both_inside)
        found: Kernels | None = getattr(self.obstacles, "kernels", None)
        if found is None or not (self.metric[:, 2] > 0).any():
            return found
        return Kernels((found.arrays, self.metric), *_round(found.point_free, found.segment_free))


@lean_kernel
def _inside(x, arrays):
    (bounds,) = arrays
    inside = True
    for i in range(x.shape[0]):
        inside = inside and bounds[0, i] <= x[i] <= bounds[1, i]
    return inside


@lean_kernel
def _both_inside(a, b, arrays):
    return _inside(a, arrays) and _inside(b, arrays)


@cache
def _round(point_free: Kernel, segment_free: Kernel) -> tuple[Kernel, Kernel]:
    """The kernels of obstacles, which know no period, for joints that have one."""

    @kernel
    def point(x, arrays):
        return point_free(x, arrays[0])

    @kernel
    def segment(a, b, arrays):
        own, metric = arrays
        end = np.empty(a.shape[0])
        for i in range(a.shape[0]):
            end[i] = a[i] + to_go(a[i], b[i], metric[i, 2])
        return segment_free(a, end, own)

    return point, segment
