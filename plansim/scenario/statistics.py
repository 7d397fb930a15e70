"""How sure we are of a mean: 95 % intervals of rates, of means, and of paired differences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

Z = 1.959963984540054  # the normal distribution's 97.5 % point


class Estimate(NamedTuple):
    """A sample's mean with its 95 % interval; None where the sample is too small to say."""

    mean: float | None
    low: float | None
    high: float | None
    n: int


def wilson(values: Sequence[float]) -> Estimate:
    """The rate of ones among zeros and ones, by Wilson's score interval (1927), which stays within [0, 1].

    >>> wilson([1, 1, 1, 1, 0]).mean
    0.8
    """
    n = len(values)
    if n == 0:
        return Estimate(None, None, None, 0)
    rate = sum(values) / n
    centre = (rate + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * math.sqrt(rate * (1 - rate) / n + Z**2 / (4 * n**2))
    low = 0.0 if rate == 0 else max(0.0, centre - half)
    high = 1.0 if rate == 1 else min(1.0, centre + half)
    return Estimate(rate, low, high, n)


def student(values: Sequence[float]) -> Estimate:
    """The mean of a sample with Student's t interval; of one value there is no interval."""
    n = len(values)
    if n == 0:
        return Estimate(None, None, None, 0)
    mean = math.fsum(values) / n
    if n == 1 or not math.isfinite(mean):
        return Estimate(mean, None, None, n)
    from scipy.special import stdtrit

    variance = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
    half = float(stdtrit(n - 1, 0.975)) * math.sqrt(variance / n)
    return Estimate(mean, mean - half, mean + half, n)


def paired(a: Sequence[float], b: Sequence[float]) -> Estimate:
    """The mean of b - a over the same seeds, with Student's t interval of the differences."""
    return student([y - x for x, y in zip(a, b, strict=True)])
