"""Edges in the order of their promise, compiled: a binary heap that is one tuple of arrays.

keys (C, 3): the least cost of a path through the edge, the cost to its end, its length; ends (C, 2): rows of states;
size (1,). Equal promise is ordered by the cost to the edge's end, and then by its rows, so that a search is repeatable.
"""

from __future__ import annotations

import numpy as np

from plansim.core.arrays import Array
from plansim.core.kernel import lean_kernel


def new_queue(capacity: int) -> tuple[Array, ...]:
    return np.empty((capacity, 3)), np.empty((capacity, 2), dtype=np.int64), np.zeros(1, dtype=np.int64)


def grown_queue(queue: tuple[Array, ...]) -> tuple[Array, ...]:
    keys, ends, size = queue
    return np.concatenate((keys, np.empty_like(keys))), np.concatenate((ends, np.empty_like(ends))), size


@lean_kernel
def push(queue, promise, cost, length, a, b):
    keys, ends, size = queue
    i = size[0]
    size[0] += 1
    while i > 0:
        up = (i - 1) >> 1
        if not _before(promise, cost, a, b, keys, ends, up):
            break
        _copy(keys, ends, up, i)
        i = up
    keys[i, 0], keys[i, 1], keys[i, 2], ends[i, 0], ends[i, 1] = promise, cost, length, a, b


@lean_kernel
def drop_first(queue):
    keys, ends, size = queue
    size[0] -= 1
    last, i = size[0], 0
    promise, cost, length, a, b = keys[last, 0], keys[last, 1], keys[last, 2], ends[last, 0], ends[last, 1]
    while 2 * i + 1 < last:
        down = 2 * i + 1
        if down + 1 < last and _before(
            keys[down + 1, 0], keys[down + 1, 1], ends[down + 1, 0], ends[down + 1, 1], keys, ends, down
        ):
            down += 1
        if _before(promise, cost, a, b, keys, ends, down):
            break
        _copy(keys, ends, down, i)
        i = down
    keys[i, 0], keys[i, 1], keys[i, 2], ends[i, 0], ends[i, 1] = promise, cost, length, a, b


@lean_kernel
def _before(promise, cost, a, b, keys, ends, k):
    if promise != keys[k, 0]:
        return promise < keys[k, 0]
    if cost != keys[k, 1]:
        return cost < keys[k, 1]
    return a < ends[k, 0] or (a == ends[k, 0] and b < ends[k, 1])


@lean_kernel
def _copy(keys, ends, a, b):
    keys[b, 0], keys[b, 1], keys[b, 2] = keys[a, 0], keys[a, 1], keys[a, 2]
    ends[b, 0], ends[b, 1] = ends[a, 0], ends[a, 1]
