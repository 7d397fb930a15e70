"""Speed profiles: feasible, as fast as that allows, and slow in corners."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.control.speed_profile import braking_profile, curvature, speed_in_curve
from plansim.core.trajectory import arc_length, resample

CORNERED = resample(np.array([[0.0, 0.0], [5.0, 0.0], [5.0, 4.0], [9.0, 4.0], [9.0, 4.5]]), 0.05)


def speeds_in_corners(points):
    return speed_in_curve(curvature(points, arm=0.3), 1.5, max_lateral_acceleration=0.8, max_turn_rate=1.5)


@pytest.mark.parametrize("radius", [0.5, 1.0, 3.0, -2.0])
def test_the_curvature_of_a_circle_is_one_over_its_radius(radius):
    angle = np.linspace(0.0, 3.0, 2000)
    circle = np.stack([radius * np.sin(angle), radius * (1 - np.cos(angle))], axis=-1) * [np.sign(radius), 1]
    bend = curvature(circle, arm=0.2)
    s = arc_length(circle)
    inside = (s > 0.2) & (s < s[-1] - 0.2)
    assert bend[inside] == pytest.approx(1 / radius, rel=0.01)


def test_a_straight_line_is_not_bent_and_a_reversal_is():
    line = np.stack([np.linspace(0, 3, 31), np.zeros(31)], axis=-1)
    assert curvature(line, arm=0.3) == pytest.approx(np.zeros(31), abs=1e-12)
    there_and_back = np.concatenate((line, line[-2::-1]))
    assert np.abs(curvature(there_and_back, arm=0.3)[30]) == pytest.approx(np.pi / 0.3)


def test_a_profile_can_be_driven():
    v = braking_profile(CORNERED, speeds_in_corners(CORNERED), max_deceleration=0.7)
    assert np.all(np.diff(v**2) >= -2 * 0.7 * np.diff(arc_length(CORNERED)) - 1e-9)
    assert np.all(v <= speeds_in_corners(CORNERED) + 1e-12)
    assert v[-1] == 0.0


def test_a_profile_is_as_fast_as_it_can_be():
    """The naive backward sweep, point by point, gives the same speeds."""
    limit, ds = speeds_in_corners(CORNERED), np.diff(arc_length(CORNERED))
    expected = np.append(limit[:-1], 0.0)
    for i in reversed(range(len(ds))):
        expected[i] = min(expected[i], np.sqrt(expected[i + 1] ** 2 + 2 * 0.7 * ds[i]))
    assert braking_profile(CORNERED, limit, 0.7) == pytest.approx(expected, abs=1e-7)


def test_in_a_curve_neither_lateral_acceleration_nor_turn_rate_is_exceeded():
    bend = np.array([0.0, 0.1, -0.5, 2.0, 20.0])
    v = speed_in_curve(bend, 2.0, max_lateral_acceleration=0.8, max_turn_rate=1.5)
    assert np.all(v**2 * np.abs(bend) <= 0.8 + 1e-12)
    assert np.all(v * np.abs(bend) <= 1.5 + 1e-12)
    assert v[0] == 2.0
    assert v[2] == pytest.approx(np.sqrt(1.6))
    assert v[4] == pytest.approx(0.075)
