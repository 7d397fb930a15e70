"""Smoothing a few steps behind the newest measurement is the smoother on the window."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.estimation.kalman.extended import ExtendedKalmanFilter
from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.estimation.kalman.sequence import filter_sequence
from plansim.estimation.kalman.unscented import UnscentedKalmanFilter
from plansim.estimation.smoothing.fixed_lag import FixedLagSmoother
from plansim.estimation.smoothing.rauch_tung_striebel import RauchTungStriebel
from plansim.estimation.smoothing.unscented_smoother import UnscentedSmoother
from plansim.models.kinematic import ConstantVelocity, CoordinatedTurn
from plansim.models.odometry import WheelOdometry
from plansim.models.position import Position

TURN = CoordinatedTurn(acceleration_density=0.5)
START = Gaussian(np.array([0.0, 0.0, 3.0, 0.0, 0.2]), 0.5 * np.eye(5))
GPS = Position(1.0)
Z = np.random.default_rng(0).normal(0, 2.0, (3, 12, 2)).cumsum(1)


def beliefs(smoother, z, start=START):
    """The window after each step."""
    belief, found = smoother.around(start), []
    for t in range(z.shape[-2]):
        belief = smoother.update(smoother.predict(belief, None, 1.0), z[..., t, :], GPS).belief
        found.append(belief)
    return found


@pytest.mark.parametrize("kind", ["extended", "unscented"])
@pytest.mark.parametrize("batch", [0, slice(None)], ids=["one", "many"])
def test_the_window_is_the_smoother_on_the_log_up_to_now(kind, batch):
    filter, smoother = {
        "extended": (ExtendedKalmanFilter(TURN), RauchTungStriebel(TURN)),
        "unscented": (UnscentedKalmanFilter(TURN), UnscentedSmoother(TURN)),
    }[kind]
    z, lag = Z[batch], 4
    fixed = FixedLagSmoother(filter, lag, smoother)
    for t, belief in enumerate(beliefs(fixed, z)):
        if t < lag:
            continue
        whole = smoother.smooth(filter_sequence(filter, START, z[..., : t + 1, :], GPS, 1.0), 1.0)
        window, delayed = fixed.smoothed(belief), fixed.delayed(belief)
        np.testing.assert_allclose(window.mean, whole.mean[..., t - lag :, :], atol=1e-9)
        np.testing.assert_allclose(window.cov, whole.cov[..., t - lag :, :, :], atol=1e-9)
        assert np.array_equal(delayed.mean, window.mean[..., 0, :])


def test_each_step_goes_back_by_its_own_control():
    wheels, rng = WheelOdometry(), np.random.default_rng(4)
    u, z = rng.normal((1.0, 0.0, 0.0), 0.5, (6, 3)), rng.normal(size=(6, 2))
    fixed = FixedLagSmoother(ExtendedKalmanFilter(wheels), lag=5)
    start = Gaussian(np.array([0.0, 0.0, 0.5]), 0.1 * np.eye(3))
    belief = fixed.around(start)
    for t in range(6):
        belief = fixed.update(fixed.predict(belief, u[t], 1.0), z[t], GPS).belief
    filtered = filter_sequence(ExtendedKalmanFilter(wheels), start, z, GPS, 1.0, u)
    np.testing.assert_allclose(fixed.smoothed(belief).mean, RauchTungStriebel(wheels).smooth(filtered, 1.0, u).mean)


def test_until_the_window_is_full_it_reaches_back_to_the_start():
    fixed = FixedLagSmoother(KalmanFilter(ConstantVelocity()), lag=5)
    start = Gaussian(np.zeros(4), np.eye(4))
    assert np.array_equal(fixed.delayed(fixed.around(start)).mean, start.mean)
    lengths = [len(fixed.smoothed(belief).mean) for belief in beliefs(fixed, Z[0], start)]
    assert lengths == [2, 3, 4, 5, *[6] * 8]


def test_what_it_says_of_now_is_the_filter():
    filter = ExtendedKalmanFilter(TURN)
    last = beliefs(FixedLagSmoother(filter, 3), Z[0])[-1]
    filtered = filter_sequence(filter, START, Z[0], GPS, 1.0)
    np.testing.assert_allclose(last.gaussian(TURN.state).mean, filtered.mean[-1])


def test_the_longer_the_lag_the_better_the_estimate():
    motion, rng = ConstantVelocity(acceleration_density=0.1), np.random.default_rng(3)
    x, truth = np.zeros((40, 4)), []
    for _ in range(30):
        x = motion.sample(x, None, 1.0, rng)
        truth.append(x)
    truth = np.stack(truth, 1)
    z, start = (
        truth[..., :2] + rng.normal(0, 1.0, (40, 30, 2)),
        Gaussian(np.zeros((40, 4)), np.eye(4) * np.ones((40, 1, 1))),
    )
    errors = []
    for lag in (1, 3, 8):
        fixed = FixedLagSmoother(KalmanFilter(motion), lag)
        windows = beliefs(fixed, z, start)
        found = [np.square(fixed.delayed(windows[t + lag]).mean - truth[:, t])[:, :2].sum(-1) for t in range(8, 20)]
        errors.append(np.mean(found))
    assert errors[0] > errors[1] > errors[2]


def test_a_lag_of_nothing_is_refused_in_words():
    with pytest.raises(MalformedInput, match="lag is 0, but must be a number of steps of at least 1"):
        FixedLagSmoother(KalmanFilter(ConstantVelocity()), lag=0)
