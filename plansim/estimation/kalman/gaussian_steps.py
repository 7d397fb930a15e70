"""The two steps of nonlinear Gaussian filters on batches, from what a model said to the next belief."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.estimation.checks import joined
from plansim.estimation.kalman import deviation_batches
from plansim.estimation.kalman.sigma_points import UnitPoints

NO_CONTROL_NOISE = np.zeros(0)


def missing(belief: Any, batch: tuple[int, ...]) -> Update:
    """Of a measurement that is not there: the belief as it was."""
    return Update(belief, None, None, np.zeros(batch)[()])


def propagated(state: Layout, value: Array, J: Array, cov: Array, Q: Array, V: Array = NO_CONTROL_NOISE) -> Gaussian:
    """N(value, F P Fᵀ + G V Gᵀ + Q), where J (..., n, n + m) is F beside G; G may be absent where V is empty."""
    n, batch = len(state.names), value.shape[:-1]
    y, P = flat("the step", value, batch, (n,)), flat("cov", cov, batch, (n, n))
    M, J = np.empty(P.shape), flat("the Jacobian", J, batch, (n, J.shape[-1]))
    Q = flat("noise_cov", Q, np.shape(Q)[:-2], (n, n))
    failed = deviation_batches.propagate_each(y, J, P, Q, np.array(V), turns(state), M)
    if failed:
        raise _unusable("the step", y[failed - 1], P[failed - 1])
    return Gaussian(y.reshape(value.shape), M.reshape(*batch, n, n))


def sigma_points(belief: Gaussian, unit: UnitPoints) -> tuple[Array, Array]:
    """Sigma points and their deviations from the mean, (..., N, n)."""
    mean = np.asarray(belief.mean, float)
    n, batch, shape = mean.shape[-1], mean.shape[:-1], unit.offsets.shape
    x, P = flat("mean", mean, batch, (n,)), flat("cov", belief.cov, batch, (n, n))
    X, points = np.empty((len(x), *shape)), np.empty((len(x), *shape))
    failed = deviation_batches.spread_each(x, P, unit.offsets, unit.cov_weights, X, points)
    if failed:
        raise _unusable("the belief", x[failed - 1], P[failed - 1])
    return points.reshape(*batch, *shape), X.reshape(*batch, *shape)


def averaged(name: str, points: Array, unit: UnitPoints, layout: Layout) -> tuple[Array, Array]:
    """Mean (..., k) of what sigma points became, and their deviations from it (..., N, k)."""
    N, k, batch = len(unit.offsets), len(layout), np.shape(points)[:-2]
    Z = flat(name, points, batch, (N, k))
    mean = np.empty((len(Z), k))
    failed = deviation_batches.average_each(Z, unit.mean_weights, turns(layout), mean)
    if failed:
        raise _no_number(name, mean[failed - 1])
    return mean.reshape(*batch, k), Z.reshape(*batch, N, k)


def moments(points: Array, unit: UnitPoints, state: Layout, Q: Array) -> Gaussian:
    """N(mean, Σ w X Xᵀ + Q) of the points (..., N, n) that a motion made of sigma points."""
    N, n, batch = len(unit.offsets), len(state.names), np.shape(points)[:-2]
    X, Q = flat("the step", points, batch, (N, n)), flat("noise_cov", Q, np.shape(Q)[:-2], (n, n))
    mean, M = np.empty((len(X), n)), np.empty((len(X), n, n))
    failed = deviation_batches.moments_each(X, unit.mean_weights, unit.cov_weights, Q, turns(state), mean, M)
    if failed:
        raise _no_number("the step", mean[failed - 1])
    return Gaussian(mean.reshape(*batch, n), M.reshape(*batch, n, n))


def corrected_linear(state: Layout, belief: Gaussian, z: Array, expected: Array, H: Array, sensor: Any) -> Update:
    """Bayes' rule where the reading is expected + H (x - mean), H (..., k, n)."""
    work = x, P, z, R, batch, (n, k) = _prepared(state, belief, z, sensor)
    v, H = flat("the reading", expected, batch, (k,)), flat("the sensor's Jacobian", H, batch, (k, n))
    S, log_likelihood = np.empty((len(x), k, k)), np.empty(len(x))
    measured_turns = turns(sensor.measurement)
    if deviation_batches.correct_linear_each(x, P, H, z, v, R, turns(state), measured_turns, S, log_likelihood):
        raise refusal(belief, z, expected, sensor)
    return _update(work, v, S, log_likelihood)


def corrected(
    state: Layout, belief: Gaussian, z: Array, X: Array, readings: Array, unit: UnitPoints, sensor: Any
) -> Update:
    """Bayes' rule by deviations of the state X (..., N, n) and by what the sensor reads of the points (..., N, k)."""
    work = x, P, z, R, batch, (_, k) = _prepared(state, belief, z, sensor)
    X = flat("points", X, batch, X.shape[-2:])
    Z = flat("the reading", readings, batch, (X.shape[-2], k))
    v, S, log_likelihood = np.empty((len(x), k)), np.empty((len(x), k, k)), np.empty(len(x))
    weights = unit.mean_weights, unit.cov_weights
    layouts = turns(state), turns(sensor.measurement)
    if deviation_batches.correct_each(x, P, X, Z, *weights, z, v, R, *layouts, S, log_likelihood):
        raise refusal(belief, z, readings, sensor)
    return _update(work, v, S, log_likelihood)


def _prepared(state: Layout, belief: Gaussian, z: Array, sensor: Any) -> tuple:
    """Copies of mean and cov to work in, the measurement and its cov, the batch and the sizes."""
    z, mean, n, k = shaped(z, sensor), np.asarray(belief.mean, float), len(state.names), len(sensor.measurement.names)
    batch = mean.shape[:-1] if z.ndim == 1 else joined("the measurement", z.shape[:-1], mean.shape[:-1])
    x, P = flat("mean", mean, batch, (n,)), flat("cov", belief.cov, batch, (n, n))
    return x, P, flat("measurement", z, batch, (k,)), np.array(sensor.cov, float, order="C"), batch, (n, k)


def _update(work: tuple, v: Array, S: Array, log_likelihood: Array) -> Update:
    x, P, _, _, batch, (n, k) = work
    if not batch:
        return Update(Gaussian(x[0], P[0]), v[0], S[0], log_likelihood[0])
    after = Gaussian(x.reshape(*batch, n), P.reshape(*batch, n, n))
    return Update(after, v.reshape(*batch, k), S.reshape(*batch, k, k), log_likelihood.reshape(batch))


def shaped(z: Array, sensor: Any) -> Array:
    """A measurement (..., k) as floats, or what is wrong with its shape."""
    k = len(sensor.measurement.names)
    try:
        z = np.asarray(z, float)
    except (TypeError, ValueError) as error:
        raise MalformedInput(f"the measurement must consist of numbers: {error}") from None
    if z.ndim == 0 or z.shape[-1] != k:
        raise MalformedInput(f"the measurement has shape {z.shape}, but must have (..., {k})")
    return z


def measured(z: Array, sensor: Any, batch: tuple[int, ...] = ()) -> Array:
    """A finite measurement (..., k) as floats for beliefs of leading dimensions `batch`, or what is wrong with it."""
    z = shaped(z, sensor)
    joined("the measurement", z.shape[:-1], batch)
    if not np.isfinite(z).all():
        raise MalformedInput(f"the measurement is {z.tolist()}, but must be finite; pass None where it is missing")
    return z


def flat(name: str, a: Array, batch: tuple[int, ...], tail: tuple[int, ...]) -> Array:
    """A copy (B, *tail) to work in, of an array (*batch, *tail) or one that broadcasts to it."""
    whole = np.array(a, float, order="C", ndmin=len(tail) + 1)
    if whole.shape == (math.prod(batch), *tail):
        return whole
    if whole.shape[-len(tail) :] != tail:
        raise MalformedInput(f"{name} has shape {np.shape(a)}, but must have (..., {', '.join(map(str, tail))})")
    if whole.shape != batch + tail:
        joined(name, np.shape(a)[: -len(tail)], batch)
        whole = np.array(np.broadcast_to(np.reshape(whole, np.shape(a)), batch + tail))
    return whole.reshape(math.prod(batch), *tail)


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
    if not 0 < dt < math.inf:
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


def _no_number(name: str, mean: Array) -> MalformedInput:
    return MalformedInput(f"{name} is {mean.tolist()}: the equations gave no finite number")


def _unusable(name: str, mean: Array, cov: Array) -> MalformedInput:
    if problem := _problem(cov):
        return MalformedInput(problem)
    if np.isfinite(mean).all():
        return MalformedInput(f"{name} is {mean.tolist()}, but its derivatives or its noise are no finite numbers")
    return _no_number(name, mean)


def refusal(belief: Gaussian, z: Array, expected: Array, sensor: Any) -> MalformedInput:
    """Why an update failed."""
    z, cov = np.asarray(z, float), np.asarray(belief.cov, float)
    if not np.isfinite(z).all():
        return MalformedInput(f"the measurement is {z.tolist()}, but must be finite; pass None where it is missing")
    if not np.isfinite(expected).all():
        return _no_number(f"the reading that {type(sensor).__name__} expects", np.asarray(expected))
    if problem := _problem(cov):
        return MalformedInput(problem)
    return MalformedInput(
        f"the innovation's covariance is not positive: the sensor's cov is {np.asarray(sensor.cov).tolist()}, or its"
        " derivative is not finite, or points of negative weight outweigh the others, or the measurement is beyond all"
        " numbers"
    )
