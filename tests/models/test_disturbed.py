"""Vehicles whose control and state err."""

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.models.bicycle import Bicycle
from plansim.models.disturbed import Disturbed
from plansim.models.odometry import WheelOdometry
from plansim.models.unicycle import Unicycle

CAR = Disturbed(Bicycle(), state_std=(0.1, 0.2, 0.05, 0.3), control_std=(0.4, 0.02))
X, U = np.array([1.0, 2.0, 0.7, 3.0]), np.array([0.5, 0.2])


def test_samples_have_the_covariance_that_the_model_states():
    draws = CAR.sample(np.tile(X, (200_000, 1)), U, 0.2, np.random.default_rng(0))
    Q = CAR.noise_cov(X, U, 0.2)
    error = CAR.state.difference(draws, CAR.step(X, U, 0.2))
    scale = np.sqrt(np.outer(Q.diagonal(), Q.diagonal()))
    np.testing.assert_allclose(np.cov(error.T) / scale, Q / scale, atol=0.02)


def test_it_moves_as_its_vehicle_and_a_batch_is_its_members():
    x, u = np.random.default_rng(1).uniform(-1, 1, (10, 4)), np.random.default_rng(2).uniform(-1, 1, (10, 2))
    np.testing.assert_array_equal(CAR.step(x, u, 0.1), Bicycle().step(x, u, 0.1))
    alone = [CAR.noise_cov(a, b, 0.1) for a, b in zip(x, u, strict=True)]
    np.testing.assert_array_equal(CAR.noise_cov(x, u, 0.1), alone)


def test_noise_of_the_state_grows_with_time_and_that_of_the_control_with_its_square():
    state, control = Disturbed(Unicycle(), state_std=(1, 1, 1)), Disturbed(Unicycle(), control_std=(1, 0))
    still = np.zeros(3)
    np.testing.assert_allclose(state.noise_cov(still, np.zeros(2), 0.5), 0.5 * np.eye(3))
    np.testing.assert_allclose(control.noise_cov(still, np.zeros(2), 0.5)[0, 0], 0.25)


def test_odometry_scatters_by_its_noise_and_turns_by_its_jacobian():
    robot, u = WheelOdometry(), np.array([1.0, 0.2, 0.4])
    x = np.array([1.0, 2.0, 0.7])
    error = robot.state.difference(
        robot.sample(np.tile(x, (200_000, 1)), u, 0.1, np.random.default_rng(0)), robot.step(x, u, 0.1)
    )
    np.testing.assert_allclose(np.cov(error.T), robot.noise_cov(x, u, 0.1), atol=2e-5)
    columns = [(robot.step(x + h, u, 0.1) - robot.step(x - h, u, 0.1)) / 2e-6 for h in 1e-6 * np.eye(3)]
    np.testing.assert_allclose(robot.jacobian(x, u, 0.1), np.stack(columns, -1), atol=1e-8)
    both = robot.jacobian(np.tile(x, (2, 1)), u, 0.1)
    np.testing.assert_array_equal(both[1], robot.jacobian(x, u, 0.1))


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(MalformedInput, match="state_std has 2 numbers"):
        Disturbed(Unicycle(), state_std=(1.0, 2.0))
    with pytest.raises(MalformedInput, match="control_std is"):
        Disturbed(Unicycle(), control_std=(1.0, -2.0))
    with pytest.raises(MalformedInput, match="no equations"):
        Disturbed(WheelOdometry())
