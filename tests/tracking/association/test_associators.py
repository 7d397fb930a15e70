"""Associators against every joint event of small scans, and what they answer where there is nothing."""

from __future__ import annotations

from itertools import pairwise
from math import comb, factorial

import networkx
import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.tracking import (
    BestHypotheses,
    GlobalNearestNeighbour,
    JointProbabilistic,
    JointProbabilisticStar,
    NearestNeighbour,
)
from plansim.tracking.association.clusters import clusters
from plansim.tracking.association.murty import best_assignments
from tests.tracking.association.events import assert_equal, enumerated, events, pairs_of, random_pairs

ALL = [NearestNeighbour(), GlobalNearestNeighbour(), JointProbabilistic(), JointProbabilistic(exact_limit=0)]
ALL += [BestHypotheses(20), JointProbabilisticStar(20)]
MESSAGES = JointProbabilistic(exact_limit=0, tolerance=1e-12)


@pytest.mark.parametrize(("tracks", "detections"), [(1, 4), (4, 1), (3, 5), (5, 3), (5, 5), (4, 6)])
def test_exact_shares_are_those_of_all_joint_events(tracks, detections):
    for seed in range(8):
        pairs = random_pairs(np.random.default_rng(seed), tracks, detections, spread=1 + 3 * (seed % 3))
        assert_equal(JointProbabilistic().associate(pairs), enumerated(pairs), 1e-10)


def test_nine_tracks_and_ten_detections_count_their_matchings():
    # all weights equal: the share of a pair is the number of matchings that hold it
    matchings = lambda m, n: sum(comb(m, k) * comb(n, k) * factorial(k) for k in range(m + 1))  # noqa: E731
    shares = JointProbabilistic().associate(pairs_of(np.zeros((9, 10)), np.zeros(9)))
    np.testing.assert_allclose(shares.pair, matchings(8, 9) / matchings(9, 10), rtol=1e-12)
    np.testing.assert_allclose(shares.missed, matchings(8, 10) / matchings(9, 10), rtol=1e-12)


def test_rivals_for_one_detection_never_lose_all_their_weight():
    # either may have the one detection; both are sure of it: their difference decides
    pairs = pairs_of([[900.0], [901.0]], [-900.0, -900.0])
    share = JointProbabilistic().associate(pairs)
    np.testing.assert_allclose(share.pair, [1 / (1 + np.e), np.e / (1 + np.e)], rtol=1e-12)
    crowd = pairs_of(np.full((4, 3), 800.0) + np.random.default_rng(0).normal(size=(4, 3)), np.full(4, -50.0))
    assert_equal(JointProbabilistic().associate(crowd), enumerated(crowd), 1e-10)


@pytest.mark.parametrize("associator", ALL, ids=lambda a: type(a).__name__)
def test_hard_numbers_give_probabilities(associator):
    rng = np.random.default_rng(1)
    for spread in (1e-9, 1.0, 50.0, 1e3, 1e6):
        shares = associator.associate(random_pairs(rng, 6, 6, 0.8, spread))
        for values in shares:
            assert np.isfinite(values).all()
            assert (values >= 0).all()
            assert (values <= 1 + 1e-9).all()


@pytest.mark.parametrize("associator", ALL, ids=lambda a: type(a).__name__)
def test_no_detections_or_no_tracks_have_an_answer(associator):
    assert associator.associate(pairs_of(np.zeros((3, 0)), np.zeros(3))).missed.tolist() == [1.0] * 3
    assert associator.associate(pairs_of(np.zeros((0, 3)), np.zeros(0))).free.tolist() == [1.0] * 3
    nothing = associator.associate(pairs_of(np.full((2, 2), -np.inf), np.zeros(2)))
    assert nothing.missed.tolist() == nothing.free.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("associator", ALL, ids=lambda a: type(a).__name__)
def test_shares_of_a_track_sum_to_one(associator):
    pairs = random_pairs(np.random.default_rng(3), 8, 12)
    shares = associator.associate(pairs)
    np.testing.assert_allclose(np.bincount(pairs.track, shares.pair, 8) + shares.missed, 1.0, atol=1e-9)


def test_messages_are_exact_on_a_tree_and_near_elsewhere():
    tree = pairs_of([[1.0, -np.inf], [0.5, 2.0]], [0.0, 0.3])  # no loop among tracks and detections
    assert_equal(MESSAGES.associate(tree), enumerated(tree), 1e-10)
    for seed in range(5):
        pairs = random_pairs(np.random.default_rng(seed), 5, 5, spread=1.5)
        assert_equal(MESSAGES.associate(pairs), enumerated(pairs), 0.06)


def test_messages_settle_where_clutter_is_rare_and_tracks_outnumber_detections():
    # one track must be missed, and no detection can be of more than one: their messages are tiny, not settled
    rng = np.random.default_rng(0)
    for missed in (-20.0, -40.0):
        pairs = pairs_of(rng.normal(scale=1.5, size=(10, 9)), np.full(10, missed))
        found = JointProbabilistic(exact_limit=0).associate(pairs)
        np.testing.assert_allclose(np.bincount(pairs.detection, found.pair), 1.0, atol=1e-6)
        assert_equal(found, JointProbabilistic(exact_limit=0, tolerance=1e-15, rounds=100_000).associate(pairs), 1e-6)


def test_clusters_solved_apart_are_the_whole_solved_at_once():
    rng = np.random.default_rng(5)
    block = rng.normal(size=(2, 3, 3))
    whole = np.full((6, 6), -np.inf)
    whole[:3, ::2], whole[3:, 1::2] = block
    missed = rng.normal(size=6)
    together = JointProbabilistic().associate(pairs_of(whole, missed))
    for part, rows in zip(block, (slice(0, 3), slice(3, 6)), strict=True):
        alone = JointProbabilistic().associate(pairs_of(part, missed[rows]))
        np.testing.assert_allclose(together.missed[rows], alone.missed, atol=1e-12)


def test_clusters_are_the_connected_components():
    pairs = random_pairs(np.random.default_rng(6), 30, 30, density=0.04)
    graph = networkx.Graph()
    graph.add_nodes_from(range(30))
    graph.add_edges_from((int(i), 100 + int(j)) for i, j in zip(pairs.track, pairs.detection, strict=True))
    expected = sorted(sorted(i for i in c if i < 100) for c in networkx.connected_components(graph) if min(c) < 100)
    starts, members = clusters(pairs.first, pairs.detection, pairs.detections)
    assert sorted(members[a:b].tolist() for a, b in pairwise(starts)) == expected


def test_the_global_nearest_neighbour_is_the_best_joint_event():
    for seed in range(20):
        pairs = random_pairs(np.random.default_rng(seed), 4, 4)
        best, _ = max(events(pairs), key=lambda event: event[1])
        taken = np.flatnonzero(GlobalNearestNeighbour().associate(pairs).pair)
        assert taken.tolist() == [p for p in best if p >= 0]


def test_the_nearest_neighbour_may_take_a_detection_twice():
    pairs = pairs_of([[3.0, 1.0], [2.0, -np.inf]], [5.0, 5.0])
    shares = NearestNeighbour().associate(pairs)
    assert shares.pair.tolist() == [1.0, 0.0, 1.0]
    assert shares.free.tolist() == [0.0, 1.0]


def test_murtys_assignments_are_the_best_of_all():
    for seed in range(10):
        pairs = random_pairs(np.random.default_rng(seed), 4, 4)
        cost = np.full((4, 8), np.inf)
        cost[pairs.track, pairs.detection] = -pairs.log_weight
        cost[np.arange(4), 4 + np.arange(4)] = -pairs.log_missed
        every = sorted(-log for _, log in events(pairs))
        found, costs = best_assignments(cost, 30)
        np.testing.assert_allclose(costs, every[:30], atol=1e-12)
        assert len({tuple(row) for row in found.tolist()}) == len(found)
        np.testing.assert_allclose(cost[np.arange(4), found].sum(1), costs)


def test_all_hypotheses_are_jpda_and_one_is_the_global_nearest_neighbour():
    pairs = random_pairs(np.random.default_rng(2), 4, 4)
    assert_equal(BestHypotheses(2000).associate(pairs), JointProbabilistic().associate(pairs), 1e-12)
    assert_equal(BestHypotheses(1).associate(pairs), GlobalNearestNeighbour().associate(pairs), 0.0)


def test_jpda_star_is_the_sum_over_the_best_permutations():
    for seed in range(10):
        pairs = random_pairs(np.random.default_rng(seed), 3, 4, spread=1.0)
        best: dict = {}
        for choice, log in events(pairs):
            key = (
                frozenset(i for i, p in enumerate(choice) if p >= 0),
                frozenset(int(pairs.detection[p]) for p in choice if p >= 0),
            )
            best[key] = max(best.get(key, (-np.inf, None)), (log, choice))
        total = sum(np.exp(log) for log, _ in best.values())
        pair = np.zeros(len(pairs.detection))
        for log, choice in best.values():
            pair[[p for p in choice if p >= 0]] += np.exp(log) / total
        np.testing.assert_allclose(JointProbabilisticStar(2000).associate(pairs).pair, pair, atol=1e-12)


def test_jpda_shares_what_jpda_star_decides():
    near = pairs_of([[4.0, 3.9], [3.9, 4.0]], [-3.0, -3.0])  # two tracks between two detections
    assert JointProbabilistic().associate(near).pair.max() < 0.6
    assert JointProbabilisticStar().associate(near).pair[[0, 3]].min() > 0.95


def test_settings_that_cannot_be_meant_are_refused():
    for make in (
        lambda: BestHypotheses(0),
        lambda: JointProbabilistic(exact_limit=-1),
        lambda: JointProbabilistic(rounds=0),
    ):
        with pytest.raises(MalformedInput):
            make()
