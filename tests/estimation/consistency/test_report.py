"""The report: the right model is consistent, one that trusts itself too much or too little is called so."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.estimation.consistency.report import check_consistency, log_likelihood
from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.estimation.kalman.sequence import filter_sequence
from plansim.models.kinematic import ConstantVelocity
from plansim.models.position import Position

MOTION, SENSOR, DT = ConstantVelocity(acceleration_density=0.5), Position(0.5), 0.5
START = Gaussian(np.zeros(4), np.eye(4))
RUNS, STEPS = 50, 60


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(11)
    x, truth = rng.normal(size=(RUNS, 4)), []
    for _ in range(STEPS):
        x = MOTION.sample(x, None, DT, rng)
        truth.append(x)
    truth = np.stack(truth, axis=1)
    return truth, truth[..., :2] + 0.5 * rng.normal(size=(RUNS, STEPS, 2))


def report(world, density=0.5, std=0.5):
    truth, z = world
    start = Gaussian(np.zeros((RUNS, 4)), np.broadcast_to(np.eye(4), (RUNS, 4, 4)).copy())
    filtered = filter_sequence(
        KalmanFilter(ConstantVelocity(acceleration_density=density)), start, z, Position(std), DT
    )
    return check_consistency(filtered, MOTION.state, truth)


def test_the_true_model_is_consistent(world):
    found = report(world)
    assert found.consistent
    assert str(found).startswith("consistent: NEES")
    assert found.nees_bounds == pytest.approx((3.2546, 4.8212), abs=5e-5)
    assert "innovations are white" in str(found)


def test_a_filter_that_trusts_itself_too_much_is_overconfident(world):
    found = report(world, density=0.01, std=0.2)
    assert not found.consistent
    assert "overconfident: NEES" in str(found)
    assert "overconfident: NIS" in str(found)


def test_a_filter_that_trusts_itself_too_little_is_underconfident(world):
    found = report(world, density=20.0, std=2.0)
    assert not found.consistent
    assert "underconfident: NEES" in str(found)


def test_a_wrong_ratio_of_noises_shows_in_the_colour_of_the_innovations(world):
    assert "not white" in str(report(world, density=0.005, std=0.9))


def test_the_true_model_is_the_most_likely(world):
    found = [report(world, density, std).log_likelihood for density, std in [(0.5, 0.5), (0.1, 0.5), (0.5, 1.0)]]
    assert found[0] == max(found)


def test_without_truth_the_innovations_speak(world):
    filtered = filter_sequence(KalmanFilter(MOTION), START, world[1][0], SENSOR, DT)
    found = check_consistency(filtered, MOTION.state)
    assert found.nees is None
    assert "NIS" in str(found)
    assert log_likelihood(filtered) == pytest.approx(filtered.log_likelihood.sum())


def test_a_log_without_measurements_says_nothing():
    filtered = filter_sequence(KalmanFilter(MOTION), START, np.full((20, 2), np.nan), SENSOR, DT)
    with pytest.raises(MalformedInput, match="nothing to tell"):
        check_consistency(filtered, MOTION.state)
