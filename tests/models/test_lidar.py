"""Where a lidar's beams point, and what they read."""

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.geometry import compose
from plansim.core.grid import OccupancyGrid
from plansim.models.lidar import Lidar


def _room(size=41, resolution=0.1):
    """A square room with walls one cell thick, its middle at the world's origin."""
    probability = np.ones((size, size))
    probability[1:-1, 1:-1] = 0
    return OccupancyGrid(probability, resolution, (-size * resolution / 2, -size * resolution / 2, 0))


@pytest.mark.parametrize("beams", [1, 2, 7, 360])
@pytest.mark.parametrize("field_of_view", [0.5, np.pi, 2 * np.pi])
def test_beams_are_evenly_spaced_and_centred_on_the_heading(beams, field_of_view):
    angles = Lidar(beams=beams, field_of_view=field_of_view).angles
    np.testing.assert_allclose(angles, -angles[::-1], atol=1e-12)
    if beams > 2:
        np.testing.assert_allclose(np.diff(angles), np.diff(angles)[0])


def test_a_full_circle_doubles_no_beam_and_a_fan_reaches_its_edges():
    around = Lidar(beams=8).angles
    assert np.isclose(around[0] + 2 * np.pi - around[-1], np.diff(around)[0])
    fan = Lidar(beams=8, field_of_view=2.0).angles
    np.testing.assert_allclose(fan[[0, -1]], [-1.0, 1.0])


def test_a_subset_is_spread_evenly():
    lidar = Lidar(beams=360)
    assert np.array_equal(lidar.subset(360), np.arange(360))
    assert np.array_equal(lidar.subset(999), np.arange(360))
    chosen = lidar.subset(60)
    assert len(set(chosen)) == 60
    assert set(np.diff(chosen)) == {6}
    assert set(np.diff(Lidar(beams=100).subset(60))) == {1, 2}


def test_a_scan_of_a_square_room_is_the_distance_to_its_walls():
    lidar = Lidar(beams=4, max_range=5.0)  # at 45 degrees to the walls
    half = 39 * 0.1 / 2
    np.testing.assert_allclose(lidar.scan(_room(), np.zeros(3)), half * np.sqrt(2), atol=0.15)
    straight = lidar.scan(_room(), np.array([0.5, 0.0, np.pi / 4]))
    np.testing.assert_allclose(straight, [half, half - 0.5, half, half + 0.5], atol=1e-9)


def test_hits_lie_on_the_walls_wherever_the_sensor_is_mounted():
    lidar, room, pose = Lidar(mount=(0.3, -0.1, 2.0)), _room(), np.array([0.2, -0.4, 0.9])
    points = lidar.hits(lidar.scan(room, pose))
    world = compose(pose, np.concatenate([points, np.zeros((len(points), 1))], -1))[:, :2]
    np.testing.assert_allclose(np.abs(world).max(-1), 39 * 0.1 / 2, atol=1e-9)


def test_noise_has_its_std_and_leaves_missing_returns_alone():
    lidar = Lidar(beams=2000, max_range=2.5, range_std=0.05)
    exact, noisy = (lidar.scan(_room(), np.zeros(3), rng) for rng in (None, np.random.default_rng(0)))
    missing, near = exact == 2.5, exact < 2.5 - 5 * 0.05
    assert missing.any()
    assert np.array_equal(noisy[missing], exact[missing])
    assert (noisy - exact)[near].std() == pytest.approx(0.05, rel=0.1)
    assert noisy.max() <= 2.5


def test_beams_without_a_return_hit_nothing():
    lidar = Lidar(beams=5, max_range=3.0)
    ranges = np.array([1.0, 3.0, np.nan, 0.0, np.inf])
    assert len(lidar.hits(ranges)) == 1
    assert len(lidar.hits(ranges, np.array([1, 2]))) == 0
    with pytest.raises(MalformedInput, match="5 beams"):
        lidar.hits(ranges[:4])


def test_what_cannot_be_meant_is_refused():
    for wrong in (
        {"beams": 0},
        {"beams": 2.5},
        {"field_of_view": 7.0},
        {"max_range": 0},
        {"max_range": np.inf},
        {"mount": (0, 0)},
    ):
        with pytest.raises(MalformedInput, match=next(iter(wrong))):
            Lidar(**wrong)
