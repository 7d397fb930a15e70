"""Kalman filters of tracks in compiled loops over small matrices, whose sizes are constants of the code."""

from __future__ import annotations

import functools
import math

import numpy as np

from plansim.core.kernel import Kernel, kernel


@functools.cache
def small_filters(n: int, k: int) -> tuple[Kernel, Kernel, Kernel]:
    """(predict, expect, update) for states of n and measurements of k numbers."""

    @kernel
    def predict(mean, cov, F, Q, mean_out, cov_out, half):
        for a in range(n):
            total = 0.0
            for b in range(n):
                total += F[a, b] * mean[b]
            mean_out[a] = total
            for b in range(n):
                total = 0.0
                for c in range(n):
                    total += F[a, c] * cov[c, b]
                half[a, b] = total
        for a in range(n):
            for b in range(a + 1):
                total = Q[a, b]
                for c in range(n):
                    total += half[a, c] * F[b, c]
                cov_out[a, b] = total
                cov_out[b, a] = total

    @kernel
    def expect(mean, cov, H, R, z, root, box, size, PH):
        """Expected measurement, lower root of its covariance, half widths of the gate's box, P H' (n, k)."""
        for a in range(k):
            total = 0.0
            for b in range(n):
                total += H[a, b] * mean[b]
            z[a] = total
            for b in range(n):
                total = 0.0
                for c in range(n):
                    total += cov[b, c] * H[a, c]
                PH[b, a] = total
        for a in range(k):
            for b in range(a + 1):
                S = R[a, b]
                for c in range(n):
                    S += H[a, c] * PH[c, b]
                if a == b:
                    box[a] = math.sqrt(size * S)
                for c in range(b):
                    S -= root[a, c] * root[b, c]
                root[a, b] = math.sqrt(S) if a == b else S / root[b, b]

    @kernel
    def update(mean, cov, H, R, expected, root, PH, z, first, last, detection, share, unseen, spare):
        """The moments over the pairs first … last - 1 with their shares and the case that there is none."""
        K, A, half = spare
        for a in range(n):  # K = P H' S⁻¹ by the root of S
            for b in range(k):
                total = PH[a, b]
                for c in range(b):
                    total -= root[b, c] * K[a, c]
                K[a, b] = total / root[b, b]
            for b in range(k - 1, -1, -1):
                total = K[a, b]
                for c in range(b + 1, k):
                    total -= root[c, b] * K[a, c]
                K[a, b] = total / root[b, b]
        for a in range(n):
            for b in range(n):
                total = 1.0 if a == b else 0.0
                for c in range(k):
                    total -= K[a, c] * H[c, b]
                A[a, b] = total
        shift, apart = np.zeros(n), np.empty(n)
        for p in range(first, last):
            for a in range(n):
                for c in range(k):
                    shift[a] += share[p] * K[a, c] * (z[detection[p], c] - expected[c])
        for a in range(n):  # Joseph form, in `half` first A P
            for b in range(n):
                total = 0.0
                for c in range(n):
                    total += A[a, c] * cov[c, b]
                half[a, b] = total
        for a in range(n):
            for b in range(a + 1):
                total = 0.0
                for c in range(n):
                    total += half[a, c] * A[b, c]
                for c in range(k):
                    for d in range(k):
                        total += K[a, c] * R[c, d] * K[b, d]
                total = unseen * (cov[a, b] + shift[a] * shift[b]) + (1.0 - unseen) * total
                cov[a, b] = total
                cov[b, a] = total
        for p in range(first, last):
            for a in range(n):
                apart[a] = -shift[a]
                for c in range(k):
                    apart[a] += K[a, c] * (z[detection[p], c] - expected[c])
            for a in range(n):
                for b in range(a + 1):
                    cov[a, b] += share[p] * apart[a] * apart[b]
                    cov[b, a] = cov[a, b]
        for a in range(n):
            mean[a] += shift[a]

    return predict, expect, update
