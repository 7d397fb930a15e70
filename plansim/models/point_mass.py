"""The point mass: a body with inertia that is pushed, in any number of dimensions."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout, layout
from plansim.models import vehicle
from plansim.models.point import axes


@dataclass(frozen=True)
class PointMass:
    """x' = v, v' = u: the double integrator; positions first, then velocities (LaValle 2006, eq. 8.15).

    >>> PointMass().step([0.0, 0.0, 1.0, 0.0], [0.0, 2.0], dt=2.0).tolist()  # m, m/s; m/s^2
    [2.0, 4.0, 1.0, 4.0]
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
        names = axes(self.dimension)
        return layout(" ".join((*names, *(f"{axis}_velocity" for axis in names))))

    @property
    def control(self) -> Layout:
        return layout(" ".join(f"{axis}_acceleration" for axis in axes(self.dimension)))  # m/s^2

    @property
    def equations(self) -> Callable[..., vehicle.Rate]:
        return _equations(self.dimension)

    def parameters(self) -> tuple[float, ...]:
        return ()

    def guess(self, x: Array, x_next: Array, dt: float) -> Array:
        """The acceleration that changes the velocity by as much."""
        n = self.dimension
        return (np.asarray(x_next)[..., n:] - np.asarray(x)[..., n:]) / dt

    def control_for(self, x: Array, speed: Array, curvature: Array, dt: float) -> Array:
        raise MalformedInput("a point mass has no heading, so a speed and a curvature say nothing to it: push it")


@functools.cache
def _equations(n: int) -> Callable[..., vehicle.Rate]:
    # numba takes components at fixed indices only: hence a text for each number of dimensions
    velocities, pushes = (
        ", ".join(f"{name}[{i}]" for i in of) for name, of in (("x", range(n, 2 * n)), ("u", range(n)))
    )
    rate = eval(f"lambda x, u, p: ({velocities}, {pushes})")
    return lambda m: rate
