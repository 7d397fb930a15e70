"""Road's rules, one by one and in their statistics."""

from __future__ import annotations

import gymnasium
import numpy as np
import plansim_envs  # noqa: F401
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.road import Road


def made(**kwargs):
    return gymnasium.make("plansim/Road-v0", **kwargs).unwrapped


def played(env, action, steps=1000, seed=0):
    env.reset(seed=seed)
    total = 0.0
    for _ in range(steps):
        observation, reward, terminated, truncated, info = env.step(np.array(action))
        total += reward
        if terminated or truncated:
            break
    return observation, total, info


def test_alone_it_arrives_and_earns_the_metres_over_the_top_speed():
    env = made(trucks=0, oncoming=0, start_speed=10.0)
    _, total, info = played(env, [0.0, 0.0])
    assert (info["outcome"], info["is_success"], info["collided"]) == ("arrived", True, False)
    assert total == pytest.approx(info["progress"] / 20.0)
    assert info["progress"] == pytest.approx(700 - 21.4, abs=1.0)


def test_who_drives_into_the_truck_collides_and_who_steers_away_leaves_the_road():
    assert played(made(oncoming=0), [3.0, 0.0])[2]["outcome"] == "collision"
    _, total, info = played(made(trucks=0, oncoming=0), [0.0, 0.1])
    assert info["outcome"] == "off road"
    assert total < -8.0
    assert played(made(trucks=0, oncoming=0, max_steps=5), [0.0, 0.0])[2]["outcome"] == "out of time"


def test_what_is_not_seen_is_not_shown():
    env = made()
    for seed in range(5):
        observation, info = env.reset(seed=seed)
        seen = observation["seen"] > 0
        np.testing.assert_array_equal(observation["vehicles"][~seen], 0.0)
        np.testing.assert_array_equal(observation["vehicles"][seen], info["vehicles"][seen])
        assert seen[0]  # the truck
    # on a straight road it hides who is straight behind it on the other lane
    hidden = [made(oncoming_spacing=(120.0, 120.0)).reset(seed=seed)[0]["seen"][1] for seed in range(20)]
    assert 0 in hidden


def test_distances_and_speeds_fill_their_ranges_evenly():
    env = gymnasium.make_vec("plansim/Road-v0", 4000, cars=2, oncoming=2, road=Road(lanes=2), lane=1).unwrapped
    _, info = env.reset(seed=0)
    vehicles = info["vehicles"]
    first = vehicles[:, 0, 0] - 20.0
    assert (first.min() > 25, first.max() < 60) == (True, True)
    assert first.mean() == pytest.approx(42.5, abs=3 * 35 / np.sqrt(12 * 4000))
    speeds = vehicles[:, 1, 3]
    assert speeds.mean() == pytest.approx(10.0, abs=3 * 8 / np.sqrt(12 * 4000))
    assert speeds.std() == pytest.approx(8 / np.sqrt(12), rel=0.05)
    assert (vehicles[:, 1, 1] == -1.75).mean() == pytest.approx(0.5, abs=0.03)
    np.testing.assert_allclose(np.abs(vehicles[:, 3:, 2]), np.pi)


def test_nobody_drives_into_whoever_is_ahead():
    crowd = {"cars": 6, "spacing": (15.0, 20.0), "truck_speed": 3.0, "oncoming": 4, "oncoming_spacing": (18.0, 25.0)}
    env = gymnasium.make_vec("plansim/Road-v0", 20, oncoming_speeds=(8.0, 15.0), max_steps=10**6, **crowd).unwrapped
    env.reset(seed=1)
    for _ in range(200):
        _, _, _, _, info = env.step(np.tile([-0.5, 0.0], (20, 1)))
        x = info["vehicles"]
        for lane in (x[:, :7, 0], x[:, 7:, 0]):
            assert (np.diff(np.sort(lane, axis=1), axis=1) > 4.0).all()


def test_the_truck_that_is_passed_is_counted():
    _, _, info = played(made(trucks=1, oncoming=0, road=Road(lanes=2, oncoming_lanes=0), lane=1, cars=0), [0.0, 0.0], 5)
    assert info["passed"] == 0
    env = made(road=Road(lanes=2, oncoming_lanes=0), lane=1, trucks=0, cars=1, oncoming=0, car_speeds=(1.0, 1.0))
    outcomes = [played(env, [2.0, 0.0], seed=seed)[2] for seed in range(8)]
    assert {(info["outcome"], info["passed"]) for info in outcomes} == {("arrived", 1), ("collision", 0)}


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"lane": 1}, "lane is 1"),
        ({"road": Road(oncoming_lanes=0)}, "no oncoming_lanes"),
        ({"spacing": (50.0, 20.0)}, "low and a high"),
        ({"start_speed": 30.0}, "top_speed"),
        ({"sensor_range": 0.0}, "sensor_range"),
    ],
)
def test_what_cannot_be_is_refused(kwargs, message):
    with pytest.raises(MalformedInput, match=message):
        made(**kwargs)
