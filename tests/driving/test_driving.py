"""Drivers on the road: what they believe, how they steer, and whether they keep their promises."""

from __future__ import annotations

import gymnasium
import numpy as np
import plansim_envs  # noqa: F401
import pytest

from plansim.core.boxes import first_unseen
from plansim.core.errors import MalformedInput
from plansim.core.road import Road
from plansim.driving.frenet_driver import FrenetDriver
from plansim.driving.lane_keeping import LaneKeeping
from plansim.driving.optimal_overtaking import OptimalOvertaking
from plansim.driving.overtaking_rule import OvertakingRule
from plansim.driving.scene import Driver, distance_in, time_to_gain
from plansim.driving.traffic import NUMBER, Traffic, clear_until, predicted
from plansim.models.bicycle import Bicycle
from plansim.planning.trajectory.lane_search import LaneSearch
from plansim.scenario.load import from_mapping, load
from plansim.scenario.run import run

STRAIGHT = Road(points=((0.0, 0.0), (900.0, 0.0)))
BENDS = Road(points=((0.0, 0.0), (100.0, 0.0), (200.0, 30.0), (320.0, 20.0), (450.0, 0.0)), lanes=3, oncoming_lanes=0)


def played(policy, seed, **kwargs):
    env = gymnasium.make("plansim/Road-v0", **kwargs)
    observation, info = env.reset(seed=seed)
    policy.reset(seed)
    for _ in range(1500):
        observation, _, terminated, truncated, info = env.step(policy.act(observation))
        if terminated or truncated:
            break
    return info


def test_a_vehicle_that_was_seen_is_believed_for_a_while_and_moves_on():
    traffic = Traffic(STRAIGHT, memory=1.0)
    car = STRAIGHT.vehicles(np.array([50.0]), np.array(1.75), np.array(-10.0), 4.6, 1.9)
    np.testing.assert_allclose(traffic.observe(car, np.ones(1), 0.5), [[50.0, 1.75, -10.0, 4.6, 1.9, 0]])
    np.testing.assert_allclose(traffic.observe(0 * car, np.zeros(1), 0.5)[:, 0], 45.0)
    np.testing.assert_allclose(traffic.observe(0 * car, np.zeros(1), 0.5)[:, 0], 40.0)
    assert len(traffic.observe(0 * car, np.zeros(1), 0.5)) == 0


def test_predictions_follow_the_road():
    believed = np.array([[150.0, -1.75, 10.0, 4.6, 1.9, 0]])
    poses = predicted(BENDS, believed, np.array([0.0, 2.0]))
    s, d = BENDS.line.project(poses[..., :2])
    np.testing.assert_allclose(s, [[150.0, 170.0]], atol=1e-9)
    np.testing.assert_allclose(d, -1.75, atol=1e-9)


def test_no_car_fits_into_the_part_that_is_called_clear():
    rng = np.random.default_rng(0)
    for _ in range(30):
        truck = np.array([[rng.uniform(20, 60), -1.75, 7.0, 12.0, 2.5, 0]])
        eye = np.array([0.0, rng.uniform(-1.75, -0.6)])
        clear = clear_until(STRAIGHT, eye, 300.0, truck, (4.6, 1.9))
        vehicles = STRAIGHT.vehicles(*truck[:, :NUMBER].T)
        fronts = rng.uniform(0.0, max(clear, 0.1), 200)
        cars = STRAIGHT.vehicles(fronts + 2.3, np.array(1.75), np.array(-1.0), 4.6, 1.9)
        assert clear < 50 or first_unseen(eye, 300.0, cars, vehicles) >= 195
    # from the middle of the lane the truck hides more than from its left
    middle, left = (clear_until(STRAIGHT, np.array([0.0, y]), 300.0, truck, (4.6, 1.9)) for y in (-1.75, -0.8))
    assert middle < left


def test_steering_keeps_the_lane_and_changes_it_smoothly():
    keeping, car = LaneKeeping(BENDS.line, 2.8, 2.5), Bicycle(2.8)
    frame = BENDS.line.at(np.array(20.0))
    state = np.array([*BENDS.line.beside(np.array(20.0), -1.75), float(frame.heading), 12.0])
    offsets = []
    for k in range(200):
        control = np.array([0.0, keeping.steering(state, 0.0, -1.75 if k < 60 else -5.25, 0.1)])
        state = car.step(state, control, 0.1)
        offsets.append(float(BENDS.line.project(state[:2])[1]))
    assert np.abs(np.array(offsets[:60]) + 1.75).max() < 0.05
    assert np.abs(np.array(offsets[90:]) + 5.25).max() < 0.1
    assert np.abs(np.diff(offsets, 2)).max() / 0.01 < 4.0  # m/s^2


def test_the_time_to_gain_is_that_of_stepping_along():
    driver = Driver()
    for way, speed, pace in ((20.0, 7.0, 7.0), (80.0, 12.0, 7.0), (150.0, 19.0, 10.0)):
        t, s, v = 0.0, 0.0, speed
        while s - pace * t < way:
            s, v, t = s + v * 1e-3, min(v + 2e-3, 20.0), t + 1e-3
        assert time_to_gain(way, speed, pace, driver) == pytest.approx(t, abs=0.02)
        assert distance_in(t, speed, driver) == pytest.approx(s, abs=0.1)


def test_the_candidates_driver_gets_through_slow_traffic():
    info = played(FrenetDriver(BENDS), 0, road=BENDS, trucks=1, cars=5, spacing=(15.0, 30.0), oncoming=0)
    assert (info["outcome"], info["passed"] >= 3) == ("arrived", True)


def test_who_allows_for_what_it_cannot_see_never_collides():
    driver = Driver(sensor_range=400.0)
    kwargs = {"road": STRAIGHT, "oncoming": 6, "sensor_range": 400.0, "max_steps": 1500}
    rule, optimal = OvertakingRule(STRAIGHT, driver, margin=15.0), OptimalOvertaking(STRAIGHT, driver)
    for seed in (6, 14):
        infos = [played(policy, seed, **kwargs) for policy in (rule, optimal)]
        assert [info["outcome"] for info in infos] == ["arrived"] * 2
        assert [info["passed"] for info in infos] == [1, 1]


def test_drivers_that_do_not_fit_are_refused():
    with pytest.raises(MalformedInput, match="oncoming_lanes"):
        OvertakingRule(BENDS)
    with pytest.raises(MalformedInput, match="change of lane"):
        OptimalOvertaking(STRAIGHT, planner=LaneSearch(changing=4))
    with pytest.raises(MalformedInput, match="lanes are"):
        FrenetDriver(BENDS, lanes=(3,))
    with pytest.raises(MalformedInput, match="observation has no 'state'"):
        FrenetDriver(BENDS).act({"stat": 1})


def test_a_saved_scenario_runs_again_with_its_dataclasses(tmp_path):
    mapping = {"name": "road", "env": {"id": "plansim/Road-v0"}, "policy": {"name": "overtaking-rule", "road": {}}}
    first = run(from_mapping({**mapping, "max_steps": 5}))
    first.save(tmp_path / "run")
    again = run(load(tmp_path / "run" / "scenario.yaml"))
    assert [episode.metrics for episode in again.episodes] == [episode.metrics for episode in first.episodes]
