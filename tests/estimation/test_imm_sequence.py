"""A whole log through an interacting multiple model at once is its steps one by one."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.estimation.imm import InteractingMultipleModel
from plansim.estimation.imm_sequence import ModeSequence, compiled_sequence, is_linear, sequence_by_steps
from plansim.estimation.kalman.extended import ExtendedKalmanFilter
from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.estimation.kalman.sequence import filter_sequence
from plansim.models.kinematic import ConstantAcceleration, ConstantVelocity, CoordinatedTurn
from plansim.models.linear_motion import LinearSystem
from plansim.models.position import Position

START = Gaussian(np.zeros(4), np.diag([4.0, 4.0, 1.0, 1.0]))
TRANSITION = [[0.9, 0.1], [0.2, 0.8]]


def imm(*motions, transition=TRANSITION, **settings):
    return InteractingMultipleModel(tuple(map(KalmanFilter, motions)), transition, **settings)


def calm_and_agile():
    return imm(ConstantVelocity(acceleration_density=0.01), ConstantVelocity(acceleration_density=9.0))


def straight_and_accelerating():
    return imm(ConstantVelocity(), ConstantAcceleration(), own_std={"ax": 1.0, "ay": 1.0})


def never_changing():
    return imm(ConstantVelocity(acceleration_density=0.01), ConstantVelocity(), transition=np.eye(2))


def log(B=3, T=30):
    z = np.cumsum(np.random.default_rng(0).normal(size=(B, T, 2)), 1)
    z[1, 4:6], z[2, 20] = np.nan, 1e5
    return z


def agree(a, b):
    for name, mine, theirs in zip(ModeSequence._fields, a, b, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("make", [calm_and_agile, straight_and_accelerating, never_changing])
def test_the_compiled_log_is_its_steps(make):
    """Missing measurements and an outlier whose likelihood is no floating-point number included."""
    estimator = make()
    assert is_linear(estimator, Position())
    start = estimator.around(START)
    agree(*(f(estimator, start, log(), Position(0.5), 1.0, None) for f in (compiled_sequence, sequence_by_steps)))


def test_a_batch_of_logs_is_its_members():
    estimator = calm_and_agile()
    together = filter_sequence(estimator, START, log(), Position(0.5), dt=1.0)
    for i, z in enumerate(log()):
        alone = filter_sequence(estimator, START, z, Position(0.5), dt=1.0)
        assert all(np.array_equal(a[i], b, equal_nan=True) for a, b in zip(together, alone, strict=True))


def test_each_member_may_begin_from_a_belief_of_its_own():
    estimator = calm_and_agile()
    start = Gaussian(np.random.default_rng(1).normal(size=(3, 4)), np.stack([START.cov * i for i in (1, 2, 3)]))
    together = filter_sequence(estimator, start, log(), Position(0.5), dt=1.0)
    alone = filter_sequence(estimator, Gaussian(start.mean[2], start.cov[2]), log()[2], Position(0.5), dt=1.0)
    np.testing.assert_allclose(together.mean[2], alone.mean, rtol=1e-12)


def test_controls_move_each_mode_in_its_own_way():
    A, noise = np.eye(4, k=2), np.diag([0, 0, 0.1, 0.1])
    modes = [LinearSystem("x y vx vy", A, "ax ay", np.eye(4, 2, k=-2) * gain, noise) for gain in (1.0, 0.2)]
    estimator, rng = imm(*modes), np.random.default_rng(2)
    z, u, sensor, start = rng.normal(size=(20, 2)), rng.normal(size=(20, 2)), Position(0.5), imm(*modes).around(START)
    agree(*(f(estimator, start, z, sensor, 0.5, u) for f in (compiled_sequence, sequence_by_steps)))


def test_filters_that_are_not_linear_go_step_by_step_and_tell_their_modes_too():
    filters = KalmanFilter(ConstantVelocity()), ExtendedKalmanFilter(CoordinatedTurn())
    estimator = InteractingMultipleModel(filters, TRANSITION, own_std={"turn_rate": 0.1})
    assert not is_linear(estimator, Position())
    answer = filter_sequence(estimator, START, log()[:, :8], Position(0.5), dt=1.0)
    assert answer.log_weights.shape == (3, 8, 2)
    np.testing.assert_allclose(np.exp(answer.log_weights).sum(-1), 1.0)
    belief = estimator.around(START)
    for z in log()[0, :8]:
        belief = estimator.update(estimator.predict(belief, None, 1.0), z, Position(0.5)).belief
    np.testing.assert_allclose(answer.log_weights[0, -1], belief.log_weights)
    np.testing.assert_allclose(answer.mean[0, -1], belief.gaussian(estimator.state).mean)


def test_covariances_stay_positive_under_hard_numbers():
    """Hardly any noise of the sensor, none of one motion, ten thousand steps."""
    still = ConstantVelocity(acceleration_density=0.0)
    estimator = imm(still, ConstantVelocity(acceleration_density=1e-3))
    z = np.cumsum(np.random.default_rng(0).normal(0, 0.1, (10_000, 2)), 0)
    answer = filter_sequence(estimator, Gaussian(np.zeros(4), 1e6 * np.eye(4)), z, Position(1e-6), dt=1.0)
    assert np.isfinite(answer.mean).all()
    assert np.array_equal(answer.cov, answer.cov.swapaxes(-1, -2))
    assert np.linalg.eigvalsh(answer.cov).min() >= -1e-18


def test_a_belief_that_is_none_is_refused_in_words():
    estimator = calm_and_agile()
    none = estimator.around(START)._replace(beliefs=(Gaussian(np.zeros(4), -9 * np.eye(4)),) * 2)
    with pytest.raises(MalformedInput, match="at step 0 the innovation's covariance is not positive"):
        filter_sequence(estimator, none, log()[0], Position(0.5), dt=1.0)


@pytest.mark.parametrize(("believed", "logs"), [(3, ()), (1, ()), (1, (3,)), (0, (0,))])
def test_beliefs_and_logs_share_a_batch_as_arrays_do(believed, logs):
    estimator, B = calm_and_agile(), max((believed, *logs)) if believed else 0
    means = np.random.default_rng(1).normal(size=(believed, 4))
    start = Gaussian(means, np.broadcast_to(START.cov, (believed, 4, 4)))
    z = log()[0] if not logs else log()[: logs[0]]
    found = filter_sequence(estimator, start, z, Position(), 0.5)
    assert found.mean.shape == (B, 30, 4)
    for b in range(B):
        own = Gaussian(means[min(b, believed - 1)], START.cov)
        alone = filter_sequence(estimator, own, z[b] if logs else z, Position(), 0.5)
        agree([a[b] for a in found], alone)


def test_beliefs_and_logs_of_different_numbers_are_refused_in_words():
    start = Gaussian(np.zeros((2, 4)), np.broadcast_to(START.cov, (2, 4, 4)))
    with pytest.raises(MalformedInput, match="batch"):
        filter_sequence(calm_and_agile(), start, log(), Position(), 0.5)
