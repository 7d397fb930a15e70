"""Resampling: which particles live on, so that the expected number of copies of each is in proportion to its weight.

Weights are logarithms, so that a measurement of sixty beams cannot underflow them.
The schemes differ in their variance alone (Douc, Cappé and Moulines 2005, "Comparison of resampling schemes").
"""

from __future__ import annotations

from collections.abc import Callable
from math import floor
from typing import Literal

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput, near_miss
from plansim.core.kernel import kernel

Resampler = Callable[[Array, np.random.Generator], Array]  # log-weights (..., N) -> indices (..., N)
Scheme = Literal["systematic", "stratified", "residual", "multinomial"]


def resampler(scheme: Scheme | Resampler) -> Resampler:
    """The scheme of a name; a function is one already."""
    if callable(scheme):
        return scheme
    if scheme not in SCHEMES:
        raise MalformedInput(
            f"no resampling scheme {scheme!r}; there are {', '.join(SCHEMES)}{near_miss(scheme, SCHEMES)}"
        )
    return SCHEMES[scheme]


def normalise(log_weights: Array) -> tuple[Array, Array]:
    """Log-weights (..., N) that sum to one, and the logarithm of what they summed to, (...).

    Where no particle has any weight, all get the same one and the sum's logarithm is -inf.
    """
    highest = log_weights.max(-1)
    if not (highest < np.inf).all():
        raise MalformedInput("a log-weight is NaN or infinite, but must be a number or -inf")
    lost = highest == -np.inf
    shift = np.where(lost, 0.0, highest)
    log_weights = np.where(lost[..., None], -np.log(log_weights.shape[-1]), log_weights - shift[..., None])
    rest = np.log(np.exp(log_weights).sum(-1))  # at least one of them is exp(0), unless all are 1 / N
    return log_weights - rest[..., None], np.where(lost, -np.inf, shift + rest)[()]


def systematic(log_weights: Array, rng: np.random.Generator) -> Array:
    """One random number places an even comb of N teeth: the least variance (Kitagawa 1996), also "low-variance".

    >>> systematic(np.log([0.5, 0.25, 0.25, 1e-300]), np.random.default_rng(0)).tolist()
    [0, 0, 1, 2]
    """
    teeth = np.arange(log_weights.shape[-1])
    return ancestors(log_weights, teeth + rng.random((*log_weights.shape[:-1], 1)))


def stratified(log_weights: Array, rng: np.random.Generator) -> Array:
    """One random number in each of N equal strata."""
    return ancestors(log_weights, np.arange(log_weights.shape[-1]) + rng.random(log_weights.shape))


def multinomial(log_weights: Array, rng: np.random.Generator) -> Array:
    """N independent draws: the scheme that the others are measured against."""
    return ancestors(log_weights, log_weights.shape[-1] * np.sort(rng.random(log_weights.shape), axis=-1))


def residual(log_weights: Array, rng: np.random.Generator) -> Array:
    """⌊N w⌋ copies of each for certain, and independent draws among what that leaves (Liu and Chen 1998).

    >>> residual(np.log([0.5, 0.25, 0.25, 1e-300]), np.random.default_rng(0)).tolist()
    [0, 0, 1, 2]
    """
    steps = rng.standard_exponential((*log_weights.shape[:-1], log_weights.shape[-1] + 1))
    return _indices(_copy_residually, _relative(log_weights), steps)


def ancestors(log_weights: Array, positions: Array) -> Array:
    """The particle on whose share of [0, N) each position (..., N), in rising order, falls; never one without weight.

    By one walk along both: no search for each position.
    """
    positions = np.broadcast_to(positions, (*log_weights.shape[:-1], positions.shape[-1]))
    return _indices(_walk, _relative(log_weights), positions / log_weights.shape[-1])


SCHEMES: dict[str, Resampler] = {
    "systematic": systematic,
    "stratified": stratified,
    "residual": residual,
    "multinomial": multinomial,
}


def _relative(log_weights: Array) -> Array:
    highest = log_weights.max(-1, keepdims=True)
    if not np.isfinite(highest).all():
        raise MalformedInput(
            "log-weights are NaN, infinite or all -inf: there is nothing to choose by; `normalise` them"
        )
    return np.exp(log_weights - highest)


def _indices(copy: Callable, weights: Array, numbers: Array) -> Array:
    flat = (np.ascontiguousarray(a).reshape(-1, a.shape[-1]) for a in (weights, numbers))
    width = weights.shape[-1] if copy is _copy_residually else numbers.shape[-1]
    indices = np.empty((*weights.shape[:-1], width), dtype=np.int64)
    copy(*flat, indices.reshape(-1, width))
    return indices


@kernel
def _walk(weights, positions, out):
    """positions: (B, P), within [0, 1]."""
    for b in range(weights.shape[0]):
        # by their own end, not by one: rounding must not push a position past the last particle that has weight
        total, last = 0.0, 0
        for i in range(weights.shape[1]):
            total += weights[b, i]
            if weights[b, i] > 0.0:
                last = i
        ancestor, cumulative = 0, weights[b, 0]
        for i in range(positions.shape[1]):
            position = positions[b, i] * total
            while cumulative <= position and ancestor < last:
                ancestor += 1
                cumulative += weights[b, ancestor]
            out[b, i] = ancestor


@kernel
def _copy_residually(weights, steps, out):
    """steps: (B, N + 1) between the draws, exponential: their running sum over its end is uniform draws, sorted."""
    count = weights.shape[1]
    for b in range(weights.shape[0]):
        total = 0.0
        for i in range(count):
            total += weights[b, i]
        certain, rest, last = 0, 0.0, 0
        for i in range(count):
            expected = count * (weights[b, i] / total)
            certain += floor(expected)
            rest += expected - floor(expected)
            if weights[b, i] > 0.0:
                last = i
        draws = count - certain
        length = 0.0
        for i in range(draws + 1):
            length += steps[b, i]
        done, drawn, reached, cumulative = 0, 0, steps[b, 0], 0.0
        for i in range(count):
            expected = count * (weights[b, i] / total)
            cumulative += expected - floor(expected)
            copies = floor(expected)
            while drawn < draws and (reached / length * rest < cumulative or i == last):
                copies += 1
                drawn += 1
                reached += steps[b, drawn]
            for _ in range(copies):
                out[b, done] = i
                done += 1
