"""Murty's k best assignments, and the assignment of least cost, over small dense matrices."""

from __future__ import annotations

import numpy as np

from plansim.core.kernel import kernel


@kernel
def assign(cost, u, v, row_of):
    """The least cost of giving each row a column of its own, rows <= columns; inf where it cannot be done.

    Shortest augmenting paths (Jonker and Volgenant 1987). Fills the prices u (rows,), v (columns,) <= 0 with
    u[i] + v[j] <= cost[i, j], equal where assigned, and row_of (columns,): the row of each column, or -1.
    """
    rows, columns = cost.shape
    for i in range(rows):
        u[i] = 0.0
    for j in range(columns):
        v[j], row_of[j] = 0.0, -1
    before, short = np.empty(columns, np.int64), np.empty(columns)
    done = np.empty(columns, np.bool_)
    total = 0.0
    for start in range(rows):
        for j in range(columns):
            short[j], done[j], before[j] = np.inf, False, -1
        i, last = start, -1
        while True:
            delta, nearest = np.inf, -1
            for j in range(columns):
                if not done[j]:
                    reduced = cost[i, j] - u[i] - v[j]
                    if reduced < short[j]:
                        short[j], before[j] = reduced, last
                    if short[j] < delta:
                        delta, nearest = short[j], j
            if nearest < 0:
                return np.inf
            u[start] += delta
            for j in range(columns):
                if done[j]:
                    u[row_of[j]] += delta
                    v[j] -= delta
                else:
                    short[j] -= delta
            done[nearest], last = True, nearest
            if row_of[nearest] < 0:
                break
            i = row_of[nearest]
        while last >= 0:
            row_of[last] = start if before[last] < 0 else row_of[before[last]]
            last = before[last]
    for j in range(columns):
        if row_of[j] >= 0:
            total += cost[row_of[j], j]
    return total


@kernel
def _solve_part(cost, fixed, taken, forbidden, out, part, u, v, row_of):
    """The best assignment with rows 0 … fixed - 1 as in `taken` and row `fixed` outside `forbidden`; its cost."""
    rows, columns = cost.shape
    for i in range(rows):
        for j in range(columns):
            part[i, j] = np.inf if i < fixed or (i == fixed and forbidden[j]) else cost[i, j]
    for i in range(fixed):
        for r in range(fixed, rows):
            part[r, taken[i]] = np.inf
        part[i, taken[i]] = cost[i, taken[i]]
    total = assign(part, u, v, row_of)
    if total < np.inf:
        for j in range(columns):
            if row_of[j] >= 0:
                out[row_of[j]] = j
    return total


@kernel
def best_assignments(cost, count):
    """The `count` best assignments (K, rows) and their costs (K,), ascending; fewer where there are not so many.

    Murty 1968: what is left when the best is taken splits into parts, each with some rows fixed and one pair forbidden;
    the best of every part waits for its turn.
    """
    rows, columns = cost.shape
    best, costs = np.empty((count, rows), np.int64), np.empty(count)
    room = count * max(rows, 1) + 1
    waiting, price = np.empty((room, rows), np.int64), np.full(room, np.inf)
    fixed, forbidden = np.zeros(room, np.int64), np.zeros((room, columns), np.bool_)
    part, u, v, row_of = np.empty((rows, columns)), np.empty(rows), np.empty(columns), np.empty(columns, np.int64)
    if rows == 0:
        return best[:1], np.zeros(1)
    price[0] = _solve_part(cost, 0, waiting[0], forbidden[0], waiting[0], part, u, v, row_of)
    made, found = 1, 0
    while found < count:
        node = 0
        for other in range(made):
            if price[other] < price[node]:
                node = other
        if price[node] == np.inf:
            break
        costs[found] = price[node]
        for i in range(rows):
            best[found, i] = waiting[node, i]
        price[node] = np.inf
        if found + 1 < count:
            for i in range(fixed[node], rows):
                for j in range(columns):
                    forbidden[made, j] = i == fixed[node] and forbidden[node, j]
                forbidden[made, best[found, i]] = True
                fixed[made] = i
                price[made] = _solve_part(cost, i, best[found], forbidden[made], waiting[made], part, u, v, row_of)
                made += 1
        found += 1
    return best[:found], costs[:found]
