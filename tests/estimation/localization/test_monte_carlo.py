"""Localisation with lidar and odometry: on the real depot map it knows where it is to a few centimetres."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.corridor_maker import twin_corridor
from plansim.core.errors import MalformedInput
from plansim.core.geometry import POSE, compose
from plansim.core.grid import OccupancyGrid
from plansim.core.map_files import read_ros_map
from plansim.estimation.localization.belief import begun
from plansim.estimation.localization.clusters import clusters
from plansim.estimation.localization.monte_carlo import MonteCarloLocalization
from plansim.estimation.particle.particle_filter import ParticleFilter, equally_weighted
from plansim.models.lidar import Lidar
from plansim.models.lidar_beams import BeamModel
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


class Indifferent:
    """A sensor that says nothing."""

    def log_likelihood(self, measurement, x):
        return np.zeros(x.shape[:-1])


def known(estimator, pose, rng, std=START_STD):
    return estimator.around(Gaussian(np.asarray(pose, dtype=float), np.diag(np.square(std))), rng)


def test_without_search_and_at_a_fixed_count_it_is_the_particle_filter():
    grid, lidar, pose = hall(), Lidar(beams=30), np.array([1.5, 2.5, 0.0])
    sensor, z = LikelihoodField(grid, lidar), lidar.scan(grid, pose)
    one = MonteCarloLocalization(grid, particles=800, least_particles=800, search_above=1.0, resample_below=0.0)
    other = ParticleFilter(WheelOdometry(), 800, resample_below=0.0)
    mine, theirs = (known(estimator, pose, np.random.default_rng(0), (0.05,) * 3) for estimator in (one, other))
    ours, plain = (
        estimator.update(estimator.predict(belief, np.array([0.1, 0.0, 0.1]), 0.1, rng), z, sensor, rng)
        for estimator, belief, rng in ((one, mine, np.random.default_rng(1)), (other, theirs, np.random.default_rng(1)))
    )
    np.testing.assert_array_equal(ours.belief.states, plain.belief.states)
    np.testing.assert_allclose(ours.belief.weights, plain.belief.weights, atol=1e-12)
    assert ours.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-9)


def test_the_number_of_particles_shrinks_when_it_is_certain_and_grows_again_when_it_is_not():
    grid, lidar, rng = hall(), Lidar(beams=60), np.random.default_rng(0)
    estimator, sensor = MonteCarloLocalization(grid), LikelihoodField(grid, lidar)
    pose = np.array([1.5, 2.5, 0.0])
    belief = estimator.update(known(estimator, pose, rng, (0.02,) * 3), lidar.scan(grid, pose, rng), sensor, rng).belief
    counts = [len(belief.states)]
    for _ in range(40):  # blind, with wheels that slip
        belief = estimator.predict(belief, np.array([0.0, 0.0, 0.9]), 0.1, rng)
        belief = estimator.predict(belief, np.array([0.05, 0.0, -0.9]), 0.1, rng)
        belief = estimator.update(belief, np.zeros(60), Indifferent(), rng).belief
        counts.append(len(belief.states))
    pose = compose(pose, np.array([2.0, 0.0, 0.0]))
    for _ in range(5):  # it looks again, and turns
        belief = estimator.predict(belief, np.array([0.0, 0.0, 0.1]), 0.1, rng)
        pose = compose(pose, np.array([0.0, 0.0, 0.1]))
        belief = estimator.update(belief, lidar.scan(grid, pose, rng), sensor, rng).belief
    counts.append(len(belief.states))
    assert counts[0] == counts[-1] == estimator.least_particles
    assert max(counts) > 2 * estimator.least_particles


@pytest.mark.parametrize("seed", range(6))
def test_where_two_places_look_alike_both_live_on_until_something_tells_them_apart(seed):
    grid, lidar = twin_corridor(), Lidar(beams=90, max_range=4.0)
    rng, pose, step = np.random.default_rng(seed), np.array([0.3, 0.1, 0.0]), np.array([0.1, 0.0, 0.0])
    estimator, sensor = MonteCarloLocalization(grid), LikelihoodField(grid, lidar, independence=0.3)
    belief = estimator.everywhere(rng)
    for k in range(100):  # within 2 m of the middle, and then to the end
        move = step if k >= 50 or (k // 10) % 2 == 0 else -step
        pose = compose(pose, move)
        measured = move + estimator.motion.increment_std(move) * rng.standard_normal(3)
        belief = estimator.predict(belief, measured, 0.1, rng) if k else belief
        belief = estimator.update(belief, lidar.scan(grid, pose, rng), sensor, rng).belief
        if 3 < k < 50:
            places = clusters(belief)
            assert len(belief.states) >= 2 * estimator.particles_per_place
            for x, y in (pose[:2], -pose[:2]):
                assert sum(p.weight for p in places if np.hypot(*(p.mean[:2] - (x, y))) < 0.4) > 0.1
    while pose[0] < 10.0:
        pose = compose(pose, step)
        belief = estimator.predict(belief, step, 0.1, rng)
        belief = estimator.update(belief, lidar.scan(grid, pose, rng), sensor, rng).belief
    place = clusters(belief)[0]
    assert place.weight > 0.99
    assert np.hypot(*(place.mean - pose)[:2]) < 0.2
    assert len(belief.states) == estimator.least_particles


def sensors(grid, lidar):
    return LikelihoodField(grid, lidar), BeamModel(grid, lidar, independence=0.5)


@pytest.mark.parametrize("which", [0, 1], ids=["likelihood field", "beam model"])
def test_carried_off_it_is_found_within_ten_scans_and_not_before(which):
    grid, lidar, odometry = hall(), Lidar(beams=60), WheelOdometry()
    estimator, sensor = MonteCarloLocalization(grid, odometry), sensors(grid, lidar)[which]
    for seed in range(8):
        rng, errors = np.random.default_rng(seed), []
        belief = known(estimator, [1.5, 2.5, 0.0], rng)
        for start in ([1.5, 2.5, 0.0], [6.5, 1.2, 2.0]):
            for pose, increment, ranges in wander(grid, np.array(start), 25, rng, lidar, odometry):
                belief = estimator.predict(belief, increment, 0.1, rng)
                belief = estimator.update(belief, ranges, sensor, rng).belief
                errors.append(np.hypot(*(clusters(belief)[0].mean - pose)[:2]))
        assert np.max(errors[5:25]) < 0.2
        assert np.max(errors[35:]) < 0.2


def test_on_real_maps_it_finds_itself_from_nowhere_in_five_scans(data):
    lidar, odometry = Lidar(beams=180, max_range=12.0, range_std=0.03), WheelOdometry()
    grid = read_ros_map(data / "ros/depot.yaml")
    for which in (0, 1):
        estimator, sensor = MonteCarloLocalization(grid, odometry), sensors(grid, lidar)[which]
        for seed in range(5):
            rng = np.random.default_rng(seed)
            start = np.append(grid.random_free_point(rng, clearance=0.4), rng.uniform(-3, 3))
            belief = estimator.everywhere(rng)
            drive = list(wander(grid, start, 5, rng, lidar, odometry))
            for step, (_, increment, ranges) in enumerate(drive):
                belief = estimator.predict(belief, increment, 0.1, rng) if step else belief
                belief = estimator.update(belief, ranges, sensor, rng).belief
            assert np.hypot(*(clusters(belief)[0].mean - drive[-1][0])[:2]) < 0.3


@pytest.mark.parametrize("which", [0, 1], ids=["likelihood field", "beam model"])
def test_a_scan_that_no_particle_explains_says_so_and_finds_the_robot(which):
    grid, lidar, rng = hall(), Lidar(beams=60), np.random.default_rng(0)
    estimator, pose = MonteCarloLocalization(grid), np.array([6.5, 1.2, 2.0])
    belief = known(estimator, [-50.0, 0.0, 0.0], rng)  # off the map
    with np.errstate(all="raise", under="ignore"):
        update = estimator.update(belief, lidar.scan(grid, pose, rng), sensors(grid, lidar)[which], rng)
    assert update.log_likelihood == -np.inf
    assert np.hypot(*(clusters(update.belief)[0].mean - pose)[:2]) < 0.2
    assert update.belief.weights.sum() == pytest.approx(1.0)


def test_where_it_may_not_search_a_scan_that_nothing_explains_leaves_the_particles_equal():
    grid, rng = hall(), np.random.default_rng(0)
    estimator = MonteCarloLocalization(grid, particles=300, search_above=1.0)
    belief = known(estimator, [-50.0, 0.0, 0.0], rng)
    after = estimator.update(belief, np.ones(60), LikelihoodField(grid, Lidar(beams=60)), rng)
    assert after.log_likelihood == -np.inf
    assert after.belief.weights == pytest.approx(1 / 300)
    assert np.array_equal(np.unique(after.belief.states), np.unique(belief.states))


def test_a_scan_without_returns_tells_a_field_nothing_and_a_beam_model_that_it_is_open():
    cells = np.zeros((200, 200))
    cells[:, :4] = 1
    grid, lidar, rng = OccupancyGrid(cells, 0.1), Lidar(beams=36, max_range=5.0), np.random.default_rng(0)
    estimator, empty = MonteCarloLocalization(grid, resample_below=0.0, search_above=1.0), np.full(36, 5.0)
    belief = estimator.everywhere(rng)
    field, beams = (estimator.update(belief, empty, sensor, rng) for sensor in sensors(grid, lidar))
    np.testing.assert_allclose(field.belief.weights, belief.weights)
    assert (field.log_likelihood, field.belief.fast) == (0.0, belief.fast)
    near = belief.states[:, 0] < 3.0
    assert beams.belief.weights[near].sum() < 1e-6
    assert near.mean() > 0.1
    odd = np.where(np.arange(36) % 2, np.nan, np.inf)  # the ways in which drivers write it
    for sensor, update in zip(sensors(grid, lidar), (field, beams), strict=True):
        again = estimator.update(belief, odd, sensor, rng)
        np.testing.assert_array_equal(again.belief.weights, update.belief.weights)


def test_somebody_in_the_way_of_one_scan_does_not_make_it_jump():
    grid, lidar, odometry, jumps = hall(), Lidar(beams=60), WheelOdometry(), 0
    estimator, sensor = MonteCarloLocalization(grid, odometry), LikelihoodField(grid, lidar, independence=0.3)
    for seed in range(6):
        rng = np.random.default_rng(seed)
        belief = known(estimator, [1.5, 2.5, 0.0], rng)
        for k, (pose, increment, ranges) in enumerate(wander(grid, np.array([1.5, 2.5, 0]), 60, rng, lidar, odometry)):
            if k % 15 == 14:
                ranges[10:25] = rng.uniform(0.4, 0.6)
            belief = estimator.predict(belief, increment, 0.1, rng)
            belief = estimator.update(belief, ranges, sensor, rng).belief
            jumps += np.hypot(*(clusters(belief)[0].mean - pose)[:2]) > 0.5
    assert jumps == 0


@pytest.mark.parametrize(
    ("ranges", "states", "message"),
    [(np.ones(59), (5, 3), "the lidar has 60 beams"), (np.ones(60), (2, 5, 3), "one belief")],
)
def test_scans_and_beliefs_of_the_wrong_shape_are_refused(ranges, states, message):
    grid, rng = hall(), np.random.default_rng(0)
    belief = begun(equally_weighted(np.ones(states)))
    with pytest.raises(MalformedInput, match=message):
        MonteCarloLocalization(grid).update(belief, ranges, LikelihoodField(grid, Lidar(beams=60)), rng)


@pytest.mark.parametrize(
    "wrong",
    [{"least_particles": 0}, {"kld_error": 0.0}, {"bin_side": -1.0}, {"fast_rate": 0.01}, {"search_above": 0.0}],
)
def test_settings_that_make_no_sense_are_named(wrong):
    with pytest.raises(MalformedInput, match=next(iter(wrong))):
        MonteCarloLocalization(hall(), **wrong)


def test_it_runs_without_the_compiler():
    code = """
import numpy as np
from plansim.core.map_makers import rooms
from plansim.estimation.localization.clusters import clusters
from plansim.estimation.localization.monte_carlo import MonteCarloLocalization
from plansim.models.lidar import Lidar
from plansim.models.lidar_likelihood import LikelihoodField
import plansim.estimation.localization.scan_search as scan_search
grid, lidar, rng = rooms(1, 2, resolution=0.2), Lidar(beams=8), np.random.default_rng(0)
search = scan_search.ScanSearch(grid, lidar, step=0.6, turn=0.5, halvings=1, kept=200)
ranges = lidar.scan(grid, np.array([2.0, 1.5, 0.3]))
found = search.candidates(ranges)
estimator = MonteCarloLocalization(grid, particles=60, least_particles=20, search_above=1.0)
belief = estimator.update(estimator.everywhere(rng), ranges, LikelihoodField(grid, lidar), rng).belief
print(repr([*found.log_likelihoods[:20].tolist(), *belief.states.ravel().tolist(), *clusters(belief)[0].mean.tolist()]))
"""
    told = []
    for disabled in ("0", "1"):
        environment = {**os.environ, "NUMBA_DISABLE_JIT": disabled}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        told.append(np.array(eval(done.stdout)))
    np.testing.assert_allclose(told[0], told[1], atol=1e-5)
