"""Steps of one belief, compiled together with the equations of its motion or sensor."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.kernel import Kernel, inlined_kernel
from plansim.core.layout import Layout
from plansim.estimation.kalman.deviation_steps import steps
from plansim.estimation.kalman.gaussian_steps import turns
from plansim.estimation.kalman.jacobians import noise_parts
from plansim.estimation.kalman.sigma_points import UnitPoints
from plansim.models.linearisation import compiled_motion, compiled_sensor, motion_parameters, sensor_parameters


class Program(NamedTuple):
    """A step and all that is fixed of it, row under row.

    Of a motion: kernel(x, P, u, table, y, M, work) -> 0 where it is well. Of a sensor: kernel(z, x, P, table, v, S,
    work) -> log-likelihood, NaN where there is no answer; changes x and P in place.
    """

    kernel: Kernel
    table: Array


def motion_program(motion: Any, unit: UnitPoints | None, dt: float) -> Program | None:
    """By derivatives, or by sigma points; None where a motion has no equations, or a noise that depends on the state in
    a way of its own."""
    move = compiled_motion(motion)
    if move is None:
        return None
    n, m = len(motion.state), len(motion.control)
    try:
        Q, V = noise_parts(motion, None, None, dt)
    except (TypeError, ValueError, AttributeError, IndexError):  # it wants to know the state
        return None
    if Q.shape != (n, n):
        return None
    errs = V is not None
    if unit is None:
        kernel = _extended_predict(move, n, m, errs)
    else:
        still = compiled_motion(motion, ())
        assert still is not None
        kernel = _points_predict(still, move if errs else None, n, m, len(unit.offsets))
    parts = [dt], turns(motion.state), V if errs else [], motion_parameters(motion, dt), Q, *_points(unit)
    return Program(kernel, _table(*parts))


def sensor_program(sensor: Any, unit: UnitPoints | None, state: Layout) -> Program | None:
    """By derivatives, or by sigma points; None where a sensor has no equations."""
    n, k = len(state), len(sensor.measurement)
    read = compiled_sensor(sensor, n, ("x",) if unit is None else ())
    if read is None or np.shape(sensor.cov) != (k, k):
        return None
    kernel = _extended_correct(read, n, k) if unit is None else _points_correct(read, n, k, len(unit.offsets))
    parts = turns(state), turns(sensor.measurement), sensor_parameters(sensor), sensor.cov, *_points(unit)
    return Program(kernel, _table(*parts))


def _points(unit: UnitPoints | None) -> tuple[Array, ...]:
    return () if unit is None else (unit.mean_weights, unit.cov_weights, unit.offsets)


def _table(*parts: Any) -> Array:
    """Vectors and matrices under each other, filled up with zeros."""
    blocks = [np.atleast_2d(np.asarray(part, float)) for part in parts]
    table, row = np.zeros((sum(map(len, blocks)), max(block.shape[1] for block in blocks))), 0
    for block in blocks:
        table[row : row + len(block), : block.shape[1]] = block
        row += len(block)
    return table


@functools.cache
def _extended_predict(move: Kernel, n: int, m: int, errs: bool) -> Kernel:
    propagate, errors = steps(n).propagate, m if errs else 0

    @inlined_kernel
    def extended_predict(x, P, u, table, y, M, work):
        dt, turns, V, p, Q, J = table[0, 0], table[1], table[2, :errors], table[3], table[4:], work[9]
        move(x, u, p, dt, y, J)
        return propagate(y, J, P, Q, V, turns, M, work[0])

    return extended_predict


@functools.cache
def _extended_correct(read: Kernel, n: int, k: int) -> Kernel:
    correct = steps(n, k).correct_linear

    @inlined_kernel
    def extended_correct(z, x, P, table, v, S, work):
        turns, measured_turns, p, R, H = table[0], table[1], table[2], table[3:], work[9]
        read(x, p, v, H)
        return correct(z, x, P, H, R, turns, measured_turns, v, S, work)

    return extended_correct


@functools.cache
def _points_predict(move: Kernel, noisy: Kernel | None, n: int, m: int, N: int) -> Kernel:
    """`noisy` gives the derivatives of the control's errors, where there are any."""
    _, spread, moments, _, _ = steps(n, 0, N)
    errs, linearised = noisy is not None, noisy or move

    @inlined_kernel
    def points_predict(x, P, u, table, y, M, work):
        dt, turns, V, p, Q = table[0, 0], table[1], table[2], table[3], table[4:]
        weights, cov_weights, offsets = table[4 + n], table[5 + n], table[6 + n :]
        J, X, points = work[9], work[10], work[11]
        if spread(x, P, offsets, cov_weights, X, points, work) != 0:
            return 1
        for i in range(N):
            move(points[i], u, p, dt, X[i], J)
        if moments(X, weights, cov_weights, Q, turns, y, M) != 0:
            return 1
        if errs:
            linearised(x, u, p, dt, work[0, 0], J)
            for i in range(n):
                for j in range(i + 1):
                    for e in range(m):
                        M[i, j] += J[i, n + e] * V[e] * J[j, n + e]
                    M[j, i] = M[i, j]
        return 0

    return points_predict


@functools.cache
def _points_correct(read: Kernel, n: int, k: int, N: int) -> Kernel:
    _, spread, _, correct, _ = steps(n, k, N)

    @inlined_kernel
    def points_correct(z, x, P, table, v, S, work):
        turns, measured_turns, p, R = table[0], table[1], table[2], table[3:]
        weights, cov_weights, offsets = table[3 + k], table[4 + k], table[5 + k :]
        Z, X, points = work[9], work[10], work[11]
        if spread(x, P, offsets, cov_weights, X, points, work) != 0:
            return np.nan
        for i in range(N):
            read(points[i], p, Z[i], work[3])
        return correct(z, x, P, X, Z, weights, cov_weights, R, turns, measured_turns, v, S, work)

    return points_correct
