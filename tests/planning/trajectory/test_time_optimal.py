"""Time-optimal passages: as short as published, never beyond a limit, exact where the optimum is known."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.planning.trajectory.paths import blended_path, rounded_path, spline_path
from plansim.planning.trajectory.time_optimal import time_optimal


def random_spline(seed, n=3, points=7):
    rng = np.random.default_rng(seed)
    return spline_path(rng.normal(size=(points, n)).cumsum(0)), rng.uniform(0.5, 2.0, n), rng.uniform(1.0, 4.0, n)


def worst(timed, limits, derivative, finer=10):
    times = np.linspace(0.0, timed.duration, finer * len(timed.clock.breaks))
    return (np.abs(timed.at(times, derivative)) / limits).max()


def test_durations_are_those_of_toppra_to_a_fifth_of_a_percent(data):
    for problem in json.loads((data / "refs" / "toppra_durations.json").read_text()):
        path = spline_path(np.array(problem["waypoints"]), np.array(problem["knots"]))
        v, a = np.array(problem["vmax"]), np.array(problem["amax"])
        for steps, peer in ((1000, "2000"), (2000, "2000")):
            timed = time_optimal(path, v, a, steps)
            assert abs(timed.duration / problem["duration"][peer] - 1) <= 2e-3
            assert worst(timed, v, 1) <= 1 + 1e-9
            assert worst(timed, a, 2) <= 1 + 1e-9


@pytest.mark.parametrize("seed", range(12))
def test_limits_hold_between_the_steps_too(seed):
    path, v, a = random_spline(seed)
    for steps in (20, 150):  # a coarse grid makes the passage longer, never too fast
        timed = time_optimal(path, v, a, steps)
        assert worst(timed, v, 1) <= 1 + 1e-9
        assert worst(timed, a, 2) <= 1 + 1e-9


@pytest.mark.parametrize(("v", "a"), [(10.0, 1.0), (1.0, 2.0), (0.3, 5.0)])
def test_on_a_straight_line_it_is_the_trapezoid_of_speed(v, a):
    length = 4.0
    top = min(v, np.sqrt(a * length))
    timed = time_optimal(spline_path(np.array([[0.0, 0.0], [length, 0.0]])), [v, 1e6], [a, 1e6])
    assert timed.duration == pytest.approx(length / top + top / a, rel=2e-3)
    assert np.allclose(timed.at(np.array([0.0, timed.duration])), [[0, 0], [length, 0]])


def test_more_steps_are_never_slower_and_something_is_always_at_its_limit():
    path, v, a = random_spline(3)
    durations = [time_optimal(path, v, a, 6 * 2**k).duration for k in range(4, 10)]
    assert all(later <= earlier * (1 + 1e-9) for earlier, later in pairwise(durations))
    timed = time_optimal(path, v, a, 2000)
    times = np.linspace(0.01, 0.99, 500) * timed.duration
    used = np.maximum((np.abs(timed.at(times, 1)) / v).max(-1), (np.abs(timed.at(times, 2)) / a).max(-1))
    assert np.quantile(used, 0.02) > 0.97


def test_a_slower_axis_and_a_weaker_axis_cost_time():
    path, v, a = random_spline(5)
    duration = time_optimal(path, v, a).duration
    assert time_optimal(path, 0.5 * v, a).duration > 1.2 * duration
    assert time_optimal(path, 2 * v, 4 * a).duration == pytest.approx(duration / 2, rel=1e-9)  # time is scaled


def test_a_sharp_corner_is_passed_at_rest_and_a_rounded_one_is_not():
    corner = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0]])
    sharp, blended = (time_optimal(blended_path(corner, d), 1.0, 1.0) for d in (0.0, 0.2))
    assert sharp.duration == pytest.approx(6.0, rel=1e-3)  # two trapezoids
    assert blended.duration < 5.4
    assert worst(sharp, 1.0, 2) <= 1 + 1e-9
    assert worst(blended, 1.0, 2) <= 1 + 1e-9


@pytest.mark.parametrize("round_corners", [blended_path, rounded_path])
def test_rounded_corners_keep_their_deviation_and_their_ends(round_corners):
    rng = np.random.default_rng(2)
    for _ in range(10):
        points = rng.normal(size=(6, 2)).cumsum(0)
        path = round_corners(points, 0.1)
        q = path.at(np.linspace(0.0, path.breaks[-1], 4000))
        a, d = points[:-1], np.diff(points, axis=0)
        t = np.clip(((q[:, None] - a) * d).sum(-1) / (d * d).sum(-1), 0, 1)
        assert np.linalg.norm(a + t[..., None] * d - q[:, None], axis=-1).min(1).max() <= 0.1 + 1e-9
        assert np.allclose(q[[0, -1]], points[[0, -1]])
        assert np.abs(path.jumps(0)).max() < 1e-9
        assert np.abs(path.jumps(1)).max() < 1e-9
        if round_corners is rounded_path:
            assert np.abs(path.jumps(2)).max() < 1e-9


def test_derivatives_of_a_timed_path_are_those_of_differences():
    timed = time_optimal(*random_spline(1), steps=100)
    t, h = np.linspace(0.1, 0.9, 50) * timed.duration, 1e-6
    for k in (0, 1):
        slope = (timed.at(t + h, k) - timed.at(t - h, k)) / (2 * h)
        off = np.abs(slope - timed.at(t, k + 1)).max(-1)
        assert np.quantile(off, 0.9) < 1e-4  # but for those at a step of acceleration


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_velocity": 0.0}, "max_velocity"),
        ({"max_acceleration": np.nan}, "max_acceleration"),
        ({"max_velocity": [1.0, 2.0]}, "3 coordinates"),
        ({"steps": 1}, "steps"),
    ],
)
def test_malformed_limits_are_errors_that_say_so(change, message):
    arguments = {"max_velocity": 1.0, "max_acceleration": 1.0} | change
    with pytest.raises(MalformedInput, match=message):
        time_optimal(random_spline(0)[0], **arguments)


def test_a_path_needs_two_points_and_finite_ones():
    for points in (np.zeros((3, 2)), np.array([[0.0, np.nan], [1.0, 1.0]]), np.zeros(4)):
        with pytest.raises(MalformedInput):
            spline_path(points)
