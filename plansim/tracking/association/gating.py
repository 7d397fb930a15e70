"""Gates: which detections a track looks at, found over a grid, so that the cost grows with crowding alone.

A gate is the ellipsoid (z - expected)' S⁻¹ (z - expected) < chi-square quantile of P_G (Bar-Shalom and Li 1995, 3.4.2).
"""

from __future__ import annotations

import functools
import math

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.kernel import kernel
from plansim.core.layout import Layout


@functools.cache
def gate_size(probability: float, dimension: int) -> float:
    """The squared distance within which a detection of the track falls with this probability."""
    from scipy.special import gammaincinv

    if not 0 < probability < 1:
        raise MalformedInput(f"gate_probability is {probability}, but must lie between 0 and 1")
    return float(2 * gammaincinv(dimension / 2, probability))


def gated(
    expected: Array, root: Array, detections: Array, layout: Layout, size: float, limit: int
) -> tuple[Array, Array, Array]:
    """(first (M + 1,), detection (P,), squared distance (P,)) of the pairs inside their gates, as in `Pairs`.

    expected (M, k), root (M, k, k) the lower root of the innovation covariance, detections (D, k). A gate that holds
    more than `limit` detections keeps the nearest.
    """
    half = np.sqrt(size * (root**2).sum(-1))
    points, index = detections, np.arange(len(detections))
    for angle in layout.angle_indices:
        # one turn up and one down: of the three copies of a detection at most one is less than half a turn away
        half[:, angle] = np.minimum(half[:, angle], np.pi * (1 - 1e-12))
        turn = 2 * np.pi * (np.arange(len(layout)) == angle)
        points = layout_wrapped(points, angle)
        points, index = np.concatenate([points, points + turn, points - turn]), np.tile(index, 3)
    return pairs_in_gates(
        *(np.ascontiguousarray(a, float) for a in (expected, root, half, points)), index, float(size), limit
    )


def layout_wrapped(points: Array, angle: int) -> Array:
    wrapped = points.copy()
    wrapped[:, angle] -= 2 * np.pi * np.round(wrapped[:, angle] / (2 * np.pi))
    return wrapped


@kernel
def pairs_in_gates(expected, root, half, points, index, size, limit):
    """The pairs of `gated`: looks at the points in the cells that a gate's box touches, then at its ellipsoid."""
    tracks, k = expected.shape
    cell_first, cell_points, low, scale, columns, rows = grid(points, half)
    first = np.zeros(tracks + 1, np.int64)
    found = np.empty(4 * tracks + 16, np.int64)
    distance = np.empty(4 * tracks + 16)
    count = 0
    y = np.empty(k)
    for i in range(tracks):
        begin = count
        a0, a1 = cell_range(expected[i, 0], half[i, 0], low[0], scale[0], columns)
        b0, b1 = 0, 0
        if k > 1:
            b0, b1 = cell_range(expected[i, 1], half[i, 1], low[1], scale[1], rows)
        for a in range(a0, a1 + 1):
            for p in range(cell_first[a * rows + b0], cell_first[a * rows + b1 + 1]):
                point = cell_points[p]
                d = squared_distance(points[point], expected[i], root[i], half[i], size, y)
                if d < size:
                    if count == found.shape[0]:
                        found = np.concatenate((found, np.empty(count, np.int64)))
                        distance = np.concatenate((distance, np.empty(count)))
                    found[count] = index[point]
                    distance[count] = d
                    count += 1
        count = begin + _nearest(found[begin:count], distance[begin:count], limit)
        first[i + 1] = count
    return first, found[:count], distance[:count]


@kernel
def squared_distance(z, expected, root, half, size, y):
    """(z - expected)' S⁻¹ (z - expected) by the root of S; `size` where z is outside the box or the ellipsoid."""
    k = z.shape[0]
    d = 0.0
    for a in range(k):
        y[a] = z[a] - expected[a]
        if abs(y[a]) > half[a]:
            return size
    for a in range(k):
        for b in range(a):
            y[a] -= root[a, b] * y[b]
        y[a] /= root[a, a]
        d += y[a] * y[a]
        if d >= size:
            return size
    return d


@kernel
def _nearest(found, distance, limit):
    """Puts one track's detections in ascending order, the nearest `limit` of them; how many there are."""
    n = found.shape[0]
    if n > limit:
        _sort(distance, found, n, limit)
        n = limit
    _sort(found, distance, n, n)
    return n


@kernel
def _sort(keys, values, n, most):
    """Insertion: the first `most` of n keys ascend, with their values; loops compile sooner than numpy's sort."""
    for a in range(1, n):
        key, value = keys[a], values[a]
        if a >= most and not key < keys[most - 1]:
            continue
        b = min(a, most - 1)
        while b > 0 and keys[b - 1] > key:
            keys[b], values[b] = keys[b - 1], values[b - 1]
            b -= 1
        keys[b], values[b] = key, value


@kernel
def cell_range(centre, half, low, scale, cells):
    """The first and the last cell along one axis that centre ± half touches."""
    last = float(cells - 1)
    a = math.floor((centre - half - low) * scale)
    b = math.floor((centre + half - low) * scale)
    return int(min(max(a, 0.0), last)), int(min(max(b, 0.0), last))


@kernel
def grid(points, half):
    """Points by the cells of their first two components: a cell is as wide as a gate, but none is made for nothing.

    (first (cells + 1,), points in the order of cells, low (2,), cells per unit (2,), columns, rows)
    """
    D, k = points.shape
    low, scale, shape = np.zeros(2), np.ones(2), np.ones(2, np.int64)
    axes = min(k, 2)
    most = 4.0 * (D + 1)
    for a in range(axes):
        if D > 0 and half.shape[0] > 0:
            low[a] = points[:, a].min()
            extent = points[:, a].max() - low[a]
            width = max(2.0 * half[:, a].mean(), extent / (most if axes == 1 else math.sqrt(most)), 1e-300)
            scale[a] = 1.0 / width
            shape[a] = int(extent * scale[a]) + 1
    columns, rows = shape[0], shape[1]
    first = np.zeros(columns * rows + 1, np.int64)
    cell = np.empty(D, np.int64)
    for p in range(D):
        c, _ = cell_range(points[p, 0], 0.0, low[0], scale[0], columns)
        r = 0
        if k > 1:
            r, _ = cell_range(points[p, 1], 0.0, low[1], scale[1], rows)
        cell[p] = c * rows + r
        first[cell[p] + 1] += 1
    for c in range(columns * rows):
        first[c + 1] += first[c]
    place, order = first.copy(), np.empty(D, np.int64)
    for p in range(D):
        order[place[cell[p]]] = p
        place[cell[p]] += 1
    return first, order, low, scale, columns, rows
