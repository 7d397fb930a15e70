"""The Luenberger observer: its error decays at its poles' rate, and what cannot work is refused in words."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.estimation.observer import LuenbergerObserver
from plansim.models.kinematic import ConstantVelocity
from plansim.models.linear_motion import LinearSystem
from plansim.models.linear_sensor import LinearSensor

# an engine: inner and outer temperature, of which only the outer one is seen; heated from within
ENGINE = LinearSystem("inner outer", [[-0.02, 0.02], [0.01, -0.03]], "heat", [[0.05], [0.0]], np.diag([0.01, 0.01]))
OUTER = LinearSensor("outer", [[0.0, 1.0]], [[0.25]])
CAR, PLACE = ConstantVelocity(dimension=1), LinearSensor("x", [[1.0, 0.0]], [[0.01]])
TWO = LinearSensor("x v", np.eye(2), 0.1 * np.eye(2))


def errors_without_noise(observer, steps, u=None):
    """(T, n), from an unknown start."""
    x, belief, found = np.array([90.0, 40.0]), observer.around(Gaussian(np.array([20.0, 20.0]), np.eye(2))), []
    for _ in range(steps):
        x = observer.motion.step(x, u, observer.dt)
        belief = observer.predict(belief, u, observer.dt)
        belief = observer.update(belief, observer.sensor.measure(x), observer.sensor).belief
        found.append(belief.mean - x)
    return np.array(found)


@pytest.mark.parametrize("poles", [(0.8, 0.5), (0.9 + 0.2j, 0.9 - 0.2j), (-0.3, 0.6)])
def test_the_error_decays_at_the_poles_rate(poles):
    observer = LuenbergerObserver(ENGINE, OUTER, dt=5.0, poles=poles)
    assert np.sort_complex(observer.error_poles) == pytest.approx(np.sort_complex(poles), abs=1e-9)
    errors = errors_without_noise(observer, 60, u=np.array([2.0]))
    # e_t+2 = (p1 + p2) e_t+1 - p1 p2 e_t, for errors that obey these poles and no others
    expected = sum(poles) * errors[1:-1] - np.prod(poles) * errors[:-2]
    assert errors[2:] == pytest.approx(np.real(expected), abs=1e-9)
    measured = (np.linalg.norm(errors[45]) / np.linalg.norm(errors[5])) ** (1 / 40)
    assert measured == pytest.approx(np.abs(poles).max(), rel=0.03)


def test_the_hidden_inner_temperature_is_found():
    errors = errors_without_noise(LuenbergerObserver(ENGINE, OUTER, dt=5.0, rates=(-0.05, -0.06)), 80, np.array([2.0]))
    assert abs(errors[0, 0]) > 10
    assert abs(errors[-1, 0]) < 1e-5


@pytest.mark.parametrize("dt", [0.1, 1.0, 5.0])
def test_rates_are_the_same_decay_at_any_step(dt):
    observer = LuenbergerObserver(ENGINE, OUTER, dt=dt, rates=(-0.2, -0.3))
    assert np.log(observer.error_poles) / dt == pytest.approx([-0.3, -0.2])


def test_with_several_measurements_a_pole_may_be_repeated():
    observer = LuenbergerObserver(CAR, TWO, dt=0.1, poles=(0.5, 0.5))
    assert observer.error_poles == pytest.approx([0.5, 0.5], abs=1e-6)
    with pytest.raises(MalformedInput, match="repeated"):
        LuenbergerObserver(CAR, PLACE, dt=0.1, poles=(0.5, 0.5))


def test_its_covariance_is_that_of_its_errors_and_settles_at_lyapunovs():
    rng = np.random.default_rng(0)
    observer = LuenbergerObserver(ENGINE, OUTER, dt=1.0, poles=(0.9, 0.85))
    start = Gaussian(np.array([20.0, 20.0]), np.diag([4.0, 1.0]))
    x = start.mean + rng.normal(size=(4000, 2)) * [2.0, 1.0]
    belief = Gaussian(np.broadcast_to(start.mean, (4000, 2)), np.broadcast_to(start.cov, (4000, 2, 2)))
    for step in range(150):
        x = ENGINE.sample(x, np.ones(1), 1.0, rng)
        belief = observer.predict(belief, np.ones(1), 1.0)
        z = OUTER.measure(x) + 0.5 * rng.normal(size=(4000, 1))
        belief = observer.update(belief, z, OUTER).belief
        if step in (3, 20, 149):
            assert np.cov((x - belief.mean).T) == pytest.approx(belief.cov[0], rel=0.15, abs=0.02)
    assert belief.cov[0] == pytest.approx(observer.steady_cov, rel=1e-6)


def test_it_is_never_surer_than_the_kalman_filter_and_equals_it_with_its_gain():
    belief, kalman = Gaussian(np.zeros(2), np.eye(2)), KalmanFilter(CAR)
    for _ in range(300):
        predicted = kalman.predict(belief, None, 0.1)
        belief = kalman.update(predicted, np.zeros(1), PLACE).belief
    gain = predicted.cov @ PLACE.matrix.T / (PLACE.matrix @ predicted.cov @ PLACE.matrix.T + PLACE.cov)
    same = LuenbergerObserver(CAR, PLACE, 0.1, gain=gain)
    assert same.steady_cov == pytest.approx(belief.cov, rel=1e-6)
    other = LuenbergerObserver(CAR, PLACE, 0.1, poles=(0.5, 0.6))
    assert np.linalg.eigvalsh(other.steady_cov - belief.cov).min() > 0


def test_a_gain_that_makes_the_error_grow_is_refused_with_its_poles():
    with pytest.raises(MalformedInput, match=r"poles are \[1, -2\].*size 2"):
        LuenbergerObserver(CAR, PLACE, 0.1, gain=[[3.0], [0.0]])
    with pytest.raises(MalformedInput, match="unit circle"):
        LuenbergerObserver(CAR, PLACE, 0.1, poles=(0.5, 1.0))
    with pytest.raises(MalformedInput, match="left of zero"):
        LuenbergerObserver(CAR, PLACE, 0.1, rates=(-1.0, 0.5))


def test_what_is_never_seen_is_named():
    with pytest.raises(MalformedInput, match="never sees the motion of 'x'"):
        LuenbergerObserver(CAR, LinearSensor("v", [[0.0, 1.0]], [[0.01]]), 0.1, poles=(0.5, 0.6))


def test_an_unseen_motion_that_dies_out_by_itself_may_have_a_gain():
    apart = LinearSystem("seen hidden", [[0.1, 0.0], [0.0, -1.0]])
    sensor = LinearSensor("seen", [[1.0, 0.0]], [[0.1]])
    observer = LuenbergerObserver(apart, sensor, 0.5, gain=[[0.6], [0.0]])
    assert observer.error_poles.max() == pytest.approx(np.exp(-0.5))


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({}, "exactly one"),
        ({"poles": (0.5, 0.6), "rates": (-1.0, -2.0)}, "exactly one"),
        ({"poles": (0.5,)}, "one for each"),
        ({"poles": (0.5 + 0.1j, 0.5)}, "conjugate"),
        ({"gain": [[1.0, 0.0]]}, r"must have \(2, 1\)"),
        ({"poles": (0.5, 0.6), "dt": 0.0}, "dt"),
    ],
)
def test_a_choice_that_cannot_be_meant_is_refused(choice, message):
    with pytest.raises(MalformedInput, match=message):
        LuenbergerObserver(CAR, PLACE, **{"dt": 0.1, **choice})


def test_its_gain_is_for_one_step_and_one_sensor():
    observer = LuenbergerObserver(CAR, PLACE, 0.1, poles=(0.5, 0.6))
    belief = Gaussian(np.zeros(2), np.eye(2))
    with pytest.raises(MalformedInput, match=r"steps of 0\.1"):
        observer.predict(belief, None, 0.2)
    with pytest.raises(MalformedInput, match="something else"):
        observer.update(belief, np.zeros(1), LinearSensor("v", [[0.0, 1.0]], [[0.01]]))
