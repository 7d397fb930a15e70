"""Gates: the grid finds what looking at every pair finds."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.layout import layout
from plansim.tracking.association.gating import gate_size, gated


def scene(rng, tracks, detections, k, extent):
    expected, z = rng.uniform(0, extent, (tracks, k)), rng.uniform(0, extent, (detections, k))
    root = np.tril(rng.normal(size=(tracks, k, k))) + 2 * np.eye(k)
    return expected, root, z


def all_pairs(expected, root, z, names, size):
    miss = names.difference(z[None], expected[:, None])
    whitened = np.linalg.solve(root[:, None], miss[..., None])[..., 0]
    return (whitened**2).sum(-1), (whitened**2).sum(-1) < size


@pytest.mark.parametrize(("k", "extent"), [(1, 100.0), (2, 30.0), (2, 3.0), (3, 20.0)])
def test_the_grid_finds_what_looking_at_every_pair_finds(k, extent):
    rng = np.random.default_rng(k)
    expected, root, z = scene(rng, 40, 90, k, extent)
    names = layout("a b c"[: 2 * k - 1])
    first, detection, distance = gated(expected, root, z, names, 9.0, limit=1000)
    d, inside = all_pairs(expected, root, z, names, 9.0)
    assert inside.any()
    assert np.array_equal(np.repeat(np.arange(40), np.diff(first)), np.nonzero(inside)[0])
    assert np.array_equal(detection, np.nonzero(inside)[1])
    np.testing.assert_allclose(distance, d[inside], rtol=1e-12)


def test_a_gate_goes_on_where_an_angle_begins_anew():
    rng = np.random.default_rng(0)
    names = layout("range bearing", angles="bearing")
    expected = np.column_stack([rng.uniform(0, 10, 30), rng.uniform(-np.pi, np.pi, 30)])
    z = np.column_stack([rng.uniform(0, 10, 80), rng.uniform(-4 * np.pi, 4 * np.pi, 80)])
    root = np.tile(np.diag([1.0, 0.6]), (30, 1, 1))
    root[:3, 1, 1] = 5.0  # gates wider than a whole turn
    first, detection, _ = gated(expected, root, z, names, 9.0, limit=1000)
    _, inside = all_pairs(expected, root, z, names, 9.0)
    assert np.array_equal(np.repeat(np.arange(30), np.diff(first)), np.nonzero(inside)[0])
    assert np.array_equal(detection, np.nonzero(inside)[1])


def test_a_crowded_gate_keeps_the_nearest():
    z = np.column_stack([np.linspace(1, -1, 41), np.zeros(41)])
    _, detection, distance = gated(np.zeros((1, 2)), np.eye(2)[None], z, layout("x y"), 9.0, limit=5)
    assert detection.tolist() == [18, 19, 20, 21, 22]
    assert distance.max() == pytest.approx(0.01)


def test_nothing_is_gated_where_nothing_is():
    for tracks, detections in ((0, 5), (5, 0), (0, 0)):
        first, detection, _ = gated(
            np.zeros((tracks, 2)), np.tile(np.eye(2), (tracks, 1, 1)), np.ones((detections, 2)), layout("x y"), 9.0, 10
        )
        assert first.tolist() == [0] * (tracks + 1)
        assert len(detection) == 0


def test_one_detection_far_away_does_not_spoil_the_grid():
    z = np.array([[0.0, 0.0], [1e9, -1e9], [0.5, 0.5]])
    _, detection, _ = gated(np.zeros((1, 2)), np.eye(2)[None], z, layout("x y"), 9.0, limit=10)
    assert detection.tolist() == [0, 2]


def test_the_gate_is_the_quantile_of_chi_square():
    assert gate_size(0.99, 2) == pytest.approx(9.2103, abs=1e-4)
    assert gate_size(0.95, 1) == pytest.approx(3.8415, abs=1e-4)
    for probability in (0.0, 1.0, np.nan):
        with pytest.raises(MalformedInput, match="gate_probability"):
            gate_size(probability, 2)
