"""Nearest neighbours among states that keep being added: a k-d tree of small buckets, compiled.

Bentley 1975, "Multidimensional binary search trees used for associative searching"; a full bucket is halved at the
median of its widest component, so that the tree follows the data. Distances are those of a space's `metric` (n, 3),
periodic components included. The states (C, n) are the caller's; the tree holds their rows, and copies side by side:

    axes, parts (K,), splits (K,), children (K, 2), buckets (L, 32), points (L, 32, n), stack (K,), bounds (K,),
    used (2,)

axes: n zeros, a tuple, by which the compiler knows the dimension; parts: which component a node splits, -1 for a leaf,
whose children are its bucket and how many it holds.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from plansim.core.kernel import Kernel, lean_kernel

SIZE = 32  # states in a bucket


def new_index(dimension: int, capacity: int) -> tuple:
    """An empty tree with room for so many states."""
    leaves = 2 * capacity // SIZE + 2  # each half of a bucket is half full
    nodes = 2 * leaves
    parts, children = np.empty(nodes, dtype=np.int64), np.empty((nodes, 2), dtype=np.int64)
    parts[0], children[0] = -1, 0
    buckets, points = np.empty((leaves, SIZE), dtype=np.int64), np.empty((leaves, SIZE, dimension))
    stack = np.empty(nodes, dtype=np.int64)
    used = np.array([1, 1], dtype=np.int64)
    return (0,) * dimension, parts, np.empty(nodes), children, buckets, points, stack, np.empty(nodes), used


def grown_index(index: tuple, capacity: int) -> tuple:
    """The same tree with room for more."""
    grown = new_index(len(index[0]), capacity)
    for new, old in zip(grown[1:], index[1:], strict=True):
        new[: len(old)] = old
    return grown


def shared_index(index: tuple) -> tuple:
    """The same tree with a stack of its own: for one of several threads that search it at once."""
    *tree, stack, bounds, used = index
    return *tree, np.empty_like(stack), np.empty_like(bounds), used


@lean_kernel
def insert(i, states, metric, index):
    """Adds row i of the states."""
    _, parts, splits, children, buckets, points, _, _, used = index
    node = 0
    while True:
        while parts[node] >= 0:
            node = children[node, 0 if states[i, parts[node]] < splits[node] else 1]
        bucket, count = children[node, 0], children[node, 1]
        if count < SIZE:
            _put(i, states, buckets, points, bucket, count)
            children[node, 1] = count + 1
            return
        _halve(node, states, metric, parts, splits, children, buckets, points, used)


@lean_kernel
def _put(row, states, buckets, points, bucket, place):
    buckets[bucket, place] = row
    for i in range(states.shape[1]):
        points[bucket, place, i] = states[row, i]


@lean_kernel
def _halve(node, states, metric, parts, splits, children, buckets, points, used):
    rows, axis, widest = buckets[children[node, 0]], 0, -1.0
    for k in range(states.shape[1]):
        low, high = states[rows[0], k], states[rows[0], k]
        for row in rows:
            low, high = min(low, states[row, k]), max(high, states[row, k])
        if metric[k, 0] * (high - low) > widest:
            axis, widest = k, metric[k, 0] * (high - low)
    for i in range(1, SIZE):
        row, j = rows[i], i
        while j > 0 and states[rows[j - 1], axis] > states[row, axis]:
            rows[j] = rows[j - 1]
            j -= 1
        rows[j] = row
    left, bucket = used[0], used[1]
    used[0], used[1] = left + 2, bucket + 1
    for i in range(SIZE):
        half, j = (children[node, 0], i) if i < SIZE // 2 else (bucket, i - SIZE // 2)
        _put(rows[i], states, buckets, points, half, j)
    children[left, 0], children[left + 1, 0] = children[node, 0], bucket
    children[left, 1], children[left + 1, 1] = SIZE // 2, SIZE // 2
    parts[left], parts[left + 1] = -1, -1
    parts[node], splits[node] = axis, states[rows[SIZE // 2], axis]
    children[node, 0], children[node, 1] = left, left + 1


@lean_kernel
def _apart(axes, x, points, k, metric):
    """`straight.squared_distance` of x from one of the points, for a dimension that the compiler knows."""
    total = 0.0
    for i in range(len(axes)):
        d, period = points[k, i] - x[i], metric[i, 2]
        if period > 0.0:
            d -= period * np.rint(d / period)
        total += (metric[i, 0] * d) ** 2
    return total


@lean_kernel
def _far_side(x, axis, split, metric):
    """The squared distance of x from what lies beyond a split."""
    d, low, period = abs(x[axis] - split), metric[axis, 1], metric[axis, 2]
    if period > 0.0:
        d = min(d, x[axis] - low if x[axis] < split else low + period - x[axis])
        d = max(d, 0.0)
    return (metric[axis, 0] * d) ** 2


@lean_kernel
def nearest(x, metric, index):
    """The row of the state nearest to x (n,), and its distance; -1 and inf where there is none."""
    axes, parts, splits, children, buckets, points, stack, bounds, _ = index
    best, least, top = -1, np.inf, 0
    stack[0], bounds[0] = 0, 0.0
    while top >= 0:
        node, bound = stack[top], bounds[top]
        top -= 1
        if bound >= least:
            continue
        while parts[node] >= 0:
            axis, split = parts[node], splits[node]
            near = 0 if x[axis] < split else 1
            far = max(bound, _far_side(x, axis, split, metric))
            if far < least:
                top += 1
                stack[top], bounds[top] = children[node, 1 - near], far
            node = children[node, near]
        bucket = children[node, 0]
        rows, near_by = buckets[bucket], points[bucket]
        for k in range(children[node, 1]):
            d = _apart(axes, x, near_by, k, metric)
            if d < least:
                best, least = rows[k], d
    return best, sqrt(least)


def nearest_by_ways(distance: Kernel) -> Kernel:
    """`nearest` in a tree of states, of ways that are no shorter than straight, nor as long one way as the other.

    distance: (a, b, arrays) -> float
    """

    @lean_kernel
    def nearest(x, tree, forward, metric, arrays):
        states = tree[0]
        axes, parts, splits, children, buckets, points, stack, bounds, _ = tree[4]
        best, least, top = -1, np.inf, 0
        stack[0], bounds[0] = 0, 0.0
        while top >= 0:
            node, bound = stack[top], bounds[top]
            top -= 1
            if bound >= least * least:
                continue
            while parts[node] >= 0:
                axis, split = parts[node], splits[node]
                near = 0 if x[axis] < split else 1
                far = max(bound, _far_side(x, axis, split, metric))
                if far < least * least:
                    top += 1
                    stack[top], bounds[top] = children[node, 1 - near], far
                node = children[node, near]
            bucket = children[node, 0]
            for k in range(children[node, 1]):
                if _apart(axes, x, points[bucket], k, metric) < least * least:
                    row = buckets[bucket, k]
                    d = distance(states[row], x, arrays) if forward else distance(x, states[row], arrays)
                    if d < least:
                        best, least = row, d
        return best, least

    return nearest


@lean_kernel
def k_nearest(x, metric, index, rows, distances):
    """Fills `rows` and `distances` (k,) with the nearest states, nearest first; how many there are."""
    axes, parts, splits, children, buckets, points, stack, bounds, _ = index
    most, found, top = rows.shape[0], 0, 0
    if most == 0:
        return 0
    stack[0], bounds[0] = 0, 0.0
    while top >= 0:
        node, bound = stack[top], bounds[top]
        top -= 1
        if found == most and bound >= distances[most - 1]:
            continue
        while parts[node] >= 0:
            axis, split = parts[node], splits[node]
            near = 0 if x[axis] < split else 1
            far = max(bound, _far_side(x, axis, split, metric))
            if found < most or far < distances[most - 1]:
                top += 1
                stack[top], bounds[top] = children[node, 1 - near], far
            node = children[node, near]
        bucket = children[node, 0]
        for k in range(children[node, 1]):
            row, d = buckets[bucket, k], _apart(axes, x, points[bucket], k, metric)
            if found < most or d < distances[most - 1]:
                j = min(found, most - 1)
                while j > 0 and distances[j - 1] > d:
                    rows[j], distances[j] = rows[j - 1], distances[j - 1]
                    j -= 1
                rows[j], distances[j], found = row, d, min(found + 1, most)
    for k in range(found):
        distances[k] = sqrt(distances[k])
    return found


@lean_kernel
def within(x, radius, metric, index, rows):
    """Fills `rows` with the states no farther than `radius` from x, in no order; how many, at most len(rows)."""
    axes, parts, splits, children, buckets, points, stack, _, _ = index
    found, top = 0, 0
    stack[0] = 0
    while top >= 0:
        node = stack[top]
        top -= 1
        while parts[node] >= 0:
            axis, split = parts[node], splits[node]
            near = 0 if x[axis] < split else 1
            if _far_side(x, axis, split, metric) <= radius * radius:
                top += 1
                stack[top] = children[node, 1 - near]
            node = children[node, near]
        bucket = children[node, 0]
        for k in range(children[node, 1]):
            if found < rows.shape[0] and _apart(axes, x, points[bucket], k, metric) <= radius * radius:
                rows[found] = buckets[bucket, k]
                found += 1
    return found
