"""The point: a body without inertia that goes wherever its velocity says, in any number of dimensions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout, layout
from plansim.models import vehicle


@dataclass(frozen=True)
class Point:
    """x' = u: the state is a position, the control its velocity (LaValle 2006, Planning Algorithms, eq. 8.14).

    >>> Point(dimension=3).step([0.0, 0.0, 1.0], [1.0, 0.0, -0.5], dt=2.0).tolist()  # m; m/s
    [2.0, 0.0, 0.0]
    """

    dimension: int = 2
    integrator: vehicle.Integrator = "rk4"

    step = vehicle.step
    inverse = vehicle.inverse

    def __post_init__(self) -> None:
        if not self.dimension >= 1:
            raise MalformedInput(f"dimension is {self.dimension}, but must be at least 1")

    @property
    def state(self) -> Layout:
        return layout(" ".join(axes(self.dimension)))

    @property
    def control(self) -> Layout:
        return layout(" ".join(f"{axis}_velocity" for axis in axes(self.dimension)))  # m/s

    @staticmethod
    def equations(m) -> vehicle.Rate:
        def rate(x, u, p):
            return u

        return rate

    def parameters(self) -> tuple[float, ...]:
        return ()

    def guess(self, x: Array, x_next: Array, dt: float) -> Array:
        """The velocity of the straight line."""
        return (np.asarray(x_next) - x) / dt

    def control_for(self, x: Array, speed: Array, curvature: Array, dt: float) -> Array:
        raise MalformedInput("a point has no heading, so a speed and a curvature say nothing to it: give it a velocity")


def axes(dimension: int) -> tuple[str, ...]:
    """x, y, z; beyond three dimensions q1, q2, ..."""
    return ("x", "y", "z")[:dimension] if dimension <= 3 else tuple(f"q{i + 1}" for i in range(dimension))
