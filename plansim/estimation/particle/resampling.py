"""Resampling: which particles live on, so that the expected number of copies of each is in proportion to its weight.

Weights are logarithms, so that a measurement of sixty beams cannot underflow them.
The three schemes differ in their variance alone (Douc, Cappé and Moulines 2005, "Comparison of resampling schemes").
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput

Resampler = Callable[[Array, np.random.Generator], Array]  # log-weights (..., N) -> indices (..., N)


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


def ancestors(log_weights: Array, positions: Array) -> Array:
    """The particle on whose share of [0, N) each position (..., N) falls; never one without weight."""
    cumulative = np.cumsum(np.exp(log_weights - log_weights.max(-1, keepdims=True)), axis=-1)
    # by its own end, not by one: rounding must not push a position past the last particle
    share = cumulative / cumulative[..., -1:]
    position = np.minimum(positions / log_weights.shape[-1], np.nextafter(1.0, 0.0))
    indices = np.empty(position.shape, dtype=np.intp)
    for member in np.ndindex(position.shape[:-1]):
        indices[member] = np.searchsorted(share[member], position[member], side="right")
    return indices
