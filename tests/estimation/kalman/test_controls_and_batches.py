"""What Gaussian filters make of controls that cannot be meant, and of batches that do not fit each other."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.core.layout import layout
from plansim.estimation.kalman.information import InformationFilter
from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.estimation.kalman.sequence import Filtered, filter_sequence
from plansim.estimation.kalman.square_root import SquareRootKalmanFilter
from plansim.models.kinematic import ConstantVelocity
from plansim.models.linear_motion import LinearSystem
from plansim.models.linear_sensor import LinearSensor
from plansim.models.position import Position
from tests.estimation.kalman.nonlinear_cases import ALL

CAR = LinearSystem("x y vx vy", np.eye(4, k=2), "a", [[0], [0], [1], [0]], 0.1 * np.eye(4))
LINEAR = {"kalman": KalmanFilter, "root": SquareRootKalmanFilter, "information": InformationFilter}
FILTERS = {**LINEAR, **ALL}
START = Gaussian(np.zeros(4), np.eye(4))
filters = pytest.mark.parametrize("name", FILTERS)


class Pushed:
    """A motion of a user's own, without equations, whose control must be an array."""

    state, control = layout("x y vx vy"), layout("a")

    def step(self, x, u, dt):
        return CAR.step(x, u * 1.0, dt)

    def noise_cov(self, x, u, dt):
        return 0.1 * dt * np.eye(4)


def begin(estimator, *shape):
    wide = Gaussian(np.broadcast_to(START.mean, (*shape, 4)), np.broadcast_to(START.cov, (*shape, 4, 4)))
    return estimator.around(wide, np.random.default_rng(0))


def predicted(estimator, control, *shape):
    rng = np.random.default_rng(1)
    return estimator.predict(begin(estimator, *shape), control, 0.1, rng).gaussian(estimator.state)


@filters
@pytest.mark.parametrize("batch", [(), (3,)])
def test_a_control_that_cannot_be_meant_is_refused_in_words(name, batch):
    estimator = FILTERS[name](CAR)
    for control in (np.array([np.nan]), [np.inf], np.ones(2), "fast", 1.0, np.ones((2, 1)) if batch else np.ones(3)):
        with pytest.raises(MalformedInput, match="control"):
            predicted(estimator, control, *batch)


@filters
def test_a_measurement_for_another_batch_is_refused_in_words(name):
    estimator = FILTERS[name](CAR)
    for z in (np.zeros((3, 2)), "far", np.zeros((2, 3))):
        with pytest.raises(MalformedInput, match="measurement"):
            estimator.update(begin(estimator, 2), z, Position(), np.random.default_rng(0))


@filters
def test_any_control_is_ignored_where_the_motion_heeds_none(name):
    estimator = FILTERS[name](ConstantVelocity())
    for control in (np.empty(0), np.ones(2)):
        for a, b in zip(predicted(estimator, control), predicted(estimator, None), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", ALL)
def test_motion_without_equations_is_given_arrays(name):
    estimator = ALL[name](Pushed())
    for control, same in ((None, np.zeros(1)), ([2.0], np.array([2.0])), ((2,), np.array([2.0]))):
        for a, b in zip(predicted(estimator, control), predicted(estimator, same), strict=True):
            np.testing.assert_array_equal(a, b)
    with pytest.raises(MalformedInput, match="control"):
        predicted(estimator, [1.0, 2.0])


LOG = np.random.default_rng(3).normal(size=(3, 5, 2))


def many(estimator, size):
    return Gaussian(np.tile(START.mean, (size, 1)), np.tile(START.cov, (size, 1, 1)))


@filters
def test_no_logs_have_empty_answers(name):
    estimator, sensor = FILTERS[name](ConstantVelocity()), Position()
    tails = {"mean": (4,), "innovation": (2,), "log_likelihood": (), "cov": (4, 4), "innovation_cov": (2, 2)}
    for belief, log in ((START, LOG[:0]), (many(estimator, 0), LOG[:0]), (many(estimator, 0), LOG[0])):
        found = filter_sequence(estimator, belief, log, sensor, 0.1, rng=np.random.default_rng(0))
        for field, tail in tails.items():
            assert getattr(found, field).shape == (0, 5, *tail)


@filters
def test_a_batch_of_one_stays_one_and_serves_many_logs(name):
    estimator, rng = FILTERS[name](ConstantVelocity()), np.random.default_rng
    one = filter_sequence(estimator, many(estimator, 1), LOG[0], Position(), 0.1, rng=rng(0))
    alone = filter_sequence(estimator, START, LOG[0], Position(), 0.1, rng=rng(0))
    for field, a, b in zip(Filtered._fields, one, alone, strict=True):
        np.testing.assert_allclose(a, b[None], rtol=1e-9, atol=1e-9, err_msg=field)
    assert filter_sequence(estimator, many(estimator, 1), LOG, Position(), 0.1, rng=rng(0)).mean.shape == (3, 5, 4)
    with pytest.raises(MalformedInput, match="log is a batch"):
        filter_sequence(estimator, many(estimator, 2), LOG, Position(), 0.1, rng=rng(0))


@pytest.mark.parametrize("name", ["kalman", "root", "information"])
def test_controls_of_each_log_move_one_belief_apart(name):
    estimator, u = LINEAR[name](CAR), np.random.default_rng(4).normal(size=(3, 5, 1))
    sensor = LinearSensor("x y", np.eye(2, 4), np.eye(2))
    found = filter_sequence(estimator, START, LOG, sensor, 0.1, u)
    for b in range(3):
        own = filter_sequence(estimator, START, LOG[b], sensor, 0.1, u[b])
        np.testing.assert_allclose(found.mean[b], own.mean, atol=1e-12)


@pytest.mark.parametrize("kind", [KalmanFilter, SquareRootKalmanFilter])
@pytest.mark.parametrize("batch", [(), (3,)])
def test_a_mean_that_is_none_is_not_predicted_from(kind, batch):
    estimator = kind(ConstantVelocity())
    belief = estimator.around(Gaussian(np.zeros((*batch, 4)), np.broadcast_to(np.eye(4), (*batch, 4, 4))))
    mean = np.array(belief.mean)
    mean[..., 2] = np.nan
    with pytest.raises(MalformedInput, match="the predicted mean is"):
        estimator.predict(belief._replace(mean=mean), None, 1.0)
