"""The iterated extended Kalman filter."""

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.estimation.kalman.extended import ExtendedKalmanFilter
from plansim.estimation.kalman.iterated import IteratedExtendedKalmanFilter
from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.models.kinematic import ConstantVelocity
from plansim.models.position import Position
from plansim.models.radar import Radar
from tests.estimation.kalman.nonlinear_cases import START

NEAR = Gaussian(np.array([2.0, 1.0, 0.0, 0.0]), np.diag([4.0, 4.0, 1.0, 1.0]))  # as wide as it is far
SENSOR, Z = Radar(range_std=0.1, bearing_std=0.05), np.array([3.0, 1.2])


@pytest.mark.parametrize("iterations", [1, 2, 3, 10, 50])
def test_a_measurement_counts_once_however_many_iterations(iterations):
    motion, z = ConstantVelocity(), np.array([31.0, 38.0])
    found = IteratedExtendedKalmanFilter(motion, iterations, tolerance=0.0).update(START, z, Position(0.5))
    expected = KalmanFilter(motion).update(START, z, Position(0.5))
    np.testing.assert_allclose(found.belief.mean, expected.belief.mean, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.belief.cov, expected.belief.cov, rtol=0, atol=1e-12)
    assert found.log_likelihood == pytest.approx(expected.log_likelihood, abs=1e-12)


def test_one_iteration_is_the_extended_filter():
    ones = IteratedExtendedKalmanFilter(ConstantVelocity(), iterations=1).update(START, np.array([51.0, 0.9]), Radar())
    plain = ExtendedKalmanFilter(ConstantVelocity()).update(START, np.array([51.0, 0.9]), Radar())
    np.testing.assert_allclose(ones.belief.mean, plain.belief.mean, atol=1e-12)
    np.testing.assert_allclose(ones.belief.cov, plain.belief.cov, atol=1e-12)


def cost(x):
    miss = SENSOR.measurement.difference(Z, SENSOR.measure(x))
    return miss @ np.linalg.solve(SENSOR.cov, miss) + (x - NEAR.mean) @ np.linalg.solve(NEAR.cov, x - NEAR.mean)


def test_its_mean_is_the_most_probable_state():
    minimize = pytest.importorskip("scipy.optimize").minimize
    best = minimize(cost, NEAR.mean, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxfev": 20_000})
    found = IteratedExtendedKalmanFilter(ConstantVelocity(), iterations=50).update(NEAR, Z, SENSOR).belief
    np.testing.assert_allclose(found.mean, best.x, atol=1e-5)
    assert cost(found.mean) < cost(ExtendedKalmanFilter(ConstantVelocity()).update(NEAR, Z, SENSOR).belief.mean) - 1


def test_its_covariance_is_that_of_the_last_linearisation():
    found = IteratedExtendedKalmanFilter(ConstantVelocity(), iterations=50).update(NEAR, Z, SENSOR).belief
    H = SENSOR.jacobian(found.mean)
    information = np.linalg.inv(NEAR.cov) + H.T @ np.linalg.solve(SENSOR.cov, H)
    np.testing.assert_allclose(found.cov, np.linalg.inv(information), atol=1e-8)


def test_a_step_that_overshoots_is_halved():
    """Each result is no worse than the start, however poor the guess and sharp the sensor."""
    rng = np.random.default_rng(0)
    sharp = Radar(range_std=1e-3, bearing_std=1e-3)
    for _ in range(50):
        mean = rng.normal(size=4) * [3.0, 3.0, 1.0, 1.0]
        z = np.array([rng.uniform(0.5, 8.0), rng.uniform(-np.pi, np.pi)])
        update = IteratedExtendedKalmanFilter(ConstantVelocity(), 30).update(Gaussian(mean, NEAR.cov), z, sharp)
        x = update.belief.mean
        miss = sharp.measurement.difference(z, sharp.measure(x)) / 1e-3
        before = sharp.measurement.difference(z, sharp.measure(mean)) / 1e-3
        prior = (x - mean) @ np.linalg.solve(NEAR.cov, x - mean)
        assert miss @ miss + prior <= before @ before + 1e-9
