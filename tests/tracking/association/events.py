"""The oracle of associations: every joint event, one by one."""

from __future__ import annotations

import itertools

import numpy as np

from plansim.tracking.association.base import Pairs, Shares


def pairs_of(log_weight, log_missed) -> Pairs:
    """From a dense matrix (M, D), -inf where there is no pair."""
    log_weight = np.asarray(log_weight, float)
    track, detection = np.nonzero(log_weight > -np.inf)
    first = np.searchsorted(track, np.arange(len(log_weight) + 1))
    values = log_weight[track, detection]
    return Pairs(first, detection, values, np.asarray(log_missed, float), log_weight.shape[1])


def random_pairs(rng, tracks, detections, density=0.6, spread=2.0) -> Pairs:
    log_weight = rng.normal(scale=spread, size=(tracks, detections))
    log_weight[rng.random(log_weight.shape) > density] = -np.inf
    return pairs_of(log_weight, rng.normal(scale=spread, size=tracks))


def events(pairs: Pairs):
    """(choice (M,), log weight) of every joint event: the index of each track's pair, or -1."""
    choices = [[-1, *range(a, b)] for a, b in itertools.pairwise(pairs.first)]
    for choice in itertools.product(*choices):
        used = [pairs.detection[p] for p in choice if p >= 0]
        if len(set(used)) == len(used):
            weights = [pairs.log_missed[i] if p < 0 else pairs.log_weight[p] for i, p in enumerate(choice)]
            yield choice, float(np.sum(weights))


def enumerated(pairs: Pairs) -> Shares:
    choices, logs = zip(*events(pairs), strict=True)
    weights = np.exp(np.array(logs) - max(logs))
    weights /= weights.sum()
    pair, missed, free = np.zeros(len(pairs.detection)), np.zeros(len(pairs.log_missed)), np.ones(pairs.detections)
    for choice, weight in zip(choices, weights, strict=True):
        for i, p in enumerate(choice):
            if p < 0:
                missed[i] += weight
            else:
                pair[p] += weight
                free[pairs.detection[p]] -= weight
    return Shares(pair, missed, free)


def assert_equal(a: Shares, b: Shares, tolerance: float) -> None:
    for left, right in zip(a, b, strict=True):
        np.testing.assert_allclose(left, right, rtol=0, atol=tolerance)
