"""Sensors that see a target from a place of their own."""

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.geometry import compose
from plansim.models.radar import BearingOnly, Doppler, Radar
from plansim.models.range_bearing import RangeBearing

rng = np.random.default_rng(0)
POSE = (1.0, -2.0, 2.5)


def test_range_and_bearing_lead_from_the_radar_to_the_target():
    x = rng.uniform(-5, 5, (100, 4))
    z = Radar(POSE).measure(x)
    seen = np.stack([z[:, 0] * np.cos(z[:, 1]), z[:, 0] * np.sin(z[:, 1]), np.zeros(100)], -1)
    np.testing.assert_allclose(compose(np.array(POSE), seen)[:, :2], x[:, :2], atol=1e-12)


def test_a_radar_sees_a_target_as_a_robot_sees_a_landmark():
    target = np.array([4.0, 3.0])
    np.testing.assert_allclose(
        Radar(POSE).measure(target), RangeBearing(tuple(target)).measure(np.array(POSE)), atol=1e-15
    )


def test_the_range_rate_is_the_derivative_of_the_range():
    x, h = rng.uniform(-5, 5, (100, 4)), 1e-6
    later, before = x.copy(), x.copy()
    later[:, :2] += h * x[:, 2:]
    before[:, :2] -= h * x[:, 2:]
    sensor = Doppler(POSE)
    rate = (sensor.measure(later)[:, 0] - sensor.measure(before)[:, 0]) / (2 * h)
    np.testing.assert_allclose(sensor.measure(x)[:, 2], rate, atol=1e-8)
    np.testing.assert_array_equal(sensor.measure(x)[:, :2], Radar(POSE).measure(x))


def test_bearings_are_wrapped_behind_the_sensor():
    x = np.array([[-1.0, 1e-9], [-1.0, -1e-9]])
    z = BearingOnly((0.0, 0.0, 0.0)).measure(x)[:, 0]
    np.testing.assert_allclose(z, [np.pi, -np.pi], atol=1e-8)
    assert np.abs(BearingOnly((0.0, 0.0, 3.0)).measure(x)).max() < np.pi


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(MalformedInput, match="three finite numbers"):
        Radar(pose=(0.0, 0.0))
    with pytest.raises(MalformedInput, match="range_rate_std is 0"):
        Doppler(range_rate_std=0.0)
    with pytest.raises(MalformedInput, match="bearing_std is nan"):
        BearingOnly(bearing_std=float("nan"))
