"""The bicycle: a car-like robot that steers its front wheels, in kinematic approximation (no slip)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from plansim.core.arrays import Array, namespace, stack
from plansim.core.errors import MalformedInput
from plansim.core.geometry import between
from plansim.core.layout import Layout, layout
from plansim.models import vehicle


@dataclass(frozen=True)
class Bicycle:
    """A car without slip, seen at the middle of its rear axle (LaValle 2006, Planning Algorithms, eq. 13.15).

    x' = v cos(heading), y' = v sin(heading), heading' = v tan(steering) / wheelbase, v' = acceleration.

    >>> car = Bicycle(wheelbase=2.5)
    >>> car.step([0.0, 0.0, 0.0, 3.0], [1.0, 0.0], dt=2.0).tolist()  # m, rad, m/s; m/s^2, rad
    [8.0, 0.0, 0.0, 5.0]
    """

    wheelbase: float = 0.5  # m, rear to front axle
    integrator: vehicle.Integrator = "rk4"

    state: ClassVar[Layout] = layout("x y heading speed", angles="heading")
    control: ClassVar[Layout] = layout("acceleration steering")  # m/s^2, rad
    step = vehicle.step
    inverse = vehicle.inverse

    def __post_init__(self) -> None:
        if not self.wheelbase > 0:
            raise MalformedInput(f"wheelbase is {self.wheelbase}, but must be a positive number of metres")

    @staticmethod
    def equations(m) -> vehicle.Rate:
        def rate(x, u, p):
            _, _, heading, speed = x
            acceleration, steering = u
            (wheelbase,) = p
            return speed * m.cos(heading), speed * m.sin(heading), speed * m.tan(steering) / wheelbase, acceleration

        return rate

    def parameters(self) -> tuple[float, ...]:
        return (self.wheelbase,)

    def guess(self, x: Array, x_next: Array, dt: float) -> Array:
        """The steering that turns by as much over the distance that the mean speed covers."""
        distance = (x[..., 3] + x_next[..., 3]) / 2 * dt
        turn = between(x[..., :3], x_next[..., :3])[..., 2]
        # a car that ends as far as it began shows no steering
        slope = np.divide(self.wheelbase * turn, distance, out=np.zeros_like(turn), where=np.abs(distance) > 1e-9)
        return stack(((x_next[..., 3] - x[..., 3]) / dt, np.arctan(slope)), like=x)

    def control_for(self, x: Array, speed: Array, curvature: Array, dt: float) -> Array:
        """The control that is at `speed` m/s after dt, on a path of `curvature` 1/m, to the left where positive."""
        m = namespace(x, curvature)
        return stack(((speed - x[..., 3]) / dt, m.arctan(self.wheelbase * curvature)), like=x)
