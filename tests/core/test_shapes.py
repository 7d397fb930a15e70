"""Worlds of shapes: exact segments, honest distances, and what grows."""

from __future__ import annotations

import pickle
from fractions import Fraction

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.shape_makers import forest, narrow_passage, random_boxes, trap
from plansim.core.shapes import Shapes

TRIANGLE = [[6.0, 1.0], [9.0, 1.5], [7.5, 4.0]]


def mixed(margin=0.0):
    boxes = [[[1, 1], [3, 2.5]], [[4, 5], [5, 9]], [[4.5, 8], [8, 8.5]]]
    return Shapes([0, 0], [10, 10], boxes, [[2.5, 7, 1.0], [8, 6, 0.5]], [TRIANGLE], margin)


def segments(world, count, rng):
    return rng.uniform(world.low - 0.3, world.high + 0.3, size=(2, count, world.dimension))


def naive_signed(world, point):
    """Distance to every obstacle, one by one, by the book."""
    found = [*(point - world.low), *(world.high - point)]
    for low, high in world.boxes:
        outside = np.maximum(np.maximum(low - point, point - high), 0.0)
        inside = np.maximum(low - point, point - high).max()
        found.append((np.linalg.norm(outside) if inside > 0 else inside) - world.margin)
    found += [np.linalg.norm(point - ball[:-1]) - ball[-1] - world.margin for ball in world.balls]
    for polygon in world.polygons:
        found.append(naive_polygon(polygon, point) - world.margin)
    return min(found)


def naive_polygon(polygon, point):
    ends = np.roll(polygon, -1, axis=0)
    t = np.clip(((point - polygon) * (ends - polygon)).sum(-1) / ((ends - polygon) ** 2).sum(-1), 0, 1)
    apart = np.linalg.norm(point - polygon - t[:, None] * (ends - polygon), axis=-1).min()
    d, w = ends - polygon, point - polygon
    return -apart if (d[:, 0] * w[:, 1] - d[:, 1] * w[:, 0] > 0).all() else apart


def in_box(a, b, low, high):
    """Whether a segment meets a box, in rational numbers (Liang & Barsky 1984)."""
    begin, end = Fraction(0), Fraction(1)
    for a_i, b_i, low_i, high_i in zip(*(map(Fraction, map(float, x)) for x in (a, b, low, high)), strict=True):
        if a_i == b_i:
            if not low_i <= a_i <= high_i:
                return False
            continue
        first, second = sorted(((low_i - a_i) / (b_i - a_i), (high_i - a_i) / (b_i - a_i)))
        begin, end = max(begin, first), min(end, second)
    return begin <= end


@pytest.mark.parametrize("world", [mixed(), mixed().grown(0.3), random_boxes(12, 3, 10.0, 1.0, 4.0, 1.0)])
def test_distance_is_that_of_the_nearest_of_all(world):
    points = np.random.default_rng(1).uniform(world.low - 1, world.high + 1, size=(400, world.dimension))
    assert world.distance(points) == pytest.approx([naive_signed(world, p) for p in points], abs=1e-12)


@pytest.mark.parametrize("world", [mixed(), mixed().grown(0.3), random_boxes(12, 3, 10.0, 1.0, 4.0, 1.0).grown(0.2)])
def test_free_is_what_has_distance(world):
    points = np.random.default_rng(2).uniform(world.low - 1, world.high + 1, size=(2000, world.dimension))
    assert np.array_equal(world.is_free(points), world.distance(points) >= 0)


@pytest.mark.parametrize("world", [mixed(), mixed().grown(0.3), random_boxes(12, 3, 10.0, 1.0, 4.0, 1.0).grown(0.2)])
def test_a_segment_is_free_exactly_if_its_points_are(world):
    a, b = segments(world, 3000, np.random.default_rng(3))
    free, t = world.segment_free(a, b), np.linspace(0, 1, 401)[:, None, None]
    least = world.distance(a + t * (b - a)).min(axis=0)
    assert 0.05 < free.mean() < 0.9
    assert (least[free] >= -1e-12).all()
    # between two samples a segment comes nearer by half of what lies between them, at most
    assert (least[~free] <= np.linalg.norm(b - a, axis=-1)[~free] / 800).all()


@pytest.mark.parametrize("dimension", [2, 3, 5])
def test_boxes_are_tested_as_rational_numbers_would(dimension):
    rng = np.random.default_rng(4)
    corners = np.sort(rng.integers(0, 9, size=(6, 2, dimension)).astype(float), axis=1)
    corners[:, 1] += 1
    world = Shapes(np.zeros(dimension), np.full(dimension, 10.0), corners)
    a, b = rng.integers(0, 11, size=(2, 2000, dimension)).astype(float)  # many touch faces, edges and corners
    right = [not any(in_box(p, q, *box) for box in corners) for p, q in zip(a, b, strict=True)]
    assert np.array_equal(world.segment_free(a, b), right)
    assert 0.05 < np.mean(right) < 0.95


def test_what_touches_an_obstacle_is_not_free_and_what_touches_a_bound_is():
    world = Shapes([0, 0], [10, 10], [[[2, 2], [4, 4]]], [[7, 7, 1]], [[[6, 1], [8, 1], [8, 3]]])
    along = [
        ([1, 2], [5, 2]),
        ([2, 1], [2, 9]),
        ([1, 5], [5, 1.0]),
        ([0, 0], [10, 0]),
        ([6, 5], [6, 9]),
        ([5, 1], [9, 1]),
    ]
    a, b = np.array(along, dtype=float).swapaxes(0, 1)
    assert world.segment_free(a, b).tolist() == [False, False, False, True, False, False]
    off = np.array([0.0, 1e-9])
    assert world.segment_free(a[0] - off, b[0] - off)
    assert not world.segment_free(np.array([0.0, 4.0]), np.array([4.0, 4.0]))
    assert not world.segment_free(np.array([2.0, 2.0]), np.array([4.0, 4.0]))


@pytest.mark.parametrize("margin", [0.0, 0.25])
def test_between_obstacles_that_touch_there_is_no_seam(margin):
    """A wall of two boxes, of a box and a triangle, and of two balls; and a box at the world's bound."""
    left, right = [[0, 4], [5, 6]], [[5, 4], [10, 6]]
    walls = [
        Shapes([0, 0], [10, 10], [left, right]),
        Shapes([0, 0], [10, 10], [left], polygons=[[[5, 4], [10, 4], [5, 6]]]),
        Shapes([0, 0], [10, 10], balls=[[2.5, 5, 2.5], [7.5, 5, 2.5]]),
    ]
    below, above = np.array([5.0, 1.0]), np.array([5.0, 9.0])
    assert not any(world.grown(margin).segment_free(below, above) for world in walls)
    assert not walls[0].segment_free(np.array([0.0, 1.0]), np.array([0.0, 9.0]))


def test_a_grown_world_is_the_world_at_a_distance():
    world, rng = mixed(), np.random.default_rng(5)
    points = rng.uniform(0, 10, size=(2000, 2))
    for radius in (0.0, 0.2, 0.7):
        assert world.grown(radius).distance(points) == pytest.approx(world.distance(points) - radius, abs=1e-9)
    assert world.grown(0.2).grown(0.3).margin == 0.5


def test_directions_do_not_matter():
    world = mixed().grown(0.1)
    a, b = segments(world, 3000, np.random.default_rng(6))
    assert np.array_equal(world.segment_free(a, b), world.segment_free(b, a))


def test_nan_is_not_free_and_outside_is_not_free():
    world = mixed()
    assert world.is_free(np.array([[np.nan, 1.0], [-1e-9, 5.0], [0.0, 5.0]])).tolist() == [False, False, True]
    assert not world.segment_free(np.array([0.5, 0.5]), np.array([np.nan, np.nan]))


def test_points_may_come_in_any_batch_and_memory_order():
    world, points = mixed(), np.random.default_rng(7).uniform(0, 10, size=(3, 4, 2))
    assert np.array_equal(world.is_free(points[:, ::2]), world.is_free(points)[:, ::2])
    assert world.is_free(np.asfortranarray(points)).shape == (3, 4)
    assert world.segment_free(points[0, 0], points).shape == (3, 4)


@pytest.mark.filterwarnings("error")
def test_one_point_is_broadcast_without_a_warning():
    world = Shapes([0, 0], [10, 10], boxes=[[[4, 0], [6, 8]]])
    assert world.segment_free(np.array([1.0, 1.0]), np.array([[9.0, 9.0]])).tolist() == [False]


def test_a_world_survives_a_pickle():
    world = mixed(0.1)
    again, points = pickle.loads(pickle.dumps(world)), np.random.default_rng(8).uniform(0, 10, size=(50, 2))
    assert np.array_equal(again.distance(points), world.distance(points))
    assert not again.boxes.flags.writeable


def test_random_free_points_are_free_with_room_around_them():
    world = mixed()
    points = world.random_free_points(np.random.default_rng(9), 100, clearance=0.4)
    assert points.shape == (100, 2)
    assert (world.distance(points) >= 0.4).all()
    with pytest.raises(MalformedInput, match="next to nothing"):
        world.random_free_points(np.random.default_rng(9), 1, clearance=8.0)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"low": [0, 0], "high": [1, 0]}, "low"),
        ({"low": [0, 0], "high": [1, 1, 1]}, "low"),
        ({"boxes": [[[2, 2], [1, 3]]]}, r"boxes\[0\]"),
        ({"boxes": [[1, 2, 3, 4]]}, "boxes have shape"),
        ({"boxes": [[["a", 2], [1, 3]]]}, "numbers"),
        ({"balls": [[1, 1, 0]]}, r"balls\[0\]"),
        ({"balls": [[1, np.nan, 1]]}, "finite"),
        ({"polygons": [[[0, 0], [1, 0], [2, 0], [1, 1]]]}, r"polygons\[0\] must be convex"),
        ({"polygons": [[[0, 0], [2, 2], [0, 2], [2, 0]]]}, r"polygons\[0\] must be convex"),
        ({"margin": -1.0}, "margin"),
        ({"low": [0, 0, 0], "high": [1, 1, 1], "polygons": [TRIANGLE]}, "plane"),
    ],
)
def test_a_malformed_world_is_refused(fields, message):
    with pytest.raises(MalformedInput, match=message):
        Shapes(**{"low": [0, 0], "high": [10, 10]} | fields)


def test_a_clockwise_polygon_is_the_same_polygon():
    points = np.random.default_rng(10).uniform(0, 10, size=(300, 2))
    there, back = (Shapes([0, 0], [10, 10], polygons=[p]) for p in (TRIANGLE, TRIANGLE[::-1]))
    assert np.array_equal(there.distance(points), back.distance(points))


def test_makers_make_what_they_say():
    boxes = random_boxes(30, 3, seed=4)
    assert boxes.boxes.shape == (30, 2, 3)
    assert boxes.is_free(np.array([[5.0] * 3, [95.0] * 3])).all()
    trees = forest(50, gap=0.6)
    apart = np.linalg.norm(trees.balls[:, None, :2] - trees.balls[:, :2], axis=-1) - trees.balls[:, None, 2]
    assert (apart - trees.balls[:, 2] + 10 * np.eye(50) >= 0.6 - 1e-9).all()
    cup = trap()
    assert not cup.segment_free(np.array([1.0, 5.0]), np.array([9.0, 5.0]))
    assert cup.is_free(np.array([5.0, 5.0]))
    with pytest.raises(MalformedInput, match="fit"):
        forest(500)
    with pytest.raises(MalformedInput, match="gap"):
        narrow_passage(gap=-1.0)


@pytest.mark.parametrize("dimension", [2, 3, 4])
def test_a_narrow_passage_lets_through_in_the_middle_only(dimension):
    world = narrow_passage(0.5, dimension)
    a, b = np.full(dimension, 5.0), np.full(dimension, 5.0)
    a[0], b[0] = 1.0, 9.0
    assert world.segment_free(a, b)
    assert world.grown(0.24).segment_free(a, b)
    assert not world.grown(0.26).segment_free(a, b)
    for axis in range(1, dimension):
        aside = 0.3 * np.eye(dimension)[axis]
        assert not world.segment_free(a + aside, b + aside)
        assert not world.segment_free(a - aside, b - aside)
