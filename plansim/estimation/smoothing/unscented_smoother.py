"""The unscented smoother: what a state was, given also later measurements, without a derivative of the motion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.estimation.kalman.sequence import Filtered
from plansim.estimation.kalman.sigma_points import (
    ScaledPoints,
    SigmaPoints,
    deviations,
    transformed,
    weighted_products,
)
from plansim.estimation.smoothing.rauch_tung_striebel import Smoothed, all_gains, backwards, smoother_gain
from plansim.models.base import GaussianMotion


@dataclass(frozen=True)
class UnscentedSmoother:
    """p(x_t | z_1:T) with the covariance of x_t and x_t+1 by sigma points (Särkkä 2008, "Unscented
    Rauch–Tung–Striebel smoother", IEEE TAC 53(3); Särkkä 2013, algorithm 9.3).

    Goes back through the log of an unscented Kalman filter with the same motion and points.

    >>> from plansim.estimation import UnscentedKalmanFilter, filter_sequence
    >>> from plansim.models.kinematic import CoordinatedTurn
    >>> from plansim.models.position import Position
    >>> motion, start = CoordinatedTurn(), Gaussian(np.array([0.0, 0.0, 1.0, 0.0, 0.1]), np.eye(5))
    >>> filtered = filter_sequence(UnscentedKalmanFilter(motion), start, np.ones((5, 2)), Position(), dt=1.0)
    >>> UnscentedSmoother(motion).smooth(filtered, dt=1.0).mean.shape
    (5, 5)
    """

    motion: GaussianMotion
    points: SigmaPoints = ScaledPoints()

    def gain(self, before: Gaussian, predicted: Gaussian, control: Array | None, dt: float) -> Array:
        """Cov(x_t, x_t+1) (P⁻)⁻¹, (..., n, n)."""
        state, unit = self.motion.state, self.points.unit(len(self.motion.state))
        X = deviations(before.cov, unit)
        held = None if control is None else np.asarray(control, float)[..., None, :]
        _, moved = transformed(self.motion.step(before.mean[..., None, :] + X, held, dt), unit, state)
        return smoother_gain(weighted_products(X, unit.cov_weights, moved), predicted.cov)

    def smooth(self, filtered: Filtered, dt: float, controls: Array | None = None) -> Smoothed:
        """controls (..., T, m): those that the filter had."""
        return backwards(self.motion.state, filtered, all_gains(self, filtered, dt, controls))
