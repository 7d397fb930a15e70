"""Spaces of points, poses and joints: metric, ways and edges."""

from __future__ import annotations

import pickle
from dataclasses import dataclass

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.geometry import transform
from plansim.core.grid import OccupancyGrid
from plansim.core.shapes import Shapes
from plansim.planning.base import Problem
from plansim.planning.grid.space import GridSpace
from plansim.planning.sampling.moves import compiled_moves
from plansim.planning.sampling.rrt_connect import RRTConnect
from plansim.planning.spaces.box import BoxSpace
from plansim.planning.spaces.dubins import DubinsSpace
from plansim.planning.spaces.joints import JointSpace
from plansim.planning.spaces.map import MapSpace
from plansim.planning.spaces.pose import PoseSpace, blocked_rectangles
from plansim.planning.spaces.reeds_shepp import ReedsSheppSpace
from tests.planning.grids import random_space

BAR = [[-0.9, -0.2], [0.9, -0.2], [0.9, 0.2], [-0.9, 0.2]]
ELL = [BAR, [[0.5, 0.2], [0.9, 0.2], [0.9, 1.0], [0.5, 1.0]]]
WORLD = Shapes(
    [0, 0], [10, 10], [[[4, 0], [6, 4.2]], [[4, 5.8], [6, 10]]], [[2, 8, 0.7]], [[[7.5, 2], [9, 2.5], [8, 4]]]
)


def spaces():
    return {
        "box": BoxSpace(WORLD),
        "map": MapSpace(random_space(3)),
        "pose": PoseSpace(WORLD, BAR),
        "joints": JointSpace([-np.pi, -1.0], [np.pi, 1.0], weights=[1.0, 0.5], continuous=[True, False]),
    }


@pytest.fixture(params=["box", "map", "pose", "joints"])
def space(request):
    return spaces()[request.param]


def states(space, count, seed=0):
    return space.sample(np.random.default_rng(seed), count)


def test_distance_is_a_metric(space):
    a, b, c = (states(space, 200, seed) for seed in (1, 2, 3))
    ab = space.distance(a, b)
    assert (ab > 0).all()
    assert space.distance(a, a).tolist() == [0.0] * 200
    assert ab == pytest.approx(space.distance(b, a))
    assert (ab <= space.distance(a, c) + space.distance(c, b) + 1e-12).all()


def test_a_way_passes_its_distance_evenly_and_stays_in_the_space(space):
    a, b, t = states(space, 200, 1), states(space, 200, 2), np.random.default_rng(3).random(200)
    x = space.interpolate(a, b, t)
    assert ((x >= space.low - 1e-12) & (x <= space.high + 1e-12)).all()
    assert space.distance(a, x) == pytest.approx(t * space.distance(a, b), abs=1e-12)
    assert space.distance(x, b) == pytest.approx((1 - t) * space.distance(a, b), abs=1e-12)


def test_kernels_say_what_methods_say(space):
    a, b = states(space, 60, 1), states(space, 60, 2)
    arrays, point_free, segment_free, *_ = space.kernels
    assert [point_free(x, arrays) for x in a] == space.is_free(a).tolist()
    assert [segment_free(x, y, arrays) for x, y in zip(a, b, strict=True)] == space.edge_free(a, b).tolist()


def test_a_space_that_was_planned_in_can_be_pickled(space):
    a, b = states(space, 50, 1), states(space, 50, 2)
    point_free = compiled_moves(*space.kernels[1:])[1].is_free
    assert [point_free(x, space.kernels.arrays) for x in a] == space.is_free(a).tolist()
    assert np.array_equal(pickle.loads(pickle.dumps(space)).edge_free(a, b), space.edge_free(a, b))


def test_a_free_edge_has_free_states_only(space):
    a = states(space, 400, 1)
    b = space.interpolate(a, states(space, 400, 2), np.full(400, 0.3))
    free = space.edge_free(a, b)
    between = space.interpolate(a[None], b[None], np.linspace(0, 1, 101)[:, None] * np.ones(400))
    assert free.mean() > 0.02
    assert space.is_free(between)[:, free].all()


@pytest.mark.parametrize("body", [BAR, ELL])
def test_a_body_is_where_its_points_are(body):
    """Against points drawn inside the body, and on the border of it."""
    space, rng = PoseSpace(WORLD, body), np.random.default_rng(4)
    poses = states(space, 300, 5)
    weights = rng.dirichlet(np.full(4, 0.3), size=(len(space.body), 400))
    points = np.concatenate([w @ polygon for w, polygon in zip(weights, space.body, strict=True)])
    touched = WORLD.distance(transform(poses, np.broadcast_to(points, (300, *points.shape)))).min(axis=-1)
    free = space.is_free(poses)
    assert (touched[free] >= -1e-9).all()
    assert (touched[~free] < 0.15).all()  # the points leave no larger gaps
    assert 0.1 < free.mean() < 0.9


def test_a_door_as_wide_as_the_body_opens_for_a_straight_body_only():
    space = PoseSpace(Shapes([0, 0], [10, 10], [[[4, 0], [6, 4.79]], [[4, 5.21], [6, 10]]]), BAR)
    a, b = np.array([2.0, 5.0, 0.0]), np.array([8.0, 5.0, 0.0])
    assert space.edge_free(a, b)
    turned = np.array([0.0, 0.0, 0.1])
    assert not space.edge_free(a + turned, b + turned)
    assert not space.edge_free(a, b + 30 * turned)  # turns on the way
    assert space.edge_free(np.array([2.0, 5.0, 3.1]), np.array([2.5, 5.0, -3.1]))  # the short way round


def test_rectangles_of_a_map_are_its_blocked_cells():
    for heading in (0.0, 0.4):
        grid = random_space(1, origin=(1.0, -2.0, heading)).grid
        points = np.random.default_rng(2).uniform(*grid.bounds, size=(3000, 2))
        world = blocked_rectangles(grid)
        assert np.array_equal(world.is_free(points), grid.is_free(points))
        assert len(world.polygons) < (~grid.free).sum()


def test_straight_lines_on_a_map_are_those_of_the_grid():
    grid_space = random_space(5)
    space = MapSpace(grid_space)
    arrays, _, segment_free, *_ = space.kernels
    a, b = states(space, 2000, 1), states(space, 2000, 2)
    right = grid_space.edge_free(a, b)
    assert [segment_free(x, y, arrays) for x, y in zip(a, b, strict=True)] == right.tolist()
    assert not segment_free(np.array([np.nan, 0.0]), b[0], arrays)
    terrain = GridSpace(OccupancyGrid(np.zeros((3, 3))), terrain=np.ones((3, 3)))
    with pytest.raises(MalformedInput, match="terrain"):
        MapSpace(terrain)


class Wall:
    """Blocks the first joint between 0.4 and 0.6 rad; asked for ways beyond the limits of a joint that comes round."""

    def is_free(self, q):
        return ~((q[..., 0] > 0.4) & (q[..., 0] < 0.6))

    def edge_free(self, a, b):
        low, high = np.minimum(a, b)[..., 0], np.maximum(a, b)[..., 0]
        return ~((low < 0.6) & (high > 0.4))


def test_a_joint_that_comes_round_goes_the_short_way():
    limits = [-np.pi, -1.0], [np.pi, 1.0]
    a, b = np.array([3.0, 0.0]), np.array([-3.0, 0.0])
    assert JointSpace(*limits, continuous=[True, False], obstacles=Wall()).edge_free(a, b)
    assert not JointSpace(*limits, obstacles=Wall()).edge_free(a, b)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: JointSpace([0.0], [0.0]), "low"),
        (lambda: JointSpace([0.0, 0.0], [1.0, 1.0], weights=[1.0]), "weights"),
        (lambda: JointSpace([0.0], [1.0], weights=-1.0).metric, "weights"),
        (lambda: PoseSpace(WORLD, []), "body"),
        (lambda: PoseSpace(Shapes([0] * 3, [1] * 3), BAR), "plane"),
        (lambda: PoseSpace(WORLD, BAR, turn_weight=0.0), "turn_weight"),
        (lambda: PoseSpace(WORLD, [[0, 0], [1, 0], [2, 0]]), "convex"),
    ],
)
def test_a_malformed_space_is_refused(make, message):
    with pytest.raises(MalformedInput, match=message):
        make()


@pytest.mark.parametrize(
    "space",
    [
        BoxSpace(WORLD),
        PoseSpace(WORLD, body=[[-0.2, -0.1], [0.2, -0.1], [0.2, 0.1], [-0.2, 0.1]]),
        JointSpace([-np.pi, -2.0], [np.pi, 2.0], continuous=[True, False]),
        DubinsSpace(WORLD),
        ReedsSheppSpace(WORLD),
    ],
    ids=lambda space: type(space).__name__,
)
def test_a_space_that_was_planned_in_can_be_sent_to_another_process(space):
    ends = Problem(space, *space.sample(np.random.default_rng(3), 2))
    plan = RRTConnect(max_samples=200).plan(ends)
    there = pickle.loads(pickle.dumps(ends))
    assert np.array_equal(RRTConnect(max_samples=200).plan(there).states, plan.states)


def test_a_space_of_ones_own_need_not_be_hashable():
    @dataclass
    class Square:
        low: np.ndarray
        high: np.ndarray
        dimension: int = 2
        distance = staticmethod(lambda a, b: np.linalg.norm(b - a, axis=-1))
        interpolate = staticmethod(lambda a, b, t: a + np.asarray(t)[..., None] * (b - a))
        is_free = staticmethod(lambda states: np.ones(states.shape[:-1], dtype=bool))
        edge_free = staticmethod(lambda a, b: np.ones(np.broadcast(a, b).shape[:-1], dtype=bool))

        def sample(self, rng, count):
            return rng.uniform(self.low, self.high, (count, 2))

    problem = Problem(Square(np.zeros(2), np.ones(2)), np.zeros(2), np.ones(2))
    assert RRTConnect().plan(problem).solved
