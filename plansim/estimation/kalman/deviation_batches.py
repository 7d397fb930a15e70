"""The steps of `deviation_steps` for batches: 0, or one more than the index of the member that failed."""

from __future__ import annotations

import numpy as np

from plansim.core.kernel import kernel
from plansim.estimation.kalman.deviation_steps import steps
from plansim.estimation.kalman.deviations import kernels

_average = kernels().average
_propagate, _spread, _moments, _correct, _correct_linear = steps()


@kernel
def propagate_each(y, J, P, Q, V, turns, M):
    FP = np.empty((y.shape[1], y.shape[1]))
    for b in range(len(y)):
        if _propagate(y[b], J[b], P[b], Q[b % len(Q)], V, turns, M[b], FP) != 0:
            return b + 1
    return 0


@kernel
def spread_each(x, P, offsets, cov_weights, X, points):
    work = np.empty((3, x.shape[1], x.shape[1]))
    for b in range(len(x)):
        if _spread(x[b], P[b], offsets, cov_weights, X[b], points[b], work) != 0:
            return b + 1
    return 0


@kernel
def average_each(points, weights, turns, mean):
    for b in range(len(points)):
        if _average(points[b], weights, turns, mean[b]) != 0:
            return b + 1
    return 0


@kernel
def moments_each(points, weights, cov_weights, Q, turns, mean, M):
    for b in range(len(points)):
        if _moments(points[b], weights, cov_weights, Q[b % len(Q)], turns, mean[b], M[b]) != 0:
            return b + 1
    return 0


@kernel
def correct_each(x, P, X, Z, weights, cov_weights, z, v, R, turns, measured_turns, S, log_likelihood):
    size = max(x.shape[1] + 1, v.shape[1])
    work = np.empty((6, size, size))
    for b in range(len(x)):
        log_likelihood[b] = _correct(
            z[b], x[b], P[b], X[b], Z[b], weights, cov_weights, R, turns, measured_turns, v[b], S[b], work
        )
        if log_likelihood[b] != log_likelihood[b]:
            return b + 1
    return 0


@kernel
def correct_linear_each(x, P, H, z, v, R, turns, measured_turns, S, log_likelihood):
    """v: what is expected, which becomes the innovation."""
    size = max(x.shape[1] + 1, v.shape[1])
    work = np.empty((9, size, size))
    for b in range(len(x)):
        log_likelihood[b] = _correct_linear(z[b], x[b], P[b], H[b], R, turns, measured_turns, v[b], S[b], work)
        if log_likelihood[b] != log_likelihood[b]:
            return b + 1
    return 0
