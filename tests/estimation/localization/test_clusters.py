"""Clusters are the connected groups of touching boxes, and say of each its share and its moments."""

import networkx as nx
import numpy as np
import pytest

from plansim.core.beliefs import Particles, moments
from plansim.core.geometry import POSE
from plansim.estimation.localization.bins import label, sectors
from plansim.estimation.localization.clusters import clusters


def naive_labels(states, side, count):
    """A graph of boxes, an edge where they touch."""
    columns_rows = np.floor(states[:, :2] / side).astype(int)
    sector = np.floor((states[:, 2] + np.pi) / (2 * np.pi) * count).astype(int) % count
    boxes = sorted({(*cell, s) for cell, s in zip(columns_rows.tolist(), sector.tolist(), strict=True)})
    graph = nx.Graph()
    graph.add_nodes_from(boxes)
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            turn = abs(a[2] - b[2])
            if max(abs(a[0] - b[0]), abs(a[1] - b[1]), min(turn, count - turn)) <= 1:
                graph.add_edge(a, b)
    group = {box: k for k, part in enumerate(nx.connected_components(graph)) for box in part}
    return [group[(*cell, s)] for cell, s in zip(columns_rows.tolist(), sector.tolist(), strict=True)], len(boxes)


@pytest.mark.parametrize("seed", range(6))
def test_groups_are_those_of_the_graph_of_touching_boxes(seed):
    rng = np.random.default_rng(seed)
    states = rng.uniform([-4, -4, -np.pi], [4, 4, np.pi], (300, 3))
    labels, (expected, boxes) = np.empty(300, np.int64), naive_labels(states, 0.5, 12)
    assert label(states, 0.5, 12, labels) == (boxes, len(set(expected)))
    pairs = set(zip(labels.tolist(), expected, strict=True))
    assert len(pairs) == len(set(expected))  # one of theirs for each of ours


def test_a_place_knows_its_share_mean_and_spread():
    rng = np.random.default_rng(0)
    centres, sizes = np.array([[0.0, 0.0, 3.1], [6.0, 2.0, 0.0], [-9.0, 1.0, 1.0]]), (500, 300, 40)
    states = [POSE.add(c, rng.normal(size=(n, 3)) * 0.1) for c, n in zip(centres, sizes, strict=True)]
    order = rng.permutation(840)
    belief = Particles(np.concatenate(states)[order], np.full(840, -np.log(840)))
    places = clusters(belief, side=0.5, turn=0.5)
    assert [place.weight for place in places] == pytest.approx(np.array(sizes) / 840)
    for place, mine in zip(places, states, strict=True):
        mean, cov = moments(mine, np.full(len(mine), 1 / len(mine)), POSE)
        np.testing.assert_allclose(POSE.difference(place.mean, mean), 0.0, atol=1e-12)
        np.testing.assert_allclose(place.cov, cov, atol=1e-12)
        assert place.gaussian(POSE).mean is place.mean


def test_the_mean_of_two_places_is_neither_but_the_heaviest_cluster_is_one():
    states = np.repeat([[0.0, 0.0, 0.0], [8.0, 0.0, 0.0]], [60, 40], axis=0)
    belief = Particles(states, np.full(100, -np.log(100)))
    assert moments(states, belief.weights, POSE).mean[0] == pytest.approx(3.2)
    assert clusters(belief)[0].mean.tolist() == [0.0, 0.0, 0.0]


def test_particles_without_weight_are_no_place():
    belief = Particles(np.array([[0.0, 0, 0], [5.0, 0, 0]]), np.array([0.0, -np.inf]))
    assert [place.weight for place in clusters(belief)] == [1.0]


def test_poses_far_away_are_no_error():
    states = np.array([[1e300, -1e300, 0.0], [0.0, 0.0, 0.0]])
    assert len(clusters(Particles(states, np.log([0.5, 0.5])))) == 2


@pytest.mark.parametrize(("turn", "count"), [(10.0, 1), (0.25, 25), (1e-9, 1023)])
def test_a_full_turn_has_whole_sectors(turn, count):
    assert sectors(turn) == count
