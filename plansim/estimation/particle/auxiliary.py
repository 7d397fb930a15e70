"""The auxiliary particle filter: looks at the measurement before it moves the particles.

Of N draws, those go to a particle's descendants that its expected successor promises to be likely; what the promise
was wrong about is weighed afterwards. It wins over the bootstrap filter where the motion is surer than the last weights
are, and outliers are rare.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian, Particles, moments
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.estimation.checks import checked_dt
from plansim.estimation.particle.particle_filter import check_settings, drawn, needed
from plansim.estimation.particle.propagation import for_each, root_of
from plansim.estimation.particle.resampling import Resampler, Scheme, normalise, resampler
from plansim.estimation.particle.selection import selected
from plansim.estimation.particle.weighing import log_likelihood
from plansim.models.base import GaussianMotion, LikelihoodModel, MeasurementModel


class Expectations(NamedTuple):
    """Particles that can be moved once more: what each was expected to become, and how it then strayed."""

    states: Array  # (..., N, n), expected and strayed
    log_weights: Array  # (..., N)
    expected: Array  # (..., N, n), without noise
    roots: Array  # (..., N, n, n), of the noise's covariance; zero once a measurement has been taken

    @property
    def weights(self) -> Array:
        return np.exp(self.log_weights)

    @property
    def effective_sample_size(self) -> Array:
        return Particles(self.states, self.log_weights).effective_sample_size

    def gaussian(self, layout: Layout) -> Gaussian:
        return moments(self.states, self.weights, layout)


@dataclass(frozen=True)
class AuxiliaryParticleFilter:
    """p(x_t | z_1:t) by weighted particles (Pitt and Shephard 1999, section 3.2; the evidence by Pitt 2002, eq. 9).

    The motion's noise is normal, so that a particle can be moved anew once the measurement is known. For a second
    measurement at the same time the particles stay where they are. One that no particle explains says nothing: its
    log-likelihood is -inf, and the particles are those of the motion.

    >>> from plansim.models.kinematic import ConstantVelocity
    >>> from plansim.models.position import Position
    >>> rng, estimator = np.random.default_rng(0), AuxiliaryParticleFilter(ConstantVelocity(), particles=500)
    >>> belief = estimator.predict(estimator.around(Gaussian(np.zeros(4), np.eye(4)), rng), None, dt=0.1, rng=rng)
    >>> estimator.update(belief, np.array([1.0, 0.0]), Position(std=0.5), rng).belief.states.shape
    (500, 4)
    """

    motion: GaussianMotion
    particles: int = 1000
    resample: Scheme | Resampler = "systematic"

    def __post_init__(self) -> None:
        check_settings(self.particles, 1.0, self.resample)

    @property
    def state(self) -> Layout:
        return self.motion.state

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> Expectations:
        states = drawn(belief, self.particles, self.state, rng)
        return settled(states, np.full(states.shape[:-1], -np.log(self.particles)))

    def predict(
        self, belief: Expectations, control: Array | None, dt: float, rng: np.random.Generator | None = None
    ) -> Expectations:
        control = for_each(control)
        expected = self.state.wrap(self.motion.step(belief.states, control, checked_dt(dt)))
        roots = root_of(self.motion.noise_cov(belief.states, control, dt))
        roots = np.broadcast_to(roots, belief.roots.shape)
        return Expectations(_strayed(self.state, expected, roots, needed(rng)), belief.log_weights, expected, roots)

    def update(
        self,
        belief: Expectations,
        measurement: Array | None,
        sensor: MeasurementModel | LikelihoodModel,
        rng: np.random.Generator | None = None,
    ) -> Update:
        if measurement is None:
            return Update(belief, None, None, np.zeros(belief.log_weights.shape[:-1])[()])
        rng, prior = needed(rng), belief.log_weights
        promised = log_likelihood(sensor, measurement, belief.expected)
        hopeless = (prior + promised).max(-1, keepdims=True) == -np.inf  # then the motion alone proposes
        promised = np.where(hopeless, 0.0, promised)
        first, promise = normalise(prior + promised)
        ancestors = resampler(self.resample)(first, rng)
        expected = selected(belief.expected, ancestors)
        roots = belief.roots if belief.roots.strides[-3] == 0 else selected(belief.roots, ancestors)
        states = _strayed(self.state, expected, roots, rng)
        # what the promise was wrong about; its mean is the other factor of the evidence
        correction = log_likelihood(sensor, measurement, states) - np.take_along_axis(promised, ancestors, axis=-1)
        log_weights, rest = normalise(correction - np.log(correction.shape[-1]))
        return Update(settled(states, log_weights), None, None, (promise + rest)[()])


def settled(states: Array, log_weights: Array) -> Expectations:
    """Particles that stray no more before time passes."""
    n = states.shape[-1]
    return Expectations(states, log_weights, states, np.broadcast_to(0.0, (*states.shape, n)))


def _strayed(state: Layout, expected: Array, roots: Array, rng: np.random.Generator) -> Array:
    noise = np.einsum("...ij,...j->...i", roots, rng.standard_normal(expected.shape))
    return state.add(expected, noise)
