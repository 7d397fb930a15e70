"""What every registered policy must keep to."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

from plansim.core.grid import OccupancyGrid
from plansim.core.road import Road
from plansim.estimation.localization.monte_carlo import MonteCarloLocalization
from plansim.models.lidar import Lidar
from plansim.models.lidar_likelihood import LikelihoodField
from plansim.models.unicycle import Unicycle
from plansim.planning.grid.space import GridSpace
from plansim.scenario.registry import BUILTINS, load

PATH = np.array([[1.0, 1.0], [4.0, 1.0], [4.0, 3.0]])


def room():
    cells = np.zeros((60, 80))
    cells[[0, -1], :] = cells[:, [0, -1]] = 1
    return OccupancyGrid(cells, resolution=0.1)


def pure_pursuit(build, folder):
    return build(Unicycle()), [{"state": np.array([1.0 + 0.1 * i, 1.0, 0.1]), "path": PATH} for i in range(5)]


def grid_moves(build, folder):
    cells = np.array([[1.5, 1.5], [2.5, 1.5], [3.5, 2.5]])
    return build(), [{"state": cell, "path": cells} for cell in cells]


def network(build, folder):
    from safetensors.numpy import save_file

    rng = np.random.default_rng(0)
    weights = {"0.weight": rng.normal(size=(2, 5)), "0.bias": np.zeros(2)}
    metadata = {"policy": "mlp", "activation": "relu", "output": "tanh", "observation": json.dumps(["state", "goal"])}
    save_file(weights, folder / "policy.safetensors", metadata)
    return build(folder / "policy.safetensors"), [{"state": rng.normal(size=3), "goal": np.ones(2)} for _ in range(5)]


def agent(build, folder):
    grid, lidar = room(), Lidar(beams=24)
    estimator, sensor = MonteCarloLocalization(grid, particles=100), LikelihoodField(grid, lidar)
    planner, controller = load(BUILTINS["planner"]["a-star"])(), load(BUILTINS["policy"]["pure-pursuit"])(Unicycle())
    start = np.array([1.0, 1.0, 0.0])
    observation = {"lidar": lidar.scan(grid, start), "odometry": np.zeros(3), "goal": np.array([6.0, 4.0])}
    observations = [observation | {"start": start} for _ in range(5)]
    return build(planner, controller, grid, estimator, sensor), observations


def plan_follower(build, folder):
    space, planner = GridSpace(room()), load(BUILTINS["planner"]["a-star"])(keep_expanded=True)
    states = [np.array([1.05 + 0.1 * i, 1.05]) for i in range(5)]
    return build(planner, space), [{"state": state, "goal": np.array([6.05, 4.05])} for state in states]


def road_driver(build, folder):
    road = Road(lanes=1, oncoming_lanes=1)
    cars = [
        road.vehicles(np.array([50.0 + i, 300.0 - i]), np.array([-1.75, 1.75]), np.array([7.0, -12.0]), 6.0, 2.0)
        for i in range(7)
    ]
    seen = np.array([1, 1], dtype=np.int8)
    return build(road), [
        {"state": np.array([20.0 + i, -1.75, 0.0, 10.0]), "vehicles": rows, "seen": seen} for i, rows in enumerate(cars)
    ]


def random_bounce(build, folder):
    return build(), [{"bump": np.array([float(i in (2, 30))])} for i in range(60)]


def lawnmower(build, folder):
    states = [np.array([1.05 + 0.1 * i, 1.05, 0.3]) for i in range(5)]
    return build(room()), [{"state": state, "bump": np.zeros(1)} for state in states]


def wall_follower(build, folder):
    around = np.array([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    return build(), [{"state": np.array([0.5 + i, 0.5]), "around": around} for i in (0, 1, 2, 1, 0)]


def bug2(build, folder):
    free, wall = np.zeros((3, 3)), np.zeros((3, 3))
    wall[:, 2] = 1.0
    way = [((0.5, 2.5), free), ((1.5, 2.5), wall), ((1.5, 1.5), wall), ((1.5, 0.5), wall)]
    goal = np.array([6.5, 2.5])
    return build(1.0), [{"state": np.array(state), "goal": goal, "around": around} for state, around in way]


def bug2_lidar(build, folder):
    lidar, pose = Lidar(beams=90, range_std=0.0), np.array([1.0, 1.0, 0.2])
    seen = {"lidar": lidar.scan(room(), pose), "start": pose, "goal": np.array([10.0, 2.0])}
    return build(lidar, distance=2.0), [seen | {"odometry": np.array([0.0, 0.0, 0.1 * i])} for i in range(5)]


def watcher(build, folder):
    gps, motion = load(BUILTINS["sensor"]["position"])(0.5), load(BUILTINS["motion"]["constant-velocity"])()
    estimator = load(BUILTINS["estimator"]["particle-filter"])(motion, particles=50)
    policy = build(estimator, {"gps": gps}, np.zeros(4), np.ones(4), Follow())
    seen = [np.array([int(i != 2)], dtype=np.int8) for i in range(5)]
    return policy, [{"gps": np.array([0.1 * i, 0.0]), "gps_seen": s} for i, s in enumerate(seen)]


def surveillance(build, folder):
    from plansim.surveillance import SensorView
    from plansim.tracking import Tracker

    gps, motion = load(BUILTINS["sensor"]["position"])(1.0), load(BUILTINS["motion"]["constant-velocity"])()
    tracker = Tracker(load(BUILTINS["estimator"]["kalman-filter"])(motion))
    still = {"counts": np.array([2]), "sensors": np.zeros((1, 3))}
    scans = [np.array([[[10.0 * i, 0.0], [0.0, 300.0 - i], [0.0, 0.0]]]) for i in range(5)]
    return build(tracker, (SensorView(gps, max_range=500.0),)), [
        {"detections": scan, "time": np.array([float(i)]), **still} for i, scan in enumerate(scans)
    ]


class Follow:
    """Goes where it is believed to be."""

    def reset(self, seed=None):
        pass

    def act(self, observation):
        return observation["state"][:2].copy()


CASES = {
    "watcher": watcher,
    "surveillance": surveillance,
    "open-loop": lambda build, folder: (build([[1.0, 0.0], [0.0, 1.0]], hold=2), [{} for _ in range(5)]),
    "bug2-lidar": bug2_lidar,
    "random-bounce": random_bounce,
    "lawnmower": lawnmower,
    "wall-follower": wall_follower,
    "bug2": bug2,
    "pure-pursuit": pure_pursuit,
    "grid-moves": grid_moves,
    "network": network,
    "agent": agent,
    "frenet-driver": road_driver,
    "overtaking-rule": road_driver,
    "optimal-overtaking": road_driver,
    "plan-follower": plan_follower,
}
ELSEWHERE = {"random"}  # it asks its environment what it may do: tested with the scenarios
policies = pytest.mark.parametrize("name", CASES)


@pytest.fixture
def case(name, tmp_path):
    if name == "network":
        pytest.importorskip("safetensors")
    return CASES[name](load(BUILTINS["policy"][name]), tmp_path)


def test_every_registered_policy_is_tested():
    assert set(CASES) | ELSEWHERE == set(BUILTINS["policy"])


@policies
def test_a_reset_with_the_same_seed_gives_the_same_actions(name, case):
    policy, observations = case

    def episode():
        policy.reset(3)
        return np.array([policy.act(observation) for observation in observations])

    assert np.array_equal(episode(), episode())


@policies
def test_it_may_be_reset_without_a_seed(name, case):
    policy, observations = case
    policy.reset()
    assert np.isfinite(policy.act(observations[0])).all()


@policies
def test_observations_are_left_alone(name, case):
    policy, observations = case
    policy.reset(0)
    for observation in observations:
        before = dict(observation)
        for array in observation.values():
            array.setflags(write=False)
        policy.act(observation)
        assert observation.keys() == before.keys()


@policies
def test_actions_are_finite_and_never_the_same_array(name, case):
    policy, observations = case
    policy.reset(0)
    actions = [policy.act(observation) for observation in observations]
    assert np.isfinite(actions).all()
    for a, b in pairwise(actions):
        assert np.isscalar(a) or not np.shares_memory(a, b)


@policies
def test_what_it_reports_are_numbers_under_the_same_names(name, case):
    policy, observations = case
    policy.reset(0)
    traces = []
    for observation in observations:
        policy.act(observation)
        traces.append(policy.trace() if hasattr(policy, "trace") else {})
    assert all(trace.keys() == traces[0].keys() for trace in traces)
    assert all(np.asarray(a).dtype.kind in "fib" for trace in traces for a in trace.values())
    metrics = policy.metrics() if hasattr(policy, "metrics") else {}
    assert all(isinstance(value, int | float) for value in metrics.values())
