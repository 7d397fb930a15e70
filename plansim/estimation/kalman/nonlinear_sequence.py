"""Nonlinear Gaussian filters over a whole log of measurements, compiled together with the equations of their models."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.kernel import Kernel, lean_kernel
from plansim.estimation.kalman.deviations import kernels, wrapped
from plansim.estimation.kalman.gaussian_steps import check_belief, check_dt, flat, turns
from plansim.estimation.kalman.jacobians import noise_parts
from plansim.estimation.kalman.sequence import Filtered, step_by_step
from plansim.estimation.kalman.sigma_points import UnitPoints
from plansim.models.linearisation import compiled_motion, compiled_sensor, motion_parameters, sensor_parameters


class Log(NamedTuple):
    """What the kernels read of B logs of T measurements; x and P are theirs to work in."""

    x: Array  # (B, n)
    P: Array  # (B, n, n)
    z: Array  # (B, T, k), NaN where missing
    u: Array  # (1 or B, T, m)
    dt: float
    p: Array  # parameters of the motion
    Q: Array  # (n, n)
    V: Array  # (m,), variances of the control; empty where it has none
    q: Array  # parameters of the sensor
    R: Array  # (k, k)
    turns: Array  # (n,), which states are angles
    measured_turns: Array  # (k,)


def extended_sequence(
    estimator: Any, belief: Gaussian, measurements: Array, sensor: Any, dt: float, controls: Array | None = None
) -> Filtered:
    """`filter_sequence` of an ExtendedKalmanFilter."""
    log = prepared(estimator, belief, measurements, sensor, dt, controls) if estimator.jacobian == "auto" else None
    if log is not None:
        n, m, k = log.x.shape[1], log.u.shape[-1], log.z.shape[-1]
        move, read = compiled_motion(estimator.motion), compiled_sensor(sensor, n)
        scratch = _empty((n, n + m), (k, n), (n, n), (n, n), (n, n), (n, n), (n, n), (n, k), (k, k), (k, n + 1), (k, n))
        filtered = run(_extended(move, read, n, m, k), log, (*scratch, np.ones(n)), measurements)
        if filtered is not None:
            return filtered
    return step_by_step(estimator, belief, measurements, sensor, dt, controls)


def points_sequence(
    estimator: Any, belief: Gaussian, measurements: Array, sensor: Any, dt: float, controls: Array | None = None
) -> Filtered:
    """`filter_sequence` of a filter with `points`, an UnscentedKalmanFilter or a CubatureKalmanFilter."""
    log = prepared(estimator, belief, measurements, sensor, dt, controls)
    if log is not None:
        n, m, k = log.x.shape[1], log.u.shape[-1], log.z.shape[-1]
        unit: UnitPoints = estimator.points.unit(n)
        N = len(unit.offsets)
        noisy = compiled_motion(estimator.motion) if len(log.V) else None
        move, read = compiled_motion(estimator.motion, ()), compiled_sensor(sensor, n, ())
        scratch = _empty((n, n + m), (n,), (n, n), (n, n), (n, n), (n, n), (N, n), (N, n), (N, k), (k,))
        scratch += _empty((k, k), (k, n + 1), (k, n))
        weights = tuple(np.array(a) for a in unit)
        filtered = run(_points(move, noisy, read, n, k, N), log, (*scratch, *weights), measurements)
        if filtered is not None:
            return filtered
    return step_by_step(estimator, belief, measurements, sensor, dt, controls)


def prepared(
    estimator: Any, belief: Gaussian, measurements: Array, sensor: Any, dt: float, controls: Array | None
) -> Log | None:
    """None where the models have no equations, or a noise that depends on the state in a way of their own."""
    motion, state = estimator.motion, estimator.state
    n, m, k = len(state), len(motion.control), len(sensor.measurement)
    check_dt(dt)
    if compiled_motion(motion, ()) is None or compiled_sensor(sensor, n, ()) is None:
        return None
    try:
        Q, V = noise_parts(motion, None, None, dt)
    except (TypeError, AttributeError, IndexError):  # it wants to know the state
        return None
    if controls is None:
        controls = np.zeros((measurements.shape[-2], m))
    belief, z = check_belief(belief, state), measurements.reshape(-1, *measurements.shape[-2:])
    batch = np.broadcast_shapes(belief.mean.shape[:-1], measurements.shape[:-2])
    x, P = flat("mean", belief.mean, batch, (n,)), flat("cov", belief.cov, batch, (n, n))
    u = flat("controls", controls, controls.shape[:-2], (len(z[0]), m))
    z = np.array(np.broadcast_to(z, (len(x), *z.shape[1:])), order="C")
    angles = turns(state), turns(sensor.measurement)
    V = np.zeros(0) if V is None else np.array(V)
    q, R = np.array(sensor_parameters(sensor)), np.array(sensor.cov, float)
    return Log(x, P, z, u, float(dt), motion_parameters(motion, dt), np.array(Q), V, q, R.reshape(k, k), *angles)


def run(kernel: Kernel, log: Log, scratch: tuple, measurements: Array) -> Filtered | None:
    """None where a step failed: going step by step says why."""
    (B, T, k), n = log.z.shape, log.x.shape[1]
    shapes = (n,), (n, n), (n,), (n, n), (k,), (k, k), ()
    answers = tuple(np.empty((B, T, *shape)) for shape in shapes)
    if kernel(*log, *answers, *scratch):
        return None
    batch = () if measurements.ndim == 2 and B == 1 else (B,)
    return Filtered(*(a.reshape(*batch, T, *shape) for a, shape in zip(answers, shapes, strict=True)))


def _empty(*shapes: tuple[int, ...]) -> tuple[Array, ...]:
    return tuple(np.empty(shape) for shape in shapes)


@functools.cache
def _extended(move: Kernel, read: Kernel, n: int, m: int, k: int) -> Kernel:
    root, propagate, _, _, correct = kernels(n, k, n)
    book = _book(n, k)

    @lean_kernel
    def extended(x, P, z, u, dt, p, Q, V, q, R, turns, measured, mean, cov, before, before_cov, innovation, S, ll,
                 J, H, FP, A, W, E, X, Z, L, C, K, ones):  # fmt: skip
        for b in range(z.shape[0]):
            for t in range(z.shape[1]):
                y, M, v = before[b, t], before_cov[b, t], innovation[b, t]
                move(x[b], u[b % u.shape[0], t], p, dt, y, J)
                if propagate(y, J, P[b], Q, V, turns, M, FP) != 0:
                    return 1
                book(y, M, x[b], P[b])
                ll[b, t] = 0.0
                if z[b, t, 0] == z[b, t, 0]:
                    read(y, q, v, H)
                    if root(M, A, W, E) != 0:
                        return 1
                    for i in range(n):
                        for j in range(n):
                            X[i, j] = A[j, i]
                        for j in range(k):
                            total = 0.0
                            for a in range(n):
                                total += H[j, a] * A[a, i]
                            Z[i, j] = total
                    for j in range(k):
                        v[j] = z[b, t, j] - v[j]
                        if measured[j]:
                            v[j] = wrapped(v[j])
                    ll[b, t] = correct(x[b], P[b], X, Z, ones, v, R, turns, S[b, t], L, C, K)
                    if ll[b, t] != ll[b, t]:
                        return 1
                else:
                    for i in range(k):
                        v[i] = np.nan
                        for j in range(k):
                            S[b, t, i, j] = np.nan
                book(x[b], P[b], mean[b, t], cov[b, t])
        return 0

    return extended


@functools.cache
def _points(move: Kernel, noisy: Kernel | None, read: Kernel, n: int, k: int, N: int) -> Kernel:
    root, _, average, covariance, correct = kernels(n, k, N)
    book, spread = _book(n, k), _spread(n, N)
    linearised: Kernel = move if noisy is None else noisy

    @lean_kernel
    def points(x, P, z, u, dt, p, Q, V, q, R, turns, measured, mean, cov, before, before_cov, innovation, S, ll,
               J, y, A, W, E, QV, X, Y, Z, expected, L, C, K, offsets, weights, cov_weights):  # fmt: skip
        strict = True
        for i in range(N):
            strict = strict and cov_weights[i] >= 0.0
        for b in range(z.shape[0]):
            for t in range(z.shape[1]):
                M, v = before_cov[b, t], innovation[b, t]
                code = root(P[b], A, W, E)
                if code == 1 or (code == 2 and strict):
                    return 1
                spread(x[b], A, offsets, X, Y)
                for i in range(N):
                    move(Y[i], u[b % u.shape[0], t], p, dt, X[i], J)
                if average(X, weights, turns, before[b, t]) != 0:
                    return 1
                if V.shape[0] > 0:
                    linearised(x[b], u[b % u.shape[0], t], p, dt, y, J)
                    for i in range(n):
                        for j in range(n):
                            QV[i, j] = Q[i, j]
                            for a in range(V.shape[0]):
                                QV[i, j] += J[i, n + a] * V[a] * J[j, n + a]
                    covariance(X, cov_weights, QV, M)
                else:
                    covariance(X, cov_weights, Q, M)
                book(before[b, t], M, x[b], P[b])
                ll[b, t] = 0.0
                if z[b, t, 0] == z[b, t, 0]:
                    code = root(M, A, W, E)
                    if code == 1 or (code == 2 and strict):
                        return 1
                    spread(x[b], A, offsets, X, Y)
                    for i in range(N):
                        read(Y[i], q, Z[i], J)
                    if average(Z, weights, measured, expected) != 0:
                        return 1
                    for j in range(k):
                        v[j] = z[b, t, j] - expected[j]
                        if measured[j]:
                            v[j] = wrapped(v[j])
                    ll[b, t] = correct(x[b], P[b], X, Z, cov_weights, v, R, turns, S[b, t], L, C, K)
                    if ll[b, t] != ll[b, t]:
                        return 1
                else:
                    for i in range(k):
                        v[i] = np.nan
                        for j in range(k):
                            S[b, t, i, j] = np.nan
                book(x[b], P[b], mean[b, t], cov[b, t])
        return 0

    return points


@functools.cache
def _book(n: int, k: int) -> Kernel:
    @lean_kernel
    def book(x, P, mean, cov):
        for i in range(n):
            mean[i] = x[i]
            for j in range(n):
                cov[i, j] = P[i, j]

    return book


@functools.cache
def _spread(n: int, N: int) -> Kernel:
    @lean_kernel
    def spread(x, A, offsets, X, Y):
        """Deviations X and points Y of a root A."""
        for i in range(N):
            for j in range(n):
                total = 0.0
                for a in range(n):
                    total += offsets[i, a] * A[j, a]
                X[i, j] = total
                Y[i, j] = x[j] + total

    return spread
