"""The Watcher against estimators run by hand, and what it refuses."""

from __future__ import annotations

import gymnasium
import numpy as np
import plansim_envs  # noqa: F401
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.estimation import ExtendedKalmanFilter, InteractingMultipleModel, KalmanFilter, ParticleFilter
from plansim.models.kinematic import ConstantVelocity
from plansim.models.linear_sensor import LinearSensor
from plansim.models.position import Position
from plansim.models.rail_car import rail_car
from plansim.watcher import Watcher, pose_of, representative

CAR = rail_car(drag=0.3)
POSITION, SPEED = LinearSensor("position", [[1.0, 0.0]], [[0.3]]), LinearSensor("speed", [[0.0, 1.0]], [[0.2]])
YES, NO = np.ones(1, dtype=np.int8), np.zeros(1, dtype=np.int8)


def observation(position=0.0, speed=0.0, control=0.0, seen=(YES, YES)):
    numbers = {"position": [position], "speed": [speed], "control": [control]}
    flags = {"position_seen": seen[0], "speed_seen": seen[1]}
    return {name: np.array(value) for name, value in numbers.items()} | flags


def watcher(estimator=None, **settings):
    sensors = {"position": POSITION, "speed": SPEED}
    return Watcher(estimator or KalmanFilter(CAR), sensors, [0.0, 0.0], [1.0, 2.0], dt=0.2, **settings)


def test_it_is_the_filter_run_by_hand():
    policy, estimator = watcher(), KalmanFilter(CAR)
    policy.reset(0)
    belief, total = Gaussian(np.zeros(2), np.diag([1.0, 4.0])), 0.0
    steps = [
        (0.1, 0.2, 0.0, (YES, YES)),
        (0.3, 0.0, 1.5, (YES, NO)),
        (0.0, 0.0, -1.0, (NO, NO)),
        (0.5, 1, 0.3, (YES, YES)),
    ]
    for i, (position, speed, control, seen) in enumerate(steps):
        policy.act(observation(position, speed, control, seen))
        if i:
            belief = estimator.predict(belief, np.array([control]), 0.2)
        np.testing.assert_allclose(policy.trace()["prior_mean"], belief.mean, atol=1e-12)
        nis = []
        for z, flag, sensor in ((position, seen[0], POSITION), (speed, seen[1], SPEED)):
            if flag:
                update = estimator.update(belief, np.array([z]), sensor)
                belief, total = update.belief, total + update.log_likelihood
                nis.append(float(update.innovation[0] ** 2 / update.innovation_cov[0, 0]))
        trace = policy.trace()
        np.testing.assert_allclose(trace["mean"], belief.mean, atol=1e-12)
        np.testing.assert_allclose(trace["cov"], belief.cov, atol=1e-12)
        assert trace["nis_size"] == len(nis)
        np.testing.assert_allclose(trace["nis"], sum(nis) if nis else np.nan, atol=1e-12)
    assert policy.metrics()["log_likelihood"] == pytest.approx(total)
    assert policy.metrics()["readings"] == 5


def test_a_reading_without_a_flag_always_counts():
    with_flag, without = watcher(), watcher()
    seen = observation(0.4, 0.1)
    with_flag.act(seen)
    without.act({name: value for name, value in seen.items() if not name.endswith("_seen")})
    assert np.array_equal(with_flag.trace()["mean"], without.trace()["mean"])


def test_its_controller_steers_by_the_estimate_and_an_idle_one_stays_within_the_space():
    class Echo:
        def reset(self, seed=None): ...
        def act(self, seen):
            return seen["state"] * 2

    policy = watcher(controller=Echo())
    assert np.allclose(policy.act(observation(0.5)), 2 * policy.trace()["mean"])
    space = gymnasium.spaces.Box(1.0, 2.0, (1,))
    assert watcher(action_space=space).act(observation()).tolist() == [1.0]
    assert watcher(action_space=gymnasium.spaces.Discrete(1)).act(observation()) == 0


def test_a_known_start_needs_no_spread():
    policy = Watcher(KalmanFilter(CAR), {"position": POSITION}, [1.0, 0.0], [0.0, 0.0])
    policy.act({"position": np.array([5.0])})
    assert policy.trace()["mean"].tolist() == [1.0, 0.0]


def test_particles_show_as_often_as_they_weigh():
    states = np.arange(1000.0)[:, None]
    weights = np.where(states[:, 0] < 100, 0.009, 0.1 / 900)
    shown = representative(states, weights)
    assert shown.shape == (100, 1)
    assert (shown < 100).mean() == pytest.approx(0.9, abs=0.011)
    policy = watcher(ParticleFilter(CAR, particles=300))
    policy.act(observation())
    trace = policy.trace()
    assert trace["particles"].shape == (100, 2)
    assert np.isnan(trace["nis"])
    assert trace["nis_size"] == 0


def test_modes_and_poses_are_traced_where_there_are_such():
    calm, agile = (KalmanFilter(ConstantVelocity(acceleration_density=q)) for q in (0.01, 10.0))
    estimator = InteractingMultipleModel((calm, agile), transition=[[0.9, 0.1], [0.1, 0.9]])
    policy = Watcher(estimator, {"gps": Position()}, [0.0, 0.0, 0.0, 2.0], np.ones(4))
    policy.act({"gps": np.zeros(2)})
    trace = policy.trace()
    assert trace["mode_probabilities"].sum() == pytest.approx(1.0)
    assert trace["pose"][2] == pytest.approx(np.pi / 2)
    assert pose_of(np.zeros(2), CAR.state) is None


def test_a_reading_that_nothing_explains_is_counted_and_not_summed():
    class Deaf:
        measurement, cov = POSITION.measurement, POSITION.cov

        def log_likelihood(self, z, x):
            return np.full(x.shape[:-1], -np.inf)

    policy = Watcher(ParticleFilter(CAR, particles=50), {"position": Deaf()}, np.zeros(2), np.ones(2))
    policy.act({"position": np.zeros(1)})
    assert policy.metrics()["unexplained"] == 1
    assert policy.metrics()["log_likelihood"] == 0.0


def test_an_estimate_that_is_no_number_fails_in_words():
    class Broken(KalmanFilter):
        def update(self, belief, measurement, sensor, rng=None):
            update = super().update(belief, measurement, sensor, rng)
            return update._replace(belief=Gaussian(update.belief.mean * np.nan, update.belief.cov))

    with pytest.raises(MalformedInput, match=r"Broken gave the mean \[nan, nan\] at step 0"):
        Watcher(Broken(CAR), {"position": POSITION}, np.zeros(2), np.ones(2)).act(observation())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"start_mean": [0.0]}, "start_mean is .* but must be 2 finite numbers: position speed"),
        ({"start_std": [1.0, np.nan]}, "start_std is"),
        ({"start_std": [1.0, -1.0]}, "0 or more"),
        ({"dt": 0.0}, "dt is 0"),
        ({"sensors": {}}, "no sensors"),
    ],
)
def test_what_cannot_be_meant_is_refused(change, says):
    given = {"sensors": {"position": POSITION}, "start_mean": [0.0, 0.0], "start_std": [1.0, 1.0]} | change
    with pytest.raises(MalformedInput, match=says):
        Watcher(KalmanFilter(CAR), **given)


def test_an_observation_without_the_sensor_names_the_near_miss():
    with pytest.raises(MalformedInput, match="no 'speed'; did you mean 'sped'"):
        watcher().act({"position": np.zeros(1), "sped": np.zeros(1)})


def consistency(identity, make, episodes=40, **settings):
    """Mean NEES over all steps and episodes, of an estimator of the world's own motion and sensors."""
    squares = []
    envs = gymnasium.make_vec(identity, episodes, **settings)
    world = envs.unwrapped.world
    policies = [
        Watcher(make(world), world.sensors, world.start, world.start_std, dt=world.dt, action_space=world.action_space)
        for _ in range(episodes)
    ]
    seen, infos = envs.reset(seed=0)
    for i, policy in enumerate(policies):
        policy.reset(i)
    for _ in range(world.max_steps):
        actions = [p.act({name: rows[i] for name, rows in seen.items()}) for i, p in enumerate(policies)]
        for policy, truth in zip(policies, infos["state"], strict=True):
            trace = policy.trace()
            error = world.state.difference(trace["mean"], truth)
            squares.append(error @ np.linalg.solve(trace["cov"], error))
        seen, *_, infos = envs.step(np.array(actions))
    return np.mean(squares)


@pytest.mark.parametrize(
    ("identity", "estimator", "components"),
    [
        ("plansim/RailCar-v0", KalmanFilter, 2),
        ("plansim/Engine-v0", KalmanFilter, 2),
        ("plansim/Pendulum-v0", ExtendedKalmanFilter, 2),
        ("plansim/LandmarkRobot-v0", ExtendedKalmanFilter, 3),
    ],
)
def test_a_filter_of_the_worlds_own_models_knows_how_well_it_knows(identity, estimator, components):
    nees = consistency(identity, lambda world: estimator(world.motion), max_steps=60)
    assert nees == pytest.approx(components, rel=0.3)  # four standard deviations of 40 correlated episodes
