"""Random streams for many worlds at once: Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers").

A stream is two integers, key and counter, so that world i of a batch draws the same numbers as world i alone,
a snapshot is a copy of them, and compiled kernels draw without the interpreter.
"""

from __future__ import annotations

from math import cos, log, pi, sin, sqrt

import numpy as np

from plansim.core.kernel import lean_kernel

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_ONE = np.uint64(1)


@lean_kernel
def philox(counter, key):
    """Two 64-bit words for the counter's low half `counter` (uint64) and the key (uint64)."""
    c0, c1 = counter & _LOW, counter >> _HALF
    c2, c3 = np.uint64(0), np.uint64(0)
    k0, k1 = key & _LOW, key >> _HALF
    for _ in range(10):
        p0, p1 = _M0 * c0, _M1 * c2
        c0, c1, c2, c3 = (p1 >> _HALF) ^ c1 ^ k0, p1 & _LOW, (p0 >> _HALF) ^ c3 ^ k1, p0 & _LOW
        k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    return c0 | (c1 << _HALF), c2 | (c3 << _HALF)


@lean_kernel
def uniform_pair(stream):
    """Two numbers in [0, 1) from a stream (2,) of uint64 [key, counter], which moves on by one."""
    a, b = philox(stream[1], stream[0])
    stream[1] += _ONE
    return (a >> np.uint64(11)) * 2.0**-53, (b >> np.uint64(11)) * 2.0**-53


@lean_kernel
def uniform(stream, low, high):
    return low + (high - low) * uniform_pair(stream)[0]


@lean_kernel
def normal_pair(stream):
    """Two independent standard normal numbers (Box and Muller 1958)."""
    a, b = uniform_pair(stream)
    radius = sqrt(-2.0 * log(1.0 - a))
    return radius * cos(2 * pi * b), radius * sin(2 * pi * b)


@lean_kernel
def fill_normal(stream, out):
    """Fills the one-dimensional `out` with standard normal numbers."""
    for i in range(0, out.shape[0], 2):
        a, b = normal_pair(stream)
        out[i] = a
        if i + 1 < out.shape[0]:
            out[i + 1] = b


def stream(seed: int | np.random.SeedSequence) -> np.ndarray:
    """A fresh stream (2,) of uint64; different seeds give unrelated streams."""
    sequence = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    return np.array([sequence.generate_state(1, np.uint64)[0], 0], dtype=np.uint64)
