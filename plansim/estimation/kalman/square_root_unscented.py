"""The unscented Kalman filter on a root of the covariance, which cannot lose its positivity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from plansim.core.arrays import Array, symmetric, transpose
from plansim.core.beliefs import Gaussian, SquareRoot
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.estimation.checks import checked_control
from plansim.estimation.kalman.gaussian_steps import averaged, check_belief, check_dt, measured, missing, refusal
from plansim.estimation.kalman.sigma_points import ScaledPoints, SigmaPoints, root, weighted_products
from plansim.models.base import GaussianMotion
from plansim.models.linearisation import readings, steps


@dataclass(frozen=True)
class SquareRootUnscentedKalmanFilter:
    """The unscented Kalman filter in the arithmetic of van der Merwe and Wan 2001.

    Roots are found by QR of the weighted deviations beside the noise's root; a point of negative weight is taken out of
    them by a Cholesky downdate. The update keeps Joseph's form, X - Z Kᵀ beside the root of R times Kᵀ.

    >>> from plansim.models.kinematic import ConstantVelocity
    >>> from plansim.models.radar import Radar
    >>> estimator = SquareRootUnscentedKalmanFilter(ConstantVelocity())
    >>> belief = estimator.around(Gaussian(np.array([30.0, 40.0, 1.0, 0.0]), np.diag([9.0, 9.0, 1.0, 1.0])))
    >>> estimator.update(belief, np.array([51.0, 0.9]), Radar()).belief.mean[:2].round(1).tolist()
    [31.5, 39.9]
    """

    motion: GaussianMotion
    points: SigmaPoints = ScaledPoints()

    @property
    def state(self) -> Layout:
        return self.motion.state

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> SquareRoot:
        mean, cov = check_belief(belief, self.state)
        return SquareRoot(mean, lower_root(transpose(root(cov))))

    def predict(
        self, belief: SquareRoot, control: Array | None, dt: float, rng: np.random.Generator | None = None
    ) -> SquareRoot:
        check_dt(dt)
        control = checked_control(control, self.motion, np.shape(belief.mean)[:-1], wider=True)
        unit = self.points.unit(len(self.state))
        moved = steps(self.motion, belief.mean[..., None, :] + unit.offsets @ transpose(belief.root), control, dt)
        mean, X = averaged("the step", moved, unit, self.state)
        Q = np.asarray(self.motion.noise_cov(belief.mean, control, dt), float)
        return SquareRoot(mean, weighted_root(X, unit.cov_weights, transpose(root(Q))))

    def update(
        self, belief: SquareRoot, measurement: Array | None, sensor, rng: np.random.Generator | None = None
    ) -> Update:
        if measurement is None:
            return missing(belief, belief.mean.shape[:-1])
        z = measured(measurement, sensor, np.shape(belief.mean)[:-1])
        unit = self.points.unit(len(self.state))
        X = unit.offsets @ transpose(belief.root)
        read = readings(sensor, belief.mean[..., None, :] + X)
        expected, Z = averaged("the reading", read, unit, sensor.measurement)
        innovation = sensor.measurement.difference(z, expected)
        return self._corrected(belief, X, Z, unit.cov_weights, innovation, sensor)

    @np.errstate(over="ignore")  # of a reading so far off that its log-likelihood is -inf
    def _corrected(self, belief: SquareRoot, X: Array, Z: Array, weights: Array, v: Array, sensor: Any) -> Update:
        noise = transpose(root(np.asarray(sensor.cov, float)))
        L = weighted_root(Z, weights, noise)
        across = weighted_products(Z, weights, X)
        K = transpose(np.linalg.solve(transpose(L), np.linalg.solve(L, across)))
        whitened = np.linalg.solve(L, v[..., None])[..., 0]
        log_root = np.log(np.abs(np.diagonal(L, axis1=-2, axis2=-1))).sum(-1)
        log_likelihood = -0.5 * (whitened**2).sum(-1) - log_root - 0.5 * v.shape[-1] * np.log(2 * np.pi)
        if np.isnan(log_likelihood).any():
            raise refusal(belief.gaussian(self.state), v, v, sensor)
        mean = self.state.add(belief.mean, (K @ v[..., None])[..., 0])
        after = weighted_root(X - Z @ transpose(K), weights, noise @ transpose(K))
        after = np.broadcast_to(after, (*mean.shape, mean.shape[-1]))
        return Update(SquareRoot(mean, after), v, L @ transpose(L), log_likelihood)


def lower_root(rows: Array) -> Array:
    """L (..., n, n), lower triangular with no negative diagonal: L Lᵀ = rowsᵀ rows, of rows (..., N, n)."""
    n = rows.shape[-1]
    if rows.shape[-2] < n:
        rows = np.concatenate([rows, np.zeros((*rows.shape[:-2], n - rows.shape[-2], n))], axis=-2)
    upper = np.linalg.qr(rows, mode="r")
    signs = np.where(np.diagonal(upper, axis1=-2, axis2=-1) < 0, -1.0, 1.0)
    return transpose(upper * signs[..., None])


def weighted_root(X: Array, weights: Array, rows: Array) -> Array:
    """The lower root of Σ w X Xᵀ + rowsᵀ rows; weights may be negative."""
    plus, minus = weights > 0, weights < 0
    kept = np.sqrt(weights[plus])[:, None] * X[..., plus, :]
    rows = np.broadcast_to(rows, (*kept.shape[:-2], *rows.shape[-2:]))
    L = lower_root(np.concatenate([kept, rows], axis=-2))
    for i in np.flatnonzero(minus):
        L = downdated(L, np.sqrt(-weights[i]) * X[..., i, :])
    return L


def downdated(L: Array, x: Array) -> Array:
    """The lower root of L Lᵀ - x xᵀ (Gill, Golub, Murray and Saunders 1974, method C1); the nearest where none is."""
    whole, taken, n = L, x, L.shape[-1]
    L, x = L.copy(), x.copy()
    with np.errstate(invalid="ignore", divide="ignore"):
        for i in range(n):
            below = np.sqrt(L[..., i, i] ** 2 - x[..., i] ** 2)
            c, s = below / L[..., i, i], x[..., i] / L[..., i, i]
            L[..., i, i] = below
            L[..., i + 1 :, i] = (L[..., i + 1 :, i] - s[..., None] * x[..., i + 1 :]) / c[..., None]
            x[..., i + 1 :] = c[..., None] * x[..., i + 1 :] - s[..., None] * L[..., i + 1 :, i]
    failed = ~np.isfinite(L).all((-2, -1))
    if failed.any():
        left = symmetric(whole @ transpose(whole) - taken[..., None] * taken[..., None, :])
        L[failed] = lower_root(transpose(root(left[failed])))
    return L
