"""The arithmetic of `one_filter` for many filters of one model at once: arrays are (n, N) and (n, n, N), filters last.

A row is one component of all filters, so that the machine works on several of them with one instruction; zeros of the
model cost nothing. Sums run in the order of `one_filter`: a batch is its members to the bit.
"""

from __future__ import annotations

from math import log, pi, sqrt

import numpy as np

from plansim.core.kernel import lean_kernel
from plansim.estimation.kalman.one_filter import largest_trace, too_small, wrapped

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


@lean_kernel
def solve_row(out, start, a, b, size, count):
    """start - a[0] b[0] - ... - a[size - 1] b[size - 1], a row of forward substitution."""
    if size == 0:
        shift(out, start, 0.0, count)
        return
    subtract(out, start, a[0], b[0], count)
    for i in range(1, size):
        subtract(out, out, a[i], b[i], count)


@lean_kernel
def solve_scaled(out, start, a, b, size, by, count):
    """The same, times `by`."""
    if size == 0:
        product(out, start, by, count)
        return
    solve_row(out, start, a, b, size, count)
    product(out, out, by, count)


@lean_kernel
def root_of_pivot(found, i, R, scratch, volume, count):
    """Pivots become the inverses of their roots, and the volume has them as factors."""
    enough = 0
    for lane in range(count):
        enough += found[lane] >= R[i, i]
    if enough < count:
        for lane in range(count):
            if too_small(found[lane], i, R, scratch[:, :, 0]):
                found[lane] = np.nan
    for lane in range(count):
        volume[lane] *= found[lane]
        found[lane] = 1.0 / sqrt(found[lane])


@lean_kernel
def add_log(likelihood, volume, count):
    """The likelihood has its share of the volume, which begins anew."""
    for lane in range(count):
        likelihood[lane] -= 0.5 * log(volume[lane])
        volume[lane] = 1.0


@lean_kernel
def seen(H, k, j):
    """Whether a reading has component j in it."""
    size = 0.0
    for i in range(k):
        size = max(size, abs(H[i, j]))
    return size > 0.0


@lean_kernel
def fill(out, number, count):
    for lane in range(count):
        out[lane] = number


@lean_kernel
def average(a, b, count):
    """Both become the mean of both."""
    for lane in range(count):
        mean = 0.5 * (a[lane] + b[lane])
        a[lane] = mean
        b[lane] = mean


@lean_kernel
def shift(out, row, number, count):
    for lane in range(count):
        out[lane] = row[lane] + number


@lean_kernel
def add_times(out, start, number, row, begun, count):
    """Adds to a sum that is out, or start where it has not begun; whether it has begun. Zeros are passed over."""
    if number == 0.0:
        return begun
    if begun:
        for lane in range(count):
            out[lane] += number * row[lane]
    else:
        for lane in range(count):
            out[lane] = start + number * row[lane]
    return 1


@lean_kernel
def add_product(out, a, b, begun, count):
    """The same for the product of two rows; 1."""
    if begun:
        for lane in range(count):
            out[lane] += a[lane] * b[lane]
    else:
        product(out, a, b, count)
    return 1


@lean_kernel
def add_products(out, a, b, c, d, begun, count):
    """Two products at a time: half the way to memory and back."""
    if begun:
        for lane in range(count):
            out[lane] = out[lane] + a[lane] * b[lane] + c[lane] * d[lane]
    else:
        for lane in range(count):
            out[lane] = a[lane] * b[lane] + c[lane] * d[lane]
    return 1


@lean_kernel
def add_dot(out, a, b, size, begun, count):
    """Adds a[0] b[0] + ... + a[size - 1] b[size - 1]."""
    for i in range(0, size - 1, 2):
        begun = add_products(out, a[i], b[i], a[i + 1], b[i + 1], begun, count)
    if size % 2:
        add_product(out, a[size - 1], b[size - 1], begun, count)


@lean_kernel
def subtract(out, start, a, b, count):
    """out = start - a b."""
    for lane in range(count):
        out[lane] = start[lane] - a[lane] * b[lane]


@lean_kernel
def product(out, a, b, count):
    for lane in range(count):
        out[lane] = a[lane] * b[lane]


@lean_kernel
def wrap(out, count):
    for lane in range(count):
        out[lane] = wrapped(out[lane])
