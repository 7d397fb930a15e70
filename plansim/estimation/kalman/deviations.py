"""The arithmetic that nonlinear Gaussian filters share, compiled: deviations of points, moved, averaged and corrected.

A normal density is its mean x and deviations X (N, n) with weights w, so that its covariance is Σ wᵢ Xᵢ Xᵢᵀ: the
columns of a root of the covariance, each of weight one, or sigma points minus their mean. What a sensor makes of them
is Z (N, k). Bayes' rule on deviations covers the extended filter (Z = H X) and those of sigma points.
"""

from __future__ import annotations

import functools
from math import atan2, cos, log, pi, sin, sqrt
from typing import NamedTuple

import numpy as np

from plansim.core.kernel import Kernel, lean_kernel

ROUNDING = 1e-9  # negative eigenvalues up to this share of the largest one are rounding


class Kernels(NamedTuple):
    """Those for n states, k measured numbers and N points; of any number where it was 0. 0 is success."""

    root: Kernel  # (P, A, W, E) -> 0; 1: not finite, 2: an eigenvalue below zero, taken for zero
    propagate: Kernel  # (y, J, P, Q, V, turns, M, FP) -> 0; 1: not finite. M = F P Fᵀ + G V Gᵀ + Q
    average: Kernel  # (points, weights, turns, mean) -> 0; 1: not finite. Points become their deviations
    covariance: Kernel  # (X, weights, Q, M): M = Σ w X Xᵀ + Q
    correct: Kernel  # (x, P, X, Z, weights, v, R, turns, S, L, C, K) -> log-likelihood, NaN where there is no answer


@functools.cache
def kernels(n_fixed: int = 0, k_fixed: int = 0, N_fixed: int = 0) -> Kernels:
    """Sizes that are known when it compiles make loops nearly twice as fast."""

    @lean_kernel
    def root(P, A, W, E):
        """Cholesky's, or the symmetric one where rounding forbids that."""
        n = n_fixed if n_fixed else P.shape[0]
        for i in range(n):
            for j in range(i):
                total = P[i, j]
                for a in range(j):
                    total -= A[i, a] * A[j, a]
                A[i, j] = total / A[j, j]
                A[j, i] = 0.0
            total = P[i, i]
            for a in range(i):
                total -= A[i, a] * A[i, a]
            if not 0.0 < total < np.inf:
                return symmetric_root(P, A, W, E)
            A[i, i] = sqrt(total)
        return 0

    @lean_kernel
    def propagate(y, J, P, Q, V, turns, M, FP):
        n = n_fixed if n_fixed else y.shape[0]
        for i in range(n):
            if not abs(y[i]) < np.inf:
                return 1
            if turns[i]:
                y[i] = wrapped(y[i])
            for j in range(n):
                total = 0.0
                for a in range(n):
                    total += J[i, a] * P[a, j]
                FP[i, j] = total
        for i in range(n):
            for j in range(i + 1):
                total = Q[i, j]
                for a in range(n):
                    total += FP[i, a] * J[j, a]
                for a in range(V.shape[0]):
                    total += J[i, n + a] * V[a] * J[j, n + a]
                if not abs(total) < np.inf:
                    return 1
                M[i, j] = total
                M[j, i] = total
        return 0

    @lean_kernel
    def average(points, weights, turns, mean):
        N = N_fixed if N_fixed else weights.shape[0]
        for a in range(mean.shape[0]):
            first, total, widest = points[0, a], 0.0, 0.0
            for i in range(N):  # differences from the first keep their digits where weights are large
                d = points[i, a] - first
                if turns[a]:
                    d = wrapped(d)
                    widest = max(widest, abs(d))
                points[i, a] = d
                total += weights[i] * d
            if widest > 0.5:  # of narrower clouds the mean of directions is that of the numbers
                y, x = 0.0, 0.0
                for i in range(N):
                    y += weights[i] * sin(points[i, a])
                    x += weights[i] * cos(points[i, a])
                centre, total = atan2(y, x), 0.0
                for i in range(N):
                    total += weights[i] * wrapped(points[i, a] - centre)
                total = wrapped(centre + total)
            for i in range(N):
                d = points[i, a] - total
                points[i, a] = wrapped(d) if turns[a] else d
            mean[a] = wrapped(first + total) if turns[a] else first + total
            if not abs(mean[a]) < np.inf:
                return 1
        return 0

    @lean_kernel
    def covariance(X, weights, Q, M):
        N = N_fixed if N_fixed else weights.shape[0]
        for i in range(M.shape[0]):
            for j in range(i + 1):
                total = 0.0
                for a in range(N):
                    total += weights[a] * X[a, i] * X[a, j]
                M[i, j] = M[j, i] = total + Q[i, j]

    @lean_kernel
    def correct(x, P, X, Z, weights, v, R, turns, S, L, C, K):
        n = n_fixed if n_fixed else x.shape[0]
        k = k_fixed if k_fixed else v.shape[0]
        N = N_fixed if N_fixed else weights.shape[0]
        log_likelihood = -0.5 * k * log(2 * pi)
        for i in range(k):  # S = L Lᵀ; C becomes L⁻¹ Σ w Z Xᵀ, and K[:, n] L⁻¹ v along with it
            for j in range(i + 1):
                total = R[i, j]
                for a in range(N):
                    total += weights[a] * Z[a, i] * Z[a, j]
                S[i, j] = S[j, i] = total
                for a in range(j):
                    total -= L[i, a] * L[j, a]
                if j < i:
                    L[i, j] = total / L[j, j]
                elif not 0.0 < total < np.inf:
                    return np.nan
                else:
                    L[i, i] = sqrt(total)
                    log_likelihood -= log(L[i, i])
            for j in range(n):
                total = 0.0
                for a in range(N):
                    total += weights[a] * Z[a, i] * X[a, j]
                for a in range(i):
                    total -= L[i, a] * C[a, j]
                C[i, j] = total / L[i, i]
            total = v[i]
            for a in range(i):
                total -= L[i, a] * C[a, n]
            C[i, n] = total / L[i, i]
            log_likelihood -= 0.5 * C[i, n] * C[i, n]
        for b in range(k):  # the gain's transpose
            i = k - 1 - b
            for j in range(n):
                total = C[i, j]
                for a in range(i + 1, k):
                    total -= L[a, i] * K[a, j]
                K[i, j] = total / L[i, i]
        for j in range(n):
            total = x[j]
            for i in range(k):
                total += C[i, j] * C[i, n]
            x[j] = wrapped(total) if turns[j] else total
            if not abs(x[j]) < np.inf:
                return np.nan
            for i in range(k):
                total = 0.0
                for a in range(k):
                    total += R[i, a] * K[a, j]
                C[i, j] = total
            for a in range(N):
                total = X[a, j]
                for i in range(k):
                    total -= K[i, j] * Z[a, i]
                X[a, j] = total
        # Joseph's form, of deviations: stays positive when R is tiny
        for i in range(n):
            for j in range(i + 1):
                total = 0.0
                for a in range(N):
                    total += weights[a] * X[a, i] * X[a, j]
                for a in range(k):
                    total += K[a, i] * C[a, j]
                P[i, j] = P[j, i] = total
        return log_likelihood

    return Kernels(root, propagate, average, covariance, correct)


@lean_kernel
def wrapped(angle):
    """The same direction within [-pi, pi], to the bit as `layout.wrap_angle`."""
    return angle - 2 * pi * np.rint(angle / (2 * pi))


@lean_kernel
def symmetric_root(P, A, W, E):
    """A = E sqrt(D) Eᵀ by Jacobi's rotations (Golub and Van Loan 2013, Matrix Computations, algorithm 8.5.2)."""
    n = P.shape[0]
    for i in range(n):
        for j in range(n):
            W[i, j] = 0.5 * (P[i, j] + P[j, i])
            E[i, j] = 1.0 if i == j else 0.0
            if not abs(W[i, j]) < np.inf:
                return 1
    for _ in range(30):
        off, size = 0.0, 0.0
        for i in range(n):
            size = max(size, abs(W[i, i]))
            for j in range(i):
                off = max(off, abs(W[i, j]))
        if off <= 1e-17 * size:
            break
        for p in range(n):
            for q in range(p + 1, n):
                if W[p, q] == 0.0:
                    continue
                half = 0.5 * (W[q, q] - W[p, p]) / W[p, q]
                t = (1.0 if half >= 0 else -1.0) / (abs(half) + sqrt(half * half + 1.0))
                c = 1.0 / sqrt(t * t + 1.0)
                s = t * c
                for i in range(n):
                    a, b = W[i, p], W[i, q]
                    W[i, p], W[i, q] = c * a - s * b, s * a + c * b
                for i in range(n):
                    a, b = W[p, i], W[q, i]
                    W[p, i], W[q, i] = c * a - s * b, s * a + c * b
                    a, b = E[i, p], E[i, q]
                    E[i, p], E[i, q] = c * a - s * b, s * a + c * b
    least, largest = 0.0, 0.0
    for i in range(n):
        least, largest = min(least, W[i, i]), max(largest, abs(W[i, i]))
    for i in range(n):
        for j in range(n):
            total = 0.0
            for a in range(n):
                total += E[i, a] * sqrt(max(W[a, a], 0.0)) * E[j, a]
            A[i, j] = total
    return 2 if least < -ROUNDING * largest else 0
