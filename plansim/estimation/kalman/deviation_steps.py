"""What single calls, batches and logs have in common: whole steps of one belief by its deviations, compiled.

`work` is scratch that the caller brings, so that nothing is allocated here.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from plansim.core.kernel import Kernel, inlined_kernel, lean_kernel
from plansim.estimation.kalman.deviations import kernels, wrapped


class Steps(NamedTuple):
    """Those for n states, k measured numbers and N points; of any number where it was 0.

    Corrections change x and P in place and give the log-likelihood, NaN where there is no answer; they leave the
    innovation in v. Of the others 0 is success.
    """

    propagate: Kernel  # (y, J, P, Q, V, turns, M, FP)
    spread: Kernel  # (x, P, offsets, cov_weights, X, points, work)
    moments: Kernel  # (points, weights, cov_weights, Q, turns, mean, M)
    correct: Kernel  # (z, x, P, X, Z, weights, cov_weights, R, turns, measured_turns, v, S, work); Z: the readings
    correct_linear: Kernel  # (z, x, P, H, R, turns, measured_turns, v, S, work); v: the reading


def workspace(n: int, k: int = 0, m: int = 0, N: int = 0) -> tuple[int, int, int]:
    """The shape of `work`; its last three matrices are the caller's own."""
    size = max(n + m, n + 1, k, N)
    return 12, size, size


@functools.cache
def steps(n_fixed: int = 0, k_fixed: int = 0, N_fixed: int = 0) -> Steps:
    root, propagate, average, covariance, correct_by = kernels(n_fixed, k_fixed, N_fixed)
    correct_by_root: Kernel = kernels(n_fixed, k_fixed, n_fixed).correct

    @inlined_kernel
    def spread(x, P, offsets, cov_weights, X, points, work):
        """Sigma points and their deviations from the mean."""
        n = n_fixed if n_fixed else x.shape[0]
        N = N_fixed if N_fixed else cov_weights.shape[0]
        A = work[0]
        code = root(P, A, work[1], work[2])
        for i in range(N if code == 2 else 0):
            if cov_weights[i] < 0.0:  # such points may make covariances that are none
                code = 0
        if code != 0:
            return 1
        for i in range(N):
            for j in range(n):
                total = 0.0
                for a in range(n):
                    total += offsets[i, a] * A[j, a]
                X[i, j] = total
                points[i, j] = x[j] + total
        return 0

    @inlined_kernel
    def moments(points, weights, cov_weights, Q, turns, mean, M):
        if average(points, weights, turns, mean) != 0:
            return 1
        covariance(points, cov_weights, Q, M)
        return 0

    @inlined_kernel
    def miss(z, v, turns):
        """v becomes z - v, the short way round."""
        for j in range(k_fixed if k_fixed else v.shape[0]):
            v[j] = wrapped(z[j] - v[j]) if turns[j] else z[j] - v[j]

    @inlined_kernel
    def correct(z, x, P, X, Z, weights, cov_weights, R, turns, measured_turns, v, S, work):
        if average(Z, weights, measured_turns, v) != 0:
            return np.nan
        miss(z, v, measured_turns)
        return correct_by(x, P, X, Z, cov_weights, v, R, turns, S, work[3], work[4], work[5])

    @inlined_kernel
    def correct_linear(z, x, P, H, R, turns, measured_turns, v, S, work):
        n = n_fixed if n_fixed else x.shape[0]
        k = k_fixed if k_fixed else v.shape[0]
        A, X, Z, ones = work[0], work[6], work[7], work[8, 0, :n]
        if root(P, A, work[1], work[2]) != 0:
            return np.nan
        for i in range(n):
            ones[i] = 1.0
            for j in range(n):
                X[i, j] = A[j, i]
            for j in range(k):
                total = 0.0
                for a in range(n):
                    total += H[j, a] * A[a, i]
                Z[i, j] = total
        miss(z, v, measured_turns)
        return correct_by_root(x, P, X, Z, ones, v, R, turns, S, work[3], work[4], work[5])

    return Steps(propagate, spread, moments, correct, correct_linear)


@lean_kernel
def copy_belief(x, P, mean, cov):
    for i in range(x.shape[0]):
        mean[i] = x[i]
        for j in range(x.shape[0]):
            cov[i, j] = P[i, j]
