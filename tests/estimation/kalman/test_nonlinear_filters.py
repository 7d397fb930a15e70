"""What all nonlinear Gaussian filters must keep to."""

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.layout import layout
from plansim.estimation.kalman.extended import ExtendedKalmanFilter
from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.estimation.kalman.sigma_points import CubaturePoints, ScaledPoints, SimplexPoints, unscented_transform
from plansim.estimation.kalman.unscented import UnscentedKalmanFilter
from plansim.models.bicycle import Bicycle
from plansim.models.disturbed import Disturbed
from plansim.models.kinematic import ConstantVelocity
from plansim.models.linear_motion import LinearSystem
from plansim.models.linear_sensor import LinearSensor
from plansim.models.odometry import WheelOdometry
from plansim.models.position import Position
from plansim.models.radar import BearingOnly, Radar
from plansim.models.range_bearing import RangeBearing
from tests.estimation.kalman.nonlinear_cases import ALL, EXACT, START, PlainMotion, PlainRadar, radar_log

filters = pytest.mark.parametrize("name", ALL)
exact = pytest.mark.parametrize("name", EXACT)
SPRING = LinearSystem(
    "position speed", [[0.0, 1.0], [-1.0, -0.2]], "force", [[0.0], [1.0]], noise_density=[[0.0, 0.0], [0.0, 0.1]]
)


def run(estimator, belief, log, sensor, dt=0.5, controls=None, seed=0):
    """The moments after each measurement."""
    rng = np.random.default_rng(seed)
    belief, moments = estimator.around(belief, rng), []
    for t, z in enumerate(log):
        belief = estimator.predict(belief, None if controls is None else controls[t], dt, rng)
        belief = estimator.update(belief, z, sensor, rng).belief
        moments.append(belief.gaussian(estimator.state))
    return moments


@exact
def test_on_a_linear_system_it_is_the_kalman_filter(name):
    rng, sensor = np.random.default_rng(0), LinearSensor("position", [[1.0, 0.3]], [[0.04]])
    log, u = rng.normal(size=(100, 1)), rng.normal(size=(100, 1))
    start = Gaussian(np.array([1.0, 0.0]), np.array([[2.0, 0.5], [0.5, 1.0]]))
    found = run(EXACT[name](SPRING), start, log, sensor, 0.1, u)
    for ours, theirs in zip(found, run(KalmanFilter(SPRING), start, log, sensor, 0.1, u), strict=True):
        np.testing.assert_allclose(ours.mean, theirs.mean, rtol=0, atol=1e-10)
        np.testing.assert_allclose(ours.cov, theirs.cov, rtol=0, atol=1e-10)


@exact
def test_a_batch_is_its_members(name):
    estimator, rng = EXACT[name](ConstantVelocity()), np.random.default_rng(1)
    means, (_, log) = START.mean + rng.normal(size=(3, 4)), radar_log(3)
    belief = estimator.around(Gaussian(means, np.stack([START.cov] * 3)))
    update = estimator.update(estimator.predict(belief, None, 0.5), log, Radar())
    for i in range(3):
        one = estimator.around(Gaussian(means[i], START.cov))
        alone = estimator.update(estimator.predict(one, None, 0.5), log[i], Radar())
        for a, b in zip((*update.belief, *update[1:]), (*alone.belief, *alone[1:]), strict=True):
            np.testing.assert_allclose(a[i], b, rtol=1e-12, atol=1e-12)
    shared = estimator.update(estimator.predict(belief, None, 0.5), log[0], Radar())
    np.testing.assert_allclose(shared.log_likelihood[0], update.log_likelihood[0])


@filters
def test_plain_models_of_a_user_do_as_well_as_ours(name):
    _, log = radar_log(10)
    ours = run(ALL[name](ConstantVelocity()), START, log, Radar())[-1]
    plain = run(ALL[name](PlainMotion()), START, log, PlainRadar())[-1]
    np.testing.assert_allclose(plain.mean, ours.mean, atol=1e-6)
    np.testing.assert_allclose(plain.cov, ours.cov, atol=1e-6)


@filters
def test_a_missing_measurement_is_a_prediction(name):
    estimator, rng = ALL[name](ConstantVelocity()), np.random.default_rng(0)
    belief = estimator.predict(estimator.around(START, rng), None, 0.5, rng)
    update = estimator.update(belief, None, Radar(), rng)
    assert update.belief is belief
    assert (update.innovation, update.innovation_cov, update.log_likelihood) == (None, None, 0.0)


@filters
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_bearing_that_wraps_behind_the_sensor_is_no_surprise(name, side):
    """The target is at a bearing of π - 0.01, the measurement at -π + 0.01: they differ by 0.02 rad."""
    estimator, rng = ALL[name](ConstantVelocity()), np.random.default_rng(0)
    x = np.array([-50.0, side * 0.5, 0.0, 0.0])
    belief = estimator.around(Gaussian(x, np.diag([1.0, 1.0, 0.1, 0.1])), rng)
    z = np.array([50.0, -side * (np.pi - 0.01)])
    update = estimator.update(belief, z, Radar(bearing_std=0.02), rng)
    assert abs(update.innovation[1] - side * 0.02) < 0.005
    after = update.belief.gaussian(estimator.state)
    assert -0.6 < side * after.mean[1] < 0.1
    assert update.log_likelihood > -5


@filters
def test_a_heading_that_wraps_turns_the_short_way(name):
    estimator, rng = ALL[name](Disturbed(Bicycle(), (0.1, 0.1, 0.05, 0.1))), np.random.default_rng(0)
    start = Gaussian(np.array([0.0, 0.0, np.pi - 0.02, 2.0]), np.diag([0.1, 0.1, 0.01, 0.1]))
    beacon, truth = RangeBearing((-10.0, 1.0), 0.1, 0.01), np.array([0.0, 0.0, -np.pi + 0.02, 2.0])
    belief = estimator.around(start, rng)
    for _ in range(20):
        truth = Bicycle().step(truth, np.zeros(2), 0.05)
        belief = estimator.predict(belief, np.zeros(2), 0.05, rng)
        belief = estimator.update(belief, beacon.measure(truth), beacon, rng).belief
        belief = estimator.update(belief, truth[:2], Position(), rng).belief
    found = belief.gaussian(estimator.state)
    assert abs(estimator.state.difference(found.mean, truth)[2]) < 0.05
    assert found.cov[2, 2] < 0.002
    assert abs(found.mean[2]) <= np.pi


@filters
def test_two_sensors_and_wheels_find_the_robot(name):
    estimator, rng = ALL[name](WheelOdometry()), np.random.default_rng(3)
    truth, beacons = np.array([1.0, 2.0, 0.3]), [RangeBearing((5.0, 5.0)), RangeBearing((-3.0, 4.0))]
    belief = estimator.around(Gaussian(truth + np.array([0.5, -0.5, 0.2]), np.diag([0.5, 0.5, 0.1])), rng)
    for _ in range(15):
        u = np.array([0.2, 0.0, 0.05])
        truth = WheelOdometry().sample(truth, u, 0.1, rng)
        belief = estimator.predict(belief, u, 0.1, rng)
        for beacon in beacons:
            z = beacon.measurement.add(beacon.measure(truth), rng.normal(size=2) * [0.1, 0.02])
            belief = estimator.update(belief, z, beacon, rng).belief
    found = belief.gaussian(estimator.state)
    error = estimator.state.difference(found.mean, truth)
    assert error @ np.linalg.solve(found.cov, error) < 16.3  # 99.9 % of chi-square with 3 degrees
    assert np.sqrt(found.cov.diagonal()).max() < 0.1


@filters
def test_its_uncertainty_is_honest(name):
    """NEES over 50 runs of 20 steps stays near 4: its bounds for one step are [3.25, 4.82]."""
    runs = [radar_log(20, seed) for seed in range(50)]
    rng = np.random.default_rng(0)
    truth = np.stack([states for states, _ in runs], 1)
    log = np.stack([readings for _, readings in runs], 1)
    means = START.mean + rng.normal(size=(50, 4)) @ np.sqrt(START.cov)
    found = run(ALL[name](ConstantVelocity()), Gaussian(means, np.stack([START.cov] * 50)), log, Radar())
    nees = []
    for moments, x in zip(found, truth, strict=True):
        error = moments.mean - x
        nees.append((error * np.linalg.solve(moments.cov, error[..., None])[..., 0]).sum(-1).mean())
    assert 3.5 < np.mean(nees) < 4.5


def test_a_prediction_has_the_noise_that_the_motion_states():
    car = Disturbed(Bicycle(), (0.1, 0.2, 0.05, 0.1), control_std=(0.5, 0.2))
    belief, u = Gaussian(np.array([1.0, 2.0, 0.5, 3.0]), np.diag([0.1, 0.2, 0.01, 0.3])), np.array([0.4, 0.3])
    F, Q = car.jacobian(belief.mean, u, 0.1), car.noise_cov(belief.mean, u, 0.1)
    assert np.abs(Q - np.diag(Q.diagonal())).max() > 1e-3  # the control's errors reach several states at once
    for how in ("auto", "dual"):
        found = ExtendedKalmanFilter(car, how).predict(belief, u, 0.1)
        np.testing.assert_allclose(found.cov, F @ belief.cov @ F.T + Q, atol=1e-14)
    for points in (ScaledPoints(), CubaturePoints()):
        moved = unscented_transform(belief, lambda x: car.step(x, u, 0.1), car.state, points)
        found = UnscentedKalmanFilter(car, points).predict(belief, u, 0.1)
        np.testing.assert_allclose(found.mean, moved.mean, atol=1e-14)
        np.testing.assert_allclose(found.cov, moved.cov + Q, atol=1e-14)


@pytest.mark.parametrize("std", [0.1, 0.6, 1.0])
def test_headings_spread_around_the_circle_have_the_layouts_mean(std):
    turntable = Disturbed(Bicycle(), (0.1,) * 4)
    belief, rng = Gaussian(np.array([0.0, 0.0, 3.0, 2.0]), np.diag([1.0, 1.0, std**2, 1.0])), np.random.default_rng(0)
    for points in (ScaledPoints(), SimplexPoints()):
        for _ in range(10):
            u = rng.normal(size=2)
            moved = unscented_transform(belief, lambda x, u=u: turntable.step(x, u, 0.5), turntable.state, points)
            found = UnscentedKalmanFilter(turntable, points).predict(belief, u, 0.5)
            np.testing.assert_allclose(found.mean, moved.mean, atol=1e-12)
            np.testing.assert_allclose(found.cov, moved.cov + turntable.noise_cov(None, u, 0.5), atol=1e-12)


@exact
@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_hard_numbers_leave_the_covariance_a_covariance(name, noise):
    """A perfect sensor, no motion noise, and a covariance that begins singular or of a condition of 1e14."""
    estimator = EXACT[name](ConstantVelocity(acceleration_density=noise))
    sensor, rng = LinearSensor("x y", np.eye(2, 4), 1e-12 * np.eye(2)), np.random.default_rng(0)
    turn, _ = np.linalg.qr(rng.normal(size=(4, 4)))
    hard = [np.diag([1.0, 1.0, 0.0, 0.0]), turn * [1e8, 1.0, 1e-3, 1e-6] @ turn.T, np.zeros((4, 4))]
    hard.append(np.outer([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]))
    for P in hard:
        belief = estimator.around(Gaussian(np.zeros(4), 0.5 * (P + P.T)))
        for t in range(200):
            belief = estimator.predict(belief, None, 0.1)
            belief = estimator.update(belief, 1e-6 * rng.normal(size=2) + 0.1 * t, sensor).belief
            mean, cov = belief.gaussian(estimator.state)
            assert np.isfinite(mean).all()
            assert np.array_equal(cov, cov.T) or np.abs(cov - cov.T).max() < 1e-12
            assert np.linalg.eigvalsh(cov).min() >= -1e-12 * max(1.0, np.abs(cov).max())


@exact
def test_a_sensor_of_one_number_and_a_state_of_one_are_no_special_case(name):
    estimator = EXACT[name](LinearSystem("level", [[0.0]], noise_density=[[1.0]]))
    belief = estimator.around(Gaussian(np.zeros(1), np.eye(1)))
    for _ in range(50):
        belief = estimator.update(
            estimator.predict(belief, None, 1.0), np.ones(1), LinearSensor("level", [[1.0]], [[1.0]])
        ).belief
    assert belief.gaussian(layout("level")).cov[0, 0] == pytest.approx(0.618034, abs=1e-6)  # the golden ratio
    update = EXACT[name](ConstantVelocity())
    seen = update.update(update.around(START), np.array([0.9]), BearingOnly())
    assert seen.innovation.shape == (1,)
