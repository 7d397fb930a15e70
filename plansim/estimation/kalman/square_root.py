"""The Kalman filter on a root of the covariance: half as many digits are needed, and positivity cannot be lost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian, SquareRoot
from plansim.core.errors import MalformedInput
from plansim.core.kernel import lean_kernel
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.estimation.checks import checked_control, joined
from plansim.estimation.kalman.gaussian_steps import check_belief, flat, measured, missing
from plansim.estimation.kalman.kalman_filter import REMEMBERED, KalmanFilter
from plansim.estimation.kalman.linear_model import LinearModel
from plansim.estimation.kalman.linear_steps import moved_mean
from plansim.estimation.kalman.roots import predict_root, triangularise, update_root
from plansim.models.base import LinearMotion
from plansim.models.linear_motion import times


class Rooted(NamedTuple):
    """A linear model with roots of its noise: noise_root noise_rootᵀ = Q, and so on."""

    model: LinearModel
    noise_root: Array  # (n, n)
    measured_root: Array  # (k, k)


@dataclass(frozen=True)
class SquareRootKalmanFilter:
    """N(x; mean, root rootᵀ), by orthogonal transformations of [F root, √Q] and of [√R, H root; 0, root].

    Nothing is ever subtracted from a covariance (Kailath, Sayed and Hassibi 2000, Linear Estimation, section 12.3;
    Grewal and Andrews 2015, Kalman Filtering, section 7.2).

    >>> from plansim.models.kinematic import ConstantVelocity
    >>> from plansim.models.position import Position
    >>> estimator = SquareRootKalmanFilter(ConstantVelocity())
    >>> belief = estimator.around(Gaussian(np.zeros(4), 1e14 * np.eye(4)))
    >>> belief = estimator.predict(belief, None, dt=1.0)
    >>> estimator.update(belief, np.array([1.0, 2.0]), Position(std=1e-6)).belief.mean.round(1).tolist()
    [1.0, 2.0, 0.5, 1.0]
    """

    motion: LinearMotion

    def __post_init__(self) -> None:
        KalmanFilter(self.motion)  # which refuses motion that is not linear

    @property
    def state(self) -> Layout:
        return self.motion.state

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> SquareRoot:
        mean, cov = check_belief(belief, self.state)
        return SquareRoot(mean, root_of(cov))

    def predict(
        self, belief: SquareRoot, control: Array | None, dt: float, rng: np.random.Generator | None = None
    ) -> SquareRoot:
        model, noise_root, _ = self._rooted(None, dt)
        n, mean = model.n, np.asarray(belief.mean, float)
        moved = times(model.stack[0, :n, :n], mean)
        if control is not None and model.m:
            u = checked_control(control, self.motion, mean.shape[:-1], wider=True)
            moved = moved + times(model.stack[4, :n, : model.m], u)
        batch = joined("root", np.shape(belief.root)[:-2], moved.shape[:-1])
        roots = flat("root", belief.root, batch, (n, n))
        predict_roots(model.stack[0], noise_root, roots, np.empty((n, 2 * n)))
        return SquareRoot(self.state.wrap(np.broadcast_to(moved_mean(moved), (*batch, n))), roots.reshape(*batch, n, n))

    def update(
        self, belief: SquareRoot, measurement: Array | None, sensor: Any, rng: np.random.Generator | None = None
    ) -> Update:
        if measurement is None:
            return missing(belief, np.shape(belief.mean)[:-1])
        model, _, measured_root = self._rooted(sensor, None)
        n, k, z = model.n, model.k, measured(measurement, sensor, np.shape(belief.mean)[:-1])
        expected = times(model.stack[2, :k, :n], np.asarray(belief.mean, float)) + model.stack[5, 2, :k]
        v = sensor.measurement.difference(z, expected)
        batch = joined("root", np.shape(belief.root)[:-2], v.shape[:-1])
        roots, v = flat("root", belief.root, batch, (n, n)), flat("measurement", v, batch, (k,))
        change, S, log_likelihood = np.empty((*batch, n)), np.empty((*batch, k, k)), np.empty(batch)
        answers = change.reshape(-1, n), S.reshape(-1, k, k), log_likelihood.reshape(-1)
        update_roots(model.stack[2], measured_root, roots, v, *answers, np.empty((k + n, k + n)), np.empty(k))
        if not np.isfinite(v).all() or np.isnan(log_likelihood).any():
            raise MalformedInput(
                f"measurement {z.tolist()}, mean {belief.mean.tolist()} and root {belief.root.tolist()} must be finite;"
                " pass None where a measurement is missing"
            )
        after = SquareRoot(self.state.add(belief.mean, change), roots.reshape(*batch, n, n))
        return Update(after, v.reshape(*batch, k), S, log_likelihood[()])

    def _rooted(self, sensor: Any | None, dt: float | None) -> Rooted:
        key = 0 if sensor is None else id(sensor), dt
        if key not in self._remembered:
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            model = KalmanFilter(self.motion).model(sensor, dt)
            n, k = model.n, model.k
            noise, measured_noise = model.stack[1, :n, :n], model.stack[3, :k, :k]
            self._remembered[key] = Rooted(model, root_of(noise), root_of(measured_noise))
        return self._remembered[key]

    @cached_property
    def _remembered(self) -> dict[tuple[int, float | None], Rooted]:
        return {}


def root_of(cov: Array) -> Array:
    """A lower triangular root (..., n, n) of a covariance that may be singular."""
    variances, axes = np.linalg.eigh(cov)
    roots = np.array(axes * np.sqrt(np.maximum(variances, 0.0))[..., None, :], order="C")
    for root in roots.reshape(-1, *roots.shape[-2:]) if roots.size else roots:
        triangularise(root)
    return roots


@lean_kernel
def predict_roots(F, noise_root, roots, work):
    for b in range(roots.shape[0]):
        predict_root(F, noise_root, roots[b], work)


@lean_kernel
def update_roots(H, measured_root, roots, v, change, S, log_likelihoods, work, w):
    for b in range(roots.shape[0]):
        log_likelihoods[b] = update_root(H, measured_root, roots[b], v[b], change[b], S[b], work, w)
