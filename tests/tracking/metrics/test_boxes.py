"""Overlaps of boxes: by hand, and by points thrown into them."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.tracking.metrics.boxes import box_frame, image_overlap, space_overlap


def test_upright_boxes_by_hand():
    a = [[0, 0, 2, 2]]
    b = [[1, 1, 2, 2], [5, 5, 1, 1], [0, 0, 2, 2], [2, 0, 2, 2]]
    np.testing.assert_allclose(image_overlap(a, b), [[1 / 7, 0, 1, 0]])


def test_turned_boxes_by_hand():
    cube = [0, 0, 0, 2, 2, 2, 0]
    others = [
        [0, 0, 0, 2, 2, 2, np.pi / 2], [1, 0, 0, 2, 2, 2, 0], [0, 0, 1, 2, 2, 2, 0],
        [9, 0, 0, 2, 2, 2, 0], [0, 0, 0, 2, 2, 2, np.pi / 4],
    ]  # fmt: skip
    octagon = 8 * (np.sqrt(2) - 1)  # of two squares of side 2, one turned by an eighth
    expected = [[1, 1 / 3, 1 / 3, 0, octagon / (8 - octagon)]]
    np.testing.assert_allclose(space_overlap([cube], others), expected, atol=1e-12)


def test_turned_boxes_by_points_thrown_into_them():
    rng = np.random.default_rng(0)
    for _ in range(8):
        a, b = (np.r_[rng.uniform(-1, 1, 3), rng.uniform(1, 4, 3), rng.uniform(-4, 4)] for _ in range(2))
        points = rng.uniform(-4, 4, (200_000, 3))
        inside = np.array([_holds(box, points) for box in (a, b)])
        share = inside.all(0).sum() / inside.any(0).sum()
        assert space_overlap([a], [b])[0, 0] == pytest.approx(share, abs=0.01)
        assert space_overlap([b], [a])[0, 0] == pytest.approx(space_overlap([a], [b])[0, 0], abs=1e-12)


def _holds(box, points):
    x, y, z, length, width, height, heading = box
    dx, dy, dz = (points - [x, y, z]).T
    forward, left = np.cos(heading) * dx + np.sin(heading) * dy, np.cos(heading) * dy - np.sin(heading) * dx
    return (abs(forward) <= length / 2) & (abs(left) <= width / 2) & (abs(dz) <= height / 2)


def test_no_boxes_have_no_overlaps():
    assert image_overlap([], [[0, 0, 1, 1]]).shape == (0, 1)
    assert space_overlap([], []).shape == (0, 0)
    frame = box_frame([1], [2, 3], image_overlap([[0, 0, 2, 2]], [[0, 0, 2, 2], [1, 0, 2, 2]]), least=0.5)
    assert frame.distance.tolist() == [[0.0, np.inf]]
