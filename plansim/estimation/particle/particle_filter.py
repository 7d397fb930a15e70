"""The particle filter: any motion, any sensor, any shape of belief, for the price of many samples.

p(x_t | z_1:t) ~ p(z_t | x_t) ∫ p(x_t | x_t-1, u_t) p(x_t-1 | z_1:t-1) dx_t-1   (Särkkä 2013, algorithm 7.4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.core.arrays import Array, transpose
from plansim.core.beliefs import Gaussian, Particles
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.estimation.particle.resampling import Resampler, normalise, systematic
from plansim.models.base import LikelihoodModel, MeasurementModel, NoisyMotion


@dataclass(frozen=True)
class ParticleFilter:
    """Bootstrap filter (Gordon, Salmond and Smith 1993): proposes by the motion, weighs by the sensor.

    `update` accepts a LikelihoodModel, or a MeasurementModel whose noise is then taken to be normal.
    A measurement that no particle explains tells nothing of where the robot is: the particles stay, equally
    weighted, and its log-likelihood is -inf.

    >>> rng = np.random.default_rng(0)
    >>> estimator = ParticleFilter(motion, particles=500)                             # doctest: +SKIP
    >>> belief = estimator.around(Gaussian(np.zeros(3), 0.1 * np.eye(3)), rng)        # doctest: +SKIP
    >>> belief = estimator.predict(belief, control, dt=0.1, rng=rng)                  # doctest: +SKIP
    >>> belief, _, _, log_likelihood = estimator.update(belief, z, sensor, rng)       # doctest: +SKIP
    """

    motion: NoisyMotion
    particles: int = 1000
    resample_below: float = 0.5  # effective sample size, as a share of the particles
    resample: Resampler = systematic

    def __post_init__(self) -> None:
        if self.particles < 1:
            raise MalformedInput(f"a filter of {self.particles} particles: it needs at least 1")
        if not self.resample_below >= 0:
            raise MalformedInput(f"resample_below is {self.resample_below}, but must be a share of the particles")

    @property
    def state(self) -> Layout:
        return self.motion.state

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> Particles:
        """Particles (..., N, n) drawn from a normal density whose covariance may be singular."""
        mean, cov = np.asarray(belief.mean, float), np.asarray(belief.cov, float)
        variances, axes = np.linalg.eigh(cov)
        root = axes * np.sqrt(np.maximum(variances, 0.0))[..., None, :]
        draws = needed(rng).standard_normal((*mean.shape[:-1], self.particles, mean.shape[-1]))
        return equally_weighted(self.motion.state.add(mean[..., None, :], draws @ transpose(root)))

    def predict(
        self, belief: Particles, control: Array | None, dt: float, rng: np.random.Generator | None = None
    ) -> Particles:
        """Moves every particle with noise of its own."""
        states = self.motion.sample(belief.states, control, dt, needed(rng))
        return belief._replace(states=states)

    def update(
        self,
        belief: Particles,
        measurement: Array | None,
        sensor: MeasurementModel | LikelihoodModel,
        rng: np.random.Generator | None = None,
    ) -> Update:
        """Weighs, and resamples where too few particles carry the weight."""
        if measurement is None:
            return Update(belief, None, None, np.zeros(belief.log_weights.shape[:-1])[()])
        return reweigh(belief, log_likelihood(sensor, measurement, belief.states), self, needed(rng))


def reweigh(belief: Particles, log_likelihoods: Array, settings: ParticleFilter, rng: np.random.Generator) -> Update:
    """Bayes' rule on particles by their log-likelihoods (..., N); log p(z) = log Σ w p(z | x)."""
    log_weights, evidence = normalise(belief.log_weights + log_likelihoods)
    weighed = belief._replace(log_weights=log_weights)
    poor = weighed.effective_sample_size < settings.resample_below * log_weights.shape[-1]
    if poor.any():
        weighed = _resampled(weighed, poor[..., None], settings.resample(log_weights, rng))
    return Update(weighed, None, None, evidence)


def _resampled(belief: Particles, poor: Array, ancestors: Array) -> Particles:
    """The ancestors' states, equally weighted, in those members of a batch that are `poor` (..., 1)."""
    count = belief.log_weights.shape[-1]
    chosen = np.where(poor, ancestors, np.arange(count))
    states = np.take_along_axis(belief.states, chosen[..., None], axis=-2)
    return Particles(states, np.where(poor, -np.log(count), belief.log_weights))


def equally_weighted(states: Array) -> Particles:
    """States (..., N, n) that count the same."""
    return Particles(states, np.full(states.shape[:-1], -np.log(states.shape[-2])))


def log_likelihood(sensor: MeasurementModel | LikelihoodModel, measurement: Array, states: Array) -> Array:
    """log p(z | x) of a measurement (..., k) at states (..., N, n), (..., N)."""
    if hasattr(sensor, "log_likelihood"):
        return sensor.log_likelihood(measurement, states)
    measurement = np.asarray(measurement, float)[..., None, :]
    return normal_log_density(sensor.measurement.difference(measurement, sensor.measure(states)), sensor.cov)


def normal_log_density(deviation: Array, cov: Array) -> Array:
    """log N(deviation; 0, cov) of deviations (..., k) that share one cov (k, k), (...)."""
    root = np.linalg.cholesky(cov)
    whitened = np.linalg.solve(root, deviation.reshape(-1, len(root)).T)
    log_volume = np.log(np.diagonal(root)).sum() + 0.5 * len(root) * np.log(2 * np.pi)
    return -0.5 * (whitened**2).sum(0).reshape(deviation.shape[:-1]) - log_volume


def needed(rng: np.random.Generator | None) -> np.random.Generator:
    if rng is None:
        raise MalformedInput("a particle filter draws random numbers: pass rng=numpy.random.default_rng(seed)")
    return rng
