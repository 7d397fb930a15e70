"""Localisation with lidar and odometry: on the real depot map it knows where it is to a few centimetres."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.core.geometry import POSE, compose
from plansim.core.grid import OccupancyGrid
from plansim.core.map_files import read_ros_map
from plansim.estimation.localization.monte_carlo import MonteCarloLocalization
from plansim.models.lidar import Lidar
from plansim.models.lidar_likelihood import LikelihoodField
from plansim.models.odometry import WheelOdometry

START_STD = np.array([0.15, 0.15, 0.1])


def hall():
    """A hall of 8 m x 5 m with a pillar and a niche: no two places look alike."""
    cells = np.zeros((100, 160))
    cells[[0, -1], :] = cells[:, [0, -1]] = 1
    cells[30:40, 50:62] = cells[80:, 110:120] = 1
    return OccupancyGrid(cells, resolution=0.05)


def wander(grid, start, steps, rng, lidar, odometry, step=0.08):
    """A robot that drives towards where it sees far: (true pose, measured increment, ranges) of each step."""
    pose = start
    for _ in range(steps):
        look = np.linspace(-0.6, 0.6, 7)
        ranges = Lidar(beams=7, field_of_view=1.2, max_range=4.0).scan(grid, pose)
        increment = np.array([step if ranges.min() > 0.5 else 0.0, 0.0, 0.3 * look[np.argmax(ranges)]])
        if ranges.min() < 0.5:
            increment[2] = 0.2
        pose = compose(pose, increment)
        measured = increment + odometry.increment_std(increment) * rng.standard_normal(3)
        yield pose, measured, lidar.scan(grid, pose, rng)


def track(grid, start, seed, beams, steps=150, particles=1000):
    """Distances (steps,) between the true position and the estimate."""
    rng = np.random.default_rng(seed)
    lidar, odometry = Lidar(beams=beams, max_range=10.0), WheelOdometry()
    sensor, estimator = LikelihoodField(grid, lidar), MonteCarloLocalization(grid, odometry, particles)
    told = POSE.add(start, START_STD * rng.standard_normal(3))
    belief, errors = estimator.around(Gaussian(told, np.diag(START_STD**2)), rng), []
    for pose, increment, ranges in wander(grid, start, steps, rng, lidar, odometry):
        belief = estimator.predict(belief, increment, 0.1, rng)
        belief = estimator.update(belief, ranges, sensor, rng).belief
        errors.append(np.hypot(*(belief.gaussian(POSE).mean - pose)[:2]))
    return np.array(errors)


def test_on_the_depot_map_the_median_error_is_below_five_centimetres(data):
    grid = read_ros_map(data / "ros/depot.yaml")
    errors = []
    for seed, beams in enumerate((60, 60, 60, 90, 120, 180)):
        point = grid.random_free_point(np.random.default_rng(seed), clearance=0.8)
        errors.append(track(grid, np.append(point, seed), seed, beams))
        assert np.median(errors[-1]) < 0.06
        assert errors[-1][20:].max() < 0.15
    assert np.median(errors) < 0.045


def test_odometry_alone_is_worse_than_with_lidar():
    grid, start, rng = hall(), np.array([1.5, 2.5, 0.0]), np.random.default_rng(0)
    estimator = MonteCarloLocalization(grid, particles=500)
    belief = estimator.around(Gaussian(start, np.diag(START_STD**2)), rng)
    drive = list(wander(grid, start, 100, rng, Lidar(beams=8), WheelOdometry()))
    for _, increment, _ in drive:
        belief = estimator.predict(belief, increment, 0.1, rng)
    alone, pose = belief.gaussian(POSE), drive[-1][0]
    assert np.sqrt(np.trace(alone.cov[:2, :2])) > 0.2
    assert np.hypot(*(alone.mean - pose)[:2]) > 2 * track(hall(), start, 0, beams=60, steps=100)[-1]


def test_the_spread_of_the_particles_is_no_smaller_than_a_third_of_the_error():
    grid, start, rng = hall(), np.array([1.5, 2.5, 0.0]), np.random.default_rng(1)
    lidar, odometry = Lidar(beams=60), WheelOdometry()
    estimator, sensor = MonteCarloLocalization(grid, odometry), LikelihoodField(grid, lidar)
    belief, ratios = estimator.around(Gaussian(start, np.diag(START_STD**2)), rng), []
    for pose, increment, ranges in wander(grid, start, 100, rng, lidar, odometry):
        belief = estimator.update(estimator.predict(belief, increment, 0.1, rng), ranges, sensor, rng).belief
        mean, cov = belief.gaussian(POSE)
        ratios.append(np.hypot(*(mean - pose)[:2]) / np.sqrt(np.trace(cov[:2, :2])))
    assert np.median(ratios) < 3


def test_particles_in_walls_and_off_the_map_have_no_weight():
    grid = hall()

    class Indifferent:
        def log_likelihood(self, measurement, x):
            return np.zeros(x.shape[:-1])

    rng = np.random.default_rng(0)
    estimator = MonteCarloLocalization(grid, particles=2000, resample_below=0.0)
    belief = estimator.around(Gaussian(np.array([0.2, 0.2, 0.0]), np.diag([1.0, 1.0, 1.0])), rng)
    after = estimator.update(belief, np.zeros(0), Indifferent(), rng)
    free = grid.is_free(belief.states)
    assert np.array_equal(np.isfinite(after.belief.log_weights), free)
    assert np.exp(after.log_likelihood) == pytest.approx(free.mean())


def test_everywhere_is_uniform_over_what_is_free():
    grid, rng = hall(), np.random.default_rng(0)
    belief = MonteCarloLocalization(grid, particles=40_000).everywhere(rng)
    assert grid.is_free(belief.states).all()
    left = (belief.states[:, 0] < 4.0).mean()
    share = grid.free[:, :80].sum() / grid.free.sum()
    assert left == pytest.approx(share, abs=0.01)
    assert np.abs(np.exp(1j * belief.states[:, 2]).mean()) < 0.02


def test_from_nowhere_it_finds_itself_in_a_small_hall():
    grid, start, rng = hall(), np.array([6.0, 1.5, 2.0]), np.random.default_rng(2)
    lidar, odometry = Lidar(beams=60), WheelOdometry()
    estimator, sensor = (
        MonteCarloLocalization(grid, odometry, particles=5000),
        LikelihoodField(grid, lidar, hit_std=0.2),
    )
    belief = estimator.everywhere(rng)
    drive = list(wander(grid, start, 60, rng, lidar, odometry))
    for _, increment, ranges in drive:
        belief = estimator.update(estimator.predict(belief, increment, 0.1, rng), ranges, sensor, rng).belief
    assert np.hypot(*(belief.gaussian(POSE).mean - drive[-1][0])[:2]) < 0.1


def test_the_same_seed_gives_the_same_track():
    start = np.array([1.5, 2.5, 0.0])
    assert np.array_equal(track(hall(), start, 4, 30, steps=20), track(hall(), start, 4, 30, steps=20))


def test_settings_that_make_no_sense_are_refused_at_once():
    with pytest.raises(MalformedInput, match="particles"):
        MonteCarloLocalization(OccupancyGrid(np.zeros((3, 3))), particles=0)
