"""How things move, what sensors see, and what it costs: the words that planners, estimators and controllers share."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from plansim.core.arrays import Array
from plansim.core.layout import Layout


class MotionModel(Protocol):
    """How a state moves under a control; leading dimensions are batch."""

    @property
    def state(self) -> Layout: ...
    @property
    def control(self) -> Layout: ...
    def step(self, x: Array, u: Array, dt: float) -> Array: ...  # (..., n), (..., m) -> (..., n)


class NoisyMotion(MotionModel, Protocol):
    """A motion model that can also be sampled: what a particle filter needs."""

    def sample(self, x: Array, u: Array, dt: float, rng: np.random.Generator) -> Array: ...  # (..., n)


class GaussianMotion(MotionModel, Protocol):
    """x' = step(x, u, dt) + w, w ~ N(0, noise_cov(x, u, dt)): what the Kalman filter's family needs.

    It may have a `jacobian(x, u, dt)`, d step / dx (..., n, n); a filter finds it by itself where there is none.
    """

    def noise_cov(self, x: Array, u: Array, dt: float) -> Array: ...  # Q (n, n) or (..., n, n)


class LinearMotion(GaussianMotion, Protocol):
    """x' = transition(dt) x + input_matrix(dt) u + w."""

    def transition(self, dt: float) -> Array: ...  # F (n, n)
    def input_matrix(self, dt: float) -> Array: ...  # B (n, m)


class MeasurementModel(Protocol):
    """What a sensor would read, without noise, and how noisy it is."""

    @property
    def measurement(self) -> Layout: ...
    @property
    def cov(self) -> Array: ...  # R, (k, k)
    def measure(self, x: Array) -> Array: ...  # (..., n) -> (..., k)


class LikelihoodModel(Protocol):
    """A sensor that can only say how likely its reading is: what a particle filter weighs with."""

    def log_likelihood(self, measurement: Array, x: Array) -> Array: ...  # (k,), (..., n) -> (...)


class Cost(Protocol):
    """What a trajectory costs: a sum over its steps and a price at its end."""

    def stage(self, x: Array, u: Array) -> Array: ...  # (..., n), (..., m) -> (...)
    def terminal(self, x: Array) -> Array: ...  # (..., n) -> (...)
