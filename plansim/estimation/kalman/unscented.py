"""The unscented Kalman filter: sigma points go through motion and sensor as they are, with no derivatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.core.arrays import Array, symmetric, transpose
from plansim.core.beliefs import Gaussian
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.estimation.kalman.sigma_points import (
    ScaledPoints,
    SigmaPoints,
    deviations,
    transformed,
    weighted_products,
)
from plansim.models.base import GaussianMotion


@dataclass(frozen=True)
class UnscentedKalmanFilter:
    """N(x; mean, cov) whose moments are those of 2n + 1 points (Särkkä 2013, algorithm 5.14).

    The points are drawn anew for the update, so that they hold the motion's noise too, and a linear system gives the
    Kalman filter exactly.
    """

    motion: GaussianMotion
    points: SigmaPoints = ScaledPoints()

    @property
    def state(self) -> Layout:
        return self.motion.state

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> Gaussian:
        return belief

    def predict(
        self, belief: Gaussian, control: Array | None, dt: float, rng: np.random.Generator | None = None
    ) -> Gaussian:
        unit = self.points.unit(len(self.state))
        points = belief.mean[..., None, :] + deviations(belief.cov, unit)
        held = None if control is None else np.asarray(control, float)[..., None, :]
        mean, moved = transformed(self.motion.step(points, held, dt), unit, self.state)
        spread = weighted_products(moved, unit.cov_weights, moved)
        return Gaussian(mean, symmetric(spread) + self.motion.noise_cov(belief.mean, control, dt))

    def update(
        self, belief: Gaussian, measurement: Array | None, sensor, rng: np.random.Generator | None = None
    ) -> Update:
        if measurement is None:
            return Update(belief, None, None, np.zeros(belief.mean.shape[:-1])[()])
        unit = self.points.unit(len(self.state))
        X = deviations(belief.cov, unit)
        expected, Z = transformed(sensor.measure(belief.mean[..., None, :] + X), unit, sensor.measurement)
        innovation = sensor.measurement.difference(np.asarray(measurement, float), expected)
        return point_update(self.state, belief.mean, X, Z, unit.cov_weights, innovation, sensor.cov)


def point_update(state: Layout, mean: Array, X: Array, Z: Array, weights: Array, innovation: Array, R: Array) -> Update:
    """Bayes' rule by deviations of the state X (..., N, n) and of what the sensor makes of it, Z (..., N, k)."""
    S = symmetric(weighted_products(Z, weights, Z)) + R
    L = np.linalg.cholesky(S)
    K = transpose(np.linalg.solve(transpose(L), np.linalg.solve(L, weighted_products(Z, weights, X))))
    left = X - Z @ transpose(K)  # Joseph's form, of points: stays positive when R is tiny
    cov = symmetric(weighted_products(left, weights, left) + K @ R @ transpose(K))
    whitened = np.linalg.solve(L, innovation[..., None])[..., 0]
    log_root = np.log(np.diagonal(L, axis1=-2, axis2=-1)).sum(-1)
    log_likelihood = -0.5 * (whitened**2).sum(-1) - log_root - 0.5 * innovation.shape[-1] * np.log(2 * np.pi)
    after = Gaussian(state.add(mean, (K @ innovation[..., None])[..., 0]), cov)
    return Update(after, innovation, S, log_likelihood)
