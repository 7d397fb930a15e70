"""Nonlinear Gaussian filters over a whole log of measurements, compiled together with the equations of their models."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.kernel import Kernel, lean_kernel
from plansim.estimation.checks import joined
from plansim.estimation.kalman.deviation_steps import workspace
from plansim.estimation.kalman.equation_steps import Program, motion_program, sensor_program
from plansim.estimation.kalman.gaussian_steps import check_belief, check_dt, flat
from plansim.estimation.kalman.sequence import Filtered, step_by_step
from plansim.estimation.kalman.sigma_points import UnitPoints


class Log(NamedTuple):
    """B logs of T measurements."""

    x: Array  # (B, n)
    P: Array  # (B, n, n)
    z: Array  # (B, T, k), NaN where missing
    u: Array  # (1 or B, T, m)


def extended_sequence(
    estimator: Any, belief: Gaussian, measurements: Array, sensor: Any, dt: float, controls: Array | None = None
) -> Filtered:
    """`filter_sequence` of an ExtendedKalmanFilter."""
    found = programs(estimator, None, sensor, dt) if estimator.jacobian == "auto" else None
    return _sequence(estimator, found, 0, belief, measurements, sensor, dt, controls)


def points_sequence(
    estimator: Any, belief: Gaussian, measurements: Array, sensor: Any, dt: float, controls: Array | None = None
) -> Filtered:
    """`filter_sequence` of a filter with `points`, an UnscentedKalmanFilter or a CubatureKalmanFilter."""
    unit = estimator.points.unit(len(estimator.state))
    found = programs(estimator, unit, sensor, dt)
    return _sequence(estimator, found, len(unit.offsets), belief, measurements, sensor, dt, controls)


def programs(estimator: Any, unit: UnitPoints | None, sensor: Any, dt: float) -> tuple[Program, Program] | None:
    """None where the models have no equations, or a noise that depends on the state in a way of their own."""
    check_dt(dt)
    motion, read = motion_program(estimator.motion, unit, dt), sensor_program(sensor, unit, estimator.state)
    return None if motion is None or read is None else (motion, read)


def _sequence(
    estimator: Any,
    programs: tuple[Program, Program] | None,
    N: int,
    belief: Gaussian,
    measurements: Array,
    sensor: Any,
    dt: float,
    controls: Array | None,
) -> Filtered:
    """In one call where that goes well; going step by step says why it does not."""
    if programs is not None:
        batch = joined("the log", measurements.shape[:-2], np.shape(belief.mean)[:-1])
        log = _log(estimator, batch, belief, measurements, controls)
        filtered = _filtered(*programs, N, log, batch)
        if filtered is not None:
            return filtered
    return step_by_step(estimator, belief, measurements, sensor, dt, controls)


def _log(estimator: Any, batch: tuple[int, ...], belief: Gaussian, measurements: Array, controls: Array | None) -> Log:
    n, m = len(estimator.state), len(estimator.motion.control)
    if controls is None or not m:
        controls = np.zeros((measurements.shape[-2], m))
    belief, z = check_belief(belief, estimator.state), measurements.reshape(-1, *measurements.shape[-2:])
    x, P = flat("mean", belief.mean, batch, (n,)), flat("cov", belief.cov, batch, (n, n))
    u = flat("controls", controls, controls.shape[:-2], (len(z[0]), m))
    return Log(x, P, np.array(np.broadcast_to(z, (len(x), *z.shape[1:])), order="C"), u)


def _filtered(motion: Program, read: Program, N: int, log: Log, batch: tuple[int, ...]) -> Filtered | None:
    """None where a step failed."""
    (B, T, k), n = log.z.shape, log.x.shape[1]
    shapes = (n,), (n, n), (n,), (n, n), (k,), (k, k), ()
    answers = tuple(np.empty((B, T, *shape)) for shape in shapes)
    kernel = _all_steps(motion.kernel, read.kernel, n, k)
    if kernel(*log, motion.table, read.table, *answers, np.empty(workspace(n, k, log.u.shape[-1], N))):
        return None
    return Filtered(*(a.reshape(*batch, T, *shape) for a, shape in zip(answers, shapes, strict=True)))


@functools.cache
def _all_steps(predict: Kernel, correct: Kernel, n: int, k: int) -> Kernel:
    @lean_kernel
    def all_steps(x, P, z, u, motion, sensor, mean, cov, before, before_cov, innovation, S, ll, work):
        for b in range(z.shape[0]):
            for t in range(z.shape[1]):
                y, M, v, after, after_cov = before[b, t], before_cov[b, t], innovation[b, t], mean[b, t], cov[b, t]
                last, last_cov = (x[b], P[b]) if t == 0 else (mean[b, t - 1], cov[b, t - 1])
                if predict(last, last_cov, u[b % u.shape[0], t], motion, y, M, work) != 0:
                    return 1
                for i in range(n):
                    after[i] = y[i]
                    for j in range(n):
                        after_cov[i, j] = M[i, j]
                ll[b, t] = 0.0
                if z[b, t, 0] == z[b, t, 0]:
                    ll[b, t] = correct(z[b, t], after, after_cov, sensor, v, S[b, t], work)
                    if ll[b, t] != ll[b, t]:
                        return 1
                else:
                    for i in range(k):
                        v[i] = np.nan
                        for j in range(k):
                            S[b, t, i, j] = np.nan
        return 0

    return all_steps
