"""The exact probabilities of a small cluster: a sum over all joint events that takes each subset once."""

from __future__ import annotations

import numpy as np

from plansim.core.kernel import kernel
from plansim.tracking.association.murty import assign

LEAST = 1e-200  # a sum below it may have lost terms that count


@kernel
def exact_cost(tracks, detections):
    """About how many multiplications `exact_shares` takes."""
    bits, steps = min(tracks, detections), max(tracks, detections)
    return float(steps) * float(bits) * 2.0**bits


@kernel
def exact_shares(log_weight, log_missed, pair, missed):
    """Fills pair (T, D) and missed (T,) for one cluster; log_weight (T, D) is -inf where there is no pair."""
    T, D = log_weight.shape
    rows, columns = np.zeros(T), np.zeros(D)
    for i in range(T):
        top = log_missed[i]
        for j in range(D):
            top = max(top, log_weight[i, j])
        rows[i] = -top
    if _sum_events(log_weight, log_missed, rows, columns, pair, missed) < LEAST:
        # strong rivals for one detection: by the prices of the best assignment, its event counts 1 and no other more
        cost = np.full((T, D + T), np.inf)
        for i in range(T):
            cost[i, D + i] = -log_missed[i]
            for j in range(D):
                cost[i, j] = -log_weight[i, j]
        prices, row_of = np.empty(D + T), np.empty(D + T, np.int64)
        assign(cost, rows, prices, row_of)
        for j in range(D):
            columns[j] = prices[j]
        _sum_events(log_weight, log_missed, rows, columns, pair, missed)


@kernel
def _sum_events(log_weight, log_missed, rows, columns, pair, missed):
    """The probabilities, by weights that are scaled by exp(rows) and exp(columns); the sum over all events.

    forward[s, B]: the weight of all ways in which the first s of the longer side use the subset B of the shorter side;
    backward[s, B]: of all ways to go on when B is used. 2^min(T, D) subsets in place of all joint events.
    """
    T, D = log_weight.shape
    turned = T < D
    steps, bits = (D, T) if turned else (T, D)
    w, alone, left = np.empty((steps, bits)), np.empty(steps), np.empty(bits)
    for i in range(T):
        s = np.exp(min(log_missed[i] + rows[i], 700.0))
        if turned:
            left[i] = s
        else:
            alone[i] = s
        for j in range(D):
            value = np.exp(log_weight[i, j] + rows[i] + columns[j])
            if turned:
                w[j, i] = value
            else:
                w[i, j] = value
    for j in range(D):
        if turned:
            alone[j] = np.exp(columns[j])
        else:
            left[j] = np.exp(columns[j])
    subsets = 1 << bits
    backward = np.empty((steps + 1, subsets))
    backward[steps, subsets - 1] = 1.0
    for B in range(subsets - 2, -1, -1):
        b = 0
        while B >> b & 1:
            b += 1
        backward[steps, B] = backward[steps, B | 1 << b] * left[b]
    for s in range(steps - 1, -1, -1):
        later = backward[s + 1]
        for B in range(subsets):
            total = alone[s] * later[B]
            for b in range(bits):
                if not B >> b & 1:
                    total += w[s, b] * later[B | 1 << b]
            backward[s, B] = total
    Z = backward[0, 0]
    if not Z > 0.0:
        return 0.0
    forward, after, share = np.zeros(subsets), np.empty(subsets), np.empty(bits)
    forward[0] = 1.0
    for s in range(steps):
        later = backward[s + 1]
        unused = 0.0
        for b in range(bits):
            share[b] = 0.0
        for B in range(subsets):
            after[B] = 0.0
        for B in range(subsets):
            f = forward[B]
            if f == 0.0:
                continue
            unused += f * later[B]
            after[B] += f * alone[s]
            for b in range(bits):
                if not B >> b & 1:
                    share[b] += f * later[B | 1 << b]
                    after[B | 1 << b] += f * w[s, b]
        for b in range(bits):
            if turned:
                pair[b, s] = share[b] * w[s, b] / Z
            else:
                pair[s, b] = share[b] * w[s, b] / Z
        if not turned:
            missed[s] = unused * alone[s] / Z
        forward, after = after, forward
    if turned:
        for i in range(T):
            missed[i] = 1.0
            for s in range(steps):
                missed[i] -= pair[i, s]
            if missed[i] < 1e-6:  # what rounding leaves of a difference is no probability
                missed[i] = _missed_of(w, alone, left, i) / Z
    return Z


@kernel
def _missed_of(w, alone, left, i):
    """The weight of all events in which bit i is not used."""
    steps, bits = w.shape
    subsets = 1 << bits
    forward = np.zeros(subsets)
    forward[0] = 1.0
    for s in range(steps):
        for B in range(subsets - 1, -1, -1):
            total = forward[B] * alone[s]
            for b in range(bits):
                if b != i and B >> b & 1:
                    total += forward[B ^ 1 << b] * w[s, b]
            forward[B] = total
    total = 0.0
    for B in range(subsets):
        if not B >> i & 1:
            product = forward[B]
            for b in range(bits):
                if not B >> b & 1:
                    product *= left[b]
            total += product
    return total
