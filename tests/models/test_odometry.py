"""Wheel odometry moves poses by what it measures, and errs as it says."""

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.geometry import POSE, between, compose
from plansim.core.layout import wrap_angle
from plansim.models.odometry import WheelOdometry, increment_spread
from plansim.models.unicycle import Unicycle

ODOMETRY = WheelOdometry(0.03, 0.02, 0.04, 0.05)
rng = np.random.default_rng(0)


def test_a_step_by_the_measured_increment_arrives():
    before, after = rng.uniform(-3, 3, (2, 50, 3))
    reached = ODOMETRY.step(before, ODOMETRY.increment(before, after), 0.1)
    np.testing.assert_allclose(POSE.difference(reached, after), 0, atol=1e-12)


def test_a_vehicles_longer_state_begins_with_its_pose():
    before, after = rng.uniform(-3, 3, (2, 5, 4))
    assert np.array_equal(ODOMETRY.increment(before, after), between(before[:, :3], after[:, :3]))


def test_the_error_of_a_robot_at_rest_is_zero():
    x = rng.uniform(-3, 3, (10, 3))
    assert ODOMETRY.increment_std(np.zeros(3)).tolist() == [0.0, 0.0, 0.0]
    np.testing.assert_allclose(ODOMETRY.sample(x, np.zeros(3), 0.1, rng), x, atol=1e-15)


def test_stds_are_those_of_one_metre_and_of_one_radian():
    np.testing.assert_allclose(ODOMETRY.increment_std([1.0, 0.0, 0.0]), [0.03, 0.03, 0.04])
    np.testing.assert_allclose(ODOMETRY.increment_std([0.0, -1.0, 0.0]), [0.03, 0.03, 0.04])
    np.testing.assert_allclose(ODOMETRY.increment_std([0.0, 0.0, -1.0]), [0.02, 0.02, 0.05])


def test_many_short_increments_err_as_one_long_one_does():
    u = np.array([0.6, 0.2, 0.9])
    np.testing.assert_allclose(10 * ODOMETRY.increment_std(u / 10) ** 2, ODOMETRY.increment_std(u) ** 2)


def test_samples_have_the_error_in_the_robots_frame():
    x, u = np.array([1.0, 2.0, 2.5]), np.array([0.5, 0.1, 0.4])
    samples = ODOMETRY.sample(np.tile(x, (50_000, 1)), u, 0.1, np.random.default_rng(1))
    increments = between(np.tile(x, (50_000, 1)), samples)
    error = np.concatenate([increments[:, :2] - u[:2], wrap_angle(increments[:, 2:] - u[2])], -1)
    expected = np.diag(ODOMETRY.increment_std(u) ** 2)
    np.testing.assert_allclose(np.cov(error.T), expected, atol=0.03 * expected.max())
    assert np.abs(samples[:, 2]).max() <= np.pi


def test_sampling_is_composing_with_noisy_increments():
    x, u = rng.uniform(-3, 3, (20, 3)), rng.uniform(-1, 1, (20, 3))
    normals = np.random.default_rng(7).standard_normal((20, 3))
    expected = compose(x, u + ODOMETRY.increment_std(u) * normals)
    np.testing.assert_allclose(ODOMETRY.sample(x, u, 0.1, np.random.default_rng(7)), expected, atol=1e-14)


def test_samples_have_their_headings_wrapped():
    samples = ODOMETRY.sample(np.tile([0.0, 0.0, 3.1], (100, 1)), np.array([0.5, 0.0, 0.1]), 0.1, rng)
    assert np.abs(samples[:, 2]).max() <= np.pi
    assert samples[:, 2].min() < 0 < samples[:, 2].max()


def test_samples_take_any_batch():
    x = rng.uniform(-3, 3, (2, 7, 3))
    assert ODOMETRY.sample(x, np.array([0.1, 0, 0]), 0.1, rng).shape == (2, 7, 3)
    assert ODOMETRY.sample(x[0, 0], x, 0.1, rng).shape == (2, 7, 3)
    assert ODOMETRY.sample(x, x[:, :1], 0.1, rng).shape == (2, 7, 3)


def test_the_kernel_for_environments_is_the_method():
    u = np.array([0.3, -0.2, 0.7])
    translation, rotation = increment_spread(*u, ODOMETRY.parameters())
    assert [translation, translation, rotation] == ODOMETRY.increment_std(u).tolist()


def test_perfect_wheels_follow_a_vehicle():
    robot, x, perfect = Unicycle(), np.zeros(3), WheelOdometry(0, 0, 0, 0)
    told = x
    for u in rng.uniform(-1, 1, (100, 2)):
        after = robot.step(x, u, 0.1)
        told, x = perfect.sample(told, perfect.increment(x, after), 0.1, rng), after
    np.testing.assert_allclose(POSE.difference(told, x), 0, atol=1e-12)


def test_a_negative_or_infinite_std_is_refused():
    with pytest.raises(MalformedInput, match="rotation_per_metre is -1"):
        WheelOdometry(rotation_per_metre=-1)
    with pytest.raises(MalformedInput, match="translation_per_radian is nan"):
        WheelOdometry(translation_per_radian=float("nan"))
