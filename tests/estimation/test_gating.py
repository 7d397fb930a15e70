"""A gate keeps outliers out and lets the rest pass as if it were not there."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.estimation.base import Update
from plansim.estimation.gating import Gated, gate
from plansim.estimation.imm import InteractingMultipleModel
from plansim.estimation.kalman.extended import ExtendedKalmanFilter
from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.estimation.kalman.sequence import filter_sequence
from plansim.estimation.kalman.square_root import SquareRootKalmanFilter
from plansim.estimation.particle.particle_filter import ParticleFilter
from plansim.models.kinematic import ConstantVelocity
from plansim.models.position import Position

MOTION, SENSOR = ConstantVelocity(), Position(0.5)
START = Gaussian(np.zeros(4), np.eye(4))


def two_modes(motion):
    return InteractingMultipleModel((KalmanFilter(motion), KalmanFilter(motion)), [[0.9, 0.1], [0.1, 0.9]])


every = pytest.mark.parametrize("make", [KalmanFilter, SquareRootKalmanFilter, ExtendedKalmanFilter, two_modes])


def same(a, b):
    if isinstance(a, tuple):
        return all(same(x, y) for x, y in zip(a, b, strict=True))
    return np.array_equal(a, b)


@every
def test_an_outlier_leaves_the_prediction_and_is_reported(make):
    estimator = Gated(make(MOTION))
    belief = estimator.predict(estimator.around(START), None, 0.1)
    answer = estimator.update(belief, np.array([50.0, 0.0]), SENSOR)
    assert isinstance(answer, Update)
    assert answer.gated is True
    assert same(answer.belief, belief)
    np.testing.assert_allclose(answer.innovation, [50.0, 0.0])
    assert answer.log_likelihood < -100


@every
def test_within_the_gate_nothing_is_changed(make):
    estimator = Gated(make(MOTION))
    belief = estimator.around(START)
    answer, plain = estimator.update(belief, np.ones(2), SENSOR), make(MOTION).update(belief, np.ones(2), SENSOR)
    assert answer.gated is False
    assert same(tuple(answer), tuple(plain))


@every
def test_each_member_of_a_batch_has_its_own_gate(make):
    estimator = Gated(make(MOTION))
    belief = estimator.around(Gaussian(np.zeros((3, 4)), np.tile(np.eye(4), (3, 1, 1))))
    z = np.array([[1.0, 0.0], [50.0, 0.0], [0.0, -1.0]])
    answer = estimator.update(belief, z, SENSOR)
    assert answer.gated.tolist() == [False, True, False]
    free = make(MOTION).update(belief, z, SENSOR).belief.gaussian(MOTION.state)
    found = answer.belief.gaussian(MOTION.state)
    assert np.array_equal(found.mean[[0, 2]], free.mean[[0, 2]])
    np.testing.assert_allclose(found.mean[1], 0.0, atol=1e-15)
    np.testing.assert_allclose(found.cov[1], np.eye(4), atol=1e-12)


@pytest.mark.parametrize("probability", [0.5, 0.9, 0.99])
def test_as_many_honest_measurements_pass_as_the_gate_says(probability):
    rng, count = np.random.default_rng(0), 20_000
    z = rng.multivariate_normal(np.zeros(2), (1 + SENSOR.std**2) * np.eye(2), count)
    many = Gaussian(np.zeros((count, 4)), np.broadcast_to(np.eye(4), (count, 4, 4)))
    passed = 1 - Gated(KalmanFilter(MOTION), probability).update(many, z, SENSOR).gated.mean()
    assert passed == pytest.approx(probability, abs=4 * np.sqrt(probability * (1 - probability) / count))


def test_the_gate_is_the_quantile_of_chi_square():
    assert gate(0.99, 2) == pytest.approx(-2 * np.log(0.01))  # of two degrees of freedom it is elementary
    assert gate(0.95, 1) == pytest.approx(1.959963984540054**2)


def test_a_log_with_outliers_is_followed_as_if_they_were_missing():
    rng = np.random.default_rng(1)
    z = rng.normal(0, 0.5, (40, 2))
    spoiled, missing = z.copy(), z.copy()
    spoiled[10::10], missing[10::10] = 1000.0, np.nan
    found = filter_sequence(Gated(KalmanFilter(MOTION), 0.9999), START, spoiled, SENSOR, 0.1)
    expected = filter_sequence(KalmanFilter(MOTION), START, missing, SENSOR, 0.1)
    np.testing.assert_allclose(found.mean, expected.mean, atol=1e-12)


def test_a_missing_measurement_passes():
    answer = Gated(KalmanFilter(MOTION)).update(START, None, SENSOR)
    assert answer.gated is False
    assert answer.belief is START


def test_what_cannot_be_gated_is_refused_in_words():
    rng = np.random.default_rng(0)
    estimator = Gated(ParticleFilter(MOTION, particles=50))
    with pytest.raises(MalformedInput, match="ParticleFilter reports no innovation for Position"):
        estimator.update(estimator.around(START, rng), np.zeros(2), SENSOR, rng)
    for probability in (0.0, 1.0, 99, np.nan):
        with pytest.raises(MalformedInput, match="must lie between 0 and 1"):
            Gated(KalmanFilter(MOTION), probability)
