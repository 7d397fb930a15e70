"""The Kalman filter: exact for linear motion, linear sensors and normal noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.core.arrays import Array, symmetric, transpose
from plansim.core.beliefs import Gaussian
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.models.base import LinearMotion


@dataclass(frozen=True)
class KalmanFilter:
    """N(x; mean, cov) after all measurements so far (Kalman 1960; Särkkä 2013, theorem 4.2)."""

    motion: LinearMotion

    @property
    def state(self) -> Layout:
        return self.motion.state

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> Gaussian:
        return belief

    def predict(
        self, belief: Gaussian, control: Array | None, dt: float, rng: np.random.Generator | None = None
    ) -> Gaussian:
        F = self.motion.transition(dt)
        mean = self.state.wrap(self.motion.step(belief.mean, control, dt))
        return Gaussian(mean, symmetric(F @ belief.cov @ transpose(F)) + self.motion.noise_cov(None, control, dt))

    def update(
        self, belief: Gaussian, measurement: Array | None, sensor, rng: np.random.Generator | None = None
    ) -> Update:
        if measurement is None:
            return Update(belief, None, None, np.zeros(belief.mean.shape[:-1])[()])
        innovation = sensor.measurement.difference(np.asarray(measurement, float), sensor.measure(belief.mean))
        return gaussian_update(self.state, belief, innovation, sensor.jacobian(belief.mean), sensor.cov)


def gaussian_update(state: Layout, belief: Gaussian, innovation: Array, H: Array, R: Array) -> Update:
    """Bayes' rule for a measurement that is linear in the state, (..., k), with the matrix H (..., k, n)."""
    P = belief.cov
    S = symmetric(H @ P @ transpose(H)) + R
    L = np.linalg.cholesky(S)
    half = np.linalg.solve(L, H @ P)  # one root gives gain, NIS and likelihood
    K = transpose(np.linalg.solve(transpose(L), half))
    whitened = np.linalg.solve(L, innovation[..., None])[..., 0]
    A = np.eye(P.shape[-1]) - K @ H
    cov = symmetric(A @ P @ transpose(A) + K @ R @ transpose(K))  # Joseph form: stays positive when R is tiny
    mean = state.add(belief.mean, (K @ innovation[..., None])[..., 0])
    log_root = np.log(np.diagonal(L, axis1=-2, axis2=-1)).sum(-1)
    log_likelihood = -0.5 * (whitened**2).sum(-1) - log_root - 0.5 * innovation.shape[-1] * np.log(2 * np.pi)
    return Update(Gaussian(mean, cov), innovation, S, log_likelihood)
