"""A point mass falls as Galileo says."""

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.models.point_mass import PointMass
from plansim.models.vehicle import compiled_step


@pytest.mark.parametrize("dimension", [1, 2, 3, 7])
def test_a_push_that_is_held_makes_a_parabola_in_any_dimension(dimension):
    rng = np.random.default_rng(dimension)
    robot, u, dt = PointMass(dimension), rng.normal(size=(20, dimension)), 0.7
    x = rng.normal(size=(20, 2 * dimension))
    position, velocity = x[:, :dimension], x[:, dimension:]
    exact = np.concatenate((position + dt * velocity + dt**2 / 2 * u, velocity + dt * u), axis=1)
    np.testing.assert_allclose(robot.step(x, u, dt), exact, atol=1e-13)
    np.testing.assert_allclose(robot.inverse(x, exact, dt), u, atol=1e-12)
    out = np.empty(2 * dimension)
    compiled_step(robot)(x[0], u[0], np.array(robot.parameters()), dt, out)
    np.testing.assert_allclose(out, exact[0], atol=1e-13)


def test_positions_come_first():
    assert PointMass().state.names == ("x", "y", "x_velocity", "y_velocity")
    assert PointMass(4).state.names[4:] == ("q1_velocity", "q2_velocity", "q3_velocity", "q4_velocity")
    assert PointMass(1).control.names == ("x_acceleration",)


def test_a_mass_of_no_dimension_is_refused_and_none_can_be_steered():
    with pytest.raises(MalformedInput, match="at least 1"):
        PointMass(0)
    with pytest.raises(MalformedInput, match="no heading"):
        PointMass().control_for(np.zeros(4), 1.0, 0.0, 0.1)
