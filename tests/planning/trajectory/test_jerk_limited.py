"""Jerk-limited passages: within all three limits everywhere, and the double-S on a line."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.planning.trajectory.jerk_limited import averaged, jerk_limited
from plansim.planning.trajectory.paths import blended_path, rounded_path, spline_path
from plansim.planning.trajectory.time_optimal import time_optimal
from tests.planning.trajectory.test_time_optimal import random_spline, worst


def test_on_a_long_line_it_is_the_double_s():
    for length, v, a, j in ((8.0, 2.0, 2.0, 4.0), (5.0, 1.0, 3.0, 10.0)):
        line = spline_path(np.array([[0.0], [length]]))
        timed = jerk_limited(line, v, a, j)
        assert timed.duration == pytest.approx(length / v + v / a + a / j, rel=2e-3)  # Biagiotti & Melchiorri 2008


def test_where_jerk_alone_limits_it_is_near_the_optimum():
    timed = jerk_limited(spline_path(np.array([[0.0], [1.0]])), 20.0, 20.0, 1.0)
    assert 1.0 <= timed.duration / 32 ** (1 / 3) < 1.12  # four phases of jerk: T^3 = 32 d / j


@pytest.mark.parametrize("seed", range(3))
def test_all_three_limits_hold_between_the_samples_and_less_jerk_takes_longer(seed):
    path, v, a = random_spline(seed)
    before = time_optimal(path, v, a).duration
    for j in (20 * a, 2 * a):
        timed = jerk_limited(path, v, a, j, steps=150)
        assert all(worst(timed, limit, k + 1, finer=20) <= 1.001 for k, limit in enumerate((v, a, j)))
        assert timed.duration > before
        assert np.allclose(timed.at(np.array([0.0, timed.duration])), path.at(path.breaks[[0, -1]]))
        assert np.allclose(timed.at(np.array([0.0, timed.duration - 1e-9]), 2), 0.0, atol=1e-3 * a.max())
        before = timed.duration


def test_an_averaged_clock_is_the_mean_of_the_clock():
    path, v, a = random_spline(4)
    clock, window = time_optimal(path, v, a, steps=50).clock, 0.3
    mean = averaged(clock, window)
    for t in np.linspace(0.0, mean.breaks[-1], 9):
        last = np.linspace(t - window, t, 20001)
        assert mean.at(t)[0] == pytest.approx(np.trapezoid(clock.at(last)[:, 0], last) / window, abs=1e-6)


def test_a_path_that_bends_at_once_is_refused_and_a_rounded_one_is_not():
    corner = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0]])
    with pytest.raises(MalformedInput, match="rounded_path"):
        jerk_limited(blended_path(corner, 0.2), 1.0, 1.0, 4.0)
    assert jerk_limited(rounded_path(corner, 0.2), 1.0, 1.0, 4.0, steps=100).duration < 8.0
