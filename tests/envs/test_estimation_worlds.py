"""What the worlds to estimate promise: their motion, their noise, and when a sensor reads."""

from __future__ import annotations

import gymnasium
import numpy as np
import plansim_envs  # noqa: F401
import pytest
from plansim_envs.estimation_world import Sampling

from plansim.core.errors import MalformedInput
from plansim.models.aircraft import Aircraft
from plansim.models.disturbed import Disturbed
from plansim.models.horizontal import HorizontalPosition
from plansim.models.linear_sensor import LinearSensor
from plansim.models.pendulum import Pendulum, small_angle_pendulum
from plansim.models.position import Position
from plansim.models.range_bearing import RangeBearing
from plansim.models.unicycle import Unicycle

WORLDS = ["Aircraft", "Engine", "LandmarkRobot", "Pendulum", "RailCar"]


def many(name, count=2000, **settings):
    envs = gymnasium.make_vec(f"plansim/{name}-v0", count, **settings)
    return envs, envs.unwrapped.world


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_says_what_moves_what_reads_and_what_is_hidden(name):
    env = gymnasium.make(f"plansim/{name}-v0").unwrapped
    world = env.world
    observation, info = env.reset(seed=0)
    assert info["state"].shape == (len(world.state),)
    for sensor, model in world.sensors.items():
        assert observation[sensor].shape == (len(model.measurement),)
        assert observation[f"{sensor}_seen"].dtype == np.int8
    assert ("control" in observation) == (len(world.control) > 0)
    assert world.dt > 0
    assert world.motion.step(np.array(world.start), np.zeros(len(world.motion.control)), world.dt).shape


@pytest.mark.parametrize(("name", "control"), [("RailCar", [1.5]), ("Engine", [2000.0]), ("Pendulum", [2.0])])
def test_it_moves_as_its_model_says_with_the_noise_that_it_says(name, control):
    envs, world = many(name, start_std=(0.0, 0.0))
    _, infos = envs.reset(seed=0)
    before = infos["state"].copy()
    assert np.array_equal(before, np.tile(world.start, (2000, 1)))
    *_, infos = envs.step(np.tile(control, (2000, 1)))
    w = world.state.difference(infos["state"], world.motion.step(before, np.array(control), world.dt))
    Q = world.motion.noise_cov(None, None, world.dt)
    np.testing.assert_allclose(w.mean(0), 0.0, atol=4.5 * np.sqrt(Q.diagonal().max() / 2000))
    scale = np.sqrt(np.outer(Q.diagonal(), Q.diagonal()))
    np.testing.assert_allclose(np.cov(w.T) / scale, Q / scale, atol=0.15)


def test_the_beginning_is_drawn_from_its_density():
    envs, _ = many("RailCar", start=(3.0, -1.0), start_std=(2.0, 0.5))
    _, infos = envs.reset(seed=1)
    np.testing.assert_allclose(infos["state"].mean(0), [3.0, -1.0], atol=0.2)
    np.testing.assert_allclose(infos["state"].std(0), [2.0, 0.5], rtol=0.08)


def test_a_sensor_reads_at_its_rate_with_its_noise_and_loses_what_it_loses():
    sensors = {
        "slow": LinearSensor("position", [[1.0, 0.0]], [[4.0]]),
        "fast": LinearSensor("speed", [[0.0, 1.0]], [[1.0]]),
    }
    envs, _ = many("RailCar", sensors=sensors, sampling={"slow": Sampling(every=3, dropout=0.25)})
    observations, infos = envs.reset(seed=0)
    for step in range(7):
        seen = observations["slow_seen"][:, 0].astype(bool)
        assert seen.mean() == pytest.approx(0.75 if step % 3 == 0 else 0.0, abs=0.05)
        assert (observations["slow"][~seen] == 0).all()
        noise = (observations["slow"] - infos["state"][:, :1])[seen]
        assert not seen.any() or noise.std() == pytest.approx(2.0, rel=0.1)
        assert observations["fast_seen"].all()
        assert (observations["fast"] - infos["state"][:, 1:]).std() == pytest.approx(1.0, rel=0.1)
        observations, *_, infos = envs.step(np.zeros((2000, 1)))


def test_outliers_come_as_often_and_as_large_as_they_are_said_to():
    sampling = {"position": Sampling(outliers=0.1, outlier_scale=100.0)}
    envs, _ = many("RailCar", sampling=sampling)
    observations, infos = envs.reset(seed=0)
    large = np.abs(observations["position"] - infos["state"][:, :1]) > 5 * 0.5
    assert large.mean() == pytest.approx(0.1 * 0.96, abs=0.025)


def test_one_sensor_more_or_less_often_does_not_change_the_motion():
    rare, often = (many("RailCar", 5, sampling={"position": Sampling(every=n, dropout=0.3)})[0] for n in (1, 7))
    rare.reset(seed=0)
    often.reset(seed=0)
    for _ in range(10):
        a, b = (envs.step(np.ones((5, 1)))[-1]["state"] for envs in (rare, often))
        assert np.array_equal(a, b)


def test_a_landmark_is_read_within_the_robots_view_only():
    sensors = {"near": RangeBearing((3.0, 0.0)), "far": RangeBearing((30.0, 0.0))}
    envs, _ = many("LandmarkRobot", 500, sensors=sensors, max_range=10.0, start_std=(0.0, 0.0, 0.0))
    observations, _ = envs.reset(seed=0)
    assert observations["near_seen"].all()
    assert not observations["far_seen"].any()
    assert observations["near"].mean(0) == pytest.approx([3.0, 0.0], abs=0.02)


def test_the_robot_does_as_told_and_its_wheels_err_in_what_they_report():
    motion = Disturbed(Unicycle(), control_std=(0.2, 0.05))
    envs, world = many("LandmarkRobot", motion=motion)
    _, infos = envs.reset(seed=0)
    before = infos["state"]
    told = np.array([1.0, 0.3])
    observations, *_, infos = envs.step(np.tile(told, (2000, 1)))
    np.testing.assert_allclose(infos["state"], world.state.wrap(motion.step(before, told, world.dt)), atol=1e-12)
    np.testing.assert_allclose(observations["control"].mean(0), told, atol=0.02)
    np.testing.assert_allclose(observations["control"].std(0), [0.2, 0.05], rtol=0.08)


def test_an_aircraft_flies_straight_turns_and_changes_its_speed_as_its_parameters_say():
    settings = {
        "motion": Aircraft(acceleration_density=0.0),
        "straight_seconds": (5.0, 8.0),
        "manoeuvre_seconds": (4.0, 6.0),
    }
    envs, _ = many("Aircraft", 300, acceleration_share=0.4, max_steps=100, **settings)
    _, infos = envs.reset(seed=0)
    kinds = []
    for _ in range(60):
        v = infos["state"][:, 2:]
        *_, infos = envs.step(np.zeros(300, dtype=int))
        after = infos["state"][:, 2:]
        speed = np.linalg.norm(v, axis=1), np.linalg.norm(after, axis=1)
        turn = np.arctan2(v[:, 0] * after[:, 1] - v[:, 1] * after[:, 0], (v * after).sum(-1))
        kind = infos["manoeuvre"]
        np.testing.assert_allclose(after[kind == 0], v[kind == 0], atol=1e-9)
        np.testing.assert_allclose(speed[1][kind == 1], speed[0][kind == 1], rtol=1e-6)
        assert (np.abs(turn[kind == 1]) >= 0.05 - 1e-4).all()
        assert (np.abs(turn[kind == 1]) <= 0.12 + 1e-4).all()
        np.testing.assert_allclose(turn, infos["turn_rate"], atol=1e-4)
        change = np.abs(speed[1] - speed[0])[kind == 2]
        assert ((change > 0.99) & (change < 4.01)).all()
        kinds.append(kind)
    share = np.bincount(np.concatenate(kinds), minlength=3) / np.size(kinds)
    assert share[2] / (share[1] + share[2]) == pytest.approx(0.4, abs=0.06)
    assert 0.4 < share[0] < 0.75


def test_small_swings_are_the_linear_pendulums_and_large_ones_keep_their_energy():
    real, linear = Pendulum(damping=0.2), small_angle_pendulum(damping=0.2)
    x = y = np.array([0.01, 0.0])
    for _ in range(40):
        x, y = real.step(x, np.zeros(1), 0.05), linear.step(y, np.zeros(1), 0.05)
    np.testing.assert_allclose(x, y, atol=2e-6)
    free, x = Pendulum(length=2.0), np.array([3.0, 0.5])

    def energy(state):
        return 0.5 * state[1] ** 2 - 9.81 / 2.0 * np.cos(state[0])

    before = energy(x)
    for _ in range(400):
        x = free.step(x, np.zeros(1), 0.01)
    assert energy(x) == pytest.approx(before, abs=1e-5)


def test_above_and_below_are_the_same_to_the_horizontal_position():
    sensor = HorizontalPosition()
    np.testing.assert_allclose(sensor.measure(np.array([0.4, 0.0])), sensor.measure(np.array([np.pi - 0.4, 0.0])))


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("RailCar", {"start": (0.0,)}, "start is"),
        ("RailCar", {"start_std": (1.0, -1.0)}, "start_std is"),
        ("RailCar", {"sensors": {}}, "without sensors"),
        ("RailCar", {"sensors": {"control": LinearSensor("z", [[1.0, 0.0]], [[1.0]])}}, "means something else"),
        ("RailCar", {"sampling": {"radar": Sampling()}}, "sampling names 'radar', but the sensors are position"),
        ("RailCar", {"dt": 0.0}, "dt is 0"),
        ("LandmarkRobot", {"sensors": {"gps": Position()}}, "has no landmark"),
        ("LandmarkRobot", {"max_range": 0.0}, "max_range is 0"),
        ("Aircraft", {"turn_rates": (0.2, 0.1)}, "a low and a high number"),
        ("Aircraft", {"acceleration_share": 1.5}, "must be a share"),
    ],
)
def test_a_world_that_cannot_be_meant_is_refused(name, settings, says):
    with pytest.raises(MalformedInput, match=says):
        gymnasium.make(f"plansim/{name}-v0", **settings)


@pytest.mark.parametrize("settings", [{"every": 0}, {"dropout": 1.5}, {"outliers": -0.1}, {"outlier_scale": 0.0}])
def test_a_sampling_that_cannot_be_meant_is_refused(settings):
    with pytest.raises(MalformedInput, match=next(iter(settings))):
        Sampling(**settings)
