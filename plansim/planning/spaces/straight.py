"""Straight ways between states, compiled: distance and interpolation under a space's `metric` (n, 3)."""

from __future__ import annotations

from math import sqrt

import numpy as np

from plansim.core.kernel import lean_kernel


@lean_kernel
def squared_distance(a, b, metric):
    total = 0.0
    for i in range(a.shape[0]):
        d = metric[i, 0] * to_go(a[i], b[i], metric[i, 2])
        total += d * d
    return total


@lean_kernel
def distance(a, b, metric):
    return sqrt(squared_distance(a, b, metric))


@lean_kernel
def to_go(a, b, period):
    """b - a, the short way round where there is a period."""
    d = b - a
    return d - period * np.rint(d / period) if period > 0.0 else d


@lean_kernel
def interpolate(a, b, t, metric, out):
    """The state at share t of the straight way from a to b; `out` may be neither of them."""
    for i in range(a.shape[0]):
        low, period = metric[i, 1], metric[i, 2]
        x = a[i] + t * to_go(a[i], b[i], period)
        if period > 0.0:
            x = x + period if x < low else x - period if x > low + period else x
        out[i] = x
