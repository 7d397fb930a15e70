"""The interacting multiple model of Kalman filters, compiled: one log after another, with no arrays made on the way."""

from __future__ import annotations

import functools
from math import exp, inf, log, pi, sqrt

import numpy as np

from plansim.core.arrays import Array
from plansim.core.kernel import Kernel, lean_kernel


def workspace(n: int, k: int, M: int) -> tuple[Array, ...]:
    """What `kernels(n, k, M, ...)` computes in."""
    states, matrices, measured = ((M, n), (M, n, n)), ((n, n), (n, n)), ((k, n), (k, k), (k,), (n, k))
    return tuple(np.zeros(shape) for shape in (*states, (M,), (M,), *matrices, *measured, (M,), (M, k), (M, k, k)))


@functools.cache
def kernels(n: int, k: int, M: int, s: int, same: bool) -> Kernel:
    """The whole log, for the sizes of state, measurement, modes and what they share; `same`: all share everything."""

    @lean_kernel
    def mix(x, P, w, log_w, transition, places, xm, Pm, share, after, j):
        """Mode j's start xm[j], Pm[j]; the logarithm of its weight after the transition."""
        total = 0.0
        for i in range(M):
            share[i] = transition[i, j] * w[i]
            total += share[i]
        log_total = log(total) if total > 0.0 else -inf
        if total < 1e-200:  # too small for plain numbers
            top = -inf
            for i in range(M):
                share[i] = log_w[i] + log(transition[i, j]) if transition[i, j] > 0.0 else -inf
                top = max(top, share[i])
            total = 0.0
            for i in range(M):
                share[i] = exp(share[i] - top) if top > -inf else (1.0 if i == j else 0.0)
                total += share[i]
            log_total = top + log(total)
        for i in range(M):
            share[i] /= total
        for a in range(n):
            mean = 0.0
            for i in range(M):
                p = a if same or i == j else places[i, j, a]
                mean += share[i] * (x[i, p] if p >= 0 else x[j, a])
            xm[j, a] = mean
        for a in range(n):
            for b in range(a + 1):
                cov = 0.0
                for i in range(M):
                    if same or i == j:
                        cov += share[i] * (P[i, a, b] + (x[i, a] - xm[j, a]) * (x[i, b] - xm[j, b]))
                        continue
                    p, q = places[i, j, a], places[i, j, b]
                    d = (x[i, p] if p >= 0 else x[j, a]) - xm[j, a]
                    e = (x[i, q] if q >= 0 else x[j, b]) - xm[j, b]
                    if p >= 0 and q >= 0:
                        cov += share[i] * P[i, p, q]
                    elif p < 0 and q < 0:
                        cov += share[i] * P[j, a, b]
                    cov += share[i] * d * e
                Pm[j, a, b] = Pm[j, b, a] = cov
        after[j] = log_total
        return exp(log_total)

    @lean_kernel
    def predict(F, Q, xm, Pm, x, P, A, j):
        for a in range(n):
            mean = 0.0
            for b in range(n):
                mean += F[j, a, b] * xm[j, b]
                A[a, b] = 0.0
            x[j, a] = mean
            for c in range(n):
                for b in range(n):
                    A[a, b] += F[j, a, c] * Pm[j, c, b]
        for a in range(n):
            for b in range(a + 1):
                cov = Q[j, a, b]
                for c in range(n):
                    cov += A[a, c] * F[j, b, c]
                P[j, a, b] = P[j, b, a] = cov

    @lean_kernel
    def update(H, R, z, x, P, half, L, white, K, A, AP, innovation, S, j):
        """Bayes' rule of mode j; its log-likelihood, or NaN where S is not positive."""
        for i in range(k):
            expected = 0.0
            for a in range(n):
                expected += H[i, a] * x[j, a]
                dot = 0.0
                for b in range(n):
                    dot += H[i, b] * P[j, b, a]
                half[i, a] = dot
            innovation[j, i] = z[i] - expected
        log_root, nis = 0.0, 0.0
        for i in range(k):
            for c in range(i + 1):
                cov = R[i, c]
                for a in range(n):
                    cov += half[i, a] * H[c, a]
                S[j, i, c] = S[j, c, i] = cov
                for b in range(c):
                    cov -= L[i, b] * L[c, b]
                if i > c:
                    L[i, c] = cov / L[c, c]
                elif not cov > 0.0:
                    return np.nan
                else:
                    L[i, i] = sqrt(cov)
                    log_root += log(L[i, i])
        for i in range(k):
            miss = innovation[j, i]
            for b in range(i):
                miss -= L[i, b] * white[b]
            white[i] = miss / L[i, i]
            nis += white[i] * white[i]
        for a in range(n):  # K = (H P)ᵀ S⁻¹, by forward and backward substitution
            for i in range(k):
                value = half[i, a]
                for b in range(i):
                    value -= L[i, b] * K[a, b]
                K[a, i] = value / L[i, i]
            move = 0.0
            for i in range(k):
                move += K[a, i] * white[i]
            x[j, a] += move
            for i in range(k - 1, -1, -1):
                value = K[a, i]
                for b in range(i + 1, k):
                    value -= L[b, i] * K[a, b]
                K[a, i] = value / L[i, i]
        for a in range(n):  # Joseph's form: A P Aᵀ + K R Kᵀ with A = I - K H stays positive when R is tiny
            for b in range(n):
                value = 1.0 if a == b else 0.0
                for i in range(k):
                    value -= K[a, i] * H[i, b]
                A[a, b] = value
            for i in range(k):
                half[i, a] = 0.0
                for c in range(k):
                    half[i, a] += K[a, c] * R[c, i]
        for a in range(n):
            for b in range(n):
                AP[a, b] = 0.0
            for c in range(n):
                for b in range(n):
                    AP[a, b] += A[a, c] * P[j, c, b]
        for a in range(n):
            for b in range(a + 1):
                value = 0.0
                for c in range(n):
                    value += AP[a, c] * A[b, c]
                for i in range(k):
                    value += half[i, a] * K[b, i]
                P[j, a, b] = P[j, b, a] = value
        return -0.5 * nis - log_root - 0.5 * k * log(2 * pi)

    @lean_kernel
    def moments(x, P, w, mean, cov):
        """Of the mixture, over what the modes share."""
        for a in range(s):
            value = 0.0
            for j in range(M):
                value += w[j] * x[j, a]
            mean[a] = value
        for a in range(s):
            for b in range(a + 1):
                value = 0.0
                for j in range(M):
                    value += w[j] * (P[j, a, b] + (x[j, a] - mean[a]) * (x[j, b] - mean[b]))
                cov[a, b] = cov[b, a] = value

    @lean_kernel
    def expected_moments(v, S, w, mean, cov):
        for a in range(k):
            value = 0.0
            for j in range(M):
                value += w[j] * v[j, a]
            mean[a] = value
        for a in range(k):
            for b in range(k):
                value = 0.0
                for j in range(M):
                    value += w[j] * (S[j, a, b] + (v[j, a] - mean[a]) * (v[j, b] - mean[b]))
                cov[a, b] = value

    @lean_kernel
    def run(system, places, drift, z, start, out, work):
        F, Q, H, R, transition = system
        means, covs, log_weights = start
        mean, cov, predicted_mean, predicted_cov, innovation, innovation_cov, log_likelihood, weights = out
        xm, Pm, w, share, A, AP, half, L, white, K, after, v, S = work
        for b in range(z.shape[0]):
            x, P, log_w = means[b], covs[b], log_weights[b]
            for j in range(M):
                w[j] = exp(log_w[j])
            for t in range(z.shape[1]):
                for j in range(M):
                    mix(x, P, w, log_w, transition, places, xm, Pm, share, after, j)
                for j in range(M):
                    predict(F, Q, xm, Pm, x, P, A, j)
                    log_w[j] = after[j]
                    w[j] = exp(after[j])
                    if drift.shape[0]:
                        for a in range(n):
                            x[j, a] += drift[min(b, drift.shape[0] - 1), t, j, a]
                moments(x, P, w, predicted_mean[b, t], predicted_cov[b, t])
                if np.isnan(z[b, t, 0]):
                    for i in range(k):
                        innovation[b, t, i] = np.nan
                        for c in range(k):
                            innovation_cov[b, t, i, c] = np.nan
                    log_likelihood[b, t] = 0.0
                else:
                    top = -inf
                    for j in range(M):
                        value = update(H, R, z[b, t], x, P, half, L, white, K, A, AP, v, S, j)
                        if np.isnan(value):
                            return b * z.shape[1] + t
                        after[j] += value
                        top = max(top, after[j])
                    expected_moments(v, S, w, innovation[b, t], innovation_cov[b, t])
                    log_likelihood[b, t] = top
                    if top > -inf:
                        total = 0.0
                        for j in range(M):
                            w[j] = exp(after[j] - top)
                            total += w[j]
                        log_likelihood[b, t] += log(total)
                        for j in range(M):
                            w[j] /= total
                            log_w[j] = after[j] - log_likelihood[b, t]
                moments(x, P, w, mean[b, t], cov[b, t])
                for j in range(M):
                    weights[b, t, j] = log_w[j]
        return -1

    return run
