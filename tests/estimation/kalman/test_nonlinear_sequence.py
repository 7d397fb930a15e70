"""Whole logs in one call."""

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.estimation.kalman.cubature import CubatureKalmanFilter
from plansim.estimation.kalman.extended import ExtendedKalmanFilter
from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.estimation.kalman.nonlinear_sequence import programs
from plansim.estimation.kalman.sequence import filter_sequence, step_by_step
from plansim.estimation.kalman.sigma_points import JulierPoints, ScaledPoints, SimplexPoints
from plansim.estimation.kalman.unscented import UnscentedKalmanFilter
from plansim.models.bicycle import Bicycle
from plansim.models.disturbed import Disturbed
from plansim.models.kinematic import ConstantVelocity
from plansim.models.linear_sensor import LinearSensor
from plansim.models.radar import Radar
from plansim.models.range_bearing import RangeBearing
from tests.estimation.kalman.nonlinear_cases import START, PlainMotion, PlainRadar, radar_log

CAR = Disturbed(Bicycle(), (0.1, 0.1, 0.05, 0.1), (0.2, 0.05))
FILTERS = [ExtendedKalmanFilter, UnscentedKalmanFilter, CubatureKalmanFilter]
FILTERS.append(lambda motion: UnscentedKalmanFilter(motion, ScaledPoints(0.1)))
filters = pytest.mark.parametrize("make", FILTERS)


def same(found, expected, tolerance=1e-10):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance)


@filters
@pytest.mark.parametrize("sensor", [Radar((3.0, 4.0, 2.0)), LinearSensor("a", [[1.0, 0.5, 0.0, 0.0]], [[0.1]])])
def test_a_log_in_one_call_is_its_steps(make, sensor):
    _, log = radar_log(30, sensor=sensor)
    log[[3, 4, 20]] = np.nan
    estimator = make(ConstantVelocity())
    assert programs(estimator, None, sensor, 0.5) is not None
    same(filter_sequence(estimator, START, log, sensor, 0.5), step_by_step(estimator, START, log, sensor, 0.5))


@pytest.mark.parametrize("make", FILTERS[:2])
def test_controls_and_their_noise_and_angles_are_no_different(make):
    rng, beacon, x = np.random.default_rng(0), RangeBearing((-10.0, 3.0)), np.array([0.0, 0.0, 3.1, 2.0])
    u, log = rng.normal(size=(40, 2)) * [0.5, 0.1], []
    for control in u:
        x = CAR.sample(x, control, 0.1, rng)
        log.append(beacon.measurement.add(beacon.measure(x), rng.normal(size=2) * [0.1, 0.02]))
    start, log = Gaussian(np.array([0.5, -0.5, -3.0, 2.0]), np.diag([1.0, 1.0, 0.1, 0.5])), np.array(log)
    estimator = make(CAR)
    found = filter_sequence(estimator, start, log, beacon, 0.1, u)
    same(found, step_by_step(estimator, start, log, beacon, 0.1, u), 1e-9)
    assert abs(CAR.state.difference(found.mean[-1], x)[2]) < 0.1
    both = filter_sequence(estimator, start, np.stack([log, log + 0.01]), beacon, 0.1, np.stack([u, u]))
    same([a[0] for a in both], found, 1e-12)
    same([a[1] for a in both], filter_sequence(estimator, start, log + 0.01, beacon, 0.1, u), 1e-12)


@pytest.mark.parametrize("points", [SimplexPoints(), JulierPoints()])
def test_other_points_too(points):
    _, log = radar_log(20)
    estimator = UnscentedKalmanFilter(ConstantVelocity(), points)
    same(filter_sequence(estimator, START, log, Radar(), 0.5), step_by_step(estimator, START, log, Radar(), 0.5))


@pytest.mark.parametrize("make", FILTERS[:2])
def test_plain_models_go_step_by_step(make):
    _, log = radar_log(10)
    found = filter_sequence(make(PlainMotion()), START, log, PlainRadar(), 0.5)
    same(found, filter_sequence(make(ConstantVelocity()), START, log, Radar(), 0.5), 1e-6)


@pytest.mark.parametrize("make", FILTERS[:2])
def test_a_log_that_breaks_says_why(make):
    class Broken(Radar):
        @staticmethod
        def equations(m):
            return lambda x, p: (m.log(x[0] - 30.0), x[1] + x[2])

    log = np.tile([3.0, 40.0], (40, 1))
    start = Gaussian(np.array([31.0, 40.0, -5.0, 0.0]), 1e-6 * np.eye(4))
    with pytest.raises(MalformedInput, match=r"Broken|reading"):
        filter_sequence(make(ConstantVelocity()), start, log, Broken(), 0.5)


@pytest.mark.parametrize("alpha", [1.0, 0.5])
def test_the_unscented_filter_is_filterpys(alpha):
    theirs = pytest.importorskip("filterpy.kalman")
    _, log = radar_log(200)
    motion = ConstantVelocity()
    rule = theirs.MerweScaledSigmaPoints(4, alpha, 2.0, 0.0)
    peer = theirs.UnscentedKalmanFilter(
        4, 2, 0.5, lambda x: Radar().measure(x), lambda x, dt: motion.step(x, None, dt), rule
    )
    peer.x, peer.P, peer.R, peer.Q = START.mean, START.cov, Radar().cov, motion.noise_cov(None, None, 0.5)
    found = filter_sequence(UnscentedKalmanFilter(motion, ScaledPoints(alpha, 2.0, 0.0)), START, log, Radar(), 0.5)
    for t, z in enumerate(log):
        peer.predict()
        peer.update(z)
        np.testing.assert_allclose(found.mean[t], peer.x, rtol=0, atol=1e-10)
        np.testing.assert_allclose(found.cov[t], peer.P, rtol=0, atol=1e-10)


def test_the_extended_filter_is_filterpys():
    theirs = pytest.importorskip("filterpy.kalman")
    _, log = radar_log(200)
    motion, peer = ConstantVelocity(), theirs.ExtendedKalmanFilter(4, 2)
    peer.x, peer.P, peer.R = START.mean, START.cov, Radar().cov
    peer.F, peer.Q = motion.transition(0.5), motion.noise_cov(None, None, 0.5)
    found = filter_sequence(ExtendedKalmanFilter(motion), START, log, Radar(), 0.5)
    for t, z in enumerate(log):
        peer.predict()
        peer.update(z, Radar().jacobian, Radar().measure, residual=Radar.measurement.difference)
        np.testing.assert_allclose(found.mean[t], peer.x, rtol=0, atol=1e-10)
        np.testing.assert_allclose(found.cov[t], peer.P, rtol=0, atol=1e-10)
        assert found.log_likelihood[t] == pytest.approx(peer.log_likelihood, abs=1e-9)


def test_the_cubature_filter_is_right_where_filterpys_is_not():
    """On a linear system it is the Kalman filter; filterpy's draws no new points and so forgets the motion's noise."""
    theirs = pytest.importorskip("filterpy.kalman")
    motion, sensor = ConstantVelocity(), LinearSensor("x y", np.eye(2, 4), np.eye(2))
    peer = theirs.CubatureKalmanFilter(4, 2, 0.5, lambda x: x[:2], lambda x, dt: motion.step(x.ravel(), None, dt))
    peer.x, peer.P, peer.R, peer.Q = START.mean[:, None], START.cov, np.eye(2), motion.noise_cov(None, None, 0.5)
    log = np.tile(START.mean[:2], (50, 1))
    for z in log:
        peer.predict()
        peer.update(z[:, None])
    ours = filter_sequence(CubatureKalmanFilter(motion), START, log, sensor, 0.5).cov[-1]
    np.testing.assert_allclose(ours, filter_sequence(KalmanFilter(motion), START, log, sensor, 0.5).cov[-1], atol=1e-10)
    assert np.trace(peer.P) > 1.1 * np.trace(ours)
