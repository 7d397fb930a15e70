"""Rows of many filters' numbers: sums and products that the machine does several at a time."""

from __future__ import annotations

from math import log, sqrt

import numpy as np

from plansim.core.kernel import lean_kernel
from plansim.estimation.kalman.one_filter import too_small, wrapped


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
