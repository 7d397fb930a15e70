"""Any estimator a track: those that are the Kalman filter give its tracks; modes, radar and angles work."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from benchmarks.tracking.scenes import AREA, traffic
from plansim.core.beliefs import Gaussian, Information, Mixture, SquareRoot
from plansim.core.layout import layout
from plansim.estimation import KalmanFilter
from plansim.models.kinematic import ConstantVelocity
from plansim.models.position import Position
from plansim.models.radar import Radar
from plansim.tracking import GlobalNearestNeighbour, JointProbabilistic, JointProbabilisticStar, OnePoint, Tracker
from plansim.tracking.merging import merged

SENSOR, MOTION = Position(std=10.0), ConstantVelocity(acceleration_density=1.0)
KALMAN = {
    "extended": "ExtendedKalmanFilter",
    "unscented": "UnscentedKalmanFilter",
    "square_root": "SquareRootKalmanFilter",
    "information": "InformationFilter",
    "cubature": "CubatureKalmanFilter",
}


def estimator(module, name):
    try:
        return getattr(importlib.import_module(f"plansim.estimation.kalman.{module}"), name)
    except ImportError:
        pytest.skip(f"{name} is not there")


def run(one, scans, **settings):
    t = Tracker(one, clutter_density=1 / AREA, birth_density=1e-3 / AREA, **settings)
    for z in scans:
        tracks = t.step(z, SENSOR, 1.0)
    return tracks, t


@pytest.mark.parametrize("module", KALMAN)
def test_filters_that_are_the_kalman_filter_keep_its_tracks(module):
    scans = traffic(5, seed=3, scans=12).detections
    expected, _ = run(KalmanFilter(MOTION), scans)
    found, t = run(estimator(module, KALMAN[module])(MOTION), scans)
    moments = found.gaussian(t.estimator.state)
    assert found.ids.tolist() == expected.ids.tolist()
    np.testing.assert_allclose(moments.mean, expected.belief.mean, rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(moments.cov, expected.belief.cov, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found.existence, expected.existence, rtol=1e-6, atol=1e-9)


def test_tracks_of_several_modes_follow_a_turn_that_one_mode_loses():
    from plansim.estimation.imm import InteractingMultipleModel

    calm, agile = (KalmanFilter(ConstantVelocity(acceleration_density=q)) for q in (0.01, 30.0))
    modes = InteractingMultipleModel((calm, agile), np.array([[0.95, 0.05], [0.1, 0.9]]))
    rng = np.random.default_rng(4)
    t = np.arange(40.0)
    angle = np.where(t < 20, 0.0, 0.25 * (t - 20))
    path = np.cumsum(20.0 * np.column_stack([np.cos(angle), np.sin(angle)]), axis=0)
    scans = [p + rng.normal(scale=10.0, size=(1, 2)) for p in path]
    several, t = run(modes, scans)
    assert several.reported.size == 1
    assert several.ids[several.confirmed].tolist() == [0]
    assert np.linalg.norm(several.gaussian(t.estimator.state).mean[several.confirmed][0, :2] - path[-1]) < 30
    weights = np.exp(several.belief.log_weights[several.confirmed])[0]
    assert weights.sum() == pytest.approx(1.0)
    assert weights[1] > 0.5
    assert run(calm, scans)[0].ids.tolist() != [0]


def test_a_radar_that_looks_backwards_tracks_over_the_turn_of_its_angle():
    one = estimator("extended", "ExtendedKalmanFilter")(MOTION)
    radar, rng = Radar(range_std=5.0, bearing_std=0.02), np.random.default_rng(5)
    t = Tracker(one, clutter_density=1e-4, birth_density=1e-6, initiation=OnePoint(velocity_std=15.0))
    for k in range(25):
        x = np.array([[-400.0, -100.0 + 10.0 * k, 0.0, 10.0], [300.0, 50.0, 0.0, 0.0]])
        z = radar.measure(x) + rng.normal(size=(2, 2)) * [5.0, 0.02]
        z[:, 1] = (z[:, 1] + np.pi) % (2 * np.pi) - np.pi
        tracks = t.step(z, radar, 1.0)
    found = tracks.reported
    assert found.ids.tolist() == [0, 1]
    np.testing.assert_allclose(found.belief.mean[:, :2], x[:, :2], atol=15.0)


def test_tracks_of_samples_are_near_those_of_the_kalman_filter():
    from plansim.estimation import EnsembleKalmanFilter, ParticleFilter

    scans = [np.array([[10.0 * k, 0.0], [1000.0, 500.0 - 10.0 * k]]) for k in range(8)]
    expected, _ = run(KalmanFilter(MOTION), scans)
    for one in (ParticleFilter(MOTION, particles=4000), EnsembleKalmanFilter(MOTION, members=2000)):
        for associator in (JointProbabilistic(), GlobalNearestNeighbour()):
            t = Tracker(one, clutter_density=1 / AREA, birth_density=1e-3 / AREA, associator=associator)
            for k, z in enumerate(scans):
                found = t.step(z, SENSOR, 1.0, np.random.default_rng(k))
            mean = found.reported.gaussian(t.estimator.state).mean[:, :2]
            np.testing.assert_allclose(mean, expected.reported.belief.mean[:, :2], atol=5.0)


def test_a_merged_gaussian_has_the_mixtures_moments():
    rng = np.random.default_rng(6)
    mean, root = rng.normal(size=(5, 3)), rng.normal(size=(5, 3, 3))
    belief, weights = Gaussian(mean, root @ root.swapaxes(1, 2) + np.eye(3)), np.array([0.2, 0.5, 0.3, 1.0, 0.0])
    first = np.array([0, 3, 5])
    one = KalmanFilter(ConstantVelocity(dimension=1))
    object.__setattr__(one, "motion", type("Three", (), {"state": layout("a b c")})())
    found = merged(belief, weights, first, one)
    with np.errstate(divide="ignore"):
        for i, part in enumerate((slice(0, 3), slice(3, 5))):
            its = Mixture(Gaussian(mean[part], belief.cov[part]), np.log(weights[part])).gaussian(layout("a b c"))
            np.testing.assert_allclose(found.mean[i], its.mean, atol=1e-12)
            np.testing.assert_allclose(found.cov[i], its.cov, atol=1e-12)
    root = SquareRoot(mean, np.linalg.cholesky(belief.cov))
    np.testing.assert_allclose(merged(root, weights, first, one).gaussian(None).cov, found.cov, atol=1e-9)
    matrix = np.linalg.inv(belief.cov)
    information = Information((matrix @ mean[..., None])[..., 0], matrix)
    np.testing.assert_allclose(merged(information, weights, first, one).gaussian(None).mean, found.mean, atol=1e-8)


def test_hard_and_soft_associations_leave_a_lone_track_to_its_filter():
    scans = [np.array([[10.0 * k, 3.0]]) for k in range(6)]
    soft, _ = run(KalmanFilter(MOTION), scans)
    best, _ = run(KalmanFilter(MOTION), scans, associator=JointProbabilisticStar())
    np.testing.assert_allclose(soft.belief.mean[0], best.belief.mean[0], rtol=1e-9)
