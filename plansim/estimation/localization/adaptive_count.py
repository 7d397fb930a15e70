"""How many particles a belief needs: few where it is certain, many where it is not (Fox 2003)."""

from __future__ import annotations

from math import sqrt

import numpy as np

from plansim.core.arrays import Array
from plansim.core.kernel import kernel
from plansim.estimation.localization.bins import box_of, new_table, slot_of


@kernel
def kld_bound(boxes, error, quantile):
    """Samples that hold a density over so many boxes within `error` of the true one (Kullback-Leibler distance), with
    the probability whose standard normal quantile is `quantile`: Fox 2003, "Adapting the sample size in particle
    filters through KLD-sampling", eq. 7.

    >>> kld_bound(2, 0.05, 2.326)
    66
    """
    if boxes < 2:
        return 1
    k = boxes - 1.0
    a = 2.0 / (9.0 * k)
    root = 1.0 - a + sqrt(a) * quantile
    return int(np.ceil(k / (2.0 * error) * root * root * root))


def resample(states: Array, weights: Array, least: int, most: int, bound: tuple, rng: np.random.Generator) -> Array:
    """Indices (N,) of particles (M, 3) that live on, as many as they need, in expectation by their weights (M,).

    least, most: limits of N, where equal the number itself
    bound: error and quantile of `kld_bound`, side of a box in m, and sectors of a turn
    """
    offset = rng.random()
    states, weights = np.ascontiguousarray(states), np.ascontiguousarray(weights)
    kept = np.empty(most, np.int64)
    count = _resample(states, weights, offset, least, *bound, kept)
    return kept[:count]


@kernel
def _resample(states, weights, offset, least, error, quantile, side, sectors, kept):
    most = kept.shape[0]
    comb(weights, most, offset, kept)
    if least < most:
        most = _needed(states, kept, least, error, quantile, side, sectors)
        comb(weights, most, offset, kept)
    return most


@kernel
def comb(weights, count, offset, kept):
    """Systematic resampling (Kitagawa 1996): `count` teeth at equal distances over the weights (M,), the first at a
    share `offset` of one. In order: particles of one place that lie side by side stay so, and each place keeps its
    share of them."""
    last, total = 0, 0.0
    for i in range(weights.shape[0]):
        total += weights[i]
        if weights[i] > 0.0:
            last = i  # rounding must not lead past it
    i, below = 0, weights[0]
    for k in range(count):
        tooth = (k + offset) * (total / count)
        while below <= tooth and i < last:
            i += 1
            below += weights[i]
        kept[k] = i


@kernel
def _needed(states, kept, least, error, quantile, side, sectors):
    """Fox 2003, table 1: draws until there are enough for the boxes that were drawn from, or none is left."""
    most = kept.shape[0]
    table = new_table(most)
    stride = max(int(0.618 * most), 1)  # an order in which every beginning is spread evenly over the comb
    while _common_divisor(stride, most) > 1:
        stride -= 1
    boxes, drawn, needed, k = 0, 0, least, 0
    while drawn < needed and drawn < most:
        pose = states[kept[k]]
        box = box_of(pose[0], pose[1], pose[2], side, sectors)
        slot = slot_of(table, box)
        if table[slot] < 0:
            table[slot] = box
            boxes += 1
            needed = max(least, kld_bound(boxes, error, quantile))
        k = (k + stride) % most
        drawn += 1
    return drawn


@kernel
def _common_divisor(a, b):
    while b:
        a, b = b, a % b
    return a
