"""The particle filter: the Kalman filter where that is exact, more than it where it is not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian, Particles
from plansim.core.errors import MalformedInput
from plansim.core.layout import layout
from plansim.estimation.particle.particle_filter import (
    ParticleFilter,
    equally_weighted,
    log_likelihood,
    normal_log_density,
)
from plansim.models.position import Position

F, G = np.array([[1.0, 0.1], [0.0, 1.0]]), np.array([0.005, 0.1])
Q, R = np.diag([0.01, 0.04]), np.array([[0.09]])


@dataclass(frozen=True)
class Cart:
    state = layout("place speed")
    control = layout("push")

    def step(self, x, u, dt):
        return x @ F.T + G * u

    def sample(self, x, u, dt, rng):
        return self.step(x, u, dt) + rng.standard_normal(x.shape) @ np.sqrt(Q)


@dataclass(frozen=True)
class Ruler:
    measurement = layout("place")
    cov = R

    def measure(self, x):
        return x[..., :1]


@dataclass(frozen=True)
class TwoDoors:
    """Says only that one of two places is near."""

    def log_likelihood(self, measurement, x):
        return np.logaddexp(*(-0.5 * ((x[..., 0] - door) / 0.3) ** 2 for door in (-measurement[0], measurement[0])))


def kalman(belief, u, z):
    """One step of the Kalman filter (Särkkä 2013, theorem 4.2), with the measurement's log-likelihood."""
    m, P = F @ belief.mean + G * u, F @ belief.cov @ F.T + Q
    S, v = P[:1, :1] + R, z - m[:1]
    K = P[:, :1] / S
    log_likelihood = -0.5 * (v @ v / S[0, 0] + np.log(2 * np.pi * S[0, 0]))
    return Gaussian(m + K @ v, P - K @ S @ K.T), log_likelihood


def test_on_a_linear_system_it_approaches_the_kalman_filter():
    rng = np.random.default_rng(0)
    estimator = ParticleFilter(Cart(), particles=200_000)
    exact = Gaussian(np.array([0.0, 1.0]), np.diag([0.5, 0.2]))
    belief = estimator.around(exact, rng)
    for step in range(8):
        u, z = np.array([np.sin(step)]), np.array([0.15 * step + 0.2 * np.cos(step)])
        exact, expected = kalman(exact, u, z)
        belief = estimator.predict(belief, u, 0.1, rng)
        belief, innovation, _, found = estimator.update(belief, z, Ruler(), rng)
        got = belief.gaussian(Cart.state)
        assert innovation is None
        assert got.mean == pytest.approx(exact.mean, abs=0.01)
        assert got.cov == pytest.approx(exact.cov, rel=0.06, abs=0.002)
        assert found == pytest.approx(expected, abs=0.02)


def test_a_measurement_that_fits_two_places_leaves_two_places():
    rng = np.random.default_rng(0)
    estimator = ParticleFilter(Cart(), particles=4000)
    belief = estimator.around(Gaussian(np.zeros(2), np.diag([4.0, 0.01])), rng)
    for _ in range(3):
        belief = estimator.predict(belief, np.zeros(1), 0.1, rng)
        belief = estimator.update(belief, np.array([2.0]), TwoDoors(), rng).belief
    place = belief.states[:, 0]
    assert 0.3 < belief.weights[place > 0].sum() < 0.7
    assert belief.weights[np.abs(np.abs(place) - 2) < 1].sum() > 0.99


def test_it_resamples_only_where_few_particles_carry_the_weight():
    rng = np.random.default_rng(0)
    states = rng.normal(size=(3, 100, 2))
    states *= np.array([0.01, 1.0, 0.01])[:, None, None]
    belief = equally_weighted(states)
    z = np.array([[0.05], [2.0], [0.0]])
    updated = ParticleFilter(Cart(), particles=100, resample_below=0.5).update(belief, z, Ruler(), rng).belief
    assert np.array_equal(updated.states[0], belief.states[0])
    assert np.ptp(updated.log_weights[0]) > 0
    assert len(np.unique(updated.states[1], axis=0)) < 50
    assert np.ptp(updated.log_weights[1]) == 0


def test_a_batch_is_its_members_where_nothing_is_drawn():
    rng = np.random.default_rng(0)
    estimator = ParticleFilter(Cart(), particles=50, resample_below=0.0)
    belief = Particles(rng.normal(size=(3, 2, 50, 2)), np.log(rng.dirichlet(np.ones(50), size=(3, 2))))
    z = rng.normal(size=(3, 2, 1))
    together = estimator.update(belief, z, Ruler(), rng)
    for i in np.ndindex(3, 2):
        alone = estimator.update(Particles(belief.states[i], belief.log_weights[i]), z[i], Ruler(), rng)
        assert together.belief.log_weights[i] == pytest.approx(alone.belief.log_weights, abs=1e-12)
        assert together.log_likelihood[i] == pytest.approx(alone.log_likelihood, abs=1e-12)


def test_a_measurement_that_no_particle_explains_leaves_the_particles_where_they_are():
    @dataclass(frozen=True)
    class Impossible:
        def log_likelihood(self, measurement, x):
            return np.full(x.shape[:-1], -np.inf)

    rng = np.random.default_rng(0)
    belief = Particles(rng.normal(size=(20, 2)), np.log(rng.dirichlet(np.ones(20))))
    after, _, _, evidence = ParticleFilter(Cart(), 20).update(belief, np.zeros(1), Impossible(), rng)
    assert evidence == -np.inf
    assert np.array_equal(after.states, belief.states)
    assert after.weights == pytest.approx(np.full(20, 1 / 20))


def test_measurements_far_away_do_not_underflow():
    rng = np.random.default_rng(0)
    belief = equally_weighted(rng.normal(size=(500, 2)))
    after, _, _, evidence = ParticleFilter(Cart(), 500).update(belief, np.array([300.0]), Ruler(), rng)
    assert -1e6 < evidence < -1e5
    assert after.states[:, 0].min() == belief.states[:, 0].max()


def test_the_normal_density_is_scipys():
    from scipy.stats import multivariate_normal

    rng = np.random.default_rng(0)
    root = rng.normal(size=(3, 3))
    deviation = rng.normal(size=(4, 5, 3))
    expected = multivariate_normal(np.zeros(3), root @ root.T).logpdf(deviation)
    assert normal_log_density(deviation, root @ root.T) == pytest.approx(expected, abs=1e-9)


def test_it_weighs_with_any_measurement_model():
    states = np.array([[0.0, 0.0, 1.0], [0.3, -0.4, 2.0]])
    nearer, farther = log_likelihood(Position(std=0.5), np.zeros(2), states)
    assert nearer == pytest.approx(-np.log(2 * np.pi * 0.25))
    assert nearer - farther == pytest.approx(0.5 * 1.0**2)


def test_particles_are_drawn_with_the_covariance_even_where_that_is_singular():
    rng = np.random.default_rng(0)
    cov = np.array([[4.0, 2.0], [2.0, 1.0]])
    belief = ParticleFilter(Cart(), particles=50_000).around(Gaussian(np.array([1.0, -1.0]), cov), rng)
    got = belief.gaussian(Cart.state)
    assert got.mean == pytest.approx([1.0, -1.0], abs=0.05)
    assert got.cov == pytest.approx(cov, rel=0.03)
    assert np.ptp(belief.states[:, 0] - 2 * belief.states[:, 1]) < 1e-6


def test_the_same_generator_gives_the_same_belief():
    def run():
        rng = np.random.default_rng(5)
        estimator = ParticleFilter(Cart(), particles=100)
        belief = estimator.around(Gaussian(np.zeros(2), np.eye(2)), rng)
        return estimator.update(estimator.predict(belief, np.zeros(1), 0.1, rng), np.ones(1), Ruler(), rng).belief

    assert np.array_equal(run().states, run().states)


def test_it_asks_for_the_random_generator_that_it_needs():
    belief = equally_weighted(np.zeros((5, 2)))
    with pytest.raises(MalformedInput, match="rng="):
        ParticleFilter(Cart(), 5).predict(belief, np.zeros(1), 0.1)
    with pytest.raises(MalformedInput, match="rng="):
        ParticleFilter(Cart(), 5).update(belief, np.zeros(1), Ruler())


def test_a_filter_without_particles_is_refused():
    with pytest.raises(MalformedInput, match="resample_below"):
        ParticleFilter(Cart(), resample_below=float("nan"))
    with pytest.raises(MalformedInput, match="particles"):
        ParticleFilter(Cart(), particles=0)
