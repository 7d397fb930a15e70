"""The truck with its trailer, and the car whose speed is a control."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.models.bicycle import Bicycle
from plansim.models.car import Car
from plansim.models.truck import TruckTrailer


def driven(vehicle, x, u, seconds, dt=0.05):
    x = np.asarray(x, dtype=float)
    for _ in range(round(seconds / dt)):
        x = vehicle.step(x, np.asarray(u, dtype=float), dt)
    return x


def test_the_tractor_drives_as_a_car_does():
    truck, car = TruckTrailer(wheelbase=3.0), Car(wheelbase=3.0)
    x, u = np.array([1.0, 2.0, 0.3, -0.2]), np.array([-0.8, 0.4])
    np.testing.assert_allclose(driven(truck, x, u, 5.0)[:3], driven(car, x[:3], u, 5.0), atol=1e-12)


def test_a_car_drives_as_a_bicycle_that_keeps_its_speed():
    u = np.array([1.5, 0.3])
    bicycle = driven(Bicycle(wheelbase=2.7), [0.0, 0.0, 1.0, 1.5], [0.0, 0.3], 4.0)
    np.testing.assert_allclose(driven(Car(wheelbase=2.7), [0.0, 0.0, 1.0], u, 4.0), bicycle[:3], atol=1e-12)


def test_a_car_with_constant_steering_drives_a_circle():
    radius = 2.7 / np.tan(0.5)
    x = driven(Car(wheelbase=2.7), [0.0, 0.0, 0.0], [1.0, 0.5], np.pi * radius, dt=np.pi * radius / 200)
    np.testing.assert_allclose(x, [0.0, 2 * radius, np.pi], atol=1e-7)


@pytest.mark.parametrize("hitch_offset", [0.0, 0.7, -0.4])
def test_on_a_circle_the_bend_settles_where_the_trailer_turns_as_fast(hitch_offset):
    truck = TruckTrailer(wheelbase=3.0, trailer_length=5.0, hitch_offset=hitch_offset)
    steering = 0.3
    x = driven(truck, np.zeros(4), [2.0, steering], 60.0)
    bend, curvature = x[2] - x[3], np.tan(steering) / 3.0
    assert 5.0 * curvature == pytest.approx(np.sin(bend) - hitch_offset * curvature * np.cos(bend), abs=1e-6)


def test_forwards_the_trailer_comes_round_by_its_length_and_backwards_it_folds():
    truck, bend = TruckTrailer(trailer_length=6.0), 0.1
    forwards = driven(truck, [0.0, 0.0, 0.0, bend], [1.0, 0.0], 6.0)
    assert np.tan(forwards[3] / 2) == pytest.approx(np.tan(bend / 2) / np.e, rel=1e-6)  # the tractrix
    assert driven(truck, [0.0, 0.0, 0.0, bend], [-1.0, 0.0], 12.0)[3] > 5 * bend


@pytest.mark.parametrize("hitch_offset", [0.0, 0.7])
def test_the_trailers_axle_does_not_slip(hitch_offset):
    truck, h = TruckTrailer(trailer_length=5.0, hitch_offset=hitch_offset), 1e-4
    rng = np.random.default_rng(0)
    x, u = rng.uniform(-1, 1, (50, 4)), rng.uniform(-0.5, 0.5, (50, 2))

    def axle(x):
        ahead, back = (np.stack((np.cos(angle), np.sin(angle)), axis=-1) for angle in (x[:, 2], x[:, 3]))
        return x[:, :2] - hitch_offset * ahead - 5.0 * back

    velocity = (axle(truck.step(x, u, h)) - axle(truck.step(x, u, -h))) / (2 * h)
    sideways = velocity[:, 1] * np.cos(x[:, 3]) - velocity[:, 0] * np.sin(x[:, 3])
    np.testing.assert_allclose(sideways, 0.0, atol=1e-8)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"wheelbase": 0.0}, "wheelbase"),
        ({"trailer_length": -1.0}, "trailer_length"),
        ({"trailer_length": np.nan}, "trailer_length"),
        ({"hitch_offset": np.nan}, "hitch_offset"),
    ],
)
def test_a_truck_that_cannot_be_is_refused(wrong, message):
    with pytest.raises(MalformedInput, match=message):
        TruckTrailer(**wrong)
