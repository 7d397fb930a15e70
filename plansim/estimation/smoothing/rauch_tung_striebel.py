"""What a state was, given also what was measured after it: the Rauch–Tung–Striebel smoother, linear and extended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array, symmetric, transpose
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout
from plansim.estimation.kalman.jacobians import Derivative, motion_jacobian
from plansim.estimation.kalman.sequence import Filtered
from plansim.models.base import GaussianMotion

ROUNDING = 1e-14  # share of the largest variance


class Smoothed(NamedTuple):
    """N(x_t; mean, cov) of each of T steps, given all T measurements."""

    mean: Array  # (..., T, n)
    cov: Array  # (..., T, n, n)
    gain: Array  # (..., T-1, n, n), from step t+1 back to t; the covariance of x_t and x_t+1 is gain[t] @ cov[t+1]


@dataclass(frozen=True)
class RauchTungStriebel:
    """p(x_t | z_1:T), backwards through what a filter left (Rauch, Tung and Striebel 1965; Särkkä 2013, theorem 8.2).

    Of a nonlinear motion by its derivative at the filtered mean (algorithm 9.1), with an extended Kalman filter's log.

    >>> from plansim.estimation import KalmanFilter, filter_sequence
    >>> from plansim.models.kinematic import ConstantVelocity
    >>> from plansim.models.position import Position
    >>> motion, start = ConstantVelocity(), Gaussian(np.zeros(4), 100 * np.eye(4))
    >>> filtered = filter_sequence(KalmanFilter(motion), start, np.ones((5, 2)), Position(), dt=1.0)
    >>> smoothed = RauchTungStriebel(motion).smooth(filtered, dt=1.0)
    >>> bool(np.trace(smoothed.cov[0]) < np.trace(filtered.cov[0]))
    True
    """

    motion: GaussianMotion
    jacobian: Derivative = "auto"

    def gain(self, before: Gaussian, predicted: Gaussian, control: Array | None, dt: float) -> Array:
        """G = P Fᵀ (P⁻)⁻¹, (..., n, n)."""
        F = motion_jacobian(self.motion, before.mean, control, dt, self.jacobian)
        return smoother_gain(before.cov @ transpose(F), predicted.cov)

    def smooth(self, filtered: Filtered, dt: float, controls: Array | None = None) -> Smoothed:
        """From the log of a filter over the same motion; controls (..., T, m), those that the filter had."""
        return backwards(self.motion.state, filtered, all_gains(self, filtered, dt, controls))


def smoother_gain(cross: Array, predicted_cov: Array) -> Array:
    """cross @ inverse(predicted_cov), also where that is singular: what is known for certain does not move.

    What rounding left of a variance that is 0 would be divided by, so it counts as 0 where it is that small a share.
    """
    size = np.sqrt(np.maximum(np.diagonal(predicted_cov, axis1=-2, axis2=-1), 0.0))
    scale = np.where(size > 0, 1 / np.where(size > 0, size, 1.0), 0.0)  # what the units are must not matter
    correlation = scale[..., :, None] * predicted_cov * scale[..., None, :]
    if _is_sure(correlation):
        return transpose(np.linalg.solve(predicted_cov, transpose(cross)))
    shares, axes = np.linalg.eigh(correlation)
    seen, axes = shares > ROUNDING * shares[..., -1:], scale[..., :, None] * axes
    return (cross @ axes) * np.where(seen, 1 / np.where(seen, shares, 1.0), 0.0)[..., None, :] @ transpose(axes)


def _is_sure(correlation: Array) -> bool:
    """Whether no pivot is near rounding."""
    try:
        roots = np.linalg.cholesky(correlation)
    except np.linalg.LinAlgError:
        return False
    return bool((np.diagonal(roots, axis1=-2, axis2=-1) > 1e-6).all())


def all_gains(smoother, filtered: Filtered, dt: float, controls: Array | None) -> Array:
    """The smoother's `gain` from each step back to the one before, at once; (..., T-1, n, n)."""
    T = filtered.mean.shape[-2]
    if controls is not None and np.shape(controls)[-2] != T:
        raise MalformedInput(f"controls have shape {np.shape(controls)}, but must have one for each of {T} steps")
    before = Gaussian(filtered.mean[..., :-1, :], filtered.cov[..., :-1, :, :])
    predicted = Gaussian(filtered.predicted_mean[..., 1:, :], filtered.predicted_cov[..., 1:, :, :])
    return smoother.gain(before, predicted, None if controls is None else np.asarray(controls)[..., 1:, :], dt)


def backwards(state: Layout, filtered: Filtered, gain: Array) -> Smoothed:
    mean, cov = np.array(filtered.mean), np.array(filtered.cov)
    for t in range(mean.shape[-2] - 2, -1, -1):
        after = Gaussian(mean[..., t + 1, :], cov[..., t + 1, :, :])
        predicted = Gaussian(filtered.predicted_mean[..., t + 1, :], filtered.predicted_cov[..., t + 1, :, :])
        before = Gaussian(mean[..., t, :], cov[..., t, :, :])
        mean[..., t, :], cov[..., t, :, :] = smoothed_step(state, before, predicted, after, gain[..., t, :, :])
    return Smoothed(mean, cov, gain)


def smoothed_step(state: Layout, before: Gaussian, predicted: Gaussian, after: Gaussian, gain: Array) -> Gaussian:
    """What the belief before a prediction becomes, once the predicted belief has become `after`."""
    change = state.difference(after.mean, predicted.mean)
    mean = state.add(before.mean, (gain @ change[..., None])[..., 0])
    return Gaussian(mean, symmetric(before.cov + gain @ (after.cov - predicted.cov) @ transpose(gain)))
