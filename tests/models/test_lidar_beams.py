"""The beam model is a density, and the mixture of table 6.1."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.raycast import cast_rays
from plansim.models.lidar import Lidar
from plansim.models.lidar_beams import BeamModel

rng = np.random.default_rng(0)
LIDAR = Lidar(beams=45, max_range=4.0, mount=(0.1, 0.0, 0.5))


def _map():
    return OccupancyGrid((np.random.default_rng(3).random((40, 60)) < 0.03).astype(float), 0.1, (-2.0, 1.0, 0.4))


MODEL = BeamModel(_map(), LIDAR, hit_std=0.12, short_rate=0.7)


def _naive(model, z, expected):
    """Table 6.1, with scipy's distributions."""
    end = model.lidar.max_range
    if z >= end:
        return model.max_weight + model.hit_weight * (expected >= end)
    p = model.random_weight / end
    if expected < end:
        a, b = -expected / model.hit_std, (end - expected) / model.hit_std
        p += model.hit_weight * stats.truncnorm(a, b, loc=expected, scale=model.hit_std).pdf(z)
    scale = 1 / model.short_rate
    return p + model.short_weight * stats.truncexpon(expected / scale, scale=scale).pdf(z)


@pytest.mark.parametrize("expected", [0.02, 0.5, 2.0, 3.95, 4.0])
def test_the_density_integrates_to_one(expected):
    breaks = sorted({expected, *np.clip(expected + 0.12 * np.array([-4, 4]), 0.0, 4.0)})
    below, _ = integrate.quad(lambda z: float(MODEL.density(z, expected)), 0, 4, points=breaks, limit=200)
    assert below + MODEL.density(4.0, expected) == pytest.approx(1.0, abs=1e-6)


def test_the_kernel_is_the_naive_mixture():
    z, expected = rng.uniform(0, 4.2, 300), np.minimum(rng.uniform(0.01, 4.5, 300), 4.0)
    naive = [_naive(MODEL, a, b) for a, b in zip(z, expected, strict=True)]
    np.testing.assert_allclose(MODEL.density(z, expected), naive, rtol=1e-9)


def test_the_likelihood_of_a_scan_is_the_product_over_its_beams():
    model = BeamModel(_map(), LIDAR, beams=9, independence=0.4)
    ranges, poses = rng.uniform(0, 4.5, 45), np.array([[0.5, 2.5, 0.3], [1.0, 3.0, -2.0]])
    ranges[LIDAR.subset(9)[2]] = np.nan
    used = LIDAR.subset(9)
    for pose, found in zip(poses, model.log_likelihood(ranges, poses), strict=True):
        expected = cast_rays(model.map, LIDAR.poses(pose), LIDAR.angles[used], 4.0)
        z = np.where(np.isnan(ranges[used]), 4.0, ranges[used])
        total = sum(math.log(_naive(model, a, b)) for a, b in zip(z, expected, strict=True))
        assert found == pytest.approx(0.4 * total, rel=1e-9)


def test_a_batch_is_its_members_bit_for_bit():
    ranges, poses = rng.uniform(0, 4.5, 45), rng.uniform(-1, 3, (2, 3, 3))
    batch = MODEL.log_likelihood(ranges, poses)
    assert np.array_equal(batch, [[MODEL.log_likelihood(ranges, pose) for pose in row] for row in poses])


def test_the_true_pose_is_the_likeliest_of_many():
    truth = np.array([*MODEL.map.points(np.array([20, 30])), 0.3])
    scan = LIDAR.scan(MODEL.map, truth, np.random.default_rng(1))
    near = truth + np.random.default_rng(2).normal(size=(500, 3)) * [0.4, 0.4, 0.3]
    assert MODEL.log_likelihood(scan, truth) > MODEL.log_likelihood(scan, near).max() - 5


def test_something_unknown_in_front_is_likelier_than_something_missing():
    expected = 2.0
    assert MODEL.density(1.0, expected) > 2 * MODEL.density(3.0, expected)


def test_without_random_readings_the_impossible_is_ruled_out_without_a_warning():
    model = BeamModel(_map(), LIDAR, hit_weight=1.0, short_weight=0, max_weight=0, random_weight=0)
    scan = np.full(45, 1e-9)
    assert model.log_likelihood(scan, np.array([0.5, 2.5, 0.3])) == -np.inf


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(MalformedInput, match="sum to 1"):
        BeamModel(_map(), LIDAR, hit_weight=0.5)
    for wrong in ({"hit_std": 0}, {"short_rate": 0}, {"beams": 0}, {"independence": 0}):
        with pytest.raises(MalformedInput, match=next(iter(wrong))):
            BeamModel(_map(), LIDAR, **wrong)
    with pytest.raises(MalformedInput, match="45 beams"):
        MODEL.log_likelihood(np.ones(5), np.zeros(3))


def test_the_reference_is_what_a_scan_scores_where_it_was_taken():
    lidar = Lidar(beams=60, range_std=0.1, max_range=4.0)
    cells = np.zeros((100, 300))
    cells[[0, -1]] = 1
    model = BeamModel(OccupancyGrid(cells, 0.05), lidar, hit_std=0.1, hit_weight=0.99, short_weight=0.0,
                      max_weight=0.005, random_weight=0.005, independence=0.5)  # fmt: skip
    draws, pose = np.random.default_rng(0), np.array([7.5, 2.5, 0.3])
    scans = [lidar.scan(model.map, pose, draws) for _ in range(300)]
    assert (scans[0] == 4.0).any()
    mean = np.mean([model.log_likelihood(scan, pose) for scan in scans])
    expected, readings = model.reference(scans[0])
    assert readings == 30
    assert mean / readings == pytest.approx(expected / readings, abs=0.1)


def test_nowhere_is_a_scan_without_returns_a_division_by_zero():
    sure = BeamModel(_map(), LIDAR, hit_weight=0.0, short_weight=0.5, max_weight=0.0, random_weight=0.5)
    with np.errstate(all="raise"):
        assert sure.reference(np.full(45, 1.0))[0] < 0
    assert sure.reference(np.full(45, np.nan)) == (-np.inf, 45.0)
