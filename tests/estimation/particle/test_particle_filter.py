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
from plansim.models.linear_motion import LinearSystem
from plansim.models.linear_sensor import LinearSensor
from plansim.models.odometry import WheelOdometry
from plansim.models.position import Position
from plansim.models.range_bearing import RangeBearing

F, G = np.array([[1.0, 0.1], [0.0, 1.0]]), np.array([0.005, 0.1])
Q, R = np.diag([0.01, 0.04]), np.array([[0.09]])
NOISE = np.array([[0.1, 0.05, 0.0], [0.05, 0.2, 0.0], [0.0, 0.0, 0.0]])


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


def test_a_linear_motion_is_sampled_as_it_samples_itself():
    motion = LinearSystem(
        "x v heading", [[0, 1, 0], [0, -1, 0], [0, 0.2, 0]], "push", [[0], [1], [0]], NOISE, "heading"
    )
    states = np.random.default_rng(1).normal([0.0, 1.0, 3.0], size=(2, 100_000, 3))
    u = np.array([[1.0], [-1.0]])
    belief = equally_weighted(states)
    ours = ParticleFilter(motion).predict(belief, u, 0.5, np.random.default_rng(2)).states
    theirs = motion.sample(states, u[:, None], 0.5, np.random.default_rng(3))
    assert np.abs(ours[..., 2]).max() <= np.pi
    for b in range(2):
        mine, other = (motion.state.difference(motion.state.wrap(a[b]), states[b]) for a in (ours, theirs))
        assert mine.mean(0) == pytest.approx(other.mean(0), abs=0.02)
        assert np.cov(mine.T) == pytest.approx(np.cov(other.T), abs=0.02)


def test_without_noise_nothing_is_drawn():
    still = LinearSystem("x v", [[0, 1], [0, 0]])
    rng, states = np.random.default_rng(0), np.random.default_rng(1).normal(size=(50, 2))
    moved = ParticleFilter(still).predict(equally_weighted(states), None, 0.5, rng)
    assert moved.states == pytest.approx(still.step(states, None, 0.5), abs=1e-14)
    assert rng.random() == np.random.default_rng(0).random()


def test_each_member_of_a_batch_has_its_control():
    odometry, states = WheelOdometry(0.0, 0.0, 0.0, 0.0), np.zeros((2, 10, 3))
    u = np.array([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
    moved = ParticleFilter(odometry).predict(equally_weighted(states), u, 0.1, np.random.default_rng(0)).states
    assert moved == pytest.approx(np.broadcast_to(u[:, None], (2, 10, 3)))


def test_a_bearing_is_weighed_the_short_way_round():
    beacon = RangeBearing((-1.0, 0.0), bearing_std=0.1)
    states = np.array([[0.0, 0.01, 0.0], [0.0, -0.01, 0.0]])
    by_hand = [
        normal_log_density(beacon.measurement.difference(np.array([1.0, np.pi]), beacon.measure(x)), beacon.cov)
        for x in states
    ]
    assert log_likelihood(beacon, np.array([1.0, np.pi]), states) == pytest.approx(by_hand)


def test_roughening_parts_copies_and_keeps_mean_and_covariance():
    rng, cov = np.random.default_rng(0), np.array([[1.0, 0.6], [0.6, 2.0]])
    states = rng.multivariate_normal([1.0, -2.0], cov, 20_000)
    belief = Particles(states, np.log(rng.dirichlet(np.full(20_000, 0.2))))
    plain, rough = (
        ParticleFilter(Cart(), 20_000, resample_below=2.0, roughening=scale).update(belief, np.ones(1), Ruler(), rng)
        for scale in (0.0, 3.0)
    )
    assert len(np.unique(plain.belief.states, axis=0)) < 10_000
    assert len(np.unique(rough.belief.states, axis=0)) == 20_000
    one, other = (update.belief.gaussian(Cart.state) for update in (plain, rough))
    assert other.mean == pytest.approx(one.mean, abs=0.02)
    assert other.cov == pytest.approx(one.cov, rel=0.05, abs=0.01)


def test_roughening_keeps_a_constant_from_being_worn_away():
    """A parameter that never moves: without roughening a few of the first draws are all that is left."""
    still = LinearSystem("x", [[0.0]])
    sensor, kalman = LinearSensor("z", [[1.0]], [[1.0]]), Gaussian(np.zeros(1), np.array([[100.0]]))
    readings = 3.0 + np.random.default_rng(3).normal(size=300)
    exact_std = 1 / np.sqrt(1 / 100 + 300)
    exact = readings.sum() / (1 / 100 + 300)
    distinct = {}
    for scale in (0.0, 1.0):
        rng, estimator = np.random.default_rng(1), ParticleFilter(still, 300, roughening=scale)
        belief = estimator.around(kalman, rng)
        for z in readings:
            belief = estimator.update(estimator.predict(belief, None, 1.0, rng), np.array([z]), sensor, rng).belief
        got = belief.gaussian(still.state)
        distinct[scale] = len(np.unique(belief.states))
        if scale:
            assert got.mean[0] == pytest.approx(exact, abs=3 * exact_std)
            assert 0.6 < np.sqrt(got.cov[0, 0]) / exact_std < 1.6
    assert distinct[0.0] < 15
    assert distinct[1.0] > 250


def test_a_scheme_may_be_named():
    rng, belief = np.random.default_rng(0), equally_weighted(np.random.default_rng(1).normal(size=(100, 2)))
    for scheme in ("systematic", "stratified", "residual", "multinomial"):
        estimator = ParticleFilter(Cart(), 100, resample_below=2.0, resample=scheme)
        assert np.ptp(estimator.update(belief, np.ones(1), Ruler(), rng).belief.log_weights) == 0
    with pytest.raises(MalformedInput, match="did you mean 'systematic'"):
        ParticleFilter(Cart(), resample="sistematic")


def test_a_sensor_whose_noise_is_no_covariance_is_refused():
    @dataclass(frozen=True)
    class Odd(Ruler):
        cov = np.array([[-1.0]])

    with pytest.raises(MalformedInput, match="positive definite"):
        log_likelihood(Odd(), np.zeros(1), np.zeros((5, 2)))
    lost = equally_weighted(np.full((5, 2), np.nan))
    with pytest.raises(MalformedInput, match="log-weight is NaN"):
        ParticleFilter(Cart(), 5).update(lost, np.zeros(1), Ruler(), np.random.default_rng(0))
