"""The likelihood field is table 6.3, at any pose of map, robot and sensor."""

import math

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.geometry import compose
from plansim.core.grid import OccupancyGrid
from plansim.models.lidar import Lidar
from plansim.models.lidar_likelihood import LikelihoodField

rng = np.random.default_rng(0)


def _map(origin=(-2.0, 1.0, 0.4)):
    probability = (np.random.default_rng(3).random((40, 60)) < 0.03).astype(float)
    return OccupancyGrid(probability, 0.1, origin)


def _to_surface(grid, point):
    """From the middle of the point's cell to the nearest cell of the other kind, less half a cell."""
    row, column = grid.cells(point)
    others = np.argwhere(grid.occupied != grid.occupied[row, column])
    return (np.hypot(*(others - (row, column)).T).min() - 0.5) * grid.resolution


def _naive(field, ranges, pose):
    """Table 6.3, beam by beam."""
    x, y, heading = compose(pose, np.array(field.lidar.mount))
    total = 0.0
    for beam in field.lidar.subset(field.beams):
        r = ranges[beam]
        if not 0 < r < field.lidar.max_range:
            continue
        angle = heading + field.lidar.angles[beam]
        end = np.array([x + r * math.cos(angle), y + r * math.sin(angle)])
        p = field.random_weight / field.lidar.max_range
        if field.map.contains(end):
            d = _to_surface(field.map, end)
            spread = field.hit_std
            p += field.hit_weight * math.exp(-((d / spread) ** 2) / 2) / (spread * math.sqrt(2 * math.pi))
        total += math.log(p)
    return field.independence * total


@pytest.mark.parametrize("mount", [(0.0, 0.0, 0.0), (0.2, -0.1, 1.0)])
@pytest.mark.parametrize("beams", [60, 7])
def test_the_kernel_is_the_naive_product_over_beams(mount, beams):
    lidar = Lidar(beams=45, max_range=4.0, mount=mount)
    field = LikelihoodField(_map(), lidar, hit_std=0.15, beams=beams, independence=0.5)
    ranges = rng.uniform(0, 4.5, 45)
    ranges[3] = np.nan
    poses = np.stack([rng.uniform(-6, 6, 200), rng.uniform(-3, 9, 200), rng.uniform(-9, 9, 200)], -1)
    expected = [_naive(field, ranges, pose) for pose in poses]
    np.testing.assert_allclose(field.log_likelihood(ranges, poses), expected, rtol=1e-5, atol=1e-4)


def test_a_batch_is_its_members_bit_for_bit():
    field, ranges = LikelihoodField(_map(), Lidar(beams=90, max_range=4.0)), rng.uniform(0, 4.5, 90)
    poses = rng.uniform(-3, 3, (4, 5, 3))
    batch = field.log_likelihood(ranges, poses)
    assert batch.shape == (4, 5)
    assert np.array_equal(batch, [[field.log_likelihood(ranges, pose) for pose in row] for row in poses])


def test_longer_states_begin_with_a_pose():
    field, ranges = LikelihoodField(_map(), Lidar(beams=9, max_range=4.0)), rng.uniform(0, 4, 9)
    states = rng.uniform(-3, 3, (6, 4))
    assert np.array_equal(field.log_likelihood(ranges, states), field.log_likelihood(ranges, states[:, :3]))


def test_turning_the_world_changes_nothing():
    turn, lidar = np.array([3.0, -1.0, 0.8]), Lidar(beams=30, max_range=4.0)
    here = _map(origin=(0.0, 0.0, 0.0))
    there = _map(origin=tuple(compose(turn, np.zeros(3))))
    poses = np.stack([rng.uniform(0, 6, 50), rng.uniform(0, 4, 50), rng.uniform(-3, 3, 50)], -1)
    ranges = rng.uniform(0.5, 3.5, 30)
    a = LikelihoodField(here, lidar).log_likelihood(ranges, poses)
    b = LikelihoodField(there, lidar).log_likelihood(ranges, compose(turn, poses))
    np.testing.assert_allclose(a, b, atol=1e-4)


def test_the_true_pose_is_the_likeliest_of_many():
    lidar, grid = Lidar(beams=90, max_range=4.0), _map()
    truth = np.array([*grid.points(np.array([20, 30])), 0.3])
    scan = lidar.scan(grid, truth, np.random.default_rng(1))
    near = truth + np.random.default_rng(2).normal(size=(2000, 3)) * [0.5, 0.5, 0.3]
    field = LikelihoodField(grid, lidar)
    best = near[np.argmax(field.log_likelihood(scan, near))]
    assert np.linalg.norm(best[:2] - truth[:2]) < 0.1
    assert field.log_likelihood(scan, truth) > np.quantile(field.log_likelihood(scan, near), 0.99)


def test_a_map_without_obstacles_and_a_scan_without_returns_say_nothing():
    lidar, poses = Lidar(beams=4, max_range=4.0), rng.uniform(0, 3, (5, 3))
    assert np.ptp(LikelihoodField(OccupancyGrid(np.zeros((9, 9))), lidar).log_likelihood(np.ones(4), poses)) == 0
    assert LikelihoodField(_map(), lidar).log_likelihood(np.full(4, 4.0), poses).tolist() == [0.0] * 5


def test_poses_that_are_not_numbers_or_far_away_are_as_unlikely_as_outside_the_map():
    field, ranges = LikelihoodField(_map(), Lidar(beams=4, max_range=4.0)), np.ones(4)
    outside = field.log_likelihood(ranges, np.array([99.0, 99.0, 0.0]))
    assert outside == pytest.approx(4 * math.log(0.1 / 4.0), rel=1e-6)
    for strange in (1e300, -1e300, np.inf, np.nan):
        with np.errstate(invalid="ignore"):
            assert field.log_likelihood(ranges, np.array([strange, strange, 0.0])) == outside


def test_what_cannot_be_meant_is_refused():
    lidar = Lidar(beams=4)
    for wrong in ({"hit_std": 0}, {"random_weight": 0}, {"hit_weight": 1.0}, {"beams": 0}, {"independence": 2}):
        with pytest.raises(MalformedInput, match=next(iter(wrong))):
            LikelihoodField(_map(), lidar, **wrong)
    with pytest.raises(MalformedInput, match="4 beams"):
        LikelihoodField(_map(), lidar).log_likelihood(np.ones(5), np.zeros(3))


def test_a_pose_that_slides_into_a_thick_wall_is_as_unlikely_as_one_that_stays_away():
    cells = np.zeros((40, 60))
    cells[:, 50:] = 1  # half a metre thick
    field = LikelihoodField(OccupancyGrid(cells, 0.05), Lidar(beams=1), hit_std=0.05)
    true = np.array([1.0, 1.01, 0.0])
    scores = field.log_likelihood(np.array([1.5]), true + np.array([[-0.125, 0, 0], [0.0, 0, 0], [0.125, 0, 0]]))
    assert scores[0] == pytest.approx(scores[2], abs=0.3)
    assert scores[1] > scores[0] + 2.0


@pytest.mark.parametrize("independence", [1.0, 0.3])
def test_the_reference_is_what_a_scan_scores_where_it_was_taken(independence):
    lidar = Lidar(beams=60, range_std=0.1)
    cells = np.zeros((200, 200))
    cells[:60] = cells[-60:] = cells[:, :60] = cells[:, -60:] = 1
    field = LikelihoodField(
        OccupancyGrid(cells, 0.05), lidar, hit_std=0.1, random_weight=1e-6, independence=independence
    )
    rng, pose = np.random.default_rng(0), np.array([5.0, 5.0, 0.3])
    scans = [lidar.scan(field.map, pose, rng) for _ in range(200)]
    mean = np.mean([field.log_likelihood(scan, pose) for scan in scans])
    expected, readings = field.reference(scans[0])
    assert readings == pytest.approx(60 * independence)
    assert mean / readings == pytest.approx(expected / readings, abs=0.15)  # beams meet the walls at a slant
    assert field.reference(np.full(60, 10.0)) == (0.0, 0.0)
