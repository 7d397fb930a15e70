"""An interior-point method for splines in bounds: banded matrices of half width 3, compiled.

The unknowns are y (M,), of which the first and the last three are fixed. Rows of A y, in this order: y itself where it
is free (M - 6), means of two neighbours at the joints (S), first differences from the second to the last but one
(M - 5), second differences (M - 4) and third differences (M - 3).
"""

from __future__ import annotations

import numpy as np

from plansim.core.kernel import kernel


@kernel
def smooth(y, reference, joints, low, high, weights, gap, rounds):
    """Minimises weights[0] |third differences|^2 + [1] |second|^2 + [2] |y - reference|^2 over low <= A y <= high.

    Mehrotra 1992, "On the implementation of a primal-dual interior point method". y: the start, and the answer.
    Returns the rounds that it took; negative: not solved, as where no y fulfils the bounds.
    """
    m, rows = y.shape[0], low.shape[0]
    values, row = np.empty(rows), np.empty(rows)
    apply(y, joints, values)
    for r in range(rows):
        if not low[r] < high[r]:
            return -1
    over, under = np.empty(rows), np.empty(rows)  # slacks to high and low
    push, pull = np.empty(rows), np.empty(rows)  # their multipliers
    for r in range(rows):
        least = 0.25 * min(high[r] - low[r], 100.0)
        over[r], under[r] = max(high[r] - values[r], least), max(values[r] - low[r], least)
        push[r], pull[r] = 1.0 / over[r], 1.0 / under[r]
    band, factor = np.empty((m, 4)), np.empty((m, 4))
    gradient, change, rhs = np.empty(m), np.empty(m), np.empty(m)
    per_over, per_under, per_push, per_pull = np.empty(rows), np.empty(rows), np.empty(rows), np.empty(rows)
    d_over, d_under, d_push, d_pull = np.empty(rows), np.empty(rows), np.empty(rows), np.empty(rows)
    weight, c_over, c_under = np.empty(rows), np.empty(rows), np.empty(rows)
    for k in range(1, rounds + 1):
        objective = _gradient(y, reference, weights, gradient)
        mu, outside = 0.0, 0.0
        for r in range(rows):
            mu += over[r] * push[r] + under[r] * pull[r]
            outside = max(outside, max(values[r] - high[r], low[r] - values[r]))
        for r in range(rows):
            per_over[r], per_under[r], per_push[r], per_pull[r] = 1 / over[r], 1 / under[r], 1 / push[r], 1 / pull[r]
            weight[r] = push[r] * per_over[r] + pull[r] * per_under[r]
            row[r] = push[r] - pull[r]
        add_transposed(row, joints, gradient)
        steepest = 0.0
        for i in range(3, m - 3):
            steepest = max(steepest, abs(gradient[i]))
        if outside <= 0 and mu <= gap * (objective + gap) and steepest <= gap:
            return k
        mu /= 2 * rows
        _assemble(weight, joints, weights, band)
        if not _factorise(band, factor):
            return -k
        target, shortest = 0.0, 1.0  # shortest: the reciprocal of the longest step that keeps all positive
        for corrector in range(2):
            for r in range(rows):
                c_over[r], c_under[r] = push[r] - target * per_over[r], pull[r] - target * per_under[r]
            if corrector == 1:
                for r in range(rows):
                    c_over[r] += d_over[r] * d_push[r] * per_over[r]
                    c_under[r] += d_under[r] * d_pull[r] * per_under[r]
            for r in range(rows):
                # what over and under must still take up
                miss_over, miss_under = values[r] + over[r] - high[r], low[r] + under[r] - values[r]
                row[r] = (
                    push[r] * miss_over * per_over[r] - c_over[r] - pull[r] * miss_under * per_under[r] + c_under[r]
                )
            rhs[:] = gradient
            add_transposed(row, joints, rhs)
            _solve(factor, rhs, change)
            apply(change, joints, row)
            for r in range(rows):
                d_over[r] = high[r] - values[r] - over[r] - row[r]
                d_under[r] = values[r] - low[r] - under[r] + row[r]
                d_push[r] = -c_over[r] - push[r] * d_over[r] * per_over[r]
                d_pull[r] = -c_under[r] - pull[r] * d_under[r] * per_under[r]
            shortest = 1.0
            for r in range(rows):
                shortest = max(shortest, max(-d_over[r] * per_over[r], -d_push[r] * per_push[r]))
                shortest = max(shortest, max(-d_under[r] * per_under[r], -d_pull[r] * per_pull[r]))
            if corrector == 0:
                after = 0.0
                for r in range(rows):
                    after += (over[r] + d_over[r] / shortest) * (push[r] + d_push[r] / shortest)
                    after += (under[r] + d_under[r] / shortest) * (pull[r] + d_pull[r] / shortest)
                target = mu * (after / (2 * rows * mu)) ** 3
        length = 0.995 / shortest
        if length < 1e-9:
            return -k
        for i in range(m):
            y[i] += length * change[i]
        for r in range(rows):
            over[r] += length * d_over[r]
            under[r] += length * d_under[r]
            push[r] += length * d_push[r]
            pull[r] += length * d_pull[r]
        apply(y, joints, values)
    return -rounds


@kernel
def apply(y, joints, out):
    """out = A y."""
    m, s = y.shape[0], joints.shape[0]
    for i in range(m - 6):
        out[i] = y[i + 3]
    for i in range(s):
        out[m - 6 + i] = (y[joints[i]] + y[joints[i] + 1]) / 2
    first, second, third = m - 6 + s, 2 * m - 11 + s, 3 * m - 15 + s
    for i in range(m - 5):
        out[first + i] = y[i + 3] - y[i + 2]
    for i in range(m - 4):
        out[second + i] = (y[i + 3] - y[i + 2]) - (y[i + 2] - y[i + 1])
    for i in range(m - 3):
        out[third + i] = (y[i + 3] - y[i]) - 3 * (y[i + 2] - y[i + 1])


@kernel
def add_transposed(w, joints, out):
    """out += A' w."""
    m, s = out.shape[0], joints.shape[0]
    for i in range(m - 6):
        out[i + 3] += w[i]
    for i in range(s):
        out[joints[i]] += w[m - 6 + i] / 2
        out[joints[i] + 1] += w[m - 6 + i] / 2
    first, second, third = m - 6 + s, 2 * m - 11 + s, 3 * m - 15 + s
    for i in range(m - 5):
        out[i + 3] += w[first + i]
        out[i + 2] -= w[first + i]
    for i in range(m - 4):
        out[i + 3] += w[second + i]
        out[i + 2] -= 2 * w[second + i]
        out[i + 1] += w[second + i]
    for i in range(m - 3):
        out[i + 3] += w[third + i]
        out[i + 2] -= 3 * w[third + i]
        out[i + 1] += 3 * w[third + i]
        out[i] -= w[third + i]


@kernel
def _gradient(y, reference, weights, out):
    """Of half the objective; returns the objective."""
    m, total = y.shape[0], 0.0
    for i in range(m):
        off = y[i] - reference[i]
        out[i] = weights[2] * off
        total += weights[2] * off * off
    for i in range(m - 2):
        bend = (y[i + 2] - y[i + 1]) - (y[i + 1] - y[i])
        d = weights[1] * bend
        out[i] += d
        out[i + 1] -= 2 * d
        out[i + 2] += d
        total += d * bend
    for i in range(m - 3):
        jerk = (y[i + 3] - y[i]) - 3 * (y[i + 2] - y[i + 1])
        d = weights[0] * jerk
        out[i] -= d
        out[i + 1] += 3 * d
        out[i + 2] -= 3 * d
        out[i + 3] += d
        total += d * jerk
    return total


@kernel
def _assemble(w, joints, weights, band):
    """band[i, k] = (P + A' diag(w) A)[i, i - k]; fixed unknowns are held by a pivot that nothing moves."""
    m, s = band.shape[0], joints.shape[0]
    band[:] = 0.0
    for i in range(3, m - 3):
        band[i, 0] = w[i - 3] + weights[2]
    for i in range(s):
        j, part = joints[i], w[m - 6 + i] / 4
        band[j, 0] += part
        band[j + 1, 0] += part
        band[j + 1, 1] += part
    first, second, third = m - 6 + s, 2 * m - 11 + s, 3 * m - 15 + s
    for i in range(m - 5):
        part = w[first + i]
        band[i + 2, 0] += part
        band[i + 3, 0] += part
        band[i + 3, 1] -= part
    for i in range(m - 4):
        part = w[second + i] + weights[1]
        band[i + 1, 0] += part
        band[i + 2, 0] += 4 * part
        band[i + 3, 0] += part
        band[i + 2, 1] -= 2 * part
        band[i + 3, 1] -= 2 * part
        band[i + 3, 2] += part
    for i in range(m - 3):
        part = w[third + i] + weights[0]
        band[i, 0] += part
        band[i + 1, 0] += 9 * part
        band[i + 2, 0] += 9 * part
        band[i + 3, 0] += part
        band[i + 1, 1] -= 3 * part
        band[i + 2, 1] -= 9 * part
        band[i + 3, 1] -= 3 * part
        band[i + 2, 2] += 3 * part
        band[i + 3, 2] += 3 * part
        band[i + 3, 3] -= part
    for i in range(3):
        band[i, 0] = band[m - 1 - i, 0] = 1e60


@kernel
def _factorise(band, factor):
    """L D L' of a banded matrix: factor[i] = 1 / D_i, L_i,i-1, L_i,i-2, L_i,i-3; False where it is not positive."""
    m = band.shape[0]
    for i in range(m):
        a3 = band[i, 3] if i > 2 else 0.0
        a2 = band[i, 2] if i > 1 else 0.0
        a1 = band[i, 1] if i > 0 else 0.0
        if i > 2:
            a2 -= a3 * factor[i - 2, 1]
            a1 -= a3 * factor[i - 1, 2]
        if i > 1:
            a1 -= a2 * factor[i - 1, 1]
        l3 = a3 * factor[i - 3, 0] if i > 2 else 0.0
        l2 = a2 * factor[i - 2, 0] if i > 1 else 0.0
        l1 = a1 * factor[i - 1, 0] if i > 0 else 0.0
        d = band[i, 0] - a1 * l1 - a2 * l2 - a3 * l3
        if not d > 0:
            return False
        factor[i, 0], factor[i, 1], factor[i, 2], factor[i, 3] = 1 / d, l1, l2, l3
    return True


@kernel
def _solve(factor, gradient, out):
    """out = -(L D L')^-1 gradient."""
    m = out.shape[0]
    for i in range(m):
        t = -gradient[i]
        if i > 2:
            t -= factor[i, 3] * out[i - 3]
        if i > 1:
            t -= factor[i, 2] * out[i - 2]
        if i > 0:
            t -= factor[i, 1] * out[i - 1]
        out[i] = t
    for i in range(m - 1, -1, -1):
        t = out[i] * factor[i, 0]
        if i + 1 < m:
            t -= factor[i + 1, 1] * out[i + 1]
        if i + 2 < m:
            t -= factor[i + 2, 2] * out[i + 2]
        if i + 3 < m:
            t -= factor[i + 3, 3] * out[i + 3]
        out[i] = t
