"""Kinematic motion: chains of integrators driven by white noise."""

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.estimation import KalmanFilter
from plansim.models.kinematic import ConstantAcceleration, ConstantVelocity, CoordinatedTurn
from plansim.models.linear_motion import LinearSystem
from plansim.models.position import Position

CHAINS = [ConstantVelocity, ConstantAcceleration]


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_a_chain_is_the_linear_system_that_it_integrates(chain, dimension):
    motion, dt = chain(dimension, 0.7), 0.3
    order = motion.order
    A = np.kron(np.eye(order, k=1), np.eye(dimension))
    density = np.kron(np.diag([0.0] * (order - 1) + [0.7]), np.eye(dimension))
    exact = LinearSystem(" ".join(motion.state.names), A, noise_density=density)
    np.testing.assert_allclose(motion.transition(dt), exact.transition(dt), rtol=0, atol=1e-14)
    np.testing.assert_allclose(motion.noise_cov(None, None, dt), exact.noise_cov(None, None, dt), rtol=0, atol=1e-14)


@pytest.mark.parametrize("motion", [ConstantVelocity(2, 0.4), ConstantAcceleration(2, 0.4)])
def test_two_steps_are_one_of_their_length_noise_included(motion):
    F, Q = motion.transition(0.2), motion.noise_cov(None, None, 0.2)
    np.testing.assert_allclose(F @ F, motion.transition(0.4), atol=1e-15)
    np.testing.assert_allclose(F @ Q @ F.T + Q, motion.noise_cov(None, None, 0.4), atol=1e-15)


def test_in_the_plane_both_axes_are_seen_apart_where_filterpys_kinematic_kf_sees_their_sum():
    theirs = pytest.importorskip("filterpy.common").kinematic_kf(dim=2, order=1, dt=1.0)
    assert theirs.H.tolist() == [[1.0, 0.0, 1.0, 0.0]]  # of x, vx, y, vy
    estimator = KalmanFilter(ConstantVelocity())
    belief = estimator.predict(Gaussian(np.zeros(4), np.eye(4)), None, 1.0)
    belief = estimator.update(belief, np.array([3.0, -3.0]), Position(std=1e-6)).belief
    np.testing.assert_allclose(belief.mean[:2], [3.0, -3.0], atol=1e-6)


def test_a_coordinated_turn_is_a_circle_at_constant_speed():
    motion, x = CoordinatedTurn(), np.array([0.0, 0.0, 10.0, 0.0, 0.1])
    quarter = motion.step(x, None, np.pi / 2 / 0.1 / 20)
    for _ in range(19):
        quarter = motion.step(quarter, None, np.pi / 2 / 0.1 / 20)
    np.testing.assert_allclose(quarter, [100.0, 100.0, 0.0, 10.0, 0.1], atol=1e-4)
    straight = motion.step(np.array([0.0, 0.0, 3.0, 4.0, 0.0]), None, 2.0)
    np.testing.assert_allclose(straight, [6.0, 8.0, 3.0, 4.0, 0.0], atol=1e-14)


def test_what_cannot_be_meant_is_refused_in_words():
    with pytest.raises(MalformedInput, match="dimension is 4, but must be 1, 2 or 3"):
        ConstantVelocity(dimension=4)
    with pytest.raises(MalformedInput, match="jerk_density is -1"):
        ConstantAcceleration(jerk_density=-1)
    for dt in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(MalformedInput, match="dt is"):
            ConstantVelocity().transition(dt)
