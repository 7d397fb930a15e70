"""The frame of a line, there and back, and against finite differences of motions."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.reference_line import ReferenceLine
from plansim.planning.trajectory.frenet import CARTESIAN, by_time, to_cartesian, to_frenet


def winding(seed=0):
    rng = np.random.default_rng(seed)
    return ReferenceLine(np.cumsum(np.column_stack((rng.uniform(20, 40, 15), rng.normal(0, 12, 15))), axis=0))


def states(line, count=3000, seed=1):
    """States on both sides of the line and beyond its ends, well within its centre of curvature."""
    rng = np.random.default_rng(seed)
    s, d = rng.uniform(-30, line.length + 30, count), rng.uniform(-6, 6, count)
    frames = line.at(s)
    x = np.column_stack((
        line.beside(s, d), frames.heading + rng.uniform(-1.2, 1.2, count), rng.uniform(0, 20, count),
        rng.normal(0, 2, count), rng.normal(0, 0.1, count),
    ))  # fmt: skip
    x[:50, 3] = 0.0  # at rest
    return x[1 - frames.curvature * d > 0.3]


def test_there_and_back_is_the_same_state():
    line = winding()
    x = states(line)
    f = to_frenet(line, x)
    np.testing.assert_allclose(CARTESIAN.difference(to_cartesian(line, f), x), 0, atol=1e-9)
    np.testing.assert_allclose(to_frenet(line, to_cartesian(line, f)), f, rtol=1e-9, atol=1e-9)


def test_speeds_and_accelerations_are_those_of_the_projected_motion():
    line, h = winding(2), 1e-3
    x = states(line, 500)
    x[:, 5] *= 0.2
    nodes, weights = np.polynomial.legendre.leggauss(8)

    def drive(t):
        way = x[:, 3] * t + x[:, 4] * t * t / 2
        headings = x[:, 2, None] + x[:, 5, None] * way[:, None] * (nodes + 1) / 2
        moved = way[:, None] * np.stack((np.cos(headings) @ weights, np.sin(headings) @ weights), -1) / 2
        return np.stack(line.project(x[:, :2] + moved))

    before, now, after = drive(-h), drive(0.0), drive(h)
    f = to_frenet(line, x)
    first, second = (after - before) / (2 * h), (after - 2 * now + before) / h**2
    offset = by_time(f)
    for found, right in (
        (first[0], f[:, 1]),
        (first[1], offset[:, 1]),
        (second[0], f[:, 2]),
        (second[1], offset[:, 2]),
    ):
        # at knots of the line the third derivatives jump: a few states are near one
        assert np.quantile(np.abs(found - right), 0.97) < 1e-3


def test_on_a_straight_line_nothing_changes_but_the_names():
    line = ReferenceLine([[0.0, 0.0], [100.0, 0.0]])
    f = to_frenet(line, np.array([30.0, 2.0, 0.3, 10.0, 1.0, 0.05]))
    np.testing.assert_allclose(f[[0, 1, 3, 4]], [30.0, 10 * np.cos(0.3), 2.0, np.tan(0.3)])
    np.testing.assert_allclose(f[5], 0.05 / np.cos(0.3) ** 3)


def test_where_there_is_no_frame_is_refused():
    turns = np.linspace(0, np.pi, 30)
    line = ReferenceLine(np.column_stack((10 * np.sin(turns), 10 - 10 * np.cos(turns))))
    inside = np.array([[5.0, 8.0, 1.0, 5.0, 0.0, 0.0], [0.0, 12.5, 0.0, 5.0, 0.0, 0.0]])
    with pytest.raises(MalformedInput, match="centre of curvature"):
        to_cartesian(line, np.array([15.0, 5.0, 0.0, 11.0, 0.0, 0.0]))
    with pytest.raises(MalformedInput, match=r"state 1, .* heads across"):
        to_frenet(ReferenceLine([[0.0, 0.0], [50.0, 0.0]]), np.array([[1.0, 0, 0, 1, 0, 0], [1.0, 0, 1.6, 1, 0, 0]]))
    assert np.isfinite(to_frenet(line, inside[:1])).all()
