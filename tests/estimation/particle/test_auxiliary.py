"""The auxiliary particle filter: exact where it can be, better than the bootstrap filter where it looks ahead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.estimation.particle.auxiliary import AuxiliaryParticleFilter
from plansim.estimation.particle.particle_filter import ParticleFilter
from plansim.models.kinematic import ConstantVelocity, CoordinatedTurn
from plansim.models.linear_sensor import LinearSensor
from plansim.models.position import Position
from plansim.models.radar import Radar

MOTION, START = ConstantVelocity(acceleration_density=0.5), Gaussian(np.zeros(4), np.eye(4))


@dataclass(frozen=True)
class Said:
    """A sensor that only says how likely its reading is."""

    sensor: Position

    def log_likelihood(self, z, x):
        e = (z - self.sensor.measure(x)) / self.sensor.std
        return -0.5 * (e**2).sum(-1) - np.log(2 * np.pi * self.sensor.std**2)


@dataclass(frozen=True)
class Never:
    def log_likelihood(self, z, x):
        return np.full(x.shape[:-1], -np.inf)


def run(estimator, sensor, readings, seed=0):
    rng = np.random.default_rng(seed)
    belief, total = estimator.around(START, rng), 0.0
    for z in readings:
        belief = estimator.predict(belief, None, 0.5, rng)
        belief, _, _, log_likelihood = estimator.update(belief, z, sensor, rng)
        total += log_likelihood
    return belief, total


READINGS = np.random.default_rng(1).normal(size=(12, 2)).cumsum(0)


def test_with_a_linear_sensor_all_weights_are_the_same():
    belief, _ = run(AuxiliaryParticleFilter(MOTION, 200), Position(0.1), READINGS)
    assert np.ptp(belief.log_weights) < 1e-9


def test_a_promise_by_likelihood_alone_also_approaches_the_kalman_filter():
    exact, log_likelihood = run(KalmanFilter(MOTION), Position(0.8), READINGS)
    belief, total = run(AuxiliaryParticleFilter(MOTION, 30_000), Said(Position(0.8)), READINGS)
    got = belief.gaussian(MOTION.state)
    assert np.abs(got.mean - exact.mean).max() < 0.1 * np.sqrt(np.diagonal(exact.cov).max())
    assert np.diagonal(got.cov) == pytest.approx(np.diagonal(exact.cov), rel=0.2)
    assert total == pytest.approx(log_likelihood, abs=0.3)


def spread_of_evidence(estimator, sensor, readings):
    return np.std([run(estimator, sensor, readings, seed)[1] for seed in range(30)])


def test_of_a_precise_sensor_it_knows_the_evidence_far_better_than_the_bootstrap_filter():
    sensor = Position(0.05)
    ours = spread_of_evidence(AuxiliaryParticleFilter(MOTION, 200), sensor, READINGS)
    theirs = spread_of_evidence(ParticleFilter(MOTION, 200), sensor, READINGS)
    assert ours < 0.2 * theirs


def test_so_it_does_where_the_sensor_is_not_linear():
    radar = Radar(range_std=0.05, bearing_std=0.01)
    motion = CoordinatedTurn(acceleration_density=0.5)
    start = Gaussian(np.array([20.0, 10.0, 1.0, 0.0, 0.1]), np.diag([1.0, 1.0, 0.5, 0.5, 0.01]))
    rng, x = np.random.default_rng(5), start.mean
    readings = []
    for _ in range(12):
        x = motion.sample(x, None, 0.5, rng)
        readings.append(radar.measure(x) + rng.normal(size=2) * [0.05, 0.01])
    found = {}
    for kind in (AuxiliaryParticleFilter, ParticleFilter):
        totals = []
        for seed in range(20):
            rng, estimator = np.random.default_rng(seed), kind(motion, 300)
            belief, total = estimator.around(start, rng), 0.0
            for z in readings:
                belief = estimator.predict(belief, None, 0.5, rng)
                belief, _, _, log_likelihood = estimator.update(belief, z, radar, rng)
                total += log_likelihood
            totals.append(total)
        found[kind] = np.std(totals)
    assert found[AuxiliaryParticleFilter] < 0.4 * found[ParticleFilter]


def test_the_evidence_has_no_bias():
    exact = run(KalmanFilter(MOTION), Position(0.8), READINGS[:3])[1]
    for sensor in (Position(0.8), Said(Position(0.8))):
        ratios = [run(AuxiliaryParticleFilter(MOTION, 100), sensor, READINGS[:3], s)[1] - exact for s in range(300)]
        ratios = np.exp(ratios)
        assert abs(ratios.mean() - 1) < 4 * ratios.std() / np.sqrt(len(ratios))


def test_a_second_sensor_at_the_same_time_moves_nothing():
    rng, estimator = np.random.default_rng(0), AuxiliaryParticleFilter(MOTION, 100)
    belief = estimator.predict(estimator.around(START, rng), None, 0.5, rng)
    first = estimator.update(belief, np.zeros(2), Position(0.5), rng).belief
    second = estimator.update(first, np.zeros(1), LinearSensor("vx", [[0, 0, 1, 0]], [[0.3]]), rng).belief
    assert {tuple(x) for x in second.states} <= {tuple(x) for x in first.states}


def test_what_no_particle_explains_leaves_those_of_the_motion():
    rng, estimator = np.random.default_rng(0), AuxiliaryParticleFilter(MOTION, 2000)
    belief = estimator.predict(estimator.around(START, rng), None, 0.5, rng)
    after, _, _, evidence = estimator.update(belief, np.zeros(2), Never(), rng)
    assert evidence == -np.inf
    assert after.weights == pytest.approx(np.full(2000, 1 / 2000))
    expected = KalmanFilter(MOTION).predict(START, None, 0.5).cov
    assert np.diagonal(after.gaussian(MOTION.state).cov) == pytest.approx(np.diagonal(expected), rel=0.15)


def test_it_asks_for_random_numbers_and_particles():
    with pytest.raises(MalformedInput, match="particles"):
        AuxiliaryParticleFilter(MOTION, 0)
    with pytest.raises(MalformedInput, match="did you mean 'stratified'"):
        AuxiliaryParticleFilter(MOTION, 5, resample="stratifed")
    with pytest.raises(MalformedInput, match="rng="):
        AuxiliaryParticleFilter(MOTION, 5).around(START)
