"""A search over all poses finds where a scan was taken, wherever the map lies, and every place that looks the same."""

import numpy as np
import pytest

from plansim.core.corridor_maker import twin_corridor
from plansim.core.geometry import POSE, compose
from plansim.core.grid import OccupancyGrid
from plansim.core.map_files import read_ros_map
from plansim.estimation.localization.recovery import drawn_where_it_fits
from plansim.estimation.localization.scan_search import ScanSearch, _best, _correlate, _split
from plansim.models.lidar import Lidar
from tests.estimation.localization.test_monte_carlo import hall

LIDAR = Lidar(beams=90, mount=(0.1, 0.0, 0.2))


def best(search, ranges):
    poses, scores, _ = search.candidates(ranges)
    return poses[np.argmax(scores)]


@pytest.mark.parametrize("origin", [(0.0, 0.0, 0.0), (-30.0, 12.0, 2.2)])
@pytest.mark.parametrize("seed", range(4))
def test_the_best_pose_is_the_true_one(origin, seed):
    grid, rng = OccupancyGrid(hall().probability, 0.05, origin), np.random.default_rng(seed)
    pose = np.append(grid.random_free_point(rng, clearance=0.3), rng.uniform(-3, 3))
    off = POSE.difference(best(ScanSearch(grid, LIDAR), LIDAR.scan(grid, pose, rng)), pose)
    assert np.hypot(*off[:2]) < 0.06
    assert abs(off[2]) < 0.02


def test_it_finds_the_depot_from_anywhere(data):
    grid = read_ros_map(data / "ros/depot.yaml")
    search, lidar = ScanSearch(grid, LIDAR), LIDAR
    for seed in range(5):
        rng = np.random.default_rng(seed)
        pose = np.append(grid.random_free_point(rng, clearance=0.3), rng.uniform(-3, 3))
        assert np.hypot(*(best(search, lidar.scan(grid, pose, rng)) - pose)[:2]) < 0.1


def test_both_of_two_places_that_look_alike_are_found():
    grid, lidar = twin_corridor(), Lidar(beams=120, max_range=4.0)
    pose = np.array([0.4, 0.2, 0.5])
    twin = compose(np.array([0.0, 0.0, np.pi]), pose)
    drawn = drawn_where_it_fits(ScanSearch(grid, lidar), lidar.scan(grid, pose), 2000, np.random.default_rng(0))
    shares = [(np.hypot(*(drawn.states - at)[:, :2].T) < 0.3).mean() for at in (pose, twin)]
    assert min(shares) > 0.3


def test_the_relief_summed_by_rows_is_the_relief_summed_pose_by_pose():
    rng = np.random.default_rng(0)
    relief, points = rng.random((9, 14)).astype(np.float32), rng.uniform(-12, 12, (20, 2))
    total = np.empty_like(relief)
    for heading in (0.0, 0.7, -2.9):
        _correlate(relief, points, heading, total)
        c, s = np.cos(heading), np.sin(heading)
        for row, column in np.ndindex(*relief.shape):
            ends = np.floor(0.5 + points @ [[c, s], [-s, c]]).astype(int) + np.array([column, row])
            inside = ((ends >= 0) & (ends < [14, 9])).all(1)
            expected = relief[ends[inside, 1], ends[inside, 0]].sum()
            assert total[row, column] == pytest.approx(expected, rel=1e-5, abs=1e-5)


def test_eight_boxes_fill_the_one_that_they_were_cut_from():
    poses, box = np.array([[1.0, 2.0, 0.3], [-5.0, 0.0, 3.0]]), np.array([0.1, 0.1, 0.02])
    parts = _split(poses, box).reshape(2, 8, 3)
    assert parts.mean(1) == pytest.approx(poses)
    assert np.abs(parts - poses[:, None]).reshape(-1, 3) == pytest.approx(np.tile(box / 2, (16, 1)))


def test_candidates_are_free_and_each_but_once():
    grid = hall()
    poses, scores, box = ScanSearch(grid, LIDAR, kept=500).candidates(LIDAR.scan(grid, np.array([2.0, 2.0, 1.0])))
    assert len(poses) == len(scores) == 500
    assert grid.is_free(poses).all()
    assert len(np.unique(np.round(poses / box * 2).astype(int), axis=0)) == 500


def test_drawn_poses_weigh_what_a_uniform_density_has_over_theirs():
    """As often as one of their boxes is drawn, so much less each pose in it weighs."""
    grid, count = hall(), 50_000
    search, scan = ScanSearch(grid, LIDAR, kept=300), LIDAR.scan(grid, np.array([2.0, 2.0, 1.0]))
    poses, scores, box = search.candidates(scan)
    drawn = drawn_where_it_fits(search, scan, count, np.random.default_rng(0))
    share = np.prod(box) / (grid.free.sum() * grid.resolution**2 * 2 * np.pi)
    for pose in poses[np.argsort(-scores)[:8]]:
        mine = (np.abs(POSE.difference(drawn.states, pose)) <= box / 2).all(1)
        assert mine.sum() > 200
        assert np.exp(drawn.log_ratios[mine]) == pytest.approx(share / mine.mean(), rel=0.02)
        assert np.abs(drawn.states[mine].mean(0) - pose).max() < 0.1 * box[0]


def test_a_scan_without_returns_and_a_map_without_room_have_no_candidates():
    nothing, full = np.full(90, 10.0), OccupancyGrid(np.ones((20, 20)), 0.1)
    assert len(ScanSearch(hall(), LIDAR).candidates(nothing).poses) == 0
    assert len(ScanSearch(full, LIDAR).candidates(np.ones(90)).poses) == 0
    assert drawn_where_it_fits(ScanSearch(hall(), LIDAR), nothing, 10, np.random.default_rng(0)) is None


def test_the_best_are_the_best():
    scores = np.random.default_rng(0).random(100)
    assert set(_best(scores, 7)) == set(np.argsort(-scores)[:7])
    assert _best(scores, 100).tolist() == list(range(100))
