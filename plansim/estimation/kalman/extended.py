"""The extended Kalman filter: motion and sensor are taken for linear near the mean."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.estimation.checks import checked_control
from plansim.estimation.kalman.gaussian_steps import check_belief, check_dt, corrected_linear, missing, propagated
from plansim.estimation.kalman.jacobians import Derivative, chosen, linear_reading, linear_step, noise_parts
from plansim.estimation.kalman.nonlinear_sequence import extended_sequence
from plansim.estimation.kalman.single_steps import SingleSteps
from plansim.models.base import GaussianMotion


@dataclass(frozen=True)
class ExtendedKalmanFilter:
    """N(x; mean, cov) by first-order expansion about the mean (Särkkä 2013, algorithm 5.4).

    Derivatives are compiled from the model's equations, or its own `jacobian` where it has no equations, or central
    differences where it has neither; `jacobian` may name one way for motion and sensors.

    >>> from plansim.models.kinematic import ConstantVelocity
    >>> from plansim.models.radar import Radar
    >>> estimator = ExtendedKalmanFilter(ConstantVelocity())
    >>> belief = estimator.around(Gaussian(np.array([30.0, 40.0, 1.0, 0.0]), np.diag([9.0, 9.0, 1.0, 1.0])))
    >>> belief = estimator.predict(belief, None, dt=1.0)
    >>> estimator.update(belief, np.array([51.0, 0.9]), Radar()).belief.mean[:2].round(1).tolist()
    [31.7, 39.9]
    """

    motion: GaussianMotion
    jacobian: Derivative = "auto"

    def __post_init__(self) -> None:
        chosen(self.motion, self.jacobian)

    @property
    def state(self) -> Layout:
        return self.motion.state

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> Gaussian:
        return check_belief(belief, self.state)

    filter_sequence = extended_sequence

    def predict(
        self, belief: Gaussian, control: Array | None, dt: float, rng: np.random.Generator | None = None
    ) -> Gaussian:
        one = self._single.predict(belief, control, dt)
        return one or extended_predict(self.motion, belief, control, dt, self.jacobian)

    def update(
        self, belief: Gaussian, measurement: Array | None, sensor, rng: np.random.Generator | None = None
    ) -> Update:
        if measurement is None:
            return missing(belief, belief.mean.shape[:-1])
        if (one := self._single.update(belief, measurement, sensor)) is not None:
            return one
        expected, H = linear_reading(sensor, belief.mean, self.jacobian)
        return corrected_linear(self.state, belief, measurement, expected, H, sensor)

    @cached_property
    def _single(self) -> SingleSteps:
        return SingleSteps(self.motion, jacobian=self.jacobian)


def extended_predict(
    motion: GaussianMotion, belief: Gaussian, control: Array | None, dt: float, how: Derivative
) -> Gaussian:
    """N(step(mean), F P Fᵀ + Q)."""
    check_dt(dt)
    control = checked_control(control, motion, np.shape(belief.mean)[:-1], wider=True)
    value, J = linear_step(motion, belief.mean, control, dt, how)
    n = len(motion.state)
    if J.shape[-1] > n:
        Q, V = noise_parts(motion, belief.mean, control, dt)
        if V is not None:
            return propagated(motion.state, value, J, belief.cov, Q, V)
    else:
        Q = motion.noise_cov(belief.mean, control, dt)
    return propagated(motion.state, value, J[..., :n], belief.cov, Q)
