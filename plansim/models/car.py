"""The car at low speed: it drives as fast as it is told, and steers its front wheels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from plansim.core.arrays import Array, namespace, stack
from plansim.core.errors import MalformedInput
from plansim.core.geometry import POSE, between
from plansim.core.layout import Layout, layout
from plansim.models import vehicle


@dataclass(frozen=True)
class Car:
    """A car without slip, seen at the middle of its rear axle, whose speed is a control (LaValle 2006, eq. 13.15).

    x' = v cos(heading), y' = v sin(heading), heading' = v tan(steering) / wheelbase. What plans at parking speed drive.

    >>> car = Car(wheelbase=2.7)
    >>> car.step([0.0, 0.0, 0.0], [-1.0, 0.0], dt=2.0).tolist()  # m, m, rad; m/s, rad
    [-2.0, 0.0, 0.0]
    """

    wheelbase: float = 0.5  # m, rear to front axle
    integrator: vehicle.Integrator = "rk4"

    state: ClassVar[Layout] = POSE
    control: ClassVar[Layout] = layout("speed steering")  # m/s, rad
    step = vehicle.step
    inverse = vehicle.inverse

    def __post_init__(self) -> None:
        if not self.wheelbase > 0:
            raise MalformedInput(f"wheelbase is {self.wheelbase}, but must be a positive number of metres")

    @staticmethod
    def equations(m) -> vehicle.Rate:
        def rate(x, u, p):
            _, _, heading = x
            speed, steering = u
            (wheelbase,) = p
            return speed * m.cos(heading), speed * m.sin(heading), speed * m.tan(steering) / wheelbase

        return rate

    def parameters(self) -> tuple[float, ...]:
        return (self.wheelbase,)

    def guess(self, x: Array, x_next: Array, dt: float) -> Array:
        """The circle's arc through both positions that turns by as much."""
        return car_guess(x, x_next, dt, self.wheelbase)

    def control_for(self, x: Array, speed: Array, curvature: Array, dt: float) -> Array:
        """The control that drives at `speed` m/s on a path of `curvature` 1/m, to the left where positive."""
        m = namespace(x, curvature)
        each = m.zeros_like(x[..., 0])
        return stack((each + speed, each + m.arctan(self.wheelbase * curvature)), like=x)


def car_guess(x: Array, x_next: Array, dt: float, wheelbase: float) -> Array:
    """Speed and steering (..., 2) of the arc between two states (..., 3+) that turns by as much as they do."""
    moved = between(x[..., :3], x_next[..., :3])
    half_turn = moved[..., 2] / 2
    length = (moved[..., 0] * np.cos(half_turn) + moved[..., 1] * np.sin(half_turn)) / np.sinc(half_turn / np.pi)
    # a car that ends where it began shows no steering
    slope = np.divide(wheelbase * moved[..., 2], length, out=np.zeros_like(length), where=np.abs(length) > 1e-9)
    return stack((length / dt, np.arctan(slope)), like=x)
