"""GOSPA and OSPA: laws of a metric, hand-made sets, and every pairing tried."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.tracking.metrics.gospa import gospa
from plansim.tracking.metrics.ospa import ospa

CUTOFF = 3.0


def random_set(rng, most=4):
    return rng.uniform(0, 5, (rng.integers(0, most + 1), 2))


def every_pairing(a, b):
    """All ways to give points of the smaller set partners in the larger, or none."""
    partners = [*range(len(b)), *[None] * len(a)]
    return {tuple(p) for p in itertools.permutations(partners, len(a))}


def gospa_by_trying(a, b, order):
    def cost(pairing):
        pairs = [(i, j) for i, j in enumerate(pairing) if j is not None]
        near = sum(np.linalg.norm(a[i] - b[j]) ** order for i, j in pairs)
        return near + CUTOFF**order / 2 * (len(a) + len(b) - 2 * len(pairs))

    return min(map(cost, every_pairing(a, b))) ** (1 / order)


def ospa_by_trying(a, b, order):
    a, b = sorted((a, b), key=len)
    if not len(b):
        return 0.0
    costs = [
        sum(min(np.linalg.norm(a[i] - b[j]), CUTOFF) ** order for i, j in enumerate(pairing))
        for pairing in itertools.permutations(range(len(b)), len(a))
    ]
    return ((min(costs) + CUTOFF**order * (len(b) - len(a))) / len(b)) ** (1 / order)


@pytest.mark.parametrize("order", [1.0, 2.0])
def test_no_pairing_is_cheaper(order):
    rng = np.random.default_rng(1)
    for _ in range(60):
        a, b = random_set(rng, 3), random_set(rng, 3)
        assert gospa(a, b, CUTOFF, order).distance == pytest.approx(gospa_by_trying(a, b, order), abs=1e-12)
        assert ospa(a, b, CUTOFF, order).distance == pytest.approx(ospa_by_trying(a, b, order), abs=1e-12)


@pytest.mark.parametrize("distance", [gospa, ospa])
@pytest.mark.parametrize("order", [1.0, 2.0])
def test_it_is_a_metric(distance, order):
    rng = np.random.default_rng(2)
    for _ in range(200):
        a, b, c = (random_set(rng) for _ in range(3))
        ab, bc, ac = (distance(*pair, CUTOFF, order).distance for pair in ((a, b), (b, c), (a, c)))
        assert distance(b, a, CUTOFF, order).distance == pytest.approx(ab, abs=1e-12)
        assert ac <= ab + bc + 1e-12
        assert distance(a, a[::-1], CUTOFF, order).distance == 0
        assert ab > 0 or (len(a) == len(b) == 0)


def test_the_parts_of_gospa_are_all_there_is():
    rng = np.random.default_rng(3)
    for _ in range(50):
        tracks, targets = random_set(rng), random_set(rng)
        score = gospa(tracks, targets, CUTOFF)
        assert score.localisation + score.missed + score.false == pytest.approx(score.distance**2)
        assert score.missed == pytest.approx(CUTOFF**2 / 2 * (len(targets) - len(score.pairs)))
        assert score.false == pytest.approx(CUTOFF**2 / 2 * (len(tracks) - len(score.pairs)))


def test_by_hand():
    score = gospa([[0, 0], [10, 0]], [[0, 1], [50, 0], [60, 0]], cutoff=4.0)
    assert (score.localisation, score.missed, score.false) == (1.0, 16.0, 8.0)
    assert score.distance == 5.0
    assert score.pairs.tolist() == [[0, 0]]
    parts = ospa([[0, 0], [10, 0]], [[0, 1], [50, 0], [60, 0]], cutoff=4.0)
    assert parts.localisation**2 == pytest.approx((1 + 16) / 3)
    assert parts.cardinality**2 == pytest.approx(16 / 3)
    assert parts.distance**2 == pytest.approx(11.0)


def test_empty_sets_have_a_distance():
    some = [[1.0, 2.0], [3.0, 4.0]]
    assert gospa([], [], CUTOFF).distance == ospa([], [], CUTOFF).distance == 0.0
    assert gospa(np.zeros((0, 2)), some, CUTOFF).missed == gospa(some, [], CUTOFF).false == CUTOFF**2
    assert ospa([], some, CUTOFF).distance == ospa(some, [], CUTOFF).distance == CUTOFF


@pytest.mark.parametrize("distance", [gospa, ospa])
def test_what_cannot_be_meant_is_refused(distance):
    with pytest.raises(MalformedInput, match="leave out what is not there"):
        distance([[np.nan, 0.0]], [[0.0, 0.0]], 1.0)
    with pytest.raises(MalformedInput, match=r"\(1, 2\) and targets \(1, 3\)"):
        distance([[0.0, 0.0]], [[0.0, 0.0, 0.0]], 1.0)
    with pytest.raises(MalformedInput, match="cutoff is 0"):
        distance([[0.0, 0.0]], [[0.0, 0.0]], 0.0)
    with pytest.raises(MalformedInput, match="order inf"):
        distance([[0.0, 0.0]], [[0.0, 0.0]], 1.0, np.inf)
    with pytest.raises(MalformedInput, match="power of order 200"):
        distance([[0.0, 0.0]], [[0.0, 0.0]], 100.0, 200.0)
