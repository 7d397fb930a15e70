"""Spaces of cars among obstacles: free poses and curves by a second, naive way; laws of distance and interpolation."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.geometry import compose, transform
from plansim.core.grid import OccupancyGrid
from plansim.core.layout import wrap_angle
from plansim.core.shapes import Shapes
from plansim.models.unicycle import Unicycle
from plansim.planning.base import Budget, Problem
from plansim.planning.curves.dubins import dubins_path
from plansim.planning.curves.reeds_shepp import reeds_shepp_path
from plansim.planning.sampling.rrt_connect import RRTConnect
from plansim.planning.spaces.base import distance as straight_distance
from plansim.planning.spaces.dubins import DubinsSpace
from plansim.planning.spaces.reeds_shepp import ReedsSheppSpace

CAR = np.array([[-0.4, -0.3], [0.9, -0.3], [0.9, 0.3], [-0.4, 0.3]])
WORLD = Shapes(
    *([0, 0], [10, 8]),
    boxes=[[[4, 0], [6, 5]], [[1.9, 6.1], [2.0, 6.2]]],
    balls=[[8.2, 5.0, 0.7], [2.5, 3.0, 0.05]],
    polygons=[[[7, 1], [8, 1], [7.5, 2]]],
)
CELLS = np.random.default_rng(4).random((32, 40)) < 0.025
GRID = OccupancyGrid(CELLS, resolution=0.25)
CURVES = pytest.mark.parametrize("kind", [DubinsSpace, ReedsSheppSpace])
WORLDS = pytest.mark.parametrize("world", [WORLD, GRID], ids=["shapes", "map"])


def poses(count, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform([0, 0, -np.pi], [10, 8, np.pi], (count, 3))


def points_of(body, *, count=15):
    """Points all over a disc or polygon, its rim included, (N, 2)."""
    if np.ndim(body) == 0:
        angles = np.linspace(0, 2 * np.pi, 8 * count)
        rim = body * np.stack((np.cos(angles), np.sin(angles)), axis=-1)
    else:
        t = np.linspace(0, 1, count)[:, None, None]
        rim = (body + t * (np.roll(body, -1, axis=0) - body)).reshape(-1, 2)
    return (np.linspace(0, 1, count)[:, None, None] * rim).reshape(-1, 2)


def naively_free(world, body, states):
    return world.is_free(transform(states, points_of(body))).all(-1)


@WORLDS
@pytest.mark.parametrize("body", [0.3, CAR], ids=["disc", "car"])
def test_a_pose_is_free_where_no_point_of_the_body_touches_anything(world, body):
    space, states = ReedsSheppSpace(world, body=body), poses(600)
    free, naive = space.is_free(states), naively_free(world, body, states)
    assert 0.1 < free.mean() < 0.9
    assert not (free & ~naive).any()
    larger = body * 1.05 if np.ndim(body) == 0 else body + 0.05 * np.sign(body)
    assert not (~free & naively_free(world, larger, states) & naive).any()


@CURVES
@WORLDS
def test_a_curve_is_free_where_every_pose_on_it_is(kind, world):
    space = kind(world, turning_radius=0.8, body=CAR)
    a, b = poses(300, seed=1), poses(300, seed=2)
    free = space.is_free(a)
    a, b = a[free], b[free]
    b = a + 0.2 * (b - a)
    whole, t = space.edge_free(a, b), np.linspace(0, 1, 200)
    between = space.interpolate(a[:, None], b[:, None], t)
    assert 10 < whole.sum() < len(whole) - 10
    assert naively_free(world, CAR * 0.999, between[whole][:, ::8]).all()
    larger = kind(world, turning_radius=0.8, body=CAR * 1.05)
    assert not larger.is_free(between[~whole]).all(-1).any()
    assert (whole == [space.edge_free(*pair) for pair in zip(a, b, strict=True)]).all()


@CURVES
def test_what_lies_between_is_on_a_shortest_way(kind):
    space = kind(WORLD, turning_radius=1.3)
    a, b, t = poses(200, seed=3), poses(200, seed=4), np.random.default_rng(5).random(200)
    x, length = space.interpolate(a, b, t), space.distance(a, b)
    assert space.distance(a, x) == pytest.approx(t * length, abs=1e-6)
    assert space.distance(x, b) == pytest.approx((1 - t) * length, abs=1e-6)
    assert np.abs(x[:, 2]).max() <= np.pi
    for share, end in ((0.0, a), (1.0, b)):
        error = space.interpolate(a, b, share) - end
        assert np.abs(np.concatenate((error[:, :2], wrap_angle(error[:, 2:])), axis=-1)).max() < 1e-9


@CURVES
def test_no_curve_is_shorter_than_the_straight_distance_of_the_metric(kind):
    for radius in (0.1, 1.0, 20.0):
        space = kind(WORLD, turning_radius=radius)
        a, b = poses(5000, seed=6), poses(5000, seed=7)
        assert (straight_distance(space, a, b) <= space.distance(a, b) + 1e-12).all()


@CURVES
def test_compiled_and_batched_are_the_same(kind):
    space = kind(GRID, turning_radius=0.7, body=0.1)
    arrays, point_free, segment_free, distance, interpolate = space.kernels[:5]
    out = np.empty(3)
    for a, b, t in zip(poses(50, seed=8), poses(50, seed=9), np.linspace(0, 1, 50), strict=True):
        assert point_free(a, arrays) == space.is_free(a)
        assert segment_free(a, b, arrays) == space.edge_free(a, b)
        assert distance(a, b, arrays) == space.distance(a, b)
        interpolate(a, b, t, arrays, out)
        assert out == pytest.approx(space.interpolate(a, b, t), abs=1e-12)


@CURVES
def test_a_turned_map_is_the_same_map(kind):
    origin = np.array([3.0, -2.0, 0.7])
    space, turned = (kind(OccupancyGrid(CELLS, 0.25, at), 0.6, CAR) for at in ((0.0, 0.0, 0.0), origin))
    a, b = poses(300, seed=10), poses(300, seed=11)
    b = a + 0.2 * (b - a)
    assert (space.is_free(a) == turned.is_free(compose(origin, a))).all()
    assert (space.edge_free(a, b) == turned.edge_free(compose(origin, a), compose(origin, b))).all()


@CURVES
def test_what_a_planner_over_samples_finds_there_a_robot_drives(kind):
    space, robot = kind(WORLD, turning_radius=0.8, body=0.3), Unicycle()
    path_of = {DubinsSpace: dubins_path, ReedsSheppSpace: reeds_shepp_path}[kind]
    plan = RRTConnect().plan(
        Problem(space, np.array([1.0, 1.0, 0.0]), np.array([9.0, 3.0, 1.0])), Budget(iterations=5000)
    )
    assert plan.solved
    x = plan.states[0]
    for a, b in pairwise(plan.states):
        for curvature, length in path_of(a, b, 0.8, spacing=0.02).controls:
            x = robot.step(x, [length, curvature * length], dt=1.0)
            assert naively_free(WORLD, 0.3 * 0.999, x)
    assert straight_distance(space, x, plan.states[-1]) < 1e-6
    assert plan.states[-1].tolist() == [9.0, 3.0, 1.0]


@CURVES
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"turning_radius": 0.0}, "turning_radius"),
        ({"body": -1.0}, "body"),
        ({"body": [[0, 0], [1, 0]]}, "body"),
        ({"world": Shapes([0, 0, 0], [1, 1, 1])}, "plane"),
        ({"world": None}, "NoneType"),
    ],
)
def test_a_space_that_cannot_be_meant_is_refused(kind, parameters, message):
    with pytest.raises(MalformedInput, match=message):
        kind(**{"world": WORLD, **parameters})


@CURVES
def test_states_that_are_no_poses_are_refused(kind):
    with pytest.raises(MalformedInput, match="poses"):
        kind(WORLD).is_free(np.zeros((4, 2)))
