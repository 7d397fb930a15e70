"""The line's arc length, curvature and nearest points, against circles, straight lines and dense sampling."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.boxes import corners, crosses_box, first_unseen, vehicles_overlap
from plansim.core.errors import MalformedInput
from plansim.core.reference_line import ReferenceLine
from plansim.core.road import Road


def winding():
    rng = np.random.default_rng(0)
    return ReferenceLine(np.cumsum(np.column_stack((rng.uniform(20, 40, 20), rng.normal(0, 12, 20))), axis=0))


def test_it_passes_through_its_points_at_unit_speed():
    line, h = winding(), 1e-4
    s = np.linspace(-10, line.length + 10, 2000)
    before, now, after = line.at(s - h), line.at(s), line.at(s + h)
    np.testing.assert_allclose(np.hypot(after.x - before.x, after.y - before.y), 2 * h, rtol=1e-7)
    np.testing.assert_allclose((after.heading - before.heading) / (2 * h), now.curvature, atol=1e-6)
    assert np.quantile(np.abs((after.curvature - before.curvature) / (2 * h) - now.curvature_slope), 0.98) < 1e-7
    np.testing.assert_allclose(line.project(line.points)[1], 0, atol=1e-9)


def test_on_a_circle_it_is_the_circle():
    turns, R = np.linspace(0, 3, 121), 50.0
    line = ReferenceLine(np.column_stack((R * np.sin(turns), R - R * np.cos(turns))))
    assert line.length == pytest.approx(3 * R, abs=1e-3)
    np.testing.assert_allclose(line.at(np.linspace(30, 120, 50)).curvature, 1 / R, rtol=1e-3)


def test_projection_finds_the_nearest_point_of_all():
    line, rng = winding(), np.random.default_rng(1)
    points = rng.uniform(line.points.min(0) - 30, line.points.max(0) + 30, (300, 2))
    dense = np.linspace(-200, line.length + 200, 40_001)
    way = line.beside(dense, np.zeros_like(dense))
    nearest = np.array([np.hypot(*(way - point).T).min() for point in points])
    s, d = line.project(points)
    assert (np.abs(d) <= nearest + 1e-9).all()
    np.testing.assert_allclose(line.beside(s, d), points, atol=1e-9)


def test_a_line_that_cannot_be_is_refused():
    for points in ([[0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]], [[0.0, np.nan], [1.0, 0.0]], [0.0, 1.0]):
        with pytest.raises(MalformedInput, match="points"):
            ReferenceLine(points)
    with pytest.raises(MalformedInput, match="needs a lane"):
        Road(lanes=0)


def test_boxes_overlap_as_points_inside_say():
    rng = np.random.default_rng(2)
    grid = np.stack(np.meshgrid(np.linspace(-0.5, 0.5, 41), np.linspace(-0.5, 0.5, 41)), -1).reshape(-1, 2)
    for _ in range(200):
        a, b = (np.array([*rng.uniform(-3, 3, 2), rng.uniform(-4, 4), 0, *rng.uniform(1, 4, 2)]) for _ in range(2))
        inside = []
        for me, other in ((a, b), (b, a)):
            c, s = np.cos(me[2]), np.sin(me[2])
            points = me[:2] + (grid * me[4:]) @ np.array([[c, s], [-s, c]])
            c, s = np.cos(other[2]), np.sin(other[2])
            local = np.abs((points - other[:2]) @ np.array([[c, -s], [s, c]])) / (other[4:] / 2)
            inside.append(local.max(1).min())
        if abs(min(inside) - 1) > 0.1:
            assert vehicles_overlap(a, b) == (min(inside) < 1)


def test_a_truck_hides_what_lies_in_its_shadow():
    truck = np.array([30.0, 0.0, 0.0, 7.0, 12.0, 2.5])
    cars = np.array([[100.0, y, np.pi, 10.0, 4.6, 1.9] for y in (0.0, 3.5, 8.0)])
    eye = np.zeros(2)
    seen = [first_unseen(eye, 200.0, car[None], truck[None]) == 1 for car in cars]
    # the shadow of its rear, 1.25 m beside the eye at 24 m, is 5.3 m wide at 102 m
    assert seen == [False, False, True]
    assert first_unseen(eye, 90.0, cars[2:], truck[None]) == 0
    assert first_unseen(eye, 200.0, cars, np.empty((0, 6))) == 3
    assert crosses_box(0.0, 0.0, 60.0, 0.0, truck)
    assert not crosses_box(0.0, 1.26, 60.0, 0.0, truck)
    np.testing.assert_allclose(corners(truck)[0], [36.0, 1.25])
