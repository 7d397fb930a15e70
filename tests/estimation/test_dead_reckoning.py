"""Dead reckoning drifts, and says how far; landmarks and smoothing cure it."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.estimation.dead_reckoning import DeadReckoning
from plansim.estimation.kalman.extended import ExtendedKalmanFilter
from plansim.estimation.kalman.sequence import filter_sequence
from plansim.estimation.smoothing.rauch_tung_striebel import RauchTungStriebel
from plansim.models.odometry import WheelOdometry
from plansim.models.position import Position
from plansim.models.range_bearing import RangeBearing

WHEELS = WheelOdometry(0.05, 0.02, 0.02, 0.03)
START = Gaussian(np.zeros(3), np.zeros((3, 3)))
LANDMARK = RangeBearing(landmark=(0.0, 9.5), range_std=0.1, bearing_std=0.02)


def drives(runs, steps=200, seed=0):
    """True poses (runs, steps + 1, 3) of circles of 60 m, and the increments that the wheels report."""
    increments = np.tile([0.3, 0.0, 2 * np.pi / 200], (runs, steps, 1))
    rng, poses = np.random.default_rng(seed), [np.zeros((runs, 3))]
    for t in range(steps):
        poses.append(WHEELS.sample(poses[-1], increments[:, t], 0.1, rng))
    return np.stack(poses, 1), increments


def nees(miss, cov):
    return (miss * np.linalg.solve(cov, miss[..., None])[..., 0]).sum(-1)


def test_without_noise_it_is_the_path_itself():
    perfect = WheelOdometry(0, 0, 0, 0)
    _, increments = drives(1)
    track = DeadReckoning(perfect).track(START, increments[0], 0.1)
    assert track.mean.shape == (201, 3)
    np.testing.assert_allclose(perfect.state.difference(track.mean[-1], track.mean[0]), 0.0, atol=1e-9)  # a full circle
    assert not track.cov.any()


def test_its_drift_grows_with_the_distance_and_its_covariance_says_how_far():
    poses, increments = drives(300)
    reckoning = DeadReckoning(WHEELS)
    track = reckoning.track(START, increments, 0.1)
    miss = WHEELS.state.difference(poses, track.mean)
    for a, b in ((20, 80), (80, 200)):
        assert np.square(miss[:, b, :2]).mean() > 1.5 * np.square(miss[:, a, :2]).mean()
    spread = np.linalg.det(track.cov[:, 1:])
    assert (np.diff(spread, axis=1) > 0).all()
    for t in (20, 100, 200):
        assert 2.6 < nees(miss[:, t], track.cov[:, t]).mean() < 3.5


def test_a_straight_line_drifts_as_its_variances_say():
    """Along the line variance grows with the distance; across it, the heading's error makes it grow with its cube."""
    d, n = 0.1, 400
    track = DeadReckoning(WHEELS).track(START, np.tile([d, 0.0, 0.0], (n, 1)), 0.1)
    length = d * np.arange(n + 1)
    np.testing.assert_allclose(track.cov[:, 0, 0], 0.05**2 * length, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(track.cov[:, 2, 2], 0.02**2 * length, rtol=1e-9, atol=1e-15)
    across = 0.05**2 * length[-1] + 0.02**2 * length[-1] ** 3 / 3
    assert track.cov[-1, 1, 1] == pytest.approx(across, rel=0.01)


def test_landmarks_cure_the_drift_and_smoothing_cures_the_past():
    poses, increments = drives(100)
    seen = LANDMARK.measure(poses[:, 1:])
    rng = np.random.default_rng(1)
    seen = LANDMARK.measurement.add(seen, rng.normal(0, 1, seen.shape) * [0.1, 0.02])
    rare = np.where((np.arange(200) % 40 == 39)[:, None], seen, np.nan)  # every 12 m
    start = Gaussian(np.zeros((100, 3)), np.zeros((100, 3, 3)) + 1e-12 * np.eye(3))
    filtered = filter_sequence(ExtendedKalmanFilter(WHEELS), start, rare, LANDMARK, 0.1, increments)
    smoothed = RauchTungStriebel(WHEELS).smooth(filtered, 0.1, increments)
    alone = DeadReckoning(WHEELS).track(START, increments, 0.1).mean[:, 1:]
    truth = poses[:, 1:]
    drift, cured, past = (
        np.sqrt(np.square(WHEELS.state.difference(means, truth)[..., :2]).sum(-1).mean())
        for means in (alone, filtered.mean, smoothed.mean)
    )
    assert cured < 0.4 * drift
    assert past < 0.9 * cured
    miss = WHEELS.state.difference(truth, smoothed.mean)
    assert 2.5 < nees(miss, smoothed.cov).mean() < 3.6


def test_it_does_not_listen_to_measurements():
    reckoning, belief = DeadReckoning(WHEELS), Gaussian(np.zeros((4, 3)), np.tile(np.eye(3), (4, 1, 1)))
    update = reckoning.update(belief, np.array([9.0, 9.0]), Position())
    assert update.belief is belief
    assert update.innovation is None
    assert update.log_likelihood.tolist() == [0.0] * 4


def test_a_batch_is_its_members():
    _, increments = drives(3, steps=20)
    increments = increments * np.array([1.0, 2.0, 0.5])[:, None, None]
    together = DeadReckoning(WHEELS).track(START, increments, 0.1)
    for i in range(3):
        alone = DeadReckoning(WHEELS).track(START, increments[i], 0.1)
        np.testing.assert_allclose(together.mean[i], alone.mean, atol=1e-12)
        np.testing.assert_allclose(together.cov[i], alone.cov, atol=1e-12)


def test_controls_of_the_wrong_shape_are_refused_in_words():
    with pytest.raises(MalformedInput, match=r"controls have shape \(7, 2\), but must have \(T, 3\)"):
        DeadReckoning(WHEELS).track(START, np.zeros((7, 2)), 0.1)
