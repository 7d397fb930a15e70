"""The Kalman filter's arithmetic for one belief, compiled: what every faster or plainer form must agree with.

`work` is scratch that the caller brings, so that nothing is allocated here.
"""

from __future__ import annotations

import functools
from math import log, pi, sqrt
from typing import NamedTuple

import numpy as np

from plansim.core.kernel import Kernel, lean_kernel
from plansim.estimation.kalman.deviations import symmetric_root
from plansim.estimation.kalman.roots import update_root

ROUNDING = 1e-9  # of a pivot
SHARP = 1e10  # a reading so much surer than the prior may be, by its largest axis, sees P's rounding: only a root helps
INDEFINITE = 1e-2  # a share of the largest eigenvalue below which one under 0 may come from rounding in many steps


class Kernels(NamedTuple):
    """Of one belief x, P that becomes y, M by a control u and a measurement z with the innovation v, S.

    `model` is the stack of a `LinearModel`, `work` a `workspace`.
    """

    predict: Kernel  # (model, x, P, u, y, M, work)
    update: Kernel  # (y, M, v, H, R, turns, S, work) -> log-likelihood; changes y and M in place
    correct: Kernel  # (model, z, y, M, v, S, work) -> log-likelihood; changes y and M in place


def workspace(n: int, k: int) -> tuple[int, int, int]:
    """The shape of `work`."""
    return 8, max(n, k), max(n, k)


@lean_kernel
def wrapped(angle):
    return angle - 2 * pi * np.rint(angle / (2 * pi))


@lean_kernel
def symmetrise(P, n):
    """The mean of both halves: by one of them alone rounding would take eigenvalues 1e8 times as far below 0."""
    for i in range(n):
        for j in range(i):
            mean = 0.5 * (P[i, j] + P[j, i])
            P[i, j] = mean
            P[j, i] = mean


@lean_kernel
def largest_trace(H, R, n, k):
    """Of a covariance whose rounding the surest reading cannot see."""
    limit = np.inf
    for i in range(k):
        size = 0.0
        for a in range(n):
            size += H[i, a] * H[i, a]
        if size > 0.0:
            limit = min(limit, SHARP * R[i, i] / size)
    return limit


@lean_kernel
def too_small(found, i, R, root):
    """Whether rounding has taken a pivot of S in row i below that of R, which S is more than."""
    least = R[0, 0]
    for row in range(i + 1):
        least = R[row, row]
        for j in range(row):
            total = R[row, j]
            for a in range(j):
                total -= root[row, a] * root[j, a]
            root[row, j] = total / root[j, j] if root[j, j] > 0.0 else 0.0
            least -= root[row, j] * root[row, j]
        root[row, row] = sqrt(max(least, 0.0))
    return not found >= (1 - ROUNDING) * least


@lean_kernel
def update_by_root(x, P, v, H, R, turns, S, work):
    """The update of a P that rounding has left with eigenvalues below 0, taken for 0: by its symmetric root.

    NaN where more than rounding is amiss.
    """
    n, k, block, scratch = x.shape[0], v.shape[0], work.shape[1] * work.shape[2], work.reshape(-1)
    root = scratch[: n * n].reshape((n, n))
    W, E = scratch[block : block + n * n].reshape((n, n)), scratch[2 * block : 2 * block + n * n].reshape((n, n))
    if symmetric_root(P, root, W, E) == 1:
        return np.nan
    least, largest = 0.0, 0.0
    for i in range(n):
        least, largest = min(least, W[i, i]), max(largest, W[i, i])
    if least < -INDEFINITE * largest:
        return np.nan
    own = scratch[4 * block : 4 * block + k * k].reshape((k, k))  # R may lie in a larger matrix
    for i in range(k):
        for j in range(k):
            own[i, j] = R[i, j]
    measured_root = scratch[3 * block : 3 * block + k * k].reshape((k, k))
    V, D = scratch[block : block + k * k].reshape((k, k)), scratch[2 * block : 2 * block + k * k].reshape((k, k))
    if symmetric_root(own, measured_root, V, D) != 0:
        return np.nan
    whole = scratch[4 * block : 4 * block + (k + n) * (k + n)].reshape((k + n, k + n))
    change = scratch[block : block + n]
    log_likelihood = update_root(H, measured_root, root, v, change, S, whole, scratch[2 * block : 2 * block + k])
    for i in range(n):
        total = x[i] + change[i]
        x[i] = wrapped(total) if turns[i] != 0.0 else total
        for j in range(i + 1):
            total = 0.0
            for a in range(n):
                total += root[i, a] * root[j, a]
            P[i, j] = total
            P[j, i] = total
    return log_likelihood if log_likelihood < np.inf else np.nan


@functools.cache
def kernels(n_fixed: int = 0, k_fixed: int = 0) -> Kernels:
    """Sizes that are known when it compiles make a sequence twice as fast; 0: any size."""

    @lean_kernel
    def predict(model, x, P, u, y, M, work):
        n = n_fixed if n_fixed else x.shape[0]
        F, Q, B, turns, FP = model[0], model[1], model[4], model[5, 0], work[0]
        m = min(u.shape[0], int(model[5, 3, 2]))
        for i in range(n):
            total = 0.0
            for a in range(n):
                total += F[i, a] * x[a]
            for a in range(m):
                total += B[i, a] * u[a]
            y[i] = wrapped(total) if turns[i] != 0.0 else total
            for j in range(n):
                FP[i, j] = 0.0
            for a in range(n):
                if F[i, a] != 0.0:
                    for j in range(n):
                        FP[i, j] += F[i, a] * P[a, j]
        for i in range(n):
            for j in range(n):
                total = Q[i, j]
                for a in range(n):
                    total += FP[i, a] * F[j, a]
                M[i, j] = total
        symmetrise(M, n)

    @lean_kernel
    def update(x, P, v, H, R, turns, S, work):
        n = n_fixed if n_fixed else x.shape[0]
        k = k_fixed if k_fixed else v.shape[0]
        HP, half, K, AP, KR, L, root, w = work[0], work[1], work[2], work[3], work[4], work[5], work[6], work[7, 0]
        trace = 0.0
        for i in range(n):
            trace += P[i, i]
        if trace > largest_trace(H, R, n, k):
            return update_by_root(x, P, v, H, R, turns, S, work)
        for i in range(k):
            for j in range(n):
                HP[i, j] = 0.0
            for a in range(n):
                if H[i, a] != 0.0:
                    for j in range(n):
                        HP[i, j] += H[i, a] * P[a, j]
            for j in range(i + 1):
                total = R[i, j]
                for a in range(n):
                    total += HP[i, a] * H[j, a]
                S[i, j] = total
                S[j, i] = total
        log_likelihood, volume = -0.5 * k * log(2 * pi), 1.0
        for i in range(k):  # S = L Lᵀ, of whose diagonal the inverse is kept; half = L⁻¹ H P, w = L⁻¹ v
            for j in range(i):
                total = S[i, j]
                for a in range(j):
                    total -= L[i, a] * L[j, a]
                L[i, j] = total * L[j, j]
            total = S[i, i]
            for a in range(i):
                total -= L[i, a] * L[i, a]
            if not total >= R[i, i] and too_small(total, i, R, root):
                return update_by_root(x, P, v, H, R, turns, S, work)
            if not 0.0 < total < np.inf:
                return np.nan
            L[i, i] = 1.0 / sqrt(total)
            volume *= total
            if i % 8 == 7 or i == k - 1:  # one logarithm of a few pivots, that cannot overflow
                log_likelihood -= 0.5 * log(volume)
                volume = 1.0
            for j in range(n):
                total = HP[i, j]
                for a in range(i):
                    total -= L[i, a] * half[a, j]
                half[i, j] = total * L[i, i]
            total = v[i]
            if not abs(total) < np.inf:
                return np.nan
            for a in range(i):
                total -= L[i, a] * w[a]
            w[i] = total * L[i, i]
            log_likelihood -= 0.5 * w[i] * w[i]
        for b in range(k):  # K = halfᵀ L⁻¹, kept as its transpose
            i = k - 1 - b
            for j in range(n):
                total = half[i, j]
                for a in range(i + 1, k):
                    total -= L[a, i] * K[a, j]
                K[i, j] = total * L[i, i]
        At = HP  # Joseph form, A P Aᵀ + K R Kᵀ with A = I - K H: stays positive when R is tiny
        for i in range(n):
            total = x[i]
            for a in range(k):
                total += half[a, i] * w[a]
            x[i] = wrapped(total) if turns[i] != 0.0 else total
            for j in range(n):
                At[i, j] = 1.0 if i == j else 0.0
            for a in range(k):
                if H[a, i] != 0.0:
                    for j in range(n):
                        At[i, j] -= H[a, i] * K[a, j]
            for j in range(k):
                total = 0.0
                for a in range(k):
                    total += K[a, i] * R[a, j]
                KR[i, j] = total
        for i in range(n):
            for j in range(n):
                AP[i, j] = 0.0
            for a in range(n):
                if At[a, i] != 0.0:
                    for j in range(n):
                        AP[i, j] += At[a, i] * P[a, j]
        for i in range(n):
            for j in range(n):
                P[i, j] = 0.0
            for a in range(n):
                for j in range(n):
                    P[i, j] += AP[i, a] * At[a, j]
            for a in range(k):
                for j in range(n):
                    P[i, j] += KR[i, a] * K[a, j]
        symmetrise(P, n)
        return log_likelihood

    @lean_kernel
    def correct(model, z, x, P, v, S, work):
        n = n_fixed if n_fixed else x.shape[0]
        k = k_fixed if k_fixed else z.shape[0]
        H, R, turns, turns_of_measurement, offset = model[2], model[3], model[5, 0], model[5, 1], model[5, 2]
        for i in range(k):
            total = z[i] - offset[i]
            for a in range(n):
                total -= H[i, a] * x[a]
            v[i] = wrapped(total) if turns_of_measurement[i] != 0.0 else total
        return update(x, P, v, H, R, turns, S, work)

    return Kernels(predict, update, correct)


predict, update, correct = kernels()
