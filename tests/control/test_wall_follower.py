"""A hand on the wall: it finds its way through every tree of corridors, and circles where walls are detached."""

import gymnasium
import numpy as np
import plansim_envs  # noqa: F401
import pytest

from plansim.control.wall_follower import WallFollower
from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.island_maze import island_maze, island_problems
from plansim.core.map_makers import maze

HANDS = ("left", "right")


def perfect(seed, size=7):
    return maze(size, size, corridor=0.2, resolution=0.2, seed=seed)


def world(grid, **kwargs):
    return gymnasium.make("plansim/GridWorld-v0", map=grid, sight=1, **kwargs).unwrapped


def follow(env, policy, seed):
    observation, over = env.reset(seed=seed)[0], False
    policy.reset(seed)
    way = [observation["state"]]
    while not over:
        observation, _, terminated, truncated, info = env.step(policy.act(observation))
        way.append(observation["state"])
        over = terminated or truncated
    return np.array(way), info


@pytest.mark.parametrize("hand", HANDS)
def test_both_hands_lead_to_the_goal_in_every_perfect_maze(hand):
    for seed in range(50):
        grid = perfect(seed)
        once_around = 2 * (grid.free.sum() - 1)  # a tree's every edge, there and back
        env, policy = world(grid, max_steps=int(once_around)), WallFollower(hand)
        for episode in range(3):
            way, info = follow(env, policy, episode)
            assert info["is_success"]
            assert (np.abs(np.diff(way, axis=0)).sum(-1) > 0.19).all()  # it never walks against a wall
            assert policy.metrics() == {"looped": 0}
            assert policy.remark() == ""


@pytest.mark.parametrize("hand", HANDS)
def test_without_a_goal_it_walks_every_corridor_there_and_back(hand):
    grid = perfect(seed=3)
    policy, cell = WallFollower(hand), np.array([1, 1])
    for _ in range(2 * grid.free.sum()):
        around = (~grid.free)[cell[0] - 1 : cell[0] + 2, cell[1] - 1 : cell[1] + 2]
        move = policy.act({"state": grid.points(cell), "around": around})
        cell = cell + np.array([(0, 1), (1, 0), (0, -1), (-1, 0)][move // 2])
    loop = policy.trace()["path"]
    assert len(loop) - 1 == 2 * (grid.free.sum() - 1)
    assert {tuple(c) for c in grid.cells(loop)} == {tuple(c) for c in np.argwhere(grid.free)}
    assert f"loop of {len(loop) - 1} steps" in policy.remark()


def test_the_right_hand_in_the_mirror_is_the_left_hand():
    grid = perfect(seed=5)
    mirror = OccupancyGrid(grid.probability[::-1], grid.resolution)
    moves = {}
    for hand, map in (("left", grid), ("right", mirror)):
        # a start with walls in the north and south only, in both
        row, column = next(
            (r, c) for r, c in np.argwhere(grid.free) if grid.free[r, c - 1] and grid.occupied[[r - 1, r + 1], c].all()
        )
        cell = np.array([row if hand == "left" else len(grid.probability) - 1 - row, column])
        policy, moves[hand] = WallFollower(hand), []
        for _ in range(100):
            around = (~map.free)[cell[0] - 1 : cell[0] + 2, cell[1] - 1 : cell[1] + 2]
            moves[hand].append(policy.act({"state": map.points(cell), "around": around}))
            cell = cell + np.array([(0, 1), (1, 0), (0, -1), (-1, 0)][moves[hand][-1] // 2])
    assert moves["left"] == [-move % 8 for move in moves["right"]]


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("seed", range(5))
def test_it_never_finds_an_island_and_knows_that_it_walks_in_a_loop(hand, seed):
    problems = island_problems(9, 11, 3, count=10, seed=seed, maze_seed=seed)
    env = world(island_maze(9, 11, 3, seed=seed), problems=problems, max_steps=1000)
    policy = WallFollower(hand)
    for episode in range(4):
        way, info = follow(env, policy, episode)
        assert not info["is_success"]
        assert policy.metrics() == {"looped": 1}
        assert "walks in a loop" in policy.remark()
        loop = policy.trace()["path"]
        np.testing.assert_array_equal(loop[0], loop[-1])
        walked = len(loop) - 1
        np.testing.assert_array_equal(way[-1 - walked :], way[-1 - 2 * walked : -walked])


def test_on_an_open_floor_it_goes_east_until_it_meets_a_wall():
    grid = OccupancyGrid(np.zeros((20, 20)), 1.0)
    policy, cell, way = WallFollower(), np.array([10, 10]), []
    padded = np.ones((22, 22))
    padded[1:-1, 1:-1] = 0
    for _ in range(30):
        around = padded[cell[0] : cell[0] + 3, cell[1] : cell[1] + 3]
        move = policy.act({"state": grid.points(cell), "around": around})
        cell = cell + np.array([(0, 1), (1, 0), (0, -1), (-1, 0)][move // 2])
        way.append(move)
    assert way[:9] == [0] * 9
    assert way[9:19] == [6] * 10  # the wall is at its left
    assert way[19:] == [4] * 11


def test_what_it_cannot_use_is_said():
    with pytest.raises(MalformedInput, match="'left' or 'right'"):
        WallFollower("both")
    with pytest.raises(MalformedInput, match="sight of 1"):
        WallFollower().act({"state": np.zeros(2)})
    with pytest.raises(MalformedInput, match="3 x 3"):
        WallFollower().act({"state": np.zeros(2), "around": np.zeros((2, 2))})
