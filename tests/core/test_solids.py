"""Distances to solids, against naive ones."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.solids import Solids, rotation

TURN = np.array([0.1, -0.3, 0.2, 0.9]) / np.linalg.norm([0.1, -0.3, 0.2, 0.9])
SOLIDS = {
    "box": Solids(boxes=[[0.2, -0.1, 0.3, 0.4, 0.6, 0.2, *TURN]]),
    "ball": Solids(balls=[[0.1, 0.2, -0.1, 0.4]]),
    "cylinder": Solids(cylinders=[[-0.2, 0.1, -0.3, 0.3, 0.2, 0.4, 0.25]]),
    "capsule": Solids(capsules=[[-0.2, 0.1, -0.3, 0.3, 0.2, 0.4, 0.25]]),
}


def naive(name, x):
    """The distance of points (N, 3)."""
    if name == "box":
        row = SOLIDS[name].boxes[0]
        local = (x - row[:3]) @ rotation(row[6:])
        return np.linalg.norm(np.maximum(np.abs(local) - row[3:6] / 2, 0), axis=-1)
    if name == "ball":
        row = SOLIDS[name].balls[0]
        return np.maximum(np.linalg.norm(x - row[:3], axis=-1) - row[3], 0)
    row = (SOLIDS[name].cylinders if name == "cylinder" else SOLIDS[name].capsules)[0]
    axis, length = row[3:6] - row[:3], np.linalg.norm(row[3:6] - row[:3])
    along = (x - row[:3]) @ axis / length
    if name == "capsule":
        nearest = row[:3] + np.clip(along / length, 0, 1)[:, None] * axis
        return np.maximum(np.linalg.norm(x - nearest, axis=-1) - row[6], 0)
    beside = np.linalg.norm(np.cross(x - row[:3], axis / length), axis=-1)
    return np.hypot(np.maximum(beside - row[6], 0), np.maximum(np.maximum(-along, along - length), 0))


@pytest.mark.parametrize("name", SOLIDS)
def test_distances_of_points_and_segments_are_naive_ones(name):
    rng = np.random.default_rng(3)
    a, b = rng.uniform(-1.2, 1.2, (2, 60, 3))
    np.testing.assert_allclose(SOLIDS[name].distance(a), naive(name, a), atol=1e-9)
    along = np.linspace(0, 1, 4001)[:, None]
    dense = np.array([naive(name, p + along * (q - p)).min() for p, q in zip(a, b, strict=True)])
    exact = SOLIDS[name].distance(a, b)
    assert (exact <= dense + 1e-9).all()
    np.testing.assert_allclose(exact, dense, atol=1e-3)
    assert (exact == 0).any()
    assert (exact > 0).any()


def test_of_several_solids_the_nearest_counts():
    box, ball, cylinder, capsule = SOLIDS.values()
    all_of_them = Solids(box.boxes, ball.balls, cylinder.cylinders, capsule.capsules)
    x = np.random.default_rng(0).uniform(-2, 2, (4, 5, 3))
    np.testing.assert_array_equal(all_of_them.distance(x), np.min([s.distance(x) for s in SOLIDS.values()], axis=0))
    assert np.isinf(Solids().distance(x)).all()


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ({"balls": [[0, 0, 0]]}, "balls have shape"),
        ({"balls": [[0, 0, np.nan, 1]]}, "finite"),
        ({"boxes": [[0, 0, 0, 1, 1, 0]]}, "not above 0"),
        ({"boxes": [[0, 0, 0, 1, 1, 1, 0, 0, 0, 2]]}, "no unit quaternion"),
        ({"cylinders": [[0, 0, 0, 0, 0, 0, 1]]}, "no length"),
    ],
)
def test_what_is_no_solid_is_refused(rows, says):
    with pytest.raises(MalformedInput, match=says):
        Solids(**rows)
