"""An aircraft at constant height, as its pilot flies it: turns and changes of speed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from plansim.core.arrays import Array, readonly
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout, layout
from plansim.models import vehicle
from plansim.models.linear_motion import normal_draws


@dataclass(frozen=True)
class Aircraft:
    """The velocity turns at the pilot's turn rate, and grows along itself by the pilot's acceleration.

    What a tracker would have to know to predict exactly (Bar-Shalom, Li and Kirubarajan 2001, section 11.7: the
    coordinated turn). The wind pushes a little: white acceleration.

    >>> Aircraft().step([0.0, 0.0, 100.0, 0.0], [0.0, 2.0], dt=10.0).tolist()  # m, m/s; rad/s, m/s²
    [1100.0, 0.0, 120.0, 0.0]
    """

    acceleration_density: float = 0.1  # m²/s³, of the wind, along each axis
    integrator: vehicle.Integrator = "rk4"

    state: ClassVar[Layout] = layout("x y vx vy")
    control: ClassVar[Layout] = layout("turn_rate acceleration")
    step = vehicle.step

    def __post_init__(self) -> None:
        if not 0 <= self.acceleration_density < np.inf:
            raise MalformedInput(f"acceleration_density is {self.acceleration_density}, but must be 0 or more")

    @staticmethod
    def equations(m) -> vehicle.Rate:
        def rate(x, u, p):
            _, _, vx, vy = x
            turn_rate, acceleration = u
            along = acceleration / m.sqrt(vx * vx + vy * vy + 1e-12)  # a standing one has no direction
            return vx, vy, along * vx - turn_rate * vy, along * vy + turn_rate * vx

        return rate

    def parameters(self) -> tuple[float, ...]:
        return ()

    def jacobian(self, x: Array, u: Array, dt: float) -> Array:
        return vehicle.jacobians(self, x, u, dt)[0]

    def noise_cov(self, x: Array | None, u: Array | None, dt: float) -> Array:
        """∫ of white acceleration on position and velocity of both axes."""
        one = self.acceleration_density * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
        return readonly(np.kron(one, np.eye(2)))

    def sample(self, x: Array, u: Array, dt: float, rng: np.random.Generator) -> Array:
        return self.step(x, u, dt) + normal_draws(self.noise_cov(x, u, dt), np.shape(x), rng)
