"""What each mode begins a prediction from: the mixture of all modes' beliefs, compiled for many tracks at once."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from math import atan2, cos, exp, inf, log, sin
from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.kernel import lean_kernel
from plansim.core.layout import Layout
from plansim.core.scalar import wrap_angle


class Modes(NamedTuple):
    """Where the states of M modes of at most n components have each other's names, and which are angles."""

    sizes: Array  # (M,)
    places: Array  # (M, M, n), [i, j, a]: where mode i has component a of mode j; -1 where it has not
    turns: Array  # (M, n)


@functools.lru_cache(maxsize=256)
def modes_of(layouts: tuple[Layout, ...]) -> Modes:
    M, n = len(layouts), max(map(len, layouts))
    places, turns = np.full((M, M, n), -1), np.zeros((M, n), bool)
    for j, target in enumerate(layouts):
        turns[j, list(target.angle_indices)] = True
        for i, source in enumerate(layouts):
            for a, name in enumerate(target.names):
                places[i, j, a] = source.names.index(name) if name in source.names else -1
    return Modes(np.array([len(one) for one in layouts]), places, turns)


def mixed(beliefs: Sequence[Gaussian], log_weights: Array, log_transition: Array, modes: Modes) -> tuple[list, Array]:
    """Each mode's start, and the logarithms of their weights (..., M) after the transition."""
    M, n = modes.turns.shape
    batch = np.broadcast_shapes(log_weights.shape[:-1], *(np.shape(one.mean)[:-1] for one in beliefs))
    x, P = np.zeros((M, *batch, n)), np.zeros((M, *batch, n, n))
    for i, one in enumerate(beliefs):
        size = one.mean.shape[-1]
        x[i, ..., :size], P[i, ..., :size, :size] = one.mean, one.cov
    before = np.array(np.broadcast_to(log_weights, (*batch, M))).reshape(-1, M)
    after, xm, Pm = np.empty_like(before), np.zeros_like(x), np.zeros_like(P)
    flat, square = (M, -1, n), (M, -1, n, n)
    work = x.reshape(flat), P.reshape(square), xm.reshape(flat), Pm.reshape(square), np.empty(M)
    mix(before, log_transition, *modes, *work, after)
    starts = [
        Gaussian(xm[j], Pm[j])
        if size == n
        else Gaussian(np.ascontiguousarray(xm[j, ..., :size]), np.ascontiguousarray(Pm[j, ..., :size, :size]))
        for j, size in enumerate(modes.sizes)
    ]
    return starts, after.reshape(*batch, M)


@lean_kernel
def mix(log_weights, log_transition, sizes, places, turns, x, P, xm, Pm, share, after):
    """share[i] is how likely mode i has led to mode j."""
    B, M = log_weights.shape
    for b in range(B):
        for j in range(M):
            top, total = -inf, 0.0
            for i in range(M):
                share[i] = log_weights[b, i] + log_transition[i, j]
                top = max(top, share[i])
            for i in range(M):  # a mode that cannot be stays with its own belief
                share[i] = exp(share[i] - top) if top > -inf else (1.0 if i == j else 0.0)
                total += share[i]
            after[b, j] = top + log(total)
            for i in range(M):
                share[i] /= total
            for a in range(sizes[j]):
                xm[j, b, a] = x[j, b, a] if share[j] == 1.0 else mean(x, places, share, turns[j, a], b, j, a)
            for a in range(sizes[j]):
                for c in range(a + 1):
                    cov = 0.0
                    for i in range(M):
                        p, q = places[i, j, a], places[i, j, c]
                        d = (x[i, b, p] if p >= 0 else x[j, b, a]) - xm[j, b, a]
                        e = (x[i, b, q] if q >= 0 else x[j, b, c]) - xm[j, b, c]
                        if turns[j, a]:
                            d = wrap_angle(d)
                        if turns[j, c]:
                            e = wrap_angle(e)
                        within = 0.0  # what is carried over is not correlated with what is not
                        if p >= 0 and q >= 0:
                            within = P[i, b, p, q]
                        elif p < 0 and q < 0:
                            within = P[j, b, a, c]
                        cov += share[i] * (within + d * e)
                    Pm[j, b, a, c] = Pm[j, b, c, a] = cov


@lean_kernel
def mean(x, places, share, turns, b, j, a):
    """Of component a of mode j; of an angle as `Layout.mean` has it."""
    total, s, c, centre = 0.0, 0.0, 0.0, 0.0
    if turns:
        for i in range(len(share)):
            p = places[i, j, a]
            value = x[i, b, p] if p >= 0 else x[j, b, a]
            s += share[i] * sin(value)
            c += share[i] * cos(value)
        centre = atan2(s, c)
    for i in range(len(share)):
        p = places[i, j, a]
        value = x[i, b, p] if p >= 0 else x[j, b, a]
        total += share[i] * (wrap_angle(value - centre) if turns else value)
    return wrap_angle(centre + total) if turns else total
