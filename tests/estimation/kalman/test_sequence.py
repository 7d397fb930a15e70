"""A whole log in one call is the steps, one by one."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.estimation.kalman.information import InformationFilter
from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.estimation.kalman.sequence import Filtered, filter_sequence, step_by_step
from plansim.estimation.kalman.square_root import SquareRootKalmanFilter
from plansim.estimation.particle.particle_filter import ParticleFilter
from plansim.models.kinematic import ConstantVelocity
from plansim.models.linear_motion import LinearSystem
from plansim.models.linear_sensor import LinearSensor
from plansim.models.position import Position

DRIVEN = LinearSystem("angle rate", [[0, 1], [-0.5, 0]], "push", [[0], [1]], [[0.1, 0], [0, 0.1]], angles="angle")
COMPASS = LinearSensor("angle rate", np.eye(2), [[0.01, 0.002], [0.002, 0.05]], angles="angle")
START = Gaussian(np.array([3.0, 1.0]), np.eye(2))


def log(*shape, seed=0, missing=True):
    rng = np.random.default_rng(seed)
    z, u = rng.normal(size=(*shape, 2)), rng.normal(size=(*shape, 1))
    if missing:
        z[rng.random(shape) < 0.2] = np.nan
    return z, u


def wide(start, size):
    rng = np.random.default_rng(5)
    return Gaussian(start.mean + rng.normal(size=(size, 2)), start.cov * rng.uniform(1, 2, (size, 1, 1)))


def assert_same(a, b, atol):
    for name, x, y in zip(Filtered._fields, a, b, strict=True):
        np.testing.assert_allclose(x, y, rtol=0, atol=atol, err_msg=name)
        assert x.shape == y.shape, name


@pytest.mark.parametrize("steps", [7, 600])  # 600: by the kernel that is made for the sizes
def test_a_log_is_its_steps_to_the_bit(steps):
    z, u = log(steps)
    found = filter_sequence(KalmanFilter(DRIVEN), START, z, COMPASS, 0.3, u)
    assert_same(found, step_by_step(KalmanFilter(DRIVEN), START, z, COMPASS, 0.3, u), atol=0)
    assert np.abs(found.mean[:, 0]).max() <= np.pi


CASES = {
    "each its own": (wide(START, 140), (140, 5), True),
    "shared covariance": (Gaussian(wide(START, 140).mean, START.cov), (140, 5), False),
    "shared start": (START, (140, 5), False),
    "shared start, own gaps": (START, (140, 5), True),
    "one log for all": (wide(START, 140), (5,), True),
    "one of all": (Gaussian(START.mean[None], START.cov[None]), (5,), True),
}


@pytest.mark.parametrize(("start", "shape", "missing"), CASES.values(), ids=list(CASES))
def test_many_logs_are_their_steps(start, shape, missing):
    z, u = log(*shape, missing=missing)
    if missing and len(shape) == 2:
        z[:, 2] = np.nan  # a scan that all of them miss
    found = filter_sequence(KalmanFilter(DRIVEN), start, z, COMPASS, 0.3, u)
    assert_same(found, step_by_step(KalmanFilter(DRIVEN), start, z, COMPASS, 0.3, u), atol=1e-12)


def test_many_logs_that_miss_the_same_scans_share_their_covariance():
    z, u = log(140, 6, missing=False)
    z[:, 3] = np.nan
    found = filter_sequence(KalmanFilter(DRIVEN), START, z, COMPASS, 0.3, u)
    assert found.cov.strides[0] == 0
    assert_same(found, step_by_step(KalmanFilter(DRIVEN), START, z, COMPASS, 0.3, u), atol=1e-12)


def test_a_missing_scan_is_a_prediction():
    z, _ = log(4, missing=False)
    z[2] = np.nan
    found = filter_sequence(KalmanFilter(DRIVEN), START, z, COMPASS, 0.3)
    assert np.array_equal(found.cov[2], found.predicted_cov[2])
    assert np.isnan(found.innovation[2]).all()
    assert found.log_likelihood[2] == 0


def test_the_likelihood_of_a_log_is_that_of_one_large_normal_density():
    walk, sensor = LinearSystem("x", [[0.0]], noise_density=[[0.5]]), LinearSensor("x", [[1.0]], [[0.2]])
    z = np.random.default_rng(1).normal(size=(6, 1))
    found = filter_sequence(KalmanFilter(walk), Gaussian(np.zeros(1), np.eye(1)), z, sensor, 1.0)
    times = np.arange(1, 7)
    cov = 1.0 + 0.5 * np.minimum(times[:, None], times) + 0.2 * np.eye(6)
    expected = -0.5 * (z[:, 0] @ np.linalg.solve(cov, z[:, 0]) + np.linalg.slogdet(2 * np.pi * cov)[1])
    assert found.log_likelihood.sum() == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("make", [SquareRootKalmanFilter, InformationFilter])
def test_an_estimator_without_a_compiled_form_goes_step_by_step(make):
    z, u = log(3, 8)
    found = filter_sequence(make(DRIVEN), wide(START, 3), z, COMPASS, 0.3, u)
    assert_same(found, filter_sequence(KalmanFilter(DRIVEN), wide(START, 3), z, COMPASS, 0.3, u), atol=1e-9)


def test_a_sampling_filter_has_no_innovation_and_follows_within_its_error():
    start, z = Gaussian(np.zeros(4), np.eye(4)), np.zeros((5, 2))
    estimator = ParticleFilter(ConstantVelocity(), particles=4000)
    found = filter_sequence(estimator, start, z, Position(0.5), 0.1, rng=np.random.default_rng(0))
    exact = filter_sequence(KalmanFilter(ConstantVelocity()), start, z, Position(0.5), 0.1)
    assert np.isnan(found.innovation).all()
    np.testing.assert_allclose(found.mean, exact.mean, atol=0.1)


def test_a_sequence_survives_what_is_all_but_singular():
    """From 1e14 to 1e-12 in one step: of sixteen digits a root keeps three."""
    start = Gaussian(np.zeros((3, 2)), 1e14 * np.eye(2))
    z, sharp = np.ones((3, 20, 2)), LinearSensor("angle rate", np.eye(2), 1e-12 * np.eye(2))
    still = LinearSystem("angle rate", np.zeros((2, 2)))
    own = start._replace(cov=np.stack([start.cov, 2 * start.cov, 3 * start.cov]))
    for belief in (start, own):
        found = filter_sequence(KalmanFilter(still), belief, z, sharp, 0.1)
        np.testing.assert_allclose(
            found.cov[..., -1, :, :], np.broadcast_to(1e-12 / 20 * np.eye(2), (3, 2, 2)), rtol=1e-3
        )


BAD = {
    "a NaN among numbers": (np.array([[0.0, 0.0], [np.nan, 1.0]]), None, r"measurement 1 is \[nan, 1\.0\]"),
    "infinity": (np.array([[np.inf, 0.0]]), None, "must be finite, or NaN in all"),
    "columns": (np.zeros((3, 1)), None, r"must have \(T, 2\) or \(B, T, 2\)"),
    "no measurement": (np.zeros((0, 2)), None, "T at least 1"),
    "controls": (np.zeros((3, 2)), np.zeros((4, 1)), "one for each of 3 measurements"),
    "control size": (np.zeros((3, 2)), np.zeros((3, 2)), "must have 1 components"),
}


@pytest.mark.parametrize(("z", "u", "words"), BAD.values(), ids=list(BAD))
def test_a_log_that_cannot_be_meant_is_refused_in_words(z, u, words):
    with pytest.raises(MalformedInput, match=words):
        filter_sequence(KalmanFilter(DRIVEN), START, z, COMPASS, 0.3, u)


def test_a_start_that_is_no_belief_is_refused_in_words():
    with pytest.raises(MalformedInput, match="eigenvalue -1"):
        filter_sequence(KalmanFilter(DRIVEN), Gaussian(np.zeros(2), -np.eye(2)), np.zeros((3, 2)), COMPASS, 0.3)
