"""The auxiliary particle filter: looks at the measurement before it moves the particles.

Most of the N draws go to descendants of those particles whose expected successors promise to be likely, and the noise
that moves them is drawn towards the measurement; what the promise was wrong about is weighed afterwards.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian, Particles, moments
from plansim.core.layout import Layout, layout
from plansim.estimation.base import Update
from plansim.estimation.checks import checked_control, checked_dt, checked_measurement, finite_states
from plansim.estimation.kalman.gaussian_steps import corrected_linear
from plansim.estimation.kalman.jacobians import sensor_jacobian
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
    """p(x_t | z_1:t) by weighted particles (Pitt and Shephard 1999; the evidence by Pitt 2002, eq. 9).

    The motion's noise is normal, so that a particle can be moved anew once the measurement is known. With a
    MeasurementModel, promise and noise are those of the sensor linearised at the expected state (section 3.3,
    adaption): where it is linear all weights are the same. With a LikelihoodModel the promise is its likelihood at the
    expected state, and the noise is the motion's (section 3.2). For a second measurement at the same time the particles
    stay where they are. One that no particle explains says nothing: its log-likelihood is -inf, and the particles are
    those of the motion.

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
        control = for_each(checked_control(control, self.motion, belief.states.shape[:-2]))
        expected = self.state.wrap(self.motion.step(belief.states, control, checked_dt(dt)))
        roots = root_of(self.motion.noise_cov(belief.states, control, dt))
        roots = np.broadcast_to(roots, belief.roots.shape)
        states = _strayed(self.state, expected, roots, needed(rng).standard_normal(expected.shape))
        return Expectations(finite_states(states, self.motion), belief.log_weights, expected, roots)

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
        promised, proposal = _promise(belief, measurement, sensor)
        hopeless = (prior + promised).max(-1, keepdims=True) == -np.inf  # then the motion alone proposes
        promised = np.where(hopeless, 0.0, promised)
        if proposal is not None and hopeless.any():
            lost, unit = hopeless[..., None], np.eye(belief.states.shape[-1])
            proposal = Gaussian(np.where(lost, 0.0, proposal.mean), np.where(lost[..., None], unit, proposal.cov))
        first, promise = normalise(prior + promised)
        ancestors = resampler(self.resample)(first, rng)
        expected = selected(belief.expected, ancestors)
        roots = belief.roots if belief.roots.strides[-3] == 0 else selected(belief.roots, ancestors)
        noise, ratio = _drawn_noise(expected.shape, proposal, ancestors, rng)
        states = _strayed(self.state, expected, roots, noise)
        # what the promise was wrong about; its mean is the other factor of the evidence
        found = log_likelihood(sensor, measurement, states) + ratio
        correction = found - np.take_along_axis(promised, ancestors, axis=-1)
        log_weights, rest = normalise(correction - np.log(correction.shape[-1]))
        return Update(settled(states, log_weights), None, None, (promise + rest)[()])


def settled(states: Array, log_weights: Array) -> Expectations:
    """Particles that stray no more before time passes."""
    n = states.shape[-1]
    return Expectations(states, log_weights, states, np.broadcast_to(0.0, (*states.shape, n)))


def _promise(belief: Expectations, measurement: Array, sensor: Any) -> tuple[Array, Gaussian | None]:
    """log p(z | expected) (..., N), and the density of the noise ε ~ N(0, 1) once z is known; None: as before."""
    if hasattr(sensor, "log_likelihood"):
        return sensor.log_likelihood(measurement, belief.expected), None
    n = belief.states.shape[-1]
    z = checked_measurement(measurement, sensor, belief.states.shape[:-2])[..., None, :]
    H = sensor_jacobian(sensor, belief.expected) @ belief.roots  # z = h(expected) + H ε + v
    unit = Gaussian(np.zeros_like(belief.states), np.broadcast_to(np.eye(n), belief.roots.shape))
    update: Any = corrected_linear(_noise_names(n), unit, z, sensor.measure(belief.expected), H, sensor)
    return update.log_likelihood, update.belief


def _drawn_noise(
    shape: tuple[int, ...], proposal: Gaussian | None, ancestors: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """ε (..., N, n) of the ancestors' proposals, and log N(ε; 0, 1) - log of the proposal's density there."""
    draws = rng.standard_normal(shape)
    if proposal is None:
        return draws, np.zeros(shape[:-1])
    mean, cov = (selected(part, ancestors) for part in proposal)
    root = np.linalg.cholesky(cov)
    noise = mean + (root @ draws[..., None])[..., 0]
    log_volume = np.log(np.diagonal(root, axis1=-2, axis2=-1)).sum(-1)
    return noise, 0.5 * ((draws**2).sum(-1) - (noise**2).sum(-1)) + log_volume


def _strayed(state: Layout, expected: Array, roots: Array, noise: Array) -> Array:
    return state.add(expected, np.einsum("...ij,...j->...i", roots, noise))


@functools.cache
def _noise_names(n: int) -> Layout:
    return layout(" ".join(f"noise{i}" for i in range(n)))
