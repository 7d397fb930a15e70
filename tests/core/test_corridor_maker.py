"""A corridor that is its own image by half a turn, but where something is to tell its ends apart."""

import numpy as np
import pytest

from plansim.core.corridor_maker import twin_corridor
from plansim.core.errors import MalformedInput
from plansim.models.lidar import Lidar


@pytest.mark.parametrize("resolution", [0.05, 0.1])
def test_from_two_places_half_a_turn_apart_a_lidar_sees_the_same(resolution):
    grid, lidar = twin_corridor(resolution=resolution, tell=None), Lidar(beams=37, max_range=30.0)
    for pose in np.random.default_rng(0).uniform([-11, -0.9, -3], [11, 0.9, 3], (20, 3)):
        twin = np.array([-pose[0], -pose[1], pose[2] + np.pi])
        np.testing.assert_allclose(lidar.scan(grid, twin), lidar.scan(grid, pose), atol=1e-9)


def test_one_niche_tells_its_ends_apart():
    same, grid = twin_corridor(tell=None), twin_corridor()
    rows, columns = np.nonzero(grid.free & ~same.free)
    assert 9.4 < grid.points(np.stack([rows, columns], -1))[:, 0].min() < 9.6
    assert len(rows) == 20 * 12  # 1 m x 0.6 m
    assert not (same.free & ~grid.free).any()


def test_no_way_leads_out():
    cells = twin_corridor().occupied
    assert cells[0].all() and cells[-1].all() and cells[:, 0].all() and cells[:, -1].all()  # noqa: PT018


@pytest.mark.parametrize(
    "wrong", [{"length": 8.0}, {"tell": 11.9}, {"tell": -2.0}, {"width": 0.05}, {"resolution": 0.5}]
)
def test_what_is_no_corridor_is_refused(wrong):
    with pytest.raises(MalformedInput, match="make no corridor"):
        twin_corridor(**wrong)
