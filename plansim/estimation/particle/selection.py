"""Copies the chosen ancestors of a cloud of particles."""

from __future__ import annotations

import math

import numpy as np

from plansim.core.arrays import Array
from plansim.core.kernel import kernel


def selected(values: Array, ancestors: Array, poor: Array | bool = True) -> Array:
    """values (..., N, a, b, …) at the ancestors (..., N), in those members of a batch that are `poor` (...)."""
    values = np.ascontiguousarray(values, dtype=float)
    batch, count = ancestors.shape[:-1], ancestors.shape[-1]
    if not batch:
        return values[ancestors] if poor else values
    rows, out = ancestors.reshape(-1, count), np.empty(values.shape)
    flat = values.reshape(*rows.shape, math.prod(values.shape[ancestors.ndim :]))
    _select(flat, rows, np.broadcast_to(poor, batch).ravel(), out.reshape(flat.shape))
    return out


@kernel
def _select(values, ancestors, poor, out):
    for b in range(values.shape[0]):
        for i in range(values.shape[1]):
            source = ancestors[b, i] if poor[b] else i
            for c in range(values.shape[2]):
                out[b, i, c] = values[b, source, c]
