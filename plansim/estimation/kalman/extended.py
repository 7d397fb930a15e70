"""The extended Kalman filter: motion and sensor are taken for linear near the mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.core.arrays import Array, symmetric, transpose
from plansim.core.beliefs import Gaussian
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.estimation.kalman.jacobians import Derivative, motion_jacobian, sensor_jacobian
from plansim.estimation.kalman.kalman_filter import gaussian_update
from plansim.models.base import GaussianMotion


@dataclass(frozen=True)
class ExtendedKalmanFilter:
    """N(x; mean, cov) by first-order expansion about the mean (Särkkä 2013, algorithm 5.4)."""

    motion: GaussianMotion
    jacobian: Derivative = "auto"

    @property
    def state(self) -> Layout:
        return self.motion.state

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> Gaussian:
        return belief

    def predict(
        self, belief: Gaussian, control: Array | None, dt: float, rng: np.random.Generator | None = None
    ) -> Gaussian:
        F = motion_jacobian(self.motion, belief.mean, control, dt, self.jacobian)
        mean = self.state.wrap(self.motion.step(belief.mean, control, dt))
        Q = self.motion.noise_cov(belief.mean, control, dt)
        return Gaussian(mean, symmetric(F @ belief.cov @ transpose(F)) + Q)

    def update(
        self, belief: Gaussian, measurement: Array | None, sensor, rng: np.random.Generator | None = None
    ) -> Update:
        if measurement is None:
            return Update(belief, None, None, np.zeros(belief.mean.shape[:-1])[()])
        H = sensor_jacobian(sensor, belief.mean, self.jacobian)
        innovation = sensor.measurement.difference(np.asarray(measurement, float), sensor.measure(belief.mean))
        return gaussian_update(self.state, belief, innovation, H, sensor.cov)
