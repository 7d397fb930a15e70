"""Kinematic motion of a point whose control nobody knows: what a tracker assumes of a target.

Bar-Shalom, Li and Kirubarajan 2001, Estimation with Applications to Tracking and Navigation, chapters 6 and 11.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import factorial
from typing import Any, ClassVar

import numpy as np

from plansim.core.arrays import Array, readonly
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout, layout
from plansim.models import vehicle
from plansim.models.linear_motion import linear_step, normal_draws

AXES = "xyz"


class _Kinematic:
    """What constant velocity and constant acceleration share: a chain of integrators along each axis."""

    order: ClassVar[int]
    dimension: int
    density: Any  # of the white noise at the chain's end

    control: ClassVar[Layout] = layout("")

    @cached_property
    def state(self) -> Layout:
        return layout(
            " ".join(prefix + axis for prefix in ("", "v", "a")[: self.order] for axis in AXES[: self.dimension])
        )

    def transition(self, dt: float) -> Array:
        return _transition(self.order, self.dimension, dt)

    def input_matrix(self, dt: float) -> Array:
        return np.zeros((len(self.state), 0))

    def jacobian(self, x: Array, u: Array | None, dt: float) -> Array:
        return self.transition(dt)

    def step(self, x: Array, u: Array | None, dt: float) -> Array:
        return linear_step(self, x, None, dt)

    def noise_cov(self, x: Array | None, u: Array | None, dt: float) -> Array:
        return _noise(self.order, self.dimension, self.density, dt)

    def sample(self, x: Array, u: Array | None, dt: float, rng: np.random.Generator) -> Array:
        return self.step(x, u, dt) + normal_draws(self.noise_cov(x, u, dt), np.shape(x), rng)


@dataclass(frozen=True)
class ConstantVelocity(_Kinematic):
    """x y vx vy: the velocity changes by white acceleration alone.

    >>> ConstantVelocity().step(np.array([0.0, 0.0, 1.0, 2.0]), None, dt=0.5).tolist()
    [0.5, 1.0, 1.0, 2.0]
    """

    dimension: int = 2  # 1, 2 or 3 axes
    acceleration_density: float = 1.0  # m²/s³, of each axis

    order: ClassVar[int] = 2

    def __post_init__(self) -> None:
        _check(self.dimension, "acceleration_density", self.acceleration_density)

    @property
    def density(self) -> float:
        return self.acceleration_density


@dataclass(frozen=True)
class ConstantAcceleration(_Kinematic):
    """x y vx vy ax ay: the acceleration changes by white jerk alone."""

    dimension: int = 2  # 1, 2 or 3 axes
    jerk_density: float = 1.0  # m²/s⁵, of each axis

    order: ClassVar[int] = 3

    def __post_init__(self) -> None:
        _check(self.dimension, "jerk_density", self.jerk_density)

    @property
    def density(self) -> float:
        return self.jerk_density


@dataclass(frozen=True)
class CoordinatedTurn:
    """x y vx vy turn_rate: a circle at constant speed, both disturbed by white noise."""

    acceleration_density: float = 1.0  # m²/s³, of each axis
    turn_density: float = 1e-3  # rad²/s³, of the turn rate
    integrator: vehicle.Integrator = "rk4"

    state: ClassVar[Layout] = layout("x y vx vy turn_rate")
    control: ClassVar[Layout] = layout("")

    def __post_init__(self) -> None:
        _check(2, "acceleration_density", self.acceleration_density)
        _check(2, "turn_density", self.turn_density)

    @staticmethod
    def equations(m) -> vehicle.Rate:
        def rate(x, u, p):
            _, _, vx, vy, turn_rate = x
            return vx, vy, -turn_rate * vy, turn_rate * vx, 0.0 * turn_rate

        return rate

    def parameters(self) -> tuple[float, ...]:
        return ()

    def step(self, x: Array, u: Array | None, dt: float) -> Array:
        return vehicle.step(self, x, np.empty(0), dt)

    def jacobian(self, x: Array, u: Array | None, dt: float) -> Array:
        return vehicle.jacobians(self, x, np.empty(0), dt)[0]

    def noise_cov(self, x: Array | None, u: Array | None, dt: float) -> Array:
        return _turn_noise(self.acceleration_density, self.turn_density, dt)

    def sample(self, x: Array, u: Array | None, dt: float, rng: np.random.Generator) -> Array:
        return self.step(x, u, dt) + normal_draws(self.noise_cov(x, u, dt), np.shape(x), rng)


def _check(dimension: int, name: str, density: float) -> None:
    if dimension not in (1, 2, 3):
        raise MalformedInput(f"dimension is {dimension}, but must be 1, 2 or 3")
    if not 0 <= density < np.inf:
        raise MalformedInput(f"{name} is {density}, but must be a number of 0 or more")


def _check_dt(dt: float) -> None:
    if not 0 < dt < np.inf:
        raise MalformedInput(f"dt is {dt}, but must be a positive number of seconds")


@lru_cache(maxsize=256)
def _transition(order: int, dimension: int, dt: float) -> Array:
    _check_dt(dt)
    chain = sum(np.eye(order, k=k) * dt**k / factorial(k) for k in range(order))
    return readonly(np.kron(chain, np.eye(dimension)))


@lru_cache(maxsize=256)
def _noise(order: int, dimension: int, density: float, dt: float) -> Array:
    """∫ F(s) G Gᵀ F(s)ᵀ ds, with the noise at the end of the chain."""
    _check_dt(dt)
    last = order - 1
    chain = [
        [
            dt ** (2 * last - i - j + 1) / ((2 * last - i - j + 1) * factorial(last - i) * factorial(last - j))
            for j in range(order)
        ]
        for i in range(order)
    ]
    return readonly(density * np.kron(chain, np.eye(dimension)))


@lru_cache(maxsize=256)
def _turn_noise(acceleration: float, turn: float, dt: float) -> Array:
    Q = np.zeros((5, 5))
    Q[:4, :4] = _noise(2, 2, acceleration, dt)
    Q[4, 4] = turn * dt
    return readonly(Q)
