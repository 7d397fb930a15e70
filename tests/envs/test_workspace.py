"""A workspace moves bodies by their equations, and finds out exactly what they touch."""

from __future__ import annotations

import json

import gymnasium
import numpy as np
import plansim_envs  # noqa: F401
import pytest
from plansim_envs.workspace import Query, Workspace
from plansim_envs.workspace_ground import body_of, ground_of, padded, point_gap, polygons_gap, ways_free
from plansim_envs.workspace_robot import Robot
from plansim_envs.workspace_shortest import VisibilityGraph

from plansim.core.errors import MalformedInput
from plansim.core.geometry import transform
from plansim.core.grid import OccupancyGrid
from plansim.core.shapes import Shapes
from plansim.models.bicycle import Bicycle
from plansim.models.point import Point
from plansim.models.point_mass import PointMass
from plansim.models.truck import TruckTrailer
from plansim.models.unicycle import Unicycle
from plansim.planning.grid.space import GridSpace

rng = np.random.default_rng(0)
WORLD = Shapes([0, 0], [10, 10], boxes=[[[4, 0], [6, 8]]], balls=[[2, 7, 0.5]], polygons=[[[7, 1], [9, 1], [8, 3]]])
SQUARE = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])


def make(**parameters):
    return gymnasium.make("plansim/Workspace-v0", **parameters)


def drive(env, *actions, seed=0):
    env.reset(seed=seed)
    for action in actions:
        told = env.step(np.array(action, dtype=float))
        if told[2] or told[3]:
            break
    return told


def convex(corners, scale=1.0):
    """A random convex polygon, counter-clockwise."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    while np.diff(angles, append=angles[0] + 2 * np.pi).max() > 3.0:
        angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    return scale * np.stack((np.cos(angles), np.sin(angles)), -1) * rng.uniform(0.3, 1, 2) + rng.uniform(-1, 1, 2)


def minkowski_gap(a, b):
    """The signed distance of the origin from the hull of all differences of corners: the definition."""
    from scipy.spatial import ConvexHull

    hull = ConvexHull((b[None] - a[:, None]).reshape(-1, 2))
    depth = hull.equations[:, -1].max()
    if depth <= 0:
        return depth
    p, q = hull.points[hull.simplices[:, 0]], hull.points[hull.simplices[:, 1]]
    share = np.clip((-p * (q - p)).sum(-1) / ((q - p) ** 2).sum(-1), 0, 1)
    return np.linalg.norm(p + share[:, None] * (q - p), axis=-1).min()


def test_the_gap_of_convex_polygons_is_that_of_their_minkowski_difference():
    for _ in range(300):
        a, b = convex(rng.integers(3, 7)), convex(rng.integers(3, 7))
        assert polygons_gap(a, b) == pytest.approx(minkowski_gap(a, b), abs=1e-12)
        line = rng.uniform(-1.5, 1.5, (2, 2))
        assert polygons_gap(line, b) == pytest.approx(minkowski_gap(line, b), abs=1e-12)
        point = rng.uniform(-1.5, 1.5, 2)
        assert point_gap(b, *point) == pytest.approx(minkowski_gap(b, point[None]), abs=1e-12)
    assert point_gap(np.array([[0.0, 0], [2, 0]]), 3.0, 0.0) == 1.0
    assert point_gap(np.array([[0.0, 0], [0, 0]]), 3.0, 4.0) == 5.0


def test_filling_up_a_polygon_changes_nothing():
    triangle, square = convex(3), convex(4)
    filled = padded([triangle, square])[0]
    for _ in range(50):
        point = rng.uniform(-2, 2, 2)
        assert point_gap(filled, *point) == point_gap(triangle, *point)


@pytest.mark.parametrize("radius", [0.0, 0.4])
def test_a_disc_is_free_where_its_middle_is_in_the_grown_world(radius):
    a, b = rng.uniform(-0.5, 10.5, (2, 4000, 2))
    poses = np.concatenate((a, np.zeros((len(a), 1))), axis=1)[:, None]
    free = ways_free(ground_of(WORLD), body_of(radius, 1), poses, b - a)
    assert np.array_equal(free, WORLD.grown(radius).segment_free(a, b))
    assert 0.05 < free.mean() < 0.95


def test_a_point_on_a_map_is_free_where_a_planner_says_so():
    cells = (rng.random((30, 40)) < 0.2).astype(float)
    grid = OccupancyGrid(cells, 0.5, (1.0, -2.0, 0.3))
    low, high = grid.bounds
    a = rng.uniform(low, high, (5000, 2))
    b = a + rng.normal(size=a.shape)
    poses = np.concatenate((a, np.zeros((len(a), 1))), axis=1)[:, None]
    free, planned = ways_free(ground_of(grid), body_of(0.0, 1), poses, b - a), GridSpace(grid).edge_free(a, b)
    assert (free == planned).mean() > 0.999  # planners take points to the nearest 65536th of a cell
    assert 0.05 < free.mean() < 0.95


def test_along_a_wall_and_through_a_corner_is_no_collision():
    ground = ground_of(OccupancyGrid(np.array([[0, 1, 0], [1, 0, 0]]), 1.0))
    poses = np.array([[[1.0, 2.0, 0.0]], [[0.5, 0.5, 0.0]], [[0.5, 0.5, 0.0]]])
    moves = np.array([[0.0, -1.0], [1.0, 1.0], [1.0, 0.9]])
    assert ways_free(ground, body_of(0.0, 1), poses, moves).tolist() == [True, True, False]


def test_a_turned_square_is_free_where_none_of_its_points_is_in_an_obstacle():
    ground, body, world = ground_of(WORLD), body_of(SQUARE, 1), WORLD
    within = np.stack(np.meshgrid(*[np.linspace(-0.5, 0.5, 41)] * 2), -1).reshape(-1, 2)
    poses = rng.uniform([0, 0, -4], [10, 10, 4], (1500, 3))
    free = ways_free(ground, body, poses[:, None], np.zeros((1500, 2)))
    inside = np.array([world.is_free(transform(pose, within)).all() for pose in poses])
    # what lies between the points that are looked at may be missed by them, by a corner's depth
    assert not (free & ~inside).any()
    assert (inside & ~free).sum() < 0.01 * len(poses)
    assert 0.2 < free.mean() < 0.9


def test_a_square_that_slides_covers_all_that_it_passes():
    ground, body = ground_of(WORLD), body_of(SQUARE, 1)
    poses, moves = rng.uniform([0, 0, -4], [10, 10, 4], (800, 3)), rng.normal(size=(800, 2))
    whole = ways_free(ground, body, poses[:, None], moves)
    shares = np.linspace(0, 1, 60)
    here = np.array(
        [
            ways_free(ground, body, (poses + np.c_[share * moves, np.zeros(800)])[:, None], np.zeros((800, 2)))
            for share in shares
        ]
    )
    assert not (whole & ~here.all(0)).any()
    assert (here.all(0) & ~whole).sum() < 12
    assert 0.1 < whole.mean() < 0.9


def test_a_point_cannot_jump_over_a_wall():
    wall = Shapes([0, 0], [10, 10], boxes=[[[5.0, 0.0], [5.001, 10.0]]])
    env = make(world=wall, start=(4.5, 5.0), goal=(9.0, 5.0), max_speed=10.0, dt=0.1)
    _, reward, terminated, _, info = drive(env, [10.0, 0.0])
    assert (terminated, info["outcome"], info["is_success"]) == (True, "collision", False)
    assert reward == pytest.approx(1.0 - 0.01 - 10.0)


def test_a_ball_in_space_flies_past_a_block_and_hits_it():
    world = Shapes([0, 0, 0], [5, 5, 5], boxes=[[[2, 2, 0], [3, 3, 5]]])
    given = {"world": world, "robot": Point(3), "start": (1.0, 1.5, 2.0), "goal": (4.0, 1.5, 2.0), "max_speed": 4.0}
    assert drive(make(body=0.499, dt=1.0, **given), [3.0, 0.0, 0.0])[4]["outcome"] == "arrived"
    assert drive(make(body=0.501, dt=1.0, **given), [3.0, 0.0, 0.0])[4]["outcome"] == "collision"


def test_what_only_touches_is_free_whatever_the_rounding():
    env = make(world=WORLD, body=0.1, start=(3.9, 0.1), goal=(3.9, 7.0), dt=0.1)
    info = drive(env, *[[0.0, 0.3]] * 230)[4]
    assert (info["outcome"], info["path_length"]) == ("arrived", pytest.approx(6.81, abs=1e-9))


def test_the_state_follows_the_robots_own_equations():
    env = make(world=Shapes([-50, -50], [50, 50]), robot=Bicycle(), body=0.3, substeps=4, start=(0, 0, 0.3, 0.5))
    x = env.reset(seed=3)[0]["state"]
    for action in rng.uniform(-0.5, 0.5, (30, 2)):
        told = env.step(action)
        for _ in range(4):
            x = Bicycle.state.wrap(Bicycle().step(x, action, 0.1 / 4))
        np.testing.assert_allclose(told[0]["state"], x, atol=1e-12)
    assert np.array_equal(told[4]["pose"], told[0]["state"][:3])


def test_a_point_mass_is_no_faster_than_it_may():
    env = make(world=Shapes([-50, -50], [50, 50]), robot=PointMass(), max_speed=0.7, start=(0, 0), min_distance=20.0)
    observation = drive(env, *[[1.0, -1.5]] * 20)[0]
    assert observation["state"][2:].tolist() == [0.7, -0.7]


def test_the_trailer_is_behind_its_hitch():
    truck = TruckTrailer(3.0, 6.0, hitch_offset=0.5)
    robot = Robot(truck, Shapes([-20, -20], [20, 20]), [SQUARE, SQUARE])
    x = np.array([[1.0, 2.0, 0.4, -0.3]])
    tractor, trailer = robot.poses(x)[0]
    hitch = tractor[:2] - 0.5 * np.array([np.cos(0.4), np.sin(0.4)])
    np.testing.assert_allclose(trailer[:2] + 6.0 * np.array([np.cos(-0.3), np.sin(-0.3)]), hitch)
    # nothing slips sideways: the axle of the trailer moves along the trailer
    after = robot.poses(truck.step(x, np.array([[1.0, 0.5]]), 1e-6))[0, 1]
    sideways = (after - trailer)[:2] @ np.array([-np.sin(-0.3), np.cos(-0.3)])
    assert abs(sideways) < 1e-11


def test_the_trailer_hits_what_the_tractor_has_passed():
    post = Shapes([-20, -20], [20, 20], balls=[[-3.0, 0.9, 0.3]])
    given = {"world": post, "robot": TruckTrailer(3.0, 6.0), "start": (0, 0, 0, 0), "goal": (9, 0, 0, 0)}
    narrow = 0.5 * SQUARE
    assert not drive(make(body=[SQUARE, narrow], **given), [1.0, 0.0])[2]
    wide = np.array([[-1.0, -1.0], [5.0, -1.0], [5.0, 1.0], [-1.0, 1.0]])
    with pytest.raises(MalformedInput, match=r"start .* overlaps"):
        make(body=[SQUARE, wide], **given)


@pytest.mark.parametrize(("goal_angle", "outcome"), [(None, "arrived"), (0.5, "arrived"), (0.3, "out of time")])
def test_a_goal_may_ask_for_a_heading(goal_angle, outcome):
    given = {"start": (1.0, 1.0, 0.0), "goal": (2.0, 1.0, 0.4), "robot": Unicycle(), "body": 0.2, "max_steps": 10}
    assert drive(make(world=WORLD, goal_angle=goal_angle, **given), *[[1.0, 0.0]] * 10)[4]["outcome"] == outcome


def test_drawn_starts_and_goals_are_free_and_far_apart_and_differ_by_their_seeds():
    rules = {"world": WORLD, "robot": Unicycle(), "body": SQUARE, "min_distance": 6.0}
    envs = gymnasium.make_vec("plansim/Workspace-v0", 64, **rules)
    ends = envs.reset(seed=0)[0]
    robot = Workspace(**rules)._robot
    assert robot.is_free(ends["state"]).all()
    assert robot.is_free(ends["goal"]).all()
    assert (robot.apart(ends["state"], ends["goal"]) >= 6.0).all()
    assert len(np.unique(ends["state"][:, 0])) == 64
    assert np.ptp(ends["goal"][:, 2]) > 4.0


def test_problems_are_drawn_and_tell_their_shortest_path():
    problems = [Query((1.0, 1.0), (1.0, 1.05), 0.05), Query((3.0, 1.0), (3.0, 1.05))]
    envs = gymnasium.make_vec("plansim/Workspace-v0", 40, world=WORLD, problems=problems)
    starts = envs.reset(seed=1)[0]["state"][:, 0]
    assert set(starts) == {1.0, 3.0}
    shortest = envs.step(np.zeros((40, 2)))[4]["shortest"]
    assert np.array_equal(np.isnan(shortest), starts == 3.0)
    assert set(shortest[starts == 1.0]) == {0.05}


def test_the_shortest_paths_are_those_of_the_reference_worlds(data):
    worlds = json.loads((data / "refs" / "rect_worlds_visgraph.json").read_text())
    for world in worlds:
        low, high = np.reshape(world["bounds"], (2, 2))
        graph = VisibilityGraph(Shapes(low, high, boxes=np.reshape(world["rects"], (-1, 2, 2))))
        found = graph.length(np.array(world["start"]), np.array(world["goal"]))
        assert found == pytest.approx(world["opt"], rel=1e-9)


def test_the_shortest_path_is_told_at_the_end():
    world = Shapes([0, 0], [10, 10], boxes=[[[4, 0], [6, 8]]])
    given = {"world": world, "start": (1.0, 1.0), "goal": (9.0, 1.0), "tell_shortest": True, "max_steps": 1}
    around = 2 * np.hypot(3.0, 7.0) + 2.0
    assert drive(make(**given), [0.0, 0.0])[4]["shortest"] == pytest.approx(around)
    shut = Shapes([0, 0], [10, 10], boxes=[[[4, 0], [6, 7]], [[4, 7], [6, 10]]])
    assert np.isnan(drive(make(**given | {"world": shut}), [0.0, 0.0])[4]["shortest"])
    with pytest.raises(MalformedInput, match="boxes and polygons alone"):
        make(world=world, body=0.1, tell_shortest=True)


def test_with_the_shortest_path_told_there_is_one():
    hall = Shapes([0, 0], [10, 10], boxes=[[[4, -1], [6, 11]]])
    envs = gymnasium.make_vec("plansim/Workspace-v0", 50, world=hall, tell_shortest=True, min_distance=2.0)
    ends = envs.reset(seed=0)[0]
    assert ((ends["state"][:, 0] < 5) == (ends["goal"][:, 0] < 5)).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"start": (5.0, 5.0)}, "start .* overlaps"),
        ({"goal": (11.0, 5.0)}, "goal .* overlaps"),
        ({"goal": (1.0,)}, "no state 'x y'"),
        ({"problems": [Query((1.0, 1.0), (5.0, 5.0))]}, r"problems\[0\]: goal"),
        ({"problems": [], "start": (1.0, 1.0)}, "neither start nor goal"),
        ({"min_distance": 40.0}, "40 m apart"),
        ({"robot": Point(3)}, "3 dimensions"),
        ({"body": -1.0}, "radius"),
        ({"body": [[0, 0], [1, 0], [0.1, 0.1], [0, 1]]}, "convex"),
        ({"body": [SQUARE, SQUARE]}, "2 polygons, but this robot has 1"),
        ({"robot": TruckTrailer(), "body": SQUARE}, "1 polygons, but this robot has 2"),
        ({"world": Shapes([0, 0, 0], [1, 1, 1]), "robot": Point(3), "body": SQUARE}, "radius where"),
        ({"dt": 0.0}, "dt"),
        ({"goal_angle": 0.0}, "goal_angle"),
        ({"control_low": (1.0, 1.0)}, "below control_high"),
    ],
)
def test_what_cannot_be_is_refused(parameters, message):
    with pytest.raises(MalformedInput, match=message):
        make(**({"world": WORLD} | parameters))
