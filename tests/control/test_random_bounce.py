"""Random bounce and the lawnmower: what they do by themselves, and what they cover."""

import gymnasium
import numpy as np
import plansim_envs  # noqa: F401
import pytest

from plansim.control.lawnmower import Lawnmower
from plansim.control.random_bounce import RandomBounce
from plansim.core.errors import MalformedInput
from plansim.core.map_makers import cluttered, empty


def clean(env, policy, seed):
    """Coverage after each step, and the episode's last info."""
    (observation, info), over = env.reset(seed=seed), False
    policy.reset(seed)
    curve = [info["coverage"]]
    while not over:
        observation, _, terminated, truncated, info = env.step(policy.act(observation))
        curve.append(info["coverage"])
        over = terminated or truncated
    return np.array(curve), info


def floor(**kwargs):
    grid = cluttered(empty(3.0, 2.4, 0.05), boxes=3, size=0.4, seed=2)
    return gymnasium.make("plansim/Coverage-v0", map=grid, dt=0.2, target=1.0, **kwargs).unwrapped


def test_a_bounce_is_one_turn_between_the_limits_to_either_side():
    policy, angles = RandomBounce(least_turn=0.4, most_turn=2.0, turn_rate=1.2, dt=0.1), []
    policy.reset(seed=1)
    for _ in range(400):
        assert policy.act({"bump": 0.0}).tolist() == [0.3, 0.0]
        action, turned = policy.act({"bump": np.ones(1)}), 0.0
        while action[1]:
            assert action[0] == 0.0
            assert abs(action[1]) <= 1.2 + 1e-12
            turned += 0.1 * action[1]
            action = policy.act({"bump": np.zeros(1)})
        angles.append(turned)
    sizes = np.abs(angles)
    assert sizes.min() >= 0.4 - 1e-9
    assert sizes.max() <= 2.0 + 1e-9
    assert abs(sizes.mean() - 1.2) < 4 * 1.6 / np.sqrt(12 * 400)  # drawn evenly
    assert abs(np.mean(np.array(angles) > 0) - 0.5) < 4 * 0.5 / np.sqrt(400)
    assert policy.metrics() == {"bounces": 400}


def test_another_seed_is_another_way_and_the_same_seed_the_same():
    env = floor(max_steps=300)
    one, same, other = (clean(env, RandomBounce(dt=0.2), seed)[0] for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_chance_covers_85_percent_ever_more_slowly():
    env = floor(max_steps=2400)
    curves = np.array([clean(env, RandomBounce(dt=0.2), seed)[0] for seed in range(20)])
    mean = curves.mean(0)
    assert mean[-1] >= 0.85
    assert (np.diff(curves, axis=1) >= 0).all()
    gains = np.diff(mean[:: len(mean) // 6])
    assert (np.diff(gains) < 0).all()  # concave
    # beside chance that looks at every spot anew (a Poisson process) it loses nothing but corners
    swept = 2 * 0.17 * 0.3 * 0.2 * np.arange(len(mean)) / (env.world._floor.size * 0.05**2)
    assert (mean[10:] <= mean[0] + 1.0 - np.exp(-swept[10:]) + 0.1).all()


def test_the_lawnmower_covers_an_empty_room_without_driving_twice():
    env = gymnasium.make("plansim/Coverage-v0", map=empty(4.0, 3.0, 0.05), target=0.995, max_steps=5000).unwrapped
    for seed in range(5):
        curve, info = clean(env, Lawnmower(env.world.grid), seed)
        assert info["is_success"]
        assert info["bumps"] == 0
        # lanes of the swath less its overlap, the ways between their ends, and from where it began
        lanes = 4.0 * 3.0 / (2 * 0.17 * 0.9)
        assert 0.3 * 0.1 * len(curve) < 1.1 * lanes + 5.0 + 0.3 * (np.pi * 12 / 1.5)


def test_the_lawnmower_reaches_85_percent_in_half_the_time_of_chance_past_boxes():
    env = floor(max_steps=4000)
    times = {}
    for make in (lambda: RandomBounce(dt=0.2), lambda: Lawnmower(env.world.grid, dt=0.2)):
        curves = [clean(env, make(), seed)[0] for seed in range(6)]
        times[type(make()).__name__] = np.mean([np.argmax(curve >= 0.85) for curve in curves])
        assert all(curve[-1] >= 0.85 for curve in curves)
    assert times["Lawnmower"] < 0.5 * times["RandomBounce"]


def test_the_lawnmower_does_not_leave_where_it_cannot_drive():
    grid = cluttered(empty(3.0, 2.4, 0.05), boxes=3, size=0.4, seed=2)
    mower = Lawnmower(grid)
    inside = np.argwhere(grid.occupied)[0]
    action = mower.act({"state": np.array([*grid.points(inside), 0.0]), "bump": np.zeros(1)})
    assert not action.any()


def test_what_they_cannot_use_is_said():
    with pytest.raises(MalformedInput, match="least_turn"):
        RandomBounce(least_turn=2.0, most_turn=1.0)
    with pytest.raises(MalformedInput, match="did you mean 'bmp'"):
        RandomBounce().act({"bmp": 1.0})
    with pytest.raises(MalformedInput, match="speed"):
        RandomBounce(speed=0.0)
    with pytest.raises(MalformedInput, match="overlap"):
        Lawnmower(empty(), overlap=1.0)
