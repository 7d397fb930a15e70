"""Compiled steps and readings with their derivatives."""

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.layout import layout
from plansim.models import vehicle
from plansim.models.bicycle import Bicycle
from plansim.models.disturbed import Disturbed
from plansim.models.kinematic import ConstantVelocity, CoordinatedTurn
from plansim.models.linear_motion import LinearSystem
from plansim.models.linear_sensor import LinearSensor
from plansim.models.linearisation import linearised_reading, linearised_step, readings, steps
from plansim.models.position import Position
from plansim.models.radar import Doppler
from plansim.models.range_bearing import RangeBearing
from plansim.models.truck import TruckTrailer
from plansim.models.unicycle import Unicycle

rng = np.random.default_rng(0)
SPRING = LinearSystem("position speed", [[0.0, 1.0], [-1.0, -0.2]], "force", [[0.0], [1.0]])


@pytest.mark.parametrize("motion", [Bicycle(), TruckTrailer(), CoordinatedTurn(), Bicycle(integrator="euler")])
def test_a_step_has_the_derivatives_of_dual_numbers(motion):
    x, u = rng.uniform(-1, 1, (20, len(motion.state))), rng.uniform(-1, 1, (20, len(motion.control)))
    F, G = vehicle.jacobians(motion, x, u, 0.1)
    found = linearised_step(motion, x, u, 0.1)
    np.testing.assert_allclose(found.value, motion.step(x, u, 0.1), rtol=0, atol=1e-13)
    np.testing.assert_allclose(found.jacobian, np.concatenate([F, G], axis=-1), rtol=0, atol=1e-13)
    np.testing.assert_array_equal(linearised_step(motion, x[3], u[3], 0.1).jacobian, found.jacobian[3])


@pytest.mark.parametrize("motion", [ConstantVelocity(), SPRING])
def test_linear_motion_has_its_matrices(motion):
    x, u = rng.normal(size=(5, len(motion.state))), rng.normal(size=(5, len(motion.control)))
    found = linearised_step(motion, x, u, 0.3)
    np.testing.assert_allclose(found.value, motion.step(x, u, 0.3), atol=1e-14)
    np.testing.assert_array_equal(
        found.jacobian[0], np.concatenate([motion.transition(0.3), motion.input_matrix(0.3)], 1)
    )


@pytest.mark.parametrize(
    "sensor",
    [RangeBearing((3.0, -2.0)), Position(), Doppler((1.0, 2.0, 3.0)), LinearSensor("a b", np.ones((2, 4)), np.eye(2))],
)
def test_a_reading_has_the_derivatives_of_its_sensor(sensor):
    x = rng.uniform(-1, 1, (20, 4))
    found = linearised_reading(sensor, x)
    np.testing.assert_allclose(sensor.measurement.wrap(found.value), sensor.measure(x), rtol=0, atol=1e-13)
    np.testing.assert_allclose(found.jacobian, sensor.jacobian(x), rtol=0, atol=1e-13)
    np.testing.assert_array_equal(readings(sensor, x), found.value)


def test_points_of_a_batch_move_under_the_control_of_their_member():
    x, u = rng.normal(size=(3, 7, 4)), rng.normal(size=(3, 2))
    moved = steps(Bicycle(), x, u, 0.1)
    np.testing.assert_allclose(moved, Bicycle().step(x, u[:, None], 0.1), atol=1e-13)
    np.testing.assert_array_equal(steps(Bicycle(), x[1], u[1], 0.1), moved[1])


def test_a_model_without_equations_says_so():
    class Own:
        state, control = ConstantVelocity().state, ConstantVelocity().control

    assert linearised_step(Own(), np.zeros(4), None, 0.1) is None


class Plain:
    """A motion in plain numpy, without equations or derivative."""

    state, control = layout("x y"), layout("speed turn")

    def step(self, x, u, dt):
        return x + dt * u


@pytest.mark.parametrize("motion", [Plain(), Disturbed(Unicycle())], ids=["plain", "equations"])
def test_many_states_move_by_one_control_of_any_kind_that_can_be_meant(motion):
    x = np.ones((3, 5, len(motion.state)))
    np.testing.assert_array_equal(steps(motion, x, None, 0.1), steps(motion, x, [0.0, 0.0], 0.1))
    np.testing.assert_array_equal(steps(motion, x, [1.0, 2.0], 0.1), steps(motion, x, np.ones((3, 2)) * [1, 2], 0.1))
    for control in (1.0, [1.0], [1.0, 2.0, 3.0]):
        with pytest.raises(MalformedInput, match="control has shape"):
            steps(motion, x, control, 0.1)


def test_batches_that_do_not_broadcast_are_refused_in_words():
    for of in (steps, linearised_step):
        with pytest.raises(MalformedInput, match="batches of different shapes"):
            of(Disturbed(Unicycle()), np.ones((3, 5, 3)), np.ones((4, 2)), 0.1)
