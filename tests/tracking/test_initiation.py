"""How tracks begin: one point, two points, and sensors turned round."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.layout import layout
from plansim.models.linear_sensor import LinearSensor
from plansim.models.position import Position
from plansim.models.radar import Radar
from plansim.models.range_bearing import RangeBearing
from plansim.tracking import OnePoint, TwoPoint
from plansim.tracking.inversion import jacobian, located

CV = layout("x y vx vy")


def start(initiation, z, sensor, state=CV, waiting=None, dt=1.0):
    return initiation.start(np.asarray(z, float), np.ones(len(z)), sensor, state, waiting, dt)


def test_one_point_is_where_it_was_seen_with_the_speeds_that_are_likely():
    begun = start(OnePoint(velocity_std=7.0), [[3.0, 4.0], [-1.0, 2.0]], Position(std=0.5))
    np.testing.assert_allclose(begun.belief.mean, [[3, 4, 0, 0], [-1, 2, 0, 0]])
    np.testing.assert_allclose(begun.belief.cov[0], np.diag([0.25, 0.25, 49, 49]), rtol=1e-9, atol=1e-12)


def test_a_sensor_of_speed_too_is_weighed_against_the_prior():
    sensor = LinearSensor("x y vx vy", np.eye(4), np.diag([1.0, 1.0, 4.0, 4.0]))
    begun = start(OnePoint(velocity_std=2.0), [[1.0, 2.0, 10.0, 0.0]], sensor)
    np.testing.assert_allclose(begun.belief.mean[0], [1, 2, 5, 0], rtol=1e-12)
    np.testing.assert_allclose(np.diag(begun.belief.cov[0]), [1, 1, 2, 2], rtol=1e-12)


def test_a_radar_is_turned_round_whatever_way_it_looks():
    rng = np.random.default_rng(0)
    radar = Radar(pose=(20.0, -30.0, 2.0), range_std=0.5, bearing_std=0.02)
    x = np.column_stack([rng.uniform(-300, 300, (25, 2)), np.zeros((25, 2))])
    begun = located(radar, radar.measure(x), CV, np.array([np.inf, np.inf, 10.0, 10.0]))
    np.testing.assert_allclose(begun.mean, x, atol=1e-5)
    # its ellipse: as long as the range's error, as wide as the bearing's at that range
    seen = radar.jacobian(begun.mean)[:, :, :2]
    np.testing.assert_allclose(
        seen @ begun.cov[:, :2, :2] @ seen.swapaxes(1, 2), np.tile(radar.cov, (25, 1, 1)), rtol=1e-6, atol=1e-9
    )


def test_a_sensor_may_say_itself_how_it_is_turned_round():
    class Inverting(Radar):
        calls = 0

        def invert(self, z):
            Inverting.calls += 1
            return np.column_stack([z[:, 0] * np.cos(z[:, 1]), z[:, 0] * np.sin(z[:, 1])])

    x = np.array([[30.0, 40.0, 0.0, 0.0]])
    sensor = Inverting()
    np.testing.assert_allclose(start(OnePoint(), sensor.measure(x), sensor).belief.mean, x, atol=1e-6)
    assert Inverting.calls == 1


def test_what_neither_sensor_nor_prior_tells_is_named():
    with pytest.raises(MalformedInput, match="does not tell all of x y heading"):
        start(OnePoint(), [[5.0, 0.1]], RangeBearing(landmark=(0.0, 0.0)), layout("x y heading", angles="heading"))
    with pytest.raises(MalformedInput, match="velocity_std"):
        OnePoint(velocity_std=0.0)
    with pytest.raises(MalformedInput, match="turn_rate"):
        OnePoint(std={"turn_rate": -1.0})


def test_a_jacobian_by_differences_is_the_sensors_own():
    radar, x = Radar(), np.array([[30.0, 40.0, 1.0, 2.0], [-5.0, 1.0, 0.0, 0.0]])

    class Plain:
        measurement, measure = radar.measurement, staticmethod(radar.measure)

    np.testing.assert_allclose(jacobian(Plain, x), radar.jacobian(x), atol=1e-7)


def test_two_points_have_the_moments_of_their_difference():
    rng, dt, std = np.random.default_rng(0), 2.0, 3.0
    truth = np.array([100.0, 50.0, 4.0, -6.0])
    errors = []
    for _ in range(1500):
        first = truth[:2] - dt * truth[2:] + rng.normal(scale=std, size=2)
        second = truth[:2] + rng.normal(scale=std, size=2)
        initiation, sensor = TwoPoint(max_speed=50.0), Position(std=std)
        waiting = start(initiation, [first], sensor).waiting
        begun = start(initiation, [second], sensor, waiting=waiting, dt=dt)
        errors.append(begun.belief.mean[0] - truth)
    cov = begun.belief.cov[0]
    np.testing.assert_allclose(np.cov(np.array(errors).T), cov, atol=0.12 * cov.max())
    assert cov[0, 2] == pytest.approx(std**2 / dt)
    assert cov[2, 2] == pytest.approx(2 * std**2 / dt**2)


def test_two_points_too_far_apart_are_two_targets():
    initiation, sensor = TwoPoint(max_speed=10.0), Position(std=0.1)
    waiting = start(initiation, [[0.0, 0.0]], sensor).waiting
    begun = start(initiation, [[100.0, 0.0], [5.0, 0.0]], sensor, waiting=waiting)
    assert begun.detection.tolist() == [1]
    assert begun.waiting.position.tolist() == [[100.0, 0.0]]


def test_sensors_at_one_instant_make_no_speed():
    initiation, sensor = TwoPoint(), Position(std=0.1)
    waiting = start(initiation, [[0.0, 0.0]], sensor).waiting
    begun = start(initiation, [[0.1, 0.0]], sensor, waiting=waiting, dt=0.0)
    assert len(begun.detection) == 0
    assert len(begun.waiting.age) == 2
