"""A binary heap over two arrays, for compiled searches: keys (N,) float64 and what they order, items (N,) int64.

The least key comes first, at index 0. Both functions return the heap's new length.
"""

from __future__ import annotations

import numpy as np

from plansim.core.kernel import lean_kernel


@lean_kernel
def push(keys, items, length, key, item):
    """Puts an item in; the arrays must have room for it."""
    i = length
    while i > 0:
        above = (i - 1) >> 1
        if keys[np.uint64(above)] <= key:
            break
        keys[np.uint64(i)], items[np.uint64(i)] = keys[np.uint64(above)], items[np.uint64(above)]
        i = above
    keys[np.uint64(i)], items[np.uint64(i)] = key, item
    return length + 1


@lean_kernel
def pop(keys, items, length):
    """Takes the first item out of a heap that has one; read it before."""
    length -= 1
    key, item = keys[np.uint64(length)], items[np.uint64(length)]
    i = 0
    while True:
        below = 2 * i + 1
        if below >= length:
            break
        if below + 1 < length and keys[np.uint64(below + 1)] < keys[np.uint64(below)]:
            below += 1
        if key <= keys[np.uint64(below)]:
            break
        keys[np.uint64(i)], items[np.uint64(i)] = keys[np.uint64(below)], items[np.uint64(below)]
        i = below
    keys[np.uint64(i)], items[np.uint64(i)] = key, item
    return length
