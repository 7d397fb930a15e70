"""Smoothers against the least-squares solution of the whole log, against each other, and against the truth."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.estimation.kalman.extended import ExtendedKalmanFilter
from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.estimation.kalman.sequence import filter_sequence
from plansim.estimation.kalman.unscented import UnscentedKalmanFilter
from plansim.estimation.smoothing.rauch_tung_striebel import RauchTungStriebel
from plansim.estimation.smoothing.unscented_smoother import UnscentedSmoother
from plansim.models.kinematic import ConstantVelocity, CoordinatedTurn
from plansim.models.linear_motion import LinearSystem
from plansim.models.linear_sensor import LinearSensor
from plansim.models.position import Position

DT = 0.5
CAR = LinearSystem("x v", [[0, 1], [0, -0.2]], "push", [[0], [1]], np.diag([0.0, 0.4]))
GPS = LinearSensor("x", [[1.0, 0.0]], [[0.3]])
START = Gaussian(np.array([1.0, -0.5]), np.array([[2.0, 0.3], [0.3, 1.0]]))
RNG = np.random.default_rng(0)
Z, U = RNG.normal(size=(15, 1)).cumsum(0), RNG.normal(size=(15, 1))
Z[4:7] = np.nan


def least_squares(z, u):
    """Means and covariances of x_1 .. x_T by the normal equations over x_0 .. x_T at once."""
    T, n = len(z), 2
    F, B, Q = CAR.transition(DT), CAR.input_matrix(DT), CAR.noise_cov(None, None, DT)
    matrix, vector = np.zeros(((T + 1) * n, (T + 1) * n)), np.zeros((T + 1) * n)

    def add(rows, target, cov):
        J = np.zeros((len(target), (T + 1) * n))
        for t, block in rows:
            J[:, t * n : (t + 1) * n] = block
        matrix[:] += J.T @ np.linalg.solve(cov, J)
        vector[:] += J.T @ np.linalg.solve(cov, target)

    add([(0, np.eye(n))], START.mean, START.cov)
    for t in range(1, T + 1):
        add([(t, np.eye(n)), (t - 1, -F)], B @ u[t - 1], Q)
        if np.isfinite(z[t - 1]).all():
            add([(t, GPS.matrix)], z[t - 1], GPS.cov)
    cov = np.linalg.inv(matrix)
    blocks = cov.reshape(T + 1, n, T + 1, n)
    mean = (cov @ vector).reshape(T + 1, n)
    return mean[1:], blocks[range(1, T + 1), :, range(1, T + 1)], blocks[range(1, T), :, range(2, T + 1)]


@pytest.mark.parametrize(
    ("filter", "smoother"),
    [
        (KalmanFilter(CAR), RauchTungStriebel(CAR)),
        (ExtendedKalmanFilter(CAR), RauchTungStriebel(CAR, "numeric")),
        (UnscentedKalmanFilter(CAR), UnscentedSmoother(CAR)),
    ],
    ids=["linear", "extended", "unscented"],
)
def test_on_a_linear_system_every_smoother_is_the_least_squares_solution(filter, smoother):
    smoothed = smoother.smooth(filter_sequence(filter, START, Z, GPS, DT, U), DT, U)
    mean, cov, between = least_squares(Z, U)
    np.testing.assert_allclose(smoothed.mean, mean, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(smoothed.cov, cov, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(smoothed.gain @ smoothed.cov[1:], between, rtol=1e-7, atol=1e-7)


def turning_log(runs, T=40, seed=0):
    """Truth (runs, T, 5) of aircraft in a turn, drawn from the model, and their positions with noise."""
    motion, rng = CoordinatedTurn(acceleration_density=0.1, turn_density=1e-4), np.random.default_rng(seed)
    start = Gaussian(np.array([0.0, 0.0, 10.0, 0.0, 0.1]), np.diag([4.0, 4.0, 1.0, 1.0, 0.01]))
    x, truth = rng.multivariate_normal(start.mean, start.cov, runs), []
    for _ in range(T):
        x = motion.sample(x, None, 1.0, rng)
        truth.append(x)
    truth = np.stack(truth, 1)
    return motion, start, truth, truth[..., :2] + rng.normal(0, 2.0, (runs, T, 2)), Position(2.0)


@pytest.mark.parametrize("kind", ["extended", "unscented"])
def test_what_came_later_makes_the_estimate_better_and_its_covariance_stays_true(kind):
    motion, start, truth, z, sensor = turning_log(runs=60)
    filter, smoother = {
        "extended": (ExtendedKalmanFilter(motion), RauchTungStriebel(motion)),
        "unscented": (UnscentedKalmanFilter(motion), UnscentedSmoother(motion)),
    }[kind]
    filtered = filter_sequence(filter, start, z, sensor, dt=1.0)
    smoothed = smoother.smooth(filtered, dt=1.0)
    before, after = (np.square(one.mean - truth)[:, :-1, :2].sum(-1).mean() for one in (filtered, smoothed))
    assert after < 0.5 * before
    miss = truth - smoothed.mean
    nees = (miss * np.linalg.solve(smoothed.cov, miss[..., None])[..., 0]).sum(-1)
    assert 4.3 < nees.mean() < 5.7  # 5 states; the 99 % band of 60 independent values is 3.99 to 6.11
    assert (np.linalg.eigvalsh(smoothed.cov) > 0).all()
    assert np.array_equal(smoothed.mean[:, -1], filtered.mean[:, -1])


def test_the_two_smoothers_agree_where_the_motion_is_nearly_linear():
    _, start, _, z, sensor = turning_log(runs=3)
    sure = Gaussian(start.mean, 1e-6 * start.cov)
    calm = CoordinatedTurn(acceleration_density=1e-8, turn_density=1e-12)
    a = RauchTungStriebel(calm).smooth(filter_sequence(ExtendedKalmanFilter(calm), sure, z, sensor, 1.0), 1.0)
    b = UnscentedSmoother(calm).smooth(filter_sequence(UnscentedKalmanFilter(calm), sure, z, sensor, 1.0), 1.0)
    np.testing.assert_allclose(a.mean, b.mean, atol=1e-3)


@pytest.mark.parametrize("smoother", [RauchTungStriebel, UnscentedSmoother])
def test_a_batch_is_its_members(smoother):
    motion, start, _, z, sensor = turning_log(runs=3)
    filter = {RauchTungStriebel: ExtendedKalmanFilter, UnscentedSmoother: UnscentedKalmanFilter}[smoother](motion)
    together = smoother(motion).smooth(filter_sequence(filter, start, z, sensor, 1.0), 1.0)
    for i in range(3):
        alone = smoother(motion).smooth(filter_sequence(filter, start, z[i], sensor, 1.0), 1.0)
        for a, b in zip(together, alone, strict=True):
            np.testing.assert_allclose(a[i], b, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", ["extended", "unscented"])
def test_a_heading_is_smoothed_across_the_seam(kind):
    """The same log turned by half a turn gives the same answer turned by half a turn."""
    motion = LinearSystem("heading rate", [[0, 1], [0, 0]], noise_density=np.diag([0.0, 0.05]), angles="heading")
    sensor = LinearSensor("heading", [[1.0, 0.0]], [[0.02]], angles="heading")
    filter, smoother = {
        "extended": (ExtendedKalmanFilter(motion), RauchTungStriebel(motion)),
        "unscented": (UnscentedKalmanFilter(motion), UnscentedSmoother(motion)),
    }[kind]
    z = np.random.default_rng(1).normal(0, 0.2, (20, 1))  # about the seam, to both sides
    answers = []
    for turn in (0.0, np.pi):
        start = Gaussian(motion.state.wrap(np.array([turn, 0.0])), np.eye(2) * 0.1)
        filtered = filter_sequence(filter, start, sensor.measurement.wrap(z + turn), sensor, 0.3)
        answers.append(smoother.smooth(filtered, 0.3).mean - [turn, 0.0])
    np.testing.assert_allclose(motion.state.wrap(answers[1]), answers[0], atol=1e-9)
    assert np.abs(motion.state.wrap(answers[1])).max() < 1.5


def test_a_motion_without_noise_from_a_start_that_is_known_in_part_can_be_smoothed():
    """The predicted covariance is singular then."""
    still = ConstantVelocity(acceleration_density=0.0)
    start = Gaussian(np.array([0.0, 0.0, 1.0, 0.0]), np.diag([1.0, 1.0, 0.0, 0.0]))
    z = np.random.default_rng(2).normal(size=(6, 2)) + np.arange(1, 7)[:, None] * [1.0, 0.0]
    smoothed = RauchTungStriebel(still).smooth(filter_sequence(KalmanFilter(still), start, z, Position(1.0), 1.0), 1.0)
    # the offset is the one unknown, seen seven times with the same variance, the start's own among them
    offset = (z - np.arange(1, 7)[:, None] * [1.0, 0.0]).sum(0) / 7
    np.testing.assert_allclose(
        smoothed.mean[:, :2] - np.arange(1, 7)[:, None] * [1.0, 0.0], np.tile(offset, (6, 1)), atol=1e-9
    )
    np.testing.assert_allclose(smoothed.cov[:, 0, 0], 1 / 7, atol=1e-9)


def test_controls_of_another_log_are_refused_in_words():
    filtered = filter_sequence(KalmanFilter(CAR), START, Z, GPS, DT, U)
    with pytest.raises(MalformedInput, match="must have one for each of 15 steps"):
        RauchTungStriebel(CAR).smooth(filtered, DT, U[:-1])


@pytest.mark.parametrize(
    ("filter", "smoother"),
    [
        (KalmanFilter, RauchTungStriebel),
        (ExtendedKalmanFilter, RauchTungStriebel),
        (UnscentedKalmanFilter, UnscentedSmoother),
    ],
)
@pytest.mark.parametrize("known", [1, 2, 3])
def test_without_noise_the_smoothed_states_are_one_trajectory_however_little_of_it_is_unknown(filter, smoother, known):
    """What rounding leaves of a variance of 0 is divided by nowhere."""
    motion, F = ConstantVelocity(acceleration_density=0.0), ConstantVelocity().transition(1.0)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        directions = rng.normal(size=(4, 4 - known))
        z = 3.0 * rng.normal(size=(20, 2))
        start = Gaussian(np.ones(4), directions @ directions.T)
        filtered = filter_sequence(filter(motion), start, z, Position(std=0.5), 1.0)
        smoothed = smoother(motion).smooth(filtered, 1.0)
        np.testing.assert_allclose(smoothed.mean[1:], smoothed.mean[:-1] @ F.T, atol=1e-7)
        np.testing.assert_allclose(smoothed.cov[1:], F @ smoothed.cov[:-1] @ F.T, atol=1e-7)
