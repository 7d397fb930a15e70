"""Bug2 with a lidar: the bound of its paper with outlines grown by its distance, and a goal that cannot be reached."""

from math import pi

import gymnasium
import numpy as np
import plansim_envs  # noqa: F401
import pytest

from plansim.control.bug2_lidar import LidarBug2
from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.map_makers import cluttered, rooms, warehouse
from plansim.models.lidar import Lidar
from plansim.models.odometry import WheelOdometry

LIDAR, DISTANCE = Lidar(beams=180, range_std=0.0), 0.35
STILL = {"odometry": WheelOdometry(0.0, 0.0, 0.0, 0.0), "start_std": (0.0, 0.0, 0.0)}


def hall(*boxes):
    """14 x 10 m within walls, with boxes x, y, width, height."""
    cells = np.zeros((200, 280))
    cells[:4] = cells[-4:] = 1
    cells[:, :4] = cells[:, -4:] = 1
    for x, y, width, height in np.round(np.array(boxes) / 0.05).astype(int):
        cells[y : y + height, x : x + width] = 1
    return OccupancyGrid(cells, 0.05)


def outline(perimeter, convex, concave=0):
    """Metres around a shape with right angles, at the distance: an arc at each convex corner, a cut at each other."""
    return perimeter + DISTANCE * (convex * pi / 2 - concave * 2)


def drive(env, turn, seed=0, lidar=LIDAR):
    """Metres driven, whether it arrived, and the policy."""
    (observation, info), policy = env.reset(seed=seed), LidarBug2(lidar, DISTANCE, turn)
    policy.reset(seed)
    driven, over = 0.0, False
    while not over and not policy.metrics()["unreachable"]:
        before = info["pose"]
        observation, _, terminated, truncated, info = env.step(policy.act(observation))
        np.testing.assert_allclose(policy.trace()["pose"], before, atol=1e-9)
        driven, over = driven + np.hypot(*(info["pose"] - before)[:2]), terminated or truncated
    assert info.get("outcome") != "collision"
    return driven, info.get("is_success", False), policy


def world(map, lidar=LIDAR, **kwargs):
    kwargs = {"max_steps": 5000, "clearance": 0.15, "lidar": lidar} | STILL | kwargs
    return gymnasium.make("plansim/GridNavigation-v0", map=map, **kwargs).unwrapped


BOX = [(6.0, 3.5, 2.0, 3.0)]
CUP = [(6.0, 2.5, 2.5, 0.4), (6.0, 6.6, 2.5, 0.4), (8.5, 2.5, 0.4, 4.5)]  # open towards the start
BEFORE_BOX, AROUND_BOX = 4.0 - DISTANCE, outline(10.0, 4)


@pytest.mark.parametrize("turn", ["left", "right"])
@pytest.mark.parametrize(
    ("boxes", "around"), [(BOX, AROUND_BOX), (CUP, outline(2 * (2.9 + 4.5) + 2 * 2.5, 6, 2)), (BOX[:0], 0.0)]
)
def test_its_way_keeps_to_the_bound_of_the_paper(boxes, around, turn):
    env = world(hall(*boxes), start=(2.0, 5.0, 0.3), goal=(12.0, 5.0))
    driven, arrived, policy = drive(env, turn)
    assert arrived
    assert policy.metrics() == {"hits": int(around > 0), "unreachable": 0}
    # the line crosses the outline twice; half a metre for stops beyond what it aims at, a step at a time
    assert 9.7 - 1e-6 <= driven <= 10.0 + 2 * around / 2 + 0.5
    if boxes is BOX:  # aside by 1.5 m and back, around two corners, and along
        np.testing.assert_allclose(driven, 9.7 - 2 * DISTANCE + 2 * 1.5 + pi * DISTANCE, atol=0.4)


@pytest.mark.parametrize("turn", ["left", "right"])
def test_around_a_closed_room_it_drives_its_outline_once_and_says_that_there_is_no_way(turn):
    walls = [(6.0, 3.5, 3.0, 0.2), (6.0, 6.3, 3.0, 0.2), (6.0, 3.5, 0.2, 3.0), (8.8, 3.5, 0.2, 3.0)]
    env = world(hall(*walls), start=(2.0, 5.0, 0.0), goal=(7.5, 5.0))
    driven, arrived, policy = drive(env, turn)
    assert not arrived
    assert policy.metrics() == {"hits": 1, "unreachable": 1}
    assert "cannot be reached" in policy.remark()
    np.testing.assert_allclose(driven, BEFORE_BOX + outline(12.0, 4), rtol=0.03)


@pytest.mark.parametrize("turn", ["left", "right"])
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_it_arrives_among_clutter_racks_and_rooms_and_touches_nothing(turn, noise):
    lidar = Lidar(beams=180, range_std=noise)
    for map in (cluttered(rooms(1, 1, 14, 10), boxes=8, size=1.0, seed=1), rooms(2, 3, seed=1), warehouse()):
        env = world(map, lidar)
        for seed in range(3):
            _, arrived, policy = drive(env, turn, seed, lidar)
            assert arrived, (map.shape, seed, policy.metrics())


def test_what_it_cannot_use_is_said():
    with pytest.raises(MalformedInput, match="full circle"):
        LidarBug2(Lidar(field_of_view=pi))
    with pytest.raises(MalformedInput, match="distance"):
        LidarBug2(distance=0.0)
    with pytest.raises(MalformedInput, match="'left' or 'right'"):
        LidarBug2(turn="up")
    with pytest.raises(MalformedInput, match="no 'lidar'"):
        LidarBug2().act({"goal": np.zeros(2)})
