"""Coverage: what is covered, reached and bumped into, by brute force."""

from itertools import pairwise

import gymnasium
import numpy as np
import plansim_envs  # noqa: F401
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.map_makers import cluttered, empty


def turned_room(seed=0):
    grid = cluttered(empty(3.0, 2.4, 0.1), boxes=4, size=0.3, seed=seed)
    return OccupancyGrid(grid.probability, 0.1, (1.0, -2.0, 0.6))


def drive(env, seed, steps, low=0.0):
    rng = np.random.default_rng(seed)
    told = [env.reset(seed=seed)]
    for _ in range(steps):
        action = np.array([rng.uniform(low, 1.0), rng.uniform(-1.5, 1.5) * (rng.random() < 0.5)])
        told.append(env.step(action))
        if told[-1][2] or told[-1][3]:
            break
    return told


def near(points, a, b):
    """Metres from points (N, 2) to the segment from a to b."""
    way = b - a
    share = np.clip((points - a) @ way / max(way @ way, 1e-300), 0.0, 1.0)
    return np.linalg.norm(points - a - share[:, None] * way, axis=-1)


@pytest.mark.parametrize("seed", range(4))
def test_covered_are_the_cells_that_the_disc_passed_over(seed):
    env = gymnasium.make("plansim/Coverage-v0", map=turned_room(seed), radius=0.2, dt=0.3, target=1.0).unwrapped
    told = drive(env, seed, 60)
    poses = np.array([one[0]["state"] for one in told])
    centres = env.world.grid.points(np.argwhere(np.ones(env.world.grid.shape)))
    distance = np.min([near(centres, a[:2], b[:2]) for a, b in pairwise(poses)], axis=0)
    covered = env.get_state()["covered"].reshape(-1).astype(bool)
    sure = np.abs(distance - 0.2) > 1e-9
    np.testing.assert_array_equal(covered[sure], distance[sure] <= 0.2)


@pytest.mark.parametrize("seed", range(4))
def test_the_return_is_what_was_covered_and_never_more_than_it_swept(seed):
    env = gymnasium.make("plansim/Coverage-v0", map=turned_room(seed), radius=0.2, target=1.0).unwrapped
    told = drive(env, seed, 300)
    shares = np.array([told[0][1]["coverage"]] + [one[4]["coverage"] for one in told[1:]])
    np.testing.assert_allclose(np.diff(shares), [one[1] for one in told[1:]], atol=1e-12)
    poses = np.array([one[0]["state"] for one in told])
    length = np.linalg.norm(np.diff(poses[:, :2], axis=0), axis=-1).sum()
    swept = np.pi * 0.2**2 + 2 * 0.2 * length
    cells = shares * env.world._floor.size * 0.1**2
    assert cells[-1] <= 1.1 * swept  # cells are counted by their centres
    assert env.get_state()["covered"][0][~env.world._floor.reachable].sum() < 0.1 * env.world._floor.size


@pytest.mark.parametrize("seed", range(4))
def test_it_never_touches_and_bumps_exactly_where_it_is_stopped(seed):
    grid = turned_room(seed)
    env = gymnasium.make("plansim/Coverage-v0", map=grid, radius=0.2, dt=0.2).unwrapped
    told = drive(env, seed, 300)
    poses = np.array([one[0]["state"] for one in told])
    uv = grid.columns_rows(poses[:, :2]) * 0.1
    corners = 0.1 * np.argwhere(~grid.free)[:, ::-1]
    gap = np.maximum(np.maximum(corners - uv[:, None], uv[:, None] - corners - 0.1), 0.0)
    clearance = np.linalg.norm(gap, axis=-1).min(1)
    clearance = np.minimum(clearance, np.minimum(uv, np.array(grid.size) - uv).min(1))
    assert clearance.min() > 0.2 - 1e-9
    bumped = np.array([one[0]["bump"][0] for one in told]) > 0
    assert 10 < bumped.sum() == told[-1][4]["bumps"]
    assert clearance[bumped].max() < 0.2 + 1e-6


def test_straight_into_a_wall_it_stands_at_its_radius_and_may_turn_there():
    env = gymnasium.make("plansim/Coverage-v0", map=empty(2.0, 2.0, 0.1), radius=0.25, start=(1.0, 1.0, 0.0)).unwrapped
    env.reset(seed=0)
    for _ in range(12):
        observation, *_ = env.step(np.array([1.0, 0.0]))
    np.testing.assert_allclose(observation["state"], [1.75, 1.0, 0.0], atol=1e-6)
    assert observation["bump"] == 1
    observation, *_ = env.step(np.array([0.0, 1.5]))
    np.testing.assert_allclose(observation["state"], [1.75, 1.0, 0.15], atol=1e-6)
    assert observation["bump"] == 0


def test_reachable_is_what_a_disc_covers_from_everywhere_it_can_go():
    cells = np.zeros((30, 50))
    cells[:, 30] = 1
    cells[14, 30] = 0  # a gap too narrow for it
    cells[5:8, 5:8] = 1
    grid = OccupancyGrid(cells, 0.1)
    for start, columns in (((1.0, 2.0, 0.0), slice(0, 30)), ((4.0, 1.0, 0.0), slice(31, 50)), (None, slice(0, 30))):
        world = gymnasium.make("plansim/Coverage-v0", map=grid, radius=0.3, start=start).unwrapped.world
        right = np.zeros(grid.shape, dtype=bool)
        centres = grid.points(np.argwhere(np.ones(grid.shape)))
        for place in world._floor.places:
            right |= (np.linalg.norm(centres - place, axis=-1) <= 0.3 + 1e-9).reshape(grid.shape)
        np.testing.assert_array_equal(world._floor.reachable, right)
        assert right[:, columns].mean() > 0.9
        right[:, columns] = False
        assert right.sum() <= 4  # a bulge into the gap


def test_an_episode_ends_when_enough_is_covered_or_it_takes_too_long():
    for target, steps, outcome in ((0.3, 1000, "covered"), (1.0, 50, "out of time")):
        env = gymnasium.make("plansim/Coverage-v0", map=turned_room(), target=target, max_steps=steps).unwrapped
        *_, terminated, truncated, info = drive(env, 3, 1000, low=0.5)[-1]
        assert (terminated, truncated) == (outcome == "covered", outcome == "out of time")
        assert (info["outcome"], info["is_success"]) == (outcome, outcome == "covered")
        assert info["coverage"] >= 0.3 or outcome != "covered"


def test_the_picture_shows_what_is_covered():
    env = gymnasium.make("plansim/Coverage-v0", map=turned_room(), render_mode="rgb_array").unwrapped
    env.reset(seed=1)
    shares = []
    for _ in range(3):
        shares.append((env.render() == (191, 227, 200)).all(-1).mean())
        for _ in range(20):
            env.step(np.array([0.7, 0.8]))
    assert shares[0] < 0.1
    assert shares[0] < shares[1] < shares[2]


def test_what_cannot_be_is_refused():
    for wrong, says in [
        ({"target": 0.0}, "target"),
        ({"radius": -1.0}, "radius"),
        ({"start": (1.0, -2.0, 0.0)}, "no room"),
        ({"radius": 50.0}, "no free place"),
    ]:
        with pytest.raises(MalformedInput, match=says):
            gymnasium.make("plansim/Coverage-v0", map=turned_room(), **wrong)
