"""The ensemble Kalman filter."""

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.estimation.kalman.ensemble import EnsembleKalmanFilter
from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.models.kinematic import ConstantVelocity
from plansim.models.position import Position
from tests.estimation.kalman.nonlinear_cases import START, PlainMotion, radar_log

MOTION, SENSOR = ConstantVelocity(), Position(1.0)


def run(estimator, log, seed=0):
    rng = np.random.default_rng(seed)
    belief, likelihood = estimator.around(START, rng), 0.0
    for z in log:
        update = estimator.update(estimator.predict(belief, None, 0.5, rng), z, SENSOR, rng)
        belief, likelihood = update.belief, likelihood + update.log_likelihood
    return belief.gaussian(MOTION.state), likelihood


def error(members, log):
    """How far the mean is from the Kalman filter's, in its standard deviations, root mean square over seeds."""
    exact, _ = run(KalmanFilter(MOTION), log)
    found = [run(EnsembleKalmanFilter(MOTION, members), log, seed)[0].mean for seed in range(40)]
    return np.sqrt(np.mean((np.array(found) - exact.mean) ** 2 / np.diagonal(exact.cov)))


def test_its_error_falls_with_the_root_of_the_members():
    _, log = radar_log(10, sensor=SENSOR)
    few, many = error(100, log), error(1600, log)
    assert few / many == pytest.approx(4.0, rel=0.35)
    assert many < 0.1


def test_with_many_members_it_is_the_kalman_filter():
    _, log = radar_log(10, sensor=SENSOR)
    (exact, likelihood), (found, ours) = run(KalmanFilter(MOTION), log), run(EnsembleKalmanFilter(MOTION, 20_000), log)
    np.testing.assert_allclose(found.cov, exact.cov, atol=0.05 * np.abs(exact.cov).max())
    assert ours == pytest.approx(likelihood, abs=0.3)


def test_perturbed_measurements_keep_the_crowd_as_wide_as_it_should_be():
    """Without them the covariance would be (I - KH) P (I - KH)ᵀ alone: for P = R a quarter instead of a half."""
    estimator, rng = EnsembleKalmanFilter(MOTION, 50_000), np.random.default_rng(0)
    belief = estimator.around(Gaussian(np.zeros(4), np.eye(4)), rng)
    after = estimator.update(belief, np.zeros(2), SENSOR, rng).belief.gaussian(MOTION.state)
    np.testing.assert_allclose(after.cov[:2, :2], 0.5 * np.eye(2), atol=0.02)


def test_the_same_seed_gives_the_same_numbers_and_inflation_widens():
    _, log = radar_log(5, sensor=SENSOR)
    one, two = (run(EnsembleKalmanFilter(MOTION), log, seed=7) for _ in range(2))
    assert np.array_equal(one[0].mean, two[0].mean)
    wide = run(EnsembleKalmanFilter(MOTION, inflation=1.2), log, seed=7)[0]
    assert np.trace(wide.cov) > np.trace(one[0].cov)


def test_a_batch_of_ensembles_and_a_motion_that_cannot_be_sampled():
    estimator, rng = EnsembleKalmanFilter(PlainMotion(), 4000), np.random.default_rng(0)
    belief = estimator.around(Gaussian(np.stack([START.mean] * 2), np.stack([START.cov] * 2)), rng)
    belief = estimator.predict(belief, None, 0.5, rng)
    assert belief.states.shape == (2, 4000, 4)
    expected = KalmanFilter(MOTION).predict(START, None, 0.5)
    for i in range(2):
        np.testing.assert_allclose(belief.gaussian(MOTION.state).cov[i], expected.cov, atol=0.4)
    update = estimator.update(belief, START.mean[:2], SENSOR, rng)
    assert update.log_likelihood.shape == (2,)
    assert np.all(np.abs(update.belief.gaussian(MOTION.state).mean[:, :2] - START.mean[:2]) < 1)
