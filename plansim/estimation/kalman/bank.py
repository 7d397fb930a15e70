"""The arithmetic of `one_filter` for many filters of one model at once: arrays are (n, N) and (n, n, N), filters last.

A row is one component of all filters, so that the machine works on several of them with one instruction; zeros of the
model cost nothing. Sums run in the order of `one_filter`: a batch is its members to the bit.
"""

from __future__ import annotations

from math import log, pi

import numpy as np

from plansim.core.kernel import lean_kernel
from plansim.estimation.kalman.one_filter import largest_trace
from plansim.estimation.kalman.rows import (
    add_dot,
    add_log,
    add_product,
    add_products,
    add_times,
    average,
    fill,
    product,
    root_of_pivot,
    seen,
    shift,
    solve_row,
    solve_scaled,
    subtract,
    wrap,
)

LANES = 128  # filters at a time: what they need lies in the fastest memory


def workspace(n: int, k: int) -> tuple[int, int, int, int]:
    """The shape of `work`."""
    return 9, max(n, k), max(n, k), LANES


@lean_kernel
def step_bank(model, x, P, u, z, y, M, v, S, log_likelihoods, work):
    """Predicts and updates N filters; a log-likelihood is NaN where there is no answer. u: (m, N) or (0, N)."""
    for first in range(0, x.shape[1], LANES):
        count = min(LANES, x.shape[1] - first)
        predict_lanes(model, x, P, u, y, M, first, count, work)
        correct_lanes(model, z, y, M, v, S, log_likelihoods, first, count, work)


@lean_kernel
def predict_bank(model, x, P, u, y, M, work):
    """Predicts N filters."""
    for first in range(0, x.shape[1], LANES):
        predict_lanes(model, x, P, u, y, M, first, min(LANES, x.shape[1] - first), work)


@lean_kernel
def update_bank(model, z, y, M, v, S, log_likelihoods, work):
    """Updates N filters, y and M in place."""
    for first in range(0, y.shape[1], LANES):
        correct_lanes(model, z, y, M, v, S, log_likelihoods, first, min(LANES, y.shape[1] - first), work)


@lean_kernel
def predict_lanes(model, x, P, u, y, M, first, count, work):
    """Those filters from the first on."""
    n, m = x.shape[0], min(u.shape[0], int(model[5, 3, 2]))
    F, Q, B, turns, FP = model[0], model[1], model[4], model[5, 0], work[0]
    for i in range(n):
        begun = 0
        for a in range(n):
            begun = add_times(y[i, first:], 0.0, F[i, a], x[a, first:], begun, count)
        for a in range(m):
            begun = add_times(y[i, first:], 0.0, B[i, a], u[a, first:], begun, count)
        if not begun:
            fill(y[i, first:], 0.0, count)
        if turns[i] != 0.0:
            wrap(y[i, first:], count)
        for j in range(n):
            begun = 0
            for a in range(n):
                begun = add_times(FP[i, j], 0.0, F[i, a], P[a, j, first:], begun, count)
            if not begun:
                fill(FP[i, j], 0.0, count)
    for i in range(n):
        for j in range(n):
            begun = 0
            for a in range(n):
                begun = add_times(M[i, j, first:], Q[i, j], F[j, a], FP[i, a], begun, count)
            if not begun:
                fill(M[i, j, first:], Q[i, j], count)
            if i > j:
                average(M[i, j, first:], M[j, i, first:], count)


@lean_kernel
def correct_lanes(model, z, x, P, v, S, log_likelihoods, first, count, work):
    """Those filters from the first on, x and P in place: letters and order of `one_filter.kernels`.

    half and K are (n, k) here. A filter whose log-likelihood is NaN is to be updated alone: it may need its root.
    """
    n, k = x.shape[0], z.shape[0]
    H, R, turns, turns_of_measurement, offset = model[2], model[3], model[5, 0], model[5, 1], model[5, 2]
    HP, half, K, AP, KR, L, w = work[0], work[1], work[2], work[3], work[4], work[5], work[6, 0]
    likelihood, volume = log_likelihoods[first:], work[8, 0, 0]
    fill(likelihood, -0.5 * k * log(2 * pi), count)
    fill(volume, 1.0, count)
    trace, limit, above = w[0], largest_trace(H, R, n, k), 0
    shift(trace, P[0, 0, first:], 0.0, count)
    for i in range(1, n):
        add_times(trace, 0.0, 1.0, P[i, i, first:], 1, count)
    for lane in range(count):
        above += trace[lane] > limit
    if above:
        for lane in range(count):
            if trace[lane] > limit:
                likelihood[lane] = np.nan
    for i in range(k):
        shift(v[i, first:], z[i, first:], -offset[i], count)
        for a in range(n):
            add_times(v[i, first:], 0.0, -H[i, a], x[a, first:], 1, count)
        if turns_of_measurement[i] != 0.0:
            wrap(v[i, first:], count)
        for j in range(n):
            begun = 0
            for a in range(n):
                begun = add_times(HP[i, j], 0.0, H[i, a], P[a, j, first:], begun, count)
            if not begun:
                fill(HP[i, j], 0.0, count)
        for j in range(i + 1):
            begun = 0
            for a in range(n):
                begun = add_times(S[i, j, first:], R[i, j], H[j, a], HP[i, a], begun, count)
            if not begun:
                fill(S[i, j, first:], R[i, j], count)
            if j < i:
                shift(S[j, i, first:], S[i, j, first:], 0.0, count)
        for j in range(i):
            solve_scaled(L[i, j], S[i, j, first:], L[i], L[j], j, L[j, j], count)
        solve_row(L[i, i], S[i, i, first:], L[i], L[i], i, count)
        root_of_pivot(L[i, i], i, R, work[7], volume, count)
        if i % 8 == 7 or i == k - 1:
            add_log(likelihood, volume, count)
        for j in range(n):
            solve_scaled(half[j, i], HP[i, j], L[i], half[j], i, L[i, i], count)
        solve_scaled(w[i], v[i, first:], L[i], w, i, L[i, i], count)
        for lane in range(count):  # what is not finite becomes NaN by 0, and stays so
            likelihood[lane] -= 0.5 * w[i, lane] * w[i, lane] + 0.0 * v[i, first + lane]
    for b in range(k):
        i = k - 1 - b
        for j in range(n):
            if b == 0:
                product(K[j, i], half[j, i], L[i, i], count)
                continue
            subtract(K[j, i], half[j, i], L[i + 1, i], K[j, i + 1], count)
            for a in range(i + 2, k):
                subtract(K[j, i], K[j, i], L[a, i], K[j, a], count)
            product(K[j, i], K[j, i], L[i, i], count)
    A = HP
    for i in range(n):
        add_dot(x[i, first:], half[i], w, k, 1, count)
        if turns[i] != 0.0:
            wrap(x[i, first:], count)
        for j in range(n):
            if seen(H, k, j):
                begun = 0
                for a in range(k):
                    begun = add_times(A[i, j], 1.0 if i == j else 0.0, -H[a, j], K[i, a], begun, count)
        for j in range(k):
            begun = 0
            for a in range(k):
                begun = add_times(KR[i, j], 0.0, R[a, j], K[i, a], begun, count)
    for i in range(n):  # a component that no reading has in it has a column of the identity in A
        for j in range(n):
            begun, last = 0, -1
            for a in range(n):
                if seen(H, k, a):
                    if last >= 0:
                        begun = add_products(
                            AP[i, j], A[i, last], P[last, j, first:], A[i, a], P[a, j, first:], begun, count
                        )
                    last = a if last < 0 else -1
                elif a == i:
                    if last >= 0:
                        begun = add_product(AP[i, j], A[i, last], P[last, j, first:], begun, count)
                    begun, last = add_times(AP[i, j], 0.0, 1.0, P[a, j, first:], begun, count), -1
            if last >= 0:
                add_product(AP[i, j], A[i, last], P[last, j, first:], begun, count)
    for i in range(n):
        for j in range(n):
            begun, last = 0, -1
            for a in range(n):
                if seen(H, k, a):
                    if last >= 0:
                        begun = add_products(P[i, j, first:], AP[i, last], A[j, last], AP[i, a], A[j, a], begun, count)
                    last = a if last < 0 else -1
                elif a == j:
                    if last >= 0:
                        begun = add_product(P[i, j, first:], AP[i, last], A[j, last], begun, count)
                    begun, last = add_times(P[i, j, first:], 0.0, 1.0, AP[i, a], begun, count), -1
            if last >= 0:
                begun = add_product(P[i, j, first:], AP[i, last], A[j, last], begun, count)
            add_dot(P[i, j, first:], KR[i], K[j], k, begun, count)
            if i > j:
                average(P[i, j, first:], P[j, i, first:], count)
    for lane in range(count):
        if not likelihood[lane] < np.inf:
            likelihood[lane] = np.nan
