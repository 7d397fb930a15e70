"""The gain of the long run."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.estimation.kalman.steady_state import SteadyStateKalmanFilter, steady_state
from plansim.models.kinematic import ConstantVelocity
from plansim.models.linear_motion import LinearSystem
from plansim.models.linear_sensor import LinearSensor
from plansim.models.position import Position

SPEEDS = LinearSensor("vx vy", np.eye(4)[2:], np.eye(2))


def test_of_the_random_walk_it_is_the_golden_ratio():
    walk, reading = LinearSystem("x", [[0.0]], noise_density=[[1.0]]), LinearSensor("x", [[1.0]], [[1.0]])
    steady, golden = steady_state(walk, reading, dt=1.0), (1 + np.sqrt(5)) / 2
    np.testing.assert_allclose(steady.predicted_cov, golden, atol=1e-12)
    np.testing.assert_allclose(steady.gain, golden - 1, atol=1e-12)
    np.testing.assert_allclose(steady.cov, golden - 1, atol=1e-12)


def test_the_kalman_filter_comes_to_it_and_the_fixed_gain_then_does_the_same():
    motion, sensor = ConstantVelocity(), Position(0.5)
    kalman, fixed = KalmanFilter(motion), SteadyStateKalmanFilter(motion, sensor, 0.2)
    a = b = Gaussian(np.zeros(4), np.eye(4))
    for z in np.random.default_rng(0).normal(size=(300, 2)):
        prior = kalman.predict(a, None, 0.2)
        x, y = kalman.update(prior, z, sensor), fixed.update(fixed.predict(b, None, 0.2), z, sensor)
        a, b = x.belief, y.belief
    np.testing.assert_allclose(prior.cov, fixed.steady.predicted_cov, atol=1e-10)
    np.testing.assert_allclose(a.cov, fixed.steady.cov, atol=1e-10)
    for p, q in zip((*a, *x[1:]), (*b, *y[1:]), strict=True):
        np.testing.assert_allclose(p, q, atol=1e-9)


def test_what_the_sensor_never_sees_is_named():
    with pytest.raises(MalformedInput, match=r"the sensor never sees [xy].*, which does not decay by itself"):
        steady_state(ConstantVelocity(), SPEEDS, 1.0)
    drift = LinearSystem("level bias", [[-1.0, 1.0], [0.0, 0.0]], noise_density=np.eye(2))
    blind = LinearSensor("level", [[1.0, -1.0]], [[1.0]])
    with pytest.raises(MalformedInput, match=r"never sees level \+ bias"):
        steady_state(drift, blind, 0.5)


def test_what_decays_by_itself_need_not_be_seen():
    motion = LinearSystem("seen hidden", [[0.0, 0.0], [0.0, -1.0]], noise_density=np.eye(2))
    steady = steady_state(motion, LinearSensor("seen", [[1.0, 0.0]], [[1.0]]), 0.5)
    assert steady.gain[1, 0] == pytest.approx(0, abs=1e-12)


def test_a_motion_without_noise_has_no_steady_state():
    still = LinearSystem("x", [[0.0]])
    with pytest.raises(MalformedInput, match="nothing disturbs x, so that the gain sinks to 0"):
        SteadyStateKalmanFilter(still, LinearSensor("x", [[1.0]], [[1.0]]), 1.0)


def test_another_dt_or_sensor_is_refused():
    fixed = SteadyStateKalmanFilter(ConstantVelocity(), Position(0.5), 0.2)
    belief = fixed.around(Gaussian(np.zeros(4), np.eye(4)))
    with pytest.raises(MalformedInput, match=r"dt is 0\.3"):
        fixed.predict(belief, None, 0.3)
    with pytest.raises(MalformedInput, match="sensor"):
        fixed.update(belief, np.zeros(2), SPEEDS)
