"""GridNavigation: what moves, what is seen, where it begins, how it ends; each beside a slow and plain version."""

from __future__ import annotations

import gymnasium
import numpy as np
import plansim_envs  # noqa: F401
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.geometry import compose
from plansim.core.grid import OccupancyGrid
from plansim.core.raycast import cast_rays
from plansim.models.bicycle import Bicycle
from plansim.models.lidar import Lidar
from plansim.models.odometry import WheelOdometry
from plansim.models.unicycle import Unicycle
from plansim.testing import check_vector_env
from tests.contracts.test_environments import MAP

ID = "plansim/GridNavigation-v0"
EXACT = Lidar(beams=36, range_std=0.0, mount=(0.1, 0.05, 0.3))
TRUE_WHEELS = WheelOdometry(0.0, 0.0, 0.0, 0.0)
OPEN = OccupancyGrid(np.zeros((100, 200)), 0.1, (-5.0, -5.0, 0.0))  # 20 x 10 m


def make(**kwargs):
    return gymnasium.make(ID, **{"map": MAP, "min_distance": 1.0, **kwargs}).unwrapped


def make_many(count, **kwargs):
    return gymnasium.make_vec(ID, count, **{"map": MAP, "min_distance": 1.0, **kwargs}).unwrapped


def overlaps(grid: OccupancyGrid, point, radius: float) -> bool:
    """Whether a disc overlaps an occupied cell or the edge: the nearest point of every square, one by one."""
    x, y, heading = grid.origin
    c, s = np.cos(heading), np.sin(heading)
    dx, dy = point[0] - x, point[1] - y
    u, v = c * dx + s * dy, c * dy - s * dx
    rows, columns = np.nonzero(grid.occupied)
    low_u, low_v = columns * grid.resolution, rows * grid.resolution
    near_u, near_v = np.clip(u, low_u, low_u + grid.resolution), np.clip(v, low_v, low_v + grid.resolution)
    width, height = grid.size
    inside = radius <= u <= width - radius and radius <= v <= height - radius
    return not inside or bool((np.hypot(near_u - u, near_v - v) < radius).any())


@pytest.mark.parametrize("robot", [Unicycle(), Bicycle(wheelbase=0.4)])
def test_the_robot_moves_as_its_model_and_the_odometry_is_its_increment(robot):
    env = make(robot=robot, odometry=TRUE_WHEELS, radius=0.01, max_steps=10**6)
    env.action_space.seed(0)
    env.reset(seed=0)
    for _ in range(300):
        before = env.get_state()["x"][0]
        action = env.action_space.sample()
        seen, _, terminated, _, info = env.step(action)
        expected = robot.state.wrap(robot.step(before, action, 0.1))
        if len(expected) == 4:
            expected[3] = np.clip(expected[3], -0.5, 1.5)
        np.testing.assert_allclose(env.get_state()["x"][0], expected, atol=1e-12)
        np.testing.assert_allclose(info["pose"], compose(before[:3], seen["odometry"]), atol=1e-12)
        if terminated:
            env.reset()


def test_the_noise_of_the_odometry_is_the_models():
    wheels = WheelOdometry(0.1, 0.05, 0.2, 0.1)
    envs = make_many(4000, odometry=wheels, start=(3.0, 1.0, 0.2), goal=(5.0, 2.0), lidar=None)
    envs.reset(seed=0)
    seen, *_ = envs.step(np.tile([0.8, 1.0], (4000, 1)))
    right = Unicycle().step(np.zeros(3), np.array([0.8, 1.0]), 0.1)
    std = wheels.increment_std(right)
    np.testing.assert_allclose(seen["odometry"].std(0), std, rtol=0.05)
    np.testing.assert_allclose(seen["odometry"].mean(0), right, atol=5 * std.max() / np.sqrt(4000))


def test_the_start_is_told_with_its_noise_and_stays_told():
    envs = make_many(4000, start=(3.0, 1.0, 3.1), goal=(5.0, 2.0), start_std=(0.2, 0.1, 0.3), lidar=None)
    seen, infos = envs.reset(seed=0)
    np.testing.assert_array_equal(infos["pose"], np.tile([3.0, 1.0, 3.1], (4000, 1)))
    error = seen["start"] - [3.0, 1.0, 3.1]
    error[:, 2] = (error[:, 2] + np.pi) % (2 * np.pi) - np.pi
    np.testing.assert_allclose(error.std(0), [0.2, 0.1, 0.3], rtol=0.05)
    assert (np.abs(seen["start"][:, 2]) <= np.pi).all()
    later, *_ = envs.step(np.zeros((4000, 2)))
    np.testing.assert_array_equal(later["start"], seen["start"])
    np.testing.assert_array_equal(seen["odometry"], 0.0)


def test_the_lidar_is_the_exact_caster_from_where_it_is_mounted():
    env = make(lidar=EXACT, radius=0.01, max_steps=10**6)
    env.action_space.seed(1)
    seen, info = env.reset(seed=1)
    for _ in range(100):
        right = cast_rays(MAP, EXACT.poses(info["pose"]), EXACT.angles, EXACT.max_range)
        np.testing.assert_allclose(seen["lidar"], right, atol=1e-9)
        seen, _, terminated, _, info = env.step(env.action_space.sample())
        if terminated:
            seen, info = env.reset()


def test_the_lidars_noise_is_its_own_and_leaves_no_return_alone():
    lidar = Lidar(beams=7, max_range=4.0, range_std=0.05)
    envs = make_many(3000, lidar=lidar, start=(3.0, 1.0, 0.2), goal=(5.0, 2.0))
    seen, infos = envs.reset(seed=0)
    exact = cast_rays(MAP, infos["pose"][0], lidar.angles, 4.0)
    hit = exact < 3.7
    assert 0 < hit.sum() < 7
    np.testing.assert_allclose(seen["lidar"][:, hit].std(0), 0.05, rtol=0.06)
    np.testing.assert_allclose(seen["lidar"][:, hit].mean(0), exact[hit], atol=0.005)
    np.testing.assert_array_equal(seen["lidar"][:, exact == 4.0], 4.0)
    assert np.abs(np.corrcoef(seen["lidar"][:, hit].T) - np.eye(hit.sum())).max() < 0.1


def test_collision_is_the_first_overlap_of_the_disc_with_an_occupied_cell_or_the_edge():
    envs = make_many(40, lidar=None, min_distance=2.0, max_steps=10**6, goal_radius=1e-6)
    envs.reset(seed=3)
    over = np.zeros(40, dtype=bool)
    hits = 0
    rng = np.random.default_rng(0)
    turns = rng.uniform(-0.5, 0.5, (40, 1))
    for _ in range(60):
        fresh = over
        _, _, over, _, infos = envs.step(np.hstack([np.ones((40, 1)), turns]))
        for i in np.flatnonzero(~fresh):
            assert over[i] == overlaps(MAP, infos["pose"][i], 0.25), infos["pose"][i]
        hits += over.sum()
        assert set(infos.get("outcome", np.array([None]))) <= {None, "collision"}
    assert hits > 30


def test_unknown_cells_stop_nobody_and_begin_nothing():
    grid = OccupancyGrid(np.where(np.arange(80) < 40, 0.0, 0.5) * np.ones((40, 1)), 0.1)
    env = make(map=grid, start=(2.0, 2.0, 0.0), goal=(7.0, 2.0), lidar=None)
    env.reset(seed=0)
    steps = [env.step(np.array([1.0, 0.0])) for _ in range(48)]
    assert steps[-1][4]["outcome"] == "arrived"
    _, infos = make_many(300, map=grid, lidar=None).reset(seed=0)
    assert infos["pose"][:, 0].max() <= 4.0 - 0.25


def test_a_fast_robot_does_not_jump_through_a_thin_wall():
    wall = np.zeros((100, 200))
    wall[:, 100] = 1.0
    grid = OccupancyGrid(wall, 0.1)
    env = make(map=grid, start=(9.0, 5.0, 0.0), goal=(15.0, 5.0), control_low=(0.0, -1.0), control_high=(30.0, 1.0))
    env.reset(seed=0)
    assert env.step(np.array([30.0, 0.0]))[4]["outcome"] == "collision"


@pytest.mark.parametrize("reward", ["sparse", "dense"])
def test_the_reward_of_a_straight_drive(reward):
    env = make(map=OPEN, start=(0.0, 0.0, 0.0), goal=(3.0, 0.0), reward=reward, lidar=None, goal_radius=0.35)
    env.reset(seed=0)
    rewards, over = [], False
    while not over:
        _, r, over, _, info = env.step(np.array([1.0, 0.0]))
        rewards.append(r)
    assert len(rewards) == 27
    assert info["outcome"] == "arrived"
    assert info["is_success"]
    assert info["distance_to_goal"] == pytest.approx(0.3)
    right = 1.0 if reward == "sparse" else 1.0 + 2.7 - 0.1 * 2.7
    assert sum(rewards) == pytest.approx(right)


def test_a_collision_costs_and_is_no_success():
    env = make(map=OPEN, start=(-4.7, 0.0, np.pi), goal=(3.0, 0.0), lidar=None)
    env.reset(seed=0)
    _, reward, terminated, truncated, info = env.step(np.array([1.0, 0.0]))
    assert (terminated, truncated, info["outcome"], info["is_success"]) == (True, False, "collision", False)
    assert reward == pytest.approx(-0.1 - 0.01 - 10.0)


def test_time_runs_out_as_truncation():
    env = make(max_steps=4, lidar=None)
    env.reset(seed=0)
    flags = [env.step(np.zeros(2))[2:] for _ in range(4)]
    assert [flag[1] for flag in flags] == [False, False, False, True]
    assert flags[-1][2]["outcome"] == "out of time"


def test_starts_and_goals_fit_are_far_apart_and_connected():
    # two rooms without a door, the left one larger
    walls = np.zeros((60, 100))
    walls[[0, -1], :] = walls[:, [0, -1, 60]] = 1.0
    grid = OccupancyGrid(walls, 0.1)
    _, infos = make_many(400, map=grid, min_distance=3.0, lidar=None).reset(seed=0)
    envs = make_many(400, map=grid, min_distance=3.0, lidar=None)
    seen, infos = envs.reset(seed=0)
    for point in (*infos["pose"][:, :2], *seen["goal"]):
        assert point[0] < 6.0
        assert not overlaps(grid, point, 0.25 + 0.1)
    assert infos["distance_to_goal"].min() >= 3.0
    np.testing.assert_allclose(infos["distance_to_goal"], np.hypot(*(seen["goal"] - infos["pose"][:, :2]).T))
    assert np.ptp(infos["pose"], axis=0) == pytest.approx([5.2, 5.2, 2 * np.pi], abs=0.5)
    # a given start draws its goal from its own room
    seen, _ = make_many(100, map=grid, start=(8.0, 3.0, 0.0), lidar=None).reset(seed=0)
    assert seen["goal"][:, 0].min() > 6.1
    _, infos = make_many(100, map=grid, goal=(8.0, 3.0), lidar=None).reset(seed=0)
    assert infos["pose"][:, 0].min() > 6.1


@pytest.mark.parametrize("given", ["neither", "start", "goal"])
def test_a_distance_that_few_places_have_is_kept_all_the_same(given):
    grid = OccupancyGrid(np.zeros((100, 100)), 0.1)
    ends = {"neither": {}, "start": {"start": (0.5, 0.5, 0.0)}, "goal": {"goal": (0.5, 0.5)}}[given]
    _, infos = make_many(20, map=grid, min_distance=12.4, lidar=None, **ends).reset(seed=0)
    assert infos["distance_to_goal"].min() >= 12.4


def test_a_new_episode_begins_without_an_increment():
    envs = make_many(5, max_steps=3, lidar=None)
    envs.reset(seed=0)
    for _ in range(4):
        seen, *_ = envs.step(np.full((5, 2), 0.2))
    np.testing.assert_array_equal(seen["odometry"], 0.0)


@pytest.mark.parametrize("heading", [0.0, 2.0])
def test_the_whole_task_turns_with_the_map(heading):
    """The same map in another frame: the same ranges, rewards and ends."""
    turned = OccupancyGrid(MAP.probability, MAP.resolution, (7.0, 3.0, heading))
    pose = np.array([1.5, 1.5, 0.4])  # in the map's frame
    told = []
    for grid in (OccupancyGrid(MAP.probability, MAP.resolution), turned):
        start, goal = compose(grid.origin, pose), compose(grid.origin, np.array([3.0, 2.0, 0.0]))[:2]
        env = make(map=grid, start=tuple(start), goal=tuple(goal), lidar=EXACT, odometry=TRUE_WHEELS)
        seen, _ = env.reset(seed=0)
        steps = [env.step(np.array([0.5, 0.4])) for _ in range(10)]
        told.append([*seen["lidar"], *steps[-1][0]["lidar"], *(step[1] for step in steps)])
    np.testing.assert_allclose(told[0], told[1], atol=1e-9)


def reachable(grid: OccupancyGrid, discs, keep: float, points) -> bool:
    """Whether two points are connected over cells whose centres keep away from walls and discs."""
    from scipy.ndimage import distance_transform_edt, label

    clear = distance_transform_edt(np.pad(grid.free, 1))[1:-1, 1:-1] * grid.resolution > keep
    centres = grid.points(np.moveaxis(np.indices(grid.shape), 0, -1))
    for x, y, radius in discs:
        clear &= np.hypot(centres[..., 0] - x, centres[..., 1] - y) > radius + keep
    labels, _ = label(clear, np.ones((3, 3)))
    near = [np.hypot(centres[..., 0] - p[0], centres[..., 1] - p[1]) < 0.2 for p in points]
    a, b = (set(labels[mask & clear].tolist()) for mask in near)
    return bool(a & b)


def test_obstacles_appear_on_the_way_and_leave_one_open():
    envs = make_many(60, obstacles=3, obstacle_distance=1.0, min_distance=4.0, lidar=None)
    seen, infos = envs.reset(seed=0)
    assert not infos["obstacles"].any()
    discs = envs.get_state()["obstacles"]
    placed = discs[..., 2] > 0
    assert placed.sum() > 100
    for i in range(60):
        mine = discs[i][placed[i]]
        for end in (infos["pose"][i, :2], seen["goal"][i]):
            assert (np.hypot(mine[:, 0] - end[0], mine[:, 1] - end[1]) > 1.0 - 0.1).all()
        assert ((mine[:, 2] >= 1.0) & (mine[:, 2] <= 2.0)).all()
        circles = [(x, y, 0.3) for x, y, *_ in mine]
        assert reachable(MAP, circles, 0.25, (infos["pose"][i, :2], seen["goal"][i]))


def test_no_obstacle_is_put_where_it_would_close_the_only_way():
    corridor = np.ones((20, 200))
    corridor[4:16] = 0.0
    grid = OccupancyGrid(corridor, 0.1)
    envs = make_many(50, map=grid, obstacles=2, obstacle_distance=1.0, min_distance=8.0, lidar=None)
    envs.reset(seed=0)
    assert not envs.get_state()["obstacles"].any()


def test_an_obstacle_shows_is_seen_and_is_hit():
    lidar = Lidar(beams=1, range_std=0.0)
    env = make(map=OPEN, start=(0.0, 0.0, 0.0), goal=(8.0, 0.0), lidar=lidar, obstacles=1)
    env.reset(seed=0)
    state = env.get_state()
    state["obstacles"][:] = [4.0, 0.1, 2.0, 0.0]  # shows at two metres
    env.set_state(state)
    steps = [env.step(np.array([1.0, 0.0])) for _ in range(34)]
    for seen, _, _, _, info in steps[:-1]:
        x = info["pose"][0]
        shown = np.hypot(4.0 - x, 0.1) < 2.0
        np.testing.assert_array_equal(info["obstacles"], [[4.0, 0.1, 0.3]] if shown else [[0.0] * 3])
        surface = 4.0 - np.sqrt(0.3**2 - 0.1**2) - x
        assert seen["lidar"][0] == pytest.approx(surface if shown else 10.0)
    assert [step[2] for step in steps[-2:]] == [False, False]
    *_, over, _, info = env.step(np.array([1.0, 0.0]))
    assert over
    assert info["outcome"] == "collision"
    assert 4.0 - 0.55 < info["pose"][0] < 4.0 - 0.45


def test_a_straight_ride_arrives_in_the_default_warehouse():
    env = gymnasium.make(ID)
    seen, info = env.reset(seed=0)
    assert set(seen) == {"lidar", "odometry", "goal", "start"}
    assert seen["lidar"].shape == (360,)
    assert info["distance_to_goal"] >= 5.0
    assert env.observation_space.contains(seen)


def test_bad_arguments_are_named():
    for wrong, says in [
        ({"start": (1.0, -2.0, 0.0)}, "start is .* no room for 0.25 m"),
        ({"start": (3.0, 1.0)}, "start is .* must be 3 finite numbers"),
        ({"start": (np.nan, 1.0, 0.0)}, "start is .* must be 3 finite numbers"),
        ({"goal": (99.0, 1.0)}, "goal is .* no room"),
        ({"dt": 0.0}, "dt is 0.0, but must be positive"),
        ({"reward": "shaped"}, "reward is 'shaped'"),
        ({"min_distance": 50.0}, "min_distance is 50.0 m, but no connected places"),
        ({"radius": 4.0}, "no free place for a robot"),
        ({"control_low": (1.0, 1.0), "control_high": (0.0, 2.0)}, "must lie below control_high"),
        ({"control_low": (1.0,)}, "control_low is"),
        ({"start_std": (0.1, -0.1, 0.0)}, "start_std is"),
        ({"obstacles": -1}, "obstacles is -1"),
        ({"kidnap_at": -1}, "kidnap_at is -1"),
    ]:
        with pytest.raises(MalformedInput, match=says):
            make(**wrong)


def test_actions_are_named_as_the_robot_names_them():
    env = make(robot=Bicycle())
    env.reset(seed=0)
    with pytest.raises(MalformedInput, match=r"action: steering is 0.7, but must lie in \[-0.6, 0.6\]"):
        env.step(np.array([0.0, 0.7]))


def test_it_runs_without_the_compiler():
    import os
    import subprocess
    import sys

    code = """
import gymnasium, numpy, plansim_envs
from plansim.core.map_makers import empty
from plansim.models.lidar import Lidar
kwargs = dict(map=empty(3.0, 3.0, 0.25), min_distance=1.0, lidar=Lidar(beams=8), obstacles=1, obstacle_distance=0.4)
envs = gymnasium.make_vec("plansim/GridNavigation-v0", 2, **kwargs)
envs.reset(seed=0)
for k in range(5):
    seen, reward, *_ = envs.step(numpy.tile([0.5, 0.1 * k], (2, 1)))
print(repr([*seen["lidar"].ravel(), *reward]))
"""
    told = []
    for disabled in ("0", "1"):
        environment = {**os.environ, "NUMBA_DISABLE_JIT": disabled}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        told.append(np.array(eval(done.stdout, {"np": np})))
    np.testing.assert_allclose(told[0], told[1], atol=1e-12)


def kidnapped(count, steps, **kwargs):
    """Poses (T, count, 3), odometry and rewards of robots that stand still, and whether they have been carried off."""
    envs = make_many(count, lidar=None, odometry=TRUE_WHEELS, max_steps=50, **kwargs)
    _, infos = envs.reset(seed=0)
    told = [(infos["pose"].copy(), np.zeros((count, 3)), np.zeros(count), infos.get("kidnapped"))]
    for _ in range(steps):
        seen, reward, _, _, infos = envs.step(np.zeros((count, 2)))
        told.append((infos["pose"].copy(), seen["odometry"].copy(), reward.copy(), infos.get("kidnapped")))
    return [np.array(column) if column[0] is not None else None for column in zip(*told, strict=True)]


def test_a_robot_is_carried_off_once_and_neither_its_wheels_nor_its_reward_notice():
    poses, odometry, rewards, said = kidnapped(200, 8, kidnap_at=4, kidnap_distance=1.5)
    moved = np.hypot(*np.moveaxis(np.diff(poses[..., :2], axis=0), -1, 0))
    assert moved[4].min() >= 1.5
    assert np.delete(moved, 4, axis=0).max() == 0.0
    assert np.abs(odometry).max() == 0.0
    np.testing.assert_allclose(rewards[1:], -0.01)
    assert said.tolist() == [[step > 4] * 200 for step in range(9)]
    assert not any(overlaps(MAP, pose[:2], 0.25) for pose in poses[5])
    assert np.ptp(poses[5, :, 2]) > 5.5
    assert (np.abs(poses[5, :, 2] - poses[4, :, 2]) > 0.5).mean() > 0.7


def test_until_it_is_carried_off_everything_is_as_without():
    calm, _, _, said = kidnapped(20, 4)
    assert said is None
    np.testing.assert_array_equal(calm, kidnapped(20, 4, kidnap_at=4)[0])


def test_many_kidnapped_robots_are_as_each_alone():
    check_vector_env(ID, map=MAP, min_distance=1.0, kidnap_at=3, kidnap_distance=1.0, obstacles=1, max_steps=20,
                     obstacle_distance=0.5, lidar=Lidar(beams=8), steps=40)  # fmt: skip
