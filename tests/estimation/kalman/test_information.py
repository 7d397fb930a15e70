"""The information filter: nothing known at first, and the Kalman filter ever after."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian, Information
from plansim.core.errors import MalformedInput
from plansim.core.layout import layout
from plansim.estimation.kalman.information import InformationFilter
from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.models.kinematic import ConstantVelocity
from plansim.models.linear_motion import LinearSystem
from plansim.models.linear_sensor import LinearSensor
from plansim.models.position import Position

MOTION = ConstantVelocity()
NOTHING = Information(np.zeros(4), np.zeros((4, 4)))


def forgetful(noise):
    """A motion that forgets its second component at each step."""
    F, Q = np.array([[1.0, 1.0], [0.0, 0.0]]), np.diag(noise)
    return SimpleNamespace(
        state=layout("x v"),
        control=layout(""),
        transition=lambda dt: F,
        input_matrix=lambda dt: np.zeros((2, 0)),
        noise_cov=lambda x, u, dt: Q,
    )


def same(a, b, atol=1e-10):
    for x, y in zip(a, b, strict=True):
        np.testing.assert_allclose(x, y, rtol=0, atol=atol)


def test_it_is_the_kalman_filter_which_filterpys_is_not():
    sensor, rng = Position(0.3), np.random.default_rng(0)
    ours, kalman = InformationFilter(MOTION), KalmanFilter(MOTION)
    belief = Gaussian(np.zeros(4), np.diag([1.0, 2.0, 3.0, 4.0]))
    found = ours.around(belief)
    for z in rng.normal(size=(30, 2)):
        a = kalman.update(kalman.predict(belief, None, 0.5), z, sensor)
        b = ours.update(ours.predict(found, None, 0.5), z, sensor)
        belief, found = a.belief, b.belief
        same((*belief, *a[1:]), (*found.gaussian(MOTION.state), *b[1:]))


def test_two_positions_give_position_and_velocity_by_least_squares():
    estimator, sensor = InformationFilter(MOTION), Position(0.2)
    first = estimator.update(estimator.predict(NOTHING, None, 1.0), np.array([1.0, 2.0]), sensor)
    assert first.innovation is None
    assert first.innovation_cov is None
    assert first.log_likelihood == 0
    second = estimator.update(estimator.predict(first.belief, None, 1.0), np.array([3.0, 1.0]), sensor)
    assert second.innovation is None  # the velocity was not known
    np.testing.assert_allclose(second.belief.gaussian(MOTION.state).mean, [3.0, 1.0, 2.0, -1.0], atol=1e-9)
    third = estimator.update(estimator.predict(second.belief, None, 1.0), np.array([5.0, 0.0]), sensor)
    np.testing.assert_allclose(third.innovation, 0.0, atol=1e-8)


def test_nothing_known_is_the_limit_of_a_wide_prior():
    estimator, kalman, sensor = InformationFilter(MOTION), KalmanFilter(MOTION), Position(0.2)
    found, wide = NOTHING, Gaussian(np.zeros(4), 1e8 * np.eye(4))
    for z in np.random.default_rng(1).normal(size=(6, 2)):
        found = estimator.update(estimator.predict(found, None, 1.0), z, sensor).belief
        wide = kalman.update(kalman.predict(wide, None, 1.0), z, sensor).belief
    same(found.gaussian(MOTION.state), wide, atol=1e-5)


def test_a_batch_may_know_nothing_in_some_of_its_members():
    estimator = InformationFilter(MOTION)
    some = Information(np.zeros((2, 4)), np.stack([np.zeros((4, 4)), np.eye(4)]))
    answer = estimator.update(some, np.ones((2, 2)), Position(1.0))
    assert np.isnan(answer.innovation[0]).all()
    assert answer.innovation[1].tolist() == [1.0, 1.0]
    assert answer.log_likelihood[0] == 0
    assert answer.log_likelihood[1] < 0


def test_units_do_not_matter_to_what_is_known():
    tiny = Information(np.zeros(4), np.diag([1e-14, 1e12, 1.0, 1e-9]))
    assert InformationFilter(MOTION).update(tiny, np.zeros(2), Position(1.0)).innovation is not None


def test_a_transition_that_forgets_needs_noise_to_do_so():
    belief, sensor = Gaussian(np.array([1.0, 2.0]), np.diag([1.0, 2.0])), LinearSensor("x", [[1.0, 0.0]], [[0.5]])
    motion = forgetful([0.1, 0.2])
    ours, kalman = InformationFilter(motion), KalmanFilter(motion)
    moved = ours.predict(ours.around(belief), None, 1.0)
    same(moved.gaussian(motion.state), kalman.predict(belief, None, 1.0))
    nothing = ours.predict(Information(np.zeros(2), np.zeros((2, 2))), None, 1.0)
    np.testing.assert_allclose(nothing.matrix, np.diag([0.0, 5.0]), atol=1e-12)
    assert ours.update(nothing, np.ones(1), sensor).innovation is None
    silent = InformationFilter(forgetful([0.1, 0.0]))
    with pytest.raises(MalformedInput, match=r"singular and its noise .* too"):
        silent.predict(ours.around(belief), None, 1.0)


def test_an_angle_comes_back_within_a_turn():
    motion = LinearSystem("angle rate", [[0, 1], [0, 0]], noise_density=[[0, 0], [0, 0.1]], angles="angle")
    compass = LinearSensor("angle", [[1.0, 0.0]], [[0.01]], angles="angle")
    ours, kalman = InformationFilter(motion), KalmanFilter(motion)
    belief = Gaussian(np.array([3.1, 1.0]), 0.1 * np.eye(2))
    a = kalman.update(kalman.predict(belief, None, 0.1), np.array([-3.0]), compass)
    b = ours.update(ours.predict(ours.around(belief), None, 0.1), np.array([-3.0]), compass)
    same((*a.belief, *a[1:]), (*b.belief.gaussian(motion.state), *b[1:]))


def test_what_cannot_be_meant_is_refused_in_words():
    estimator = InformationFilter(MOTION)
    with pytest.raises(MalformedInput, match="cov is singular: something would be known exactly"):
        estimator.around(Gaussian(np.zeros(4), np.diag([1.0, 1.0, 1.0, 0.0])))
    with pytest.raises(MalformedInput, match="must be finite; pass None"):
        estimator.update(NOTHING, np.array([np.inf, 0.0]), Position())
    with pytest.raises(MalformedInput, match=r"must be finite, \(\.\.\., 4\)"):
        estimator.predict(Information(np.zeros(3), np.zeros((4, 4))), None, 0.1)
