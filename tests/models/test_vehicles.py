"""Vehicles drive as geometry says."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.geometry import compose, exponential
from plansim.core.layout import layout
from plansim.models import vehicle
from plansim.models.bicycle import Bicycle
from plansim.models.unicycle import Unicycle
from plansim.models.vehicle import compiled_step, compiled_steps

rng = np.random.default_rng(0)


@dataclass(frozen=True)
class Cart:
    """A vehicle as a user writes one: a mass pushed along a line."""

    mass: float = 2.0  # kg
    integrator: vehicle.Integrator = "rk4"

    state: ClassVar = layout("position speed")
    control: ClassVar = layout("force")
    step = vehicle.step

    @staticmethod
    def equations(m):
        def rate(x, u, p):
            return x[1], m.where(u[0] > 0.5, u[0], 0.0) / p[0]  # below half a newton it sticks

        return rate

    def parameters(self):
        return (self.mass,)


def test_a_unicycle_drives_the_exact_arc():
    x, u = rng.uniform(-2, 2, (100, 3)), rng.uniform(-1, 1, (100, 2))
    twist = np.stack([u[:, 0], np.zeros(100), u[:, 1]], -1)
    exact = compose(x, exponential(0.1 * twist))
    driven = Unicycle().step(x, u, 0.1)
    np.testing.assert_allclose(Unicycle.state.difference(driven, exact), 0, atol=1e-8)


def test_a_bicycle_with_straight_wheels_drives_a_straight_line():
    x = np.array([1.0, 2.0, 0.7, 3.0])
    after = Bicycle(wheelbase=1.2).step(x, np.array([0.5, 0.0]), 2.0)
    distance = 3.0 * 2 + 0.5 * 0.5 * 2**2
    np.testing.assert_allclose(after, [1 + distance * np.cos(0.7), 2 + distance * np.sin(0.7), 0.7, 4.0], atol=1e-12)


def test_a_bicycle_at_constant_speed_is_a_unicycle_that_turns_as_its_wheels_say():
    car, steering = Bicycle(wheelbase=0.8), rng.uniform(-1, 1, 50)
    pose, speed = rng.uniform(-2, 2, (50, 3)), rng.uniform(-2, 2, 50)
    u = np.stack([np.zeros(50), steering], -1)
    driven = car.step(np.concatenate([pose, speed[:, None]], -1), u, 0.1)
    expected = Unicycle().step(pose, np.stack([speed, speed * np.tan(steering) / 0.8], -1), 0.1)
    np.testing.assert_allclose(driven[:, :3], expected, atol=1e-12)


def test_steering_shows_in_the_turning_circle():
    car, steering = Bicycle(wheelbase=0.5), 0.4
    x, points = np.array([0.0, 0.0, 0.0, 1.0]), []
    for _ in range(200):
        x = car.step(x, np.array([0.0, steering]), 0.05)
        points.append(x[:2])
    radius = 0.5 / np.tan(steering)
    np.testing.assert_allclose(np.linalg.norm(np.array(points) - [0, radius], axis=-1), radius, atol=1e-6)


def test_a_standing_car_shows_no_steering():
    x = np.array([1.0, 2.0, 0.3, 0.0])
    assert Bicycle().inverse(x, x, 0.1).tolist() == [0.0, 0.0]


def test_the_inverse_turns_on_the_spot_and_through_full_speed_reversal():
    x = np.array([0.0, 0.0, 3.0])
    np.testing.assert_allclose(Unicycle().inverse(x, [0.0, 0.0, -3.0], 0.1), [0, (2 * np.pi - 6) / 0.1], atol=1e-9)
    start, u = np.array([0.0, 0.0, 0.0, 1.0]), np.array([-20.0, 0.5])  # as fast back as forth: no distance covered
    end = Bicycle().step(start, u, 0.1)
    np.testing.assert_allclose(Bicycle().step(start, Bicycle().inverse(start, end, 0.1), 0.1), end, atol=1e-12)


@dataclass(frozen=True)
class BlindUnicycle:
    """A unicycle in other units, whose guess knows nothing."""

    integrator: vehicle.Integrator = "rk4"

    state: ClassVar = Unicycle.state
    control: ClassVar = layout("speed turn_rate")  # mm/s, rad/s
    step = vehicle.step
    inverse = vehicle.inverse

    @staticmethod
    def equations(m):
        rate = Unicycle.equations(m)
        return lambda x, u, p: rate(x, (u[0] / 1000, u[1]), p)

    def parameters(self):
        return ()

    def guess(self, x, x_next, dt):
        return np.zeros((*np.shape(x)[:-1], 2))


def test_the_inverse_needs_no_good_guess():
    robot, x, u = BlindUnicycle(), rng.uniform(-2, 2, (100, 3)), rng.uniform(-1, 1, (100, 2))
    np.testing.assert_allclose(robot.inverse(x, robot.step(x, u, 0.3), 0.3), u, rtol=0, atol=1e-9)


def test_an_unreachable_state_is_answered_with_the_nearest_control():
    robot, x, wish = Unicycle(), np.zeros(3), np.array([0.1, 0.03, 0.05])
    u = robot.inverse(x, wish, 0.1)

    def miss(v):
        return np.linalg.norm(robot.step(x, v, 0.1) - wish)

    assert all(miss(u) <= miss(u + change) for change in rng.normal(0, 1e-2, (200, 2)))


def test_headings_run_on_so_that_they_can_be_differentiated():
    after = Unicycle().step(np.array([0.0, 0.0, 3.0]), np.array([0.0, 1.0]), 1.0)
    assert after[2] == pytest.approx(4.0)


def test_plain_lists_are_vectors():
    assert Unicycle().step([0, 0, 0], [1, 0], 1).tolist() == [1.0, 0.0, 0.0]


def test_a_vehicle_that_a_user_writes_runs_on_every_machine():
    cart, x, u = Cart(mass=4.0), rng.normal(size=(20, 2)), rng.uniform(0, 1, (20, 1))
    expected = np.stack([x[:, 0], x[:, 1]], -1)
    push = np.where(u[:, 0] > 0.5, u[:, 0], 0) / 4.0
    expected = np.stack([x[:, 0] + 0.1 * x[:, 1] + 0.005 * push, x[:, 1] + 0.1 * push], -1)
    np.testing.assert_allclose(cart.step(x, u, 0.1), expected, atol=1e-14)
    out = np.empty_like(x)
    compiled_steps(cart)(x, u, np.array(cart.parameters()), 0.1, out)
    np.testing.assert_allclose(out, expected, atol=1e-14)
    F, G = vehicle.jacobians(cart, x[0], np.array([0.7]), 0.1)
    np.testing.assert_allclose(F, [[1, 0.1], [0, 1]])
    np.testing.assert_allclose(G, [[0.005 / 4], [0.1 / 4]])


def test_parameters_may_be_an_array_or_a_tuple():
    car, x, u = Bicycle(wheelbase=0.7), rng.normal(size=4), np.array([0.3, 0.2])
    a, b = np.empty(4), np.empty(4)
    compiled_step(car)(x, u, np.array([0.7]), 0.1, a)
    compiled_step(car)(x, u, (0.7,), 0.1, b)
    assert np.array_equal(a, b)


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(MalformedInput, match="did you mean 'rk4'"):
        Unicycle(integrator="rk5").step(np.zeros(3), np.zeros(2), 0.1)
    with pytest.raises(MalformedInput, match="wheelbase is 0"):
        Bicycle(wheelbase=0)
