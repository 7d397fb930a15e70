"""A point goes where its velocity says."""

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.models.point import Point
from plansim.models.vehicle import compiled_step


@pytest.mark.parametrize("dimension", [1, 2, 3, 7])
def test_a_point_moves_by_its_velocity_in_any_dimension(dimension):
    rng = np.random.default_rng(dimension)
    robot, x, u = Point(dimension), rng.normal(size=(20, dimension)), rng.normal(size=(20, dimension))
    np.testing.assert_allclose(robot.step(x, u, 0.3), x + 0.3 * u, atol=1e-14)
    np.testing.assert_allclose(robot.inverse(x, x + 0.3 * u, 0.3), u, atol=1e-13)
    out = np.empty(dimension)
    compiled_step(robot)(x[0], u[0], np.array(robot.parameters()), 0.3, out)
    np.testing.assert_allclose(out, x[0] + 0.3 * u[0], atol=1e-14)


def test_its_axes_have_names():
    assert Point(3).state.names == ("x", "y", "z")
    assert Point(4).control.names == ("q1_velocity", "q2_velocity", "q3_velocity", "q4_velocity")


def test_a_point_of_no_dimension_is_refused_and_none_can_be_steered():
    with pytest.raises(MalformedInput, match="at least 1"):
        Point(0)
    with pytest.raises(MalformedInput, match="no heading"):
        Point().control_for(np.zeros(2), 1.0, 0.0, 0.1)
