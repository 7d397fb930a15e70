"""The unicycle: a robot that drives and turns as it is told, such as one with two driven wheels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from plansim.core.arrays import Array, namespace, stack
from plansim.core.geometry import POSE, between
from plansim.core.layout import Layout, layout
from plansim.models import vehicle


@dataclass(frozen=True)
class Unicycle:
    """x' = v cos(heading), y' = v sin(heading), heading' = w (LaValle 2006, Planning Algorithms, eq. 13.18).

    >>> robot = Unicycle()
    >>> robot.step([0.0, 0.0, 0.0], [1.0, 0.0], dt=2.0).tolist()  # m, rad; m/s, rad/s
    [2.0, 0.0, 0.0]
    """

    integrator: vehicle.Integrator = "rk4"

    state: ClassVar[Layout] = POSE
    control: ClassVar[Layout] = layout("speed turn_rate")  # m/s, rad/s
    step = vehicle.step
    inverse = vehicle.inverse

    @staticmethod
    def equations(m) -> vehicle.Rate:
        def rate(x, u, p):
            _, _, heading = x
            speed, turn_rate = u
            return speed * m.cos(heading), speed * m.sin(heading), turn_rate

        return rate

    def parameters(self) -> tuple[float, ...]:
        return ()

    def guess(self, x: Array, x_next: Array, dt: float) -> Array:
        """The circle's arc through both positions that turns by as much."""
        moved = between(x, x_next)
        half_turn = moved[..., 2] / 2
        chord = moved[..., 0] * np.cos(half_turn) + moved[..., 1] * np.sin(half_turn)
        return stack((chord / np.sinc(half_turn / np.pi) / dt, moved[..., 2] / dt), like=x)

    def control_for(self, x: Array, speed: Array, curvature: Array, dt: float) -> Array:
        """The control that drives at `speed` m/s on a path of `curvature` 1/m, to the left where positive."""
        each = namespace(x, curvature).zeros_like(x[..., 0])  # of the states has a control
        return stack((each + speed, each + speed * curvature), like=x)
