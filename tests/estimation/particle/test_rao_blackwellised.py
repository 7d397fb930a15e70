"""The Rao-Blackwellised particle filter: the Kalman filter where all is linear, better than sampling all of it else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.core.layout import layout
from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.estimation.particle.particle_filter import ParticleFilter
from plansim.estimation.particle.rao_blackwellised import RaoBlackwellisedParticleFilter
from plansim.models.kinematic import ConstantVelocity
from plansim.models.linear_motion import LinearSystem
from plansim.models.linear_sensor import LinearSensor
from plansim.models.position import Position
from plansim.models.range_bearing import RangeBearing

F_L = np.array([[1.0, 0.3, 0.0], [0.0, 0.92, -0.3], [0.0, 0.3, 0.92]])


@dataclass(frozen=True)
class Mixed:
    """One nonlinear component, driven by an oscillation of three linear ones (Schön, Gustafsson and Nordlund 2005)."""

    state = layout("n a b c")
    control = layout("")

    def step(self, x, u, dt):
        return np.concatenate([np.arctan(x[..., :1]) + x[..., 1:2], x[..., 1:] @ F_L.T], axis=-1)

    def noise_cov(self, x, u, dt):
        return 0.01 * np.eye(4)

    def sample(self, x, u, dt, rng):
        return self.step(x, u, dt) + 0.1 * rng.standard_normal(np.shape(x))


@dataclass(frozen=True)
class Bent:
    """0.1 n² with its sign, and a - b + c."""

    measurement = layout("bent sum")
    cov = 0.1 * np.eye(2)

    def measure(self, x):
        n = x[..., 0]
        return np.stack([0.1 * n * np.abs(n), x[..., 1] - x[..., 2] + x[..., 3]], axis=-1)


START = Gaussian(np.zeros(4), np.diag([1.0, 1e-2, 1e-2, 1e-2]))


def errors(estimator, seeds, steps=40):
    """Of the mean, (seeds, T, n)."""
    found = []
    for seed in seeds:
        world, rng = np.random.default_rng(seed), np.random.default_rng(1000 + seed)
        x, belief = np.sqrt(np.diagonal(START.cov)) * world.standard_normal(4), estimator.around(START, rng)
        for _ in range(steps):
            x = Mixed().sample(x, None, 1.0, world)
            z = Bent().measure(x) + np.sqrt(0.1) * world.standard_normal(2)
            belief = estimator.predict(belief, None, 1.0, rng)
            belief = estimator.update(belief, z, Bent(), rng).belief
            found.append(x - belief.gaussian(Mixed.state).mean)
    return np.array(found)


def test_it_beats_the_bootstrap_filter_with_as_many_particles():
    ours = errors(RaoBlackwellisedParticleFilter(Mixed(), "n", particles=30), range(15))
    theirs = errors(ParticleFilter(Mixed(), particles=30), range(15))
    assert np.sqrt((ours[:, 1:] ** 2).mean()) < 0.8 * np.sqrt((theirs[:, 1:] ** 2).mean())
    assert np.sqrt((ours[:, 0] ** 2).mean()) < np.sqrt((theirs[:, 0] ** 2).mean())


def test_both_tend_to_the_same_posterior():
    rng = np.random.default_rng(3)
    ours, theirs = RaoBlackwellisedParticleFilter(Mixed(), "n", particles=5000), ParticleFilter(Mixed(), 200_000)
    beliefs = [ours.around(START, rng), theirs.around(START, rng)]
    total = np.zeros(2)
    for z in np.random.default_rng(4).normal(size=(6, 2)) * 0.5:
        for i, estimator in enumerate((ours, theirs)):
            beliefs[i] = estimator.predict(beliefs[i], None, 1.0, rng)
            beliefs[i], _, _, log_likelihood = estimator.update(beliefs[i], z, Bent(), rng)
            total[i] += log_likelihood
    mine, other = (belief.gaussian(Mixed.state) for belief in beliefs)
    std = np.sqrt(np.diagonal(other.cov))
    assert np.abs((mine.mean - other.mean) / std).max() < 0.1
    assert np.diagonal(mine.cov) == pytest.approx(np.diagonal(other.cov), rel=0.1)
    assert total[0] == pytest.approx(total[1], abs=0.1)


def test_where_all_is_linear_it_is_the_kalman_filter():
    motion = LinearSystem(
        "x v f", [[0, 1, 0], [-4, -0.2, 1], [0, 0, -0.5]], "u", [[0], [1], [0]], np.diag([0, 0.1, 0.2])
    )
    sensor, rng = LinearSensor("x", [[1.0, 0.0, 0.0]], [[0.05]]), np.random.default_rng(0)
    estimator, kalman = RaoBlackwellisedParticleFilter(motion, "", particles=3), KalmanFilter(motion)
    exact = Gaussian(np.ones(3), np.eye(3))
    belief = estimator.around(exact, rng)
    for t in range(50):
        u = np.array([np.sin(t)])
        exact, belief = kalman.predict(exact, u, 0.1), estimator.predict(belief, u, 0.1, rng)
        expected, got = kalman.update(exact, u, sensor), estimator.update(belief, u, sensor, rng)
        exact, belief = expected.belief, got.belief
        moments = belief.gaussian(motion.state)
        assert moments.mean == pytest.approx(exact.mean, abs=1e-9)
        assert moments.cov == pytest.approx(exact.cov, abs=1e-9)
        assert got.log_likelihood == pytest.approx(expected.log_likelihood, abs=1e-9)


def test_what_is_sampled_is_drawn_with_its_correlations():
    """One step of all its parts together has the moments of the step, whatever is sampled."""
    motion, start = ConstantVelocity(acceleration_density=3.0), Gaussian(np.arange(4.0), np.eye(4) + 0.5)
    expected = KalmanFilter(motion).predict(start, None, 1.0)
    for names in ("x", "vx y", "x y vx vy"):
        rng, estimator = np.random.default_rng(1), RaoBlackwellisedParticleFilter(motion, names, particles=50_000)
        got = estimator.predict(estimator.around(start, rng), None, 1.0, rng)
        sampled = list(estimator.sampled)
        assert np.abs(got.components.cov[:, sampled]).max() == 0
        assert np.abs(got.components.cov[:, :, sampled]).max() == 0
        moments = got.gaussian(motion.state)
        assert moments.mean == pytest.approx(expected.mean, abs=0.06)
        assert moments.cov == pytest.approx(expected.cov, abs=0.15)


def test_what_moves_without_noise_is_no_trouble():
    clock = LinearSystem("time rate", [[0, 1], [0, 0]], "", None, np.zeros((2, 2)))
    rng, estimator = np.random.default_rng(0), RaoBlackwellisedParticleFilter(clock, "time", particles=50)
    belief = estimator.around(Gaussian(np.zeros(2), np.diag([1.0, 0.0])), rng)
    for _ in range(5):
        belief = estimator.predict(belief, None, 1.0, rng)
        belief = estimator.update(belief, np.zeros(1), LinearSensor("t", [[1.0, 0.0]], [[0.1]]), rng).belief
        assert np.isfinite(belief.components.mean).all()
        assert np.isfinite(belief.components.cov).all()


def test_a_batch_has_particles_of_its_own_each():
    rng, estimator = np.random.default_rng(0), RaoBlackwellisedParticleFilter(Mixed(), "n", particles=200)
    start = Gaussian(np.zeros((2, 3, 4)), np.broadcast_to(START.cov, (2, 3, 4, 4)))
    belief = estimator.predict(estimator.around(start, rng), None, 1.0, rng)
    z = np.broadcast_to([[[-2.0, 0.0]], [[2.0, 0.0]]], (2, 3, 2))
    update = estimator.update(belief, z, Bent(), rng)
    assert update.log_likelihood.shape == (2, 3)
    mean = update.belief.gaussian(Mixed.state).mean
    assert (mean[0, :, 0] < 0).all()
    assert (mean[1, :, 0] > 0).all()


def test_a_split_that_leaves_something_nonlinear_is_refused():
    rng = np.random.default_rng(0)
    estimator = RaoBlackwellisedParticleFilter(Mixed(), "a", particles=5)
    belief = estimator.around(START, rng)
    with pytest.raises(MalformedInput, match="motion is not linear in 'n b c', given 'a'"):
        estimator.predict(belief, None, 1.0, rng)
    estimator = RaoBlackwellisedParticleFilter(ConstantVelocity(), "vx", particles=5)
    belief = estimator.around(Gaussian(np.ones(4), np.eye(4)), rng)
    with pytest.raises(MalformedInput, match="sensor is not linear"):
        estimator.update(belief, np.ones(2), RangeBearing((3.0, 4.0)), rng)
    with pytest.raises(MalformedInput, match="no 'speed'"):
        RaoBlackwellisedParticleFilter(ConstantVelocity(), "speed")


def test_what_no_component_explains_leaves_them_equally_weighted():
    rng, estimator = np.random.default_rng(0), RaoBlackwellisedParticleFilter(ConstantVelocity(), "x y", particles=20)
    belief = estimator.around(Gaussian(np.zeros(4), np.eye(4)), rng)
    after, _, _, log_likelihood = estimator.update(belief, np.full(2, 1e6), Position(0.1), rng)
    assert log_likelihood < -1e12
    assert np.isfinite(after.components.mean).all()
    assert after.weights.sum() == pytest.approx(1.0)
