"""The pendulum: an angle that swings, harmless near its rest and far from linear above it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from plansim.core.arrays import Array, readonly
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout, layout
from plansim.models import vehicle
from plansim.models.linear_motion import LinearSystem, normal_draws


@dataclass(frozen=True)
class Pendulum:
    """angle' = rate, rate' = -(g / length) sin(angle) - damping rate + torque + white noise; hanging at angle 0.

    The torque is that over the moment of inertia. After Särkkä 2013, example 3.7; the noise is taken to first order of
    dt, as for a rate that nothing turns back within a step.

    >>> Pendulum(length=9.81).step([0.1, 0.0], [0.0], dt=0.1).round(5).tolist()  # rad, rad/s; rad/s²
    [0.0995, -0.00997]
    """

    length: float = 1.0  # m
    damping: float = 0.0  # 1/s
    rate_density: float = 0.01  # rad²/s³, of the white noise that pushes it
    gravity: float = 9.81  # m/s²
    integrator: vehicle.Integrator = "rk4"

    state: ClassVar[Layout] = layout("angle rate", angles="angle")
    control: ClassVar[Layout] = layout("torque")
    step = vehicle.step

    def __post_init__(self) -> None:
        if not (self.length > 0 and self.gravity > 0):
            raise MalformedInput(f"length {self.length} and gravity {self.gravity} must be positive")
        if not (self.damping >= 0 and self.rate_density >= 0):
            raise MalformedInput(f"damping {self.damping} and rate_density {self.rate_density} must be 0 or more")

    @staticmethod
    def equations(m) -> vehicle.Rate:
        def rate(x, u, p):
            angle, speed = x
            (torque,) = u
            stiffness, damping = p
            return speed, torque - stiffness * m.sin(angle) - damping * speed

        return rate

    def parameters(self) -> tuple[float, ...]:
        return self.gravity / self.length, self.damping

    def jacobian(self, x: Array, u: Array, dt: float) -> Array:
        return vehicle.jacobians(self, x, u, dt)[0]

    def noise_cov(self, x: Array | None, u: Array | None, dt: float) -> Array:
        return readonly(self.rate_density * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]]))

    def sample(self, x: Array, u: Array, dt: float, rng: np.random.Generator) -> Array:
        return self.state.add(self.step(x, u, dt), normal_draws(self.noise_cov(x, u, dt), np.shape(x), rng))


def small_angle_pendulum(
    length: float = 1.0, damping: float = 0.0, rate_density: float = 0.01, gravity: float = 9.81
) -> LinearSystem:
    """The pendulum with sin(angle) = angle, as an exact linear motion: right within some 15 degrees.

    >>> bool(abs(small_angle_pendulum(length=9.81).transition(0.1)[0, 0] - np.cos(0.1)) < 1e-12)
    True
    """
    whole = Pendulum(length, damping, rate_density, gravity)  # it checks them
    stiffness, _ = whole.parameters()
    return LinearSystem(
        "angle rate",
        [[0.0, 1.0], [-stiffness, -damping]],
        "torque",
        [[0.0], [1.0]],
        [[0.0, 0.0], [0.0, rate_density]],
        angles="angle",
    )
