"""The two steps of nonlinear Gaussian filters on batches, from what a model said to the next belief."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.core.kernel import kernel
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.estimation.kalman.deviations import kernels
from plansim.estimation.kalman.sigma_points import UnitPoints

_root, _propagate, _average, _covariance, _correct = kernels()
NO_CONTROL_NOISE = np.zeros(0)


def missing(belief: Any, batch: tuple[int, ...]) -> Update:
    """Of a measurement that is not there: the belief as it was."""
    return Update(belief, None, None, np.zeros(batch)[()])


def propagated(state: Layout, value: Array, J: Array, cov: Array, Q: Array, V: Array = NO_CONTROL_NOISE) -> Gaussian:
    """N(value, F P Fᵀ + G V Gᵀ + Q), where J (..., n, n + m) is F beside G; G may be absent where V is empty."""
    n, batch = len(state), value.shape[:-1]
    y, M = flat("the step", value, batch, (n,)), np.empty((*batch, n, n))
    J, P = flat("the Jacobian", J, batch, (n, J.shape[-1])), flat("cov", cov, batch, (n, n))
    Q = flat("noise_cov", Q, np.shape(Q)[:-2], (n, n))
    failed = _propagate_each(y, J, P, Q, np.array(V), turns(state), M.reshape(-1, n, n))
    if failed:
        raise _unusable("the step", y[failed - 1], P[failed - 1])
    return Gaussian(y.reshape(value.shape), M)


def sigma_deviations(belief: Gaussian, unit: UnitPoints) -> Array:
    """Sigma points minus their mean, (..., N, n)."""
    mean = np.asarray(belief.mean, float)
    n, batch = mean.shape[-1], mean.shape[:-1]
    P, X = flat("cov", belief.cov, batch, (n, n)), np.empty((*batch, *unit.offsets.shape))
    failed = _spread_each(P, unit.offsets, X.reshape(-1, *unit.offsets.shape), bool((unit.cov_weights >= 0).all()))
    if failed:
        raise _unusable("the belief", mean.reshape(-1, n)[failed - 1], P[failed - 1])
    return X


def averaged(name: str, points: Array, unit: UnitPoints, layout: Layout) -> tuple[Array, Array]:
    """Mean (..., k) of what sigma points became, and their deviations from it (..., N, k)."""
    N, k = len(unit.offsets), len(layout)
    batch = np.shape(points)[:-2]
    deviations, mean = flat(name, points, batch, (N, k)), np.empty((*batch, k))
    failed = _average_each(deviations, unit.mean_weights, turns(layout), mean.reshape(-1, k))
    if failed:
        raise MalformedInput(
            f"{name} is {mean.reshape(-1, k)[failed - 1].tolist()}: the equations gave no finite number"
        )
    return mean, deviations.reshape(*batch, N, k)


def spread(mean: Array, X: Array, unit: UnitPoints, Q: Array) -> Gaussian:
    """N(mean, Σ w X Xᵀ + Q)."""
    n, batch = mean.shape[-1], mean.shape[:-1]
    M = np.empty((*batch, n, n))
    Q = flat("noise_cov", Q, np.shape(Q)[:-2], (n, n))
    _covariance_each(X.reshape(-1, *X.shape[-2:]), unit.cov_weights, Q, M.reshape(-1, n, n))
    return Gaussian(mean, M)


def corrected_linear(state: Layout, belief: Gaussian, z: Array, expected: Array, H: Array, sensor: Any) -> Update:
    """Bayes' rule where the reading is expected + H (x - mean), H (..., k, n)."""
    x, P, v, batch, n, k = _prepared(state, belief, z, expected, sensor)
    S, log_likelihood = np.empty((*batch, k, k)), np.empty(batch)
    H = flat("the sensor's Jacobian", H, batch, (k, n))
    answers = S.reshape(-1, k, k), log_likelihood.reshape(-1)
    innovation = v.reshape(*batch, k)
    failed = _correct_linear_each(x, P, H, v, np.array(sensor.cov), turns(state), *answers)
    if failed:
        raise refusal(belief, z, expected, sensor)
    return Update(Gaussian(x.reshape(*batch, n), P.reshape(*batch, n, n)), innovation, S, log_likelihood[()])


def corrected(
    state: Layout, belief: Gaussian, z: Array, expected: Array, X: Array, Z: Array, weights: Array, sensor: Any
) -> Update:
    """Bayes' rule by deviations of the state X (..., N, n) and of what the sensor makes of them, Z (..., N, k)."""
    x, P, v, batch, n, k = _prepared(state, belief, z, expected, sensor)
    S, log_likelihood = np.empty((*batch, k, k)), np.empty(batch)
    X, Z = flat("points", X, batch, X.shape[-2:]), flat("points", Z, batch, Z.shape[-2:])
    answers = S.reshape(-1, k, k), log_likelihood.reshape(-1)
    failed = _correct_each(x, P, X, Z, weights, v, np.array(sensor.cov), turns(state), *answers)
    if failed:
        raise refusal(belief, z, expected, sensor)
    return Update(Gaussian(x.reshape(*batch, n), P.reshape(*batch, n, n)), v.reshape(*batch, k), S, log_likelihood[()])


def _prepared(state: Layout, belief: Gaussian, z: Array, expected: Array, sensor: Any) -> tuple:
    """Copies of mean and cov to work in, the innovation, and the sizes."""
    z, mean, n, k = measured(z, sensor), np.asarray(belief.mean, float), len(state), len(sensor.measurement)
    batch = mean.shape[:-1] if z.ndim == 1 else np.broadcast_shapes(mean.shape[:-1], z.shape[:-1])
    v = sensor.measurement.difference(z, expected)
    x, P = flat("mean", mean, batch, (n,)), flat("cov", belief.cov, batch, (n, n))
    return x, P, flat("innovation", v, batch, (k,)), batch, n, k


def measured(z: Array, sensor: Any) -> Array:
    """A measurement (..., k) as floats, or what is wrong with it."""
    z, k = np.asarray(z, float), len(sensor.measurement)
    if z.ndim == 0 or z.shape[-1] != k:
        raise MalformedInput(f"the measurement has shape {z.shape}, but must have (..., {k})")
    return z


def flat(name: str, a: Array, batch: tuple[int, ...], tail: tuple[int, ...]) -> Array:
    """A copy (B, *tail) to work in, of an array (*batch, *tail) or one that broadcasts to it."""
    a = np.asarray(a, float)
    if a.shape != batch + tail:
        if a.shape[-len(tail) :] != tail:
            raise MalformedInput(f"{name} has shape {a.shape}, but must have {('...', *tail)}".replace("'", ""))
        a = np.broadcast_to(a, batch + tail)
    return np.array(a, order="C").reshape(math.prod(batch), *tail)


@functools.cache
def turns(layout: Layout) -> Array:
    """Which components are angles."""
    return np.array([name in layout.angles for name in layout.names], dtype=bool)


def check_belief(belief: Gaussian, state: Layout) -> Gaussian:
    """A belief to begin with, as floats, or what is wrong with it."""
    mean, cov, n = np.asarray(belief.mean, float), np.asarray(belief.cov, float), len(state)
    if mean.ndim == 0 or mean.shape[-1] != n or cov.shape[-2:] != (n, n):
        raise MalformedInput(f"mean {mean.shape} and cov {cov.shape} must have (..., {n}) and (..., {n}, {n})")
    if not np.isfinite(mean).all():
        raise MalformedInput(f"mean must be finite, but is {mean.tolist()}")
    if problem := _problem(cov):
        raise MalformedInput(problem)
    return Gaussian(mean, cov)


def check_dt(dt: float) -> None:
    if not 0 < dt < np.inf:
        raise MalformedInput(f"dt is {dt}, but must be a positive number of seconds")


def _problem(cov: Array) -> str:
    """What keeps an array (..., n, n) from being a covariance."""
    if not np.isfinite(cov).all():
        return f"cov must be finite, but is {cov.tolist()}"
    size = np.abs(cov).max(initial=0.0)
    if np.abs(cov - cov.swapaxes(-1, -2)).max(initial=0.0) > 1e-9 * size:
        return f"cov must be symmetric, but is {cov.tolist()}"
    least = np.linalg.eigvalsh(cov).min(initial=0.0)
    return f"cov has the eigenvalue {least:g}, but a covariance has none below 0" if least < -1e-9 * size else ""


def _unusable(name: str, mean: Array, cov: Array) -> MalformedInput:
    if problem := _problem(cov):
        return MalformedInput(problem)
    return MalformedInput(f"{name} is {mean.tolist()}, and its derivatives or noise are no finite numbers either way")


def refusal(belief: Gaussian, z: Array, expected: Array, sensor: Any) -> MalformedInput:
    """Why an update failed."""
    z, cov = np.asarray(z, float), np.asarray(belief.cov, float)
    if not np.isfinite(z).all():
        return MalformedInput(f"the measurement is {z.tolist()}, but must be finite; pass None where it is missing")
    if not np.isfinite(expected).all():
        return MalformedInput(f"{type(sensor).__name__} expects {expected.tolist()} of the mean {belief.mean.tolist()}")
    if problem := _problem(cov):
        return MalformedInput(problem)
    return MalformedInput(
        f"the innovation's covariance is not positive: the sensor's cov is {np.asarray(sensor.cov).tolist()}, or its"
        " derivative is not finite, or points of negative weight outweigh the others"
    )


@kernel
def _propagate_each(y, J, P, Q, V, turns, M):
    """0, or one more than the index of the one that failed."""
    n = y.shape[1]
    FP = np.empty((n, n))
    for b in range(len(y)):
        if _propagate(y[b], J[b], P[b], Q[b % len(Q)], V, turns, M[b], FP) != 0:
            return b + 1
    return 0


@kernel
def _spread_each(P, offsets, X, strict):
    N, n = offsets.shape
    A, W, E = np.empty((n, n)), np.empty((n, n)), np.empty((n, n))
    for b in range(len(P)):
        code = _root(P[b], A, W, E)
        if code == 1 or (code == 2 and strict):
            return b + 1
        for i in range(N):
            for j in range(n):
                total = 0.0
                for a in range(n):
                    total += offsets[i, a] * A[j, a]
                X[b, i, j] = total
    return 0


@kernel
def _average_each(points, weights, turns, mean):
    for b in range(len(points)):
        if _average(points[b], weights, turns, mean[b]) != 0:
            return b + 1
    return 0


@kernel
def _covariance_each(X, weights, Q, M):
    for b in range(len(X)):
        _covariance(X[b], weights, Q[b % len(Q)], M[b])


@kernel
def _correct_each(x, P, X, Z, weights, v, R, turns, S, log_likelihood):
    n, k = x.shape[1], v.shape[1]
    L, C, K = np.empty((k, k)), np.empty((k, n + 1)), np.empty((k, n))
    for b in range(len(x)):
        log_likelihood[b] = _correct(x[b], P[b], X[b], Z[b], weights, v[b], R, turns, S[b], L, C, K)
        if not log_likelihood[b] > -np.inf:
            return b + 1
    return 0


@kernel
def _correct_linear_each(x, P, H, v, R, turns, S, log_likelihood):
    n, k = x.shape[1], v.shape[1]
    A, W, E, X, Z = np.empty((n, n)), np.empty((n, n)), np.empty((n, n)), np.empty((n, n)), np.empty((n, k))
    L, C, K, ones = np.empty((k, k)), np.empty((k, n + 1)), np.empty((k, n)), np.ones(n)
    for b in range(len(x)):
        if _root(P[b], A, W, E) != 0:
            return b + 1
        for i in range(n):
            for j in range(n):
                X[i, j] = A[j, i]
            for j in range(k):
                total = 0.0
                for a in range(n):
                    total += H[b, j, a] * A[a, i]
                Z[i, j] = total
        log_likelihood[b] = _correct(x[b], P[b], X, Z, ones, v[b], R, turns, S[b], L, C, K)
        if not log_likelihood[b] > -np.inf:
            return b + 1
    return 0
