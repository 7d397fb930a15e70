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
from plansim.estimation.checks import checked_control, checked_dt
from plansim.estimation.particle.propagation import moved, root_of
from plansim.estimation.particle.resampling import Resampler, Scheme, normalise, resampler
from plansim.estimation.particle.roughening import roughened
from plansim.estimation.particle.selection import selected
from plansim.estimation.particle.weighing import log_likelihood, normal_log_density
from plansim.models.base import LikelihoodModel, MeasurementModel, NoisyMotion

__all__ = ["ParticleFilter", "equally_weighted", "log_likelihood", "needed", "normal_log_density", "reweigh"]


@dataclass(frozen=True)
class ParticleFilter:
    """Bootstrap filter (Gordon, Salmond and Smith 1993): proposes by the motion, weighs by the sensor.

    `update` accepts a LikelihoodModel, or a MeasurementModel whose noise is then taken to be normal.
    A measurement that no particle explains tells nothing of where the robot is: the particles stay, equally
    weighted, and its log-likelihood is -inf.

    >>> from plansim.models.kinematic import ConstantVelocity
    >>> from plansim.models.position import Position
    >>> rng, estimator = np.random.default_rng(0), ParticleFilter(ConstantVelocity(), particles=500)
    >>> belief = estimator.around(Gaussian(np.zeros(4), np.eye(4)), rng)
    >>> belief = estimator.predict(belief, None, dt=0.1, rng=rng)
    >>> estimator.update(belief, np.array([1.0, 0.0]), Position(std=0.5), rng).belief.states.shape
    (500, 4)
    """

    motion: NoisyMotion
    particles: int = 1000
    resample_below: float = 0.5  # effective sample size, as a share of the particles
    resample: Scheme | Resampler = "systematic"
    roughening: float = 0.0  # of copies, in widths of the kernel that suits a normal density; 0: copies stay equal

    def __post_init__(self) -> None:
        check_settings(self.particles, self.resample_below, self.resample)
        if not 0 <= self.roughening < np.inf:
            raise MalformedInput(f"roughening is {self.roughening}, but must be a number of 0 or more")

    @property
    def state(self) -> Layout:
        return self.motion.state

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> Particles:
        """Particles (..., N, n) drawn from a normal density whose covariance may be singular."""
        return equally_weighted(drawn(belief, self.particles, self.state, rng))

    def predict(
        self, belief: Particles, control: Array | None, dt: float, rng: np.random.Generator | None = None
    ) -> Particles:
        """Moves every particle with noise of its own."""
        control = checked_control(control, self.motion, belief.states.shape[:-2])
        return belief._replace(states=moved(self.motion, belief.states, control, checked_dt(dt), needed(rng)))

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
    weighed = Particles(belief.states, log_weights)
    count = log_weights.shape[-1]
    poor = weighed.effective_sample_size < settings.resample_below * count
    if poor.any():
        ancestors = resampler(settings.resample)(log_weights, rng)
        states = selected(belief.states, ancestors, poor)
        if settings.roughening:
            states = roughened(states, weighed, poor, settings.state, settings.roughening, rng)
        weighed = Particles(states, np.where(poor[..., None], -np.log(count), log_weights))
    return Update(weighed, None, None, evidence)


def drawn(belief: Gaussian, count: int, state: Layout, rng: np.random.Generator | None) -> Array:
    """States (..., N, n) of a normal density whose covariance may be singular."""
    mean, cov = np.asarray(belief.mean, float), np.asarray(belief.cov, float)
    if not (np.isfinite(mean).all() and np.isfinite(cov).all()) or cov.shape != (*mean.shape, len(state)):
        raise MalformedInput(
            f"a belief of mean {mean.shape} and cov {cov.shape}: must be finite, (..., {len(state)}) and its square"
        )
    draws = needed(rng).standard_normal((*mean.shape[:-1], count, mean.shape[-1]))
    return state.add(mean[..., None, :], draws @ transpose(root_of(cov)))


def equally_weighted(states: Array) -> Particles:
    """States (..., N, n) that count the same."""
    return Particles(states, np.full(states.shape[:-1], -np.log(states.shape[-2])))


def check_settings(particles: int, resample_below: float, resample: Scheme | Resampler) -> None:
    if particles < 1:
        raise MalformedInput(f"a filter of {particles} particles: it needs at least 1")
    if not resample_below >= 0:
        raise MalformedInput(f"resample_below is {resample_below}, but must be a share of the particles")
    resampler(resample)


def needed(rng: np.random.Generator | None) -> np.random.Generator:
    if rng is None:
        raise MalformedInput("a particle filter draws random numbers: pass rng=numpy.random.default_rng(seed)")
    return rng
