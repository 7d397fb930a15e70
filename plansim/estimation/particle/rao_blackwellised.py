"""The Rao-Blackwellised particle filter: samples only what is nonlinear, and keeps a Kalman filter for all the rest.

p(x_l, x_n,1:t | z_1:t) = p(x_l | x_n,1:t, z_1:t) p(x_n,1:t | z_1:t): the first factor is normal and exact, so that only
the second needs particles.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from plansim.core.arrays import Array, symmetric, transpose
from plansim.core.beliefs import Gaussian, Mixture
from plansim.core.errors import MalformedInput, near_miss
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.estimation.checks import checked_control, checked_dt, checked_measurement, finite_states
from plansim.estimation.kalman.gaussian_steps import check_belief, corrected_linear
from plansim.estimation.kalman.jacobians import motion_jacobian, sensor_jacobian
from plansim.estimation.particle.particle_filter import check_settings, needed
from plansim.estimation.particle.propagation import for_each
from plansim.estimation.particle.resampling import Resampler, Scheme, normalise, resampler
from plansim.estimation.particle.selection import selected
from plansim.models.base import GaussianMotion, MeasurementModel


@dataclass(frozen=True)
class RaoBlackwellisedParticleFilter:
    """A mixture of normal densities, one a particle (Schön, Gustafsson and Nordlund 2005, algorithm 1).

    The state is split by names: `nonlinear` are sampled; given those, motion and sensor must be linear in all others,

        x_n' = f_n(x_n, u) + A_n(x_n) x_l + w_n
        x_l' = f_l(x_n, u) + A_l(x_n) x_l + w_l,   z = h(x_n) + C(x_n) x_l + v

    with normal noise, w_n and w_l correlated or not. A model that is not is refused where it is seen to be. A
    component's covariance is zero in the rows and columns of what is sampled. Without nonlinear names this is the
    Kalman filter; with all names it is the bootstrap filter. A measurement that no particle explains says nothing: its
    log-likelihood is -inf, and the components stay.

    >>> from plansim.models.kinematic import ConstantVelocity
    >>> from plansim.models.position import Position
    >>> rng = np.random.default_rng(0)
    >>> estimator = RaoBlackwellisedParticleFilter(ConstantVelocity(), nonlinear="x y", particles=100)
    >>> belief = estimator.predict(estimator.around(Gaussian(np.zeros(4), np.eye(4)), rng), None, dt=0.1, rng=rng)
    >>> estimator.update(belief, np.array([1.0, 0.0]), Position(std=0.5), rng).belief.components.cov.shape
    (100, 4, 4)
    """

    motion: GaussianMotion
    nonlinear: str  # the names of the state that are sampled, "x y"
    particles: int = 100
    resample_below: float = 0.5  # effective sample size, as a share of the particles
    resample: Scheme | Resampler = "systematic"

    def __post_init__(self) -> None:
        check_settings(self.particles, self.resample_below, self.resample)
        for name in self.nonlinear.split():
            if name not in self.state.names:
                names = " ".join(self.state.names)
                raise MalformedInput(f"nonlinear: no {name!r} in {names!r}{near_miss(name, self.state.names)}")

    @property
    def state(self) -> Layout:
        return self.motion.state

    @cached_property
    def sampled(self) -> tuple[int, ...]:
        return tuple(self.state.index(name) for name in self.nonlinear.split())

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> Mixture:
        mean, cov = check_belief(belief, self.state)
        means = np.broadcast_to(mean[..., None, :], (*mean.shape[:-1], self.particles, mean.shape[-1]))
        covs = np.broadcast_to(cov[..., None, :, :], (*means.shape, means.shape[-1]))
        weights = np.full(means.shape[:-1], -np.log(self.particles))
        return Mixture(self._sampled(means, covs, needed(rng)), weights)

    def predict(
        self, belief: Mixture, control: Array | None, dt: float, rng: np.random.Generator | None = None
    ) -> Mixture:
        """Each component's exact successor, of which what is nonlinear is then drawn."""
        mean, cov = belief.components
        control = for_each(checked_control(control, self.motion, mean.shape[:-2]))
        F = motion_jacobian(self.motion, mean, control, checked_dt(dt))
        moved = finite_states(self.state.wrap(self.motion.step(mean, control, dt)), self.motion)
        self._check_linear("motion", lambda x: self.motion.step(x, control, dt), self.state, belief, moved, F)
        predicted = symmetric(F @ cov @ transpose(F)) + self.motion.noise_cov(mean, control, dt)
        return Mixture(self._sampled(moved, predicted, needed(rng)), belief.log_weights)

    def update(
        self,
        belief: Mixture,
        measurement: Array | None,
        sensor: MeasurementModel,
        rng: np.random.Generator | None = None,
    ) -> Update:
        """A Kalman update of each component; how likely it found the measurement is its weight."""
        if measurement is None:
            return Update(belief, None, None, np.zeros(belief.log_weights.shape[:-1])[()])
        mean = belief.components.mean
        z = checked_measurement(measurement, sensor, mean.shape[:-2])[..., None, :]
        expected, H = sensor.measure(mean), sensor_jacobian(sensor, mean)
        self._check_linear("sensor", sensor.measure, sensor.measurement, belief, expected, H)
        components: Any
        components, _, _, log_likelihoods = corrected_linear(self.state, belief.components, z, expected, H, sensor)
        log_weights, evidence = normalise(belief.log_weights + log_likelihoods)
        lost, (was, its_cov) = np.asarray(evidence == -np.inf)[..., None, None], belief.components
        components = Gaussian(np.where(lost, was, components[0]), np.where(lost[..., None], its_cov, components[1]))
        return Update(self._resampled(Mixture(components, log_weights), needed(rng)), None, None, evidence)

    def _sampled(self, mean: Array, cov: Array, rng: np.random.Generator) -> Gaussian:
        """Draws what is nonlinear from N(mean, cov), and conditions the rest on it: Cholesky's method, stopped there.

        A component without variance left (a position that moves without noise) stays as expected.
        """
        for i in self.sampled:
            pivot = cov[..., i, i]
            known = pivot <= 1e-14 * np.abs(np.diagonal(cov, axis1=-2, axis2=-1)).max(-1)
            column = np.where(known[..., None], 0.0, cov[..., :, i]) / np.sqrt(np.where(known, 1.0, pivot))[..., None]
            mean = mean + column * rng.standard_normal(mean.shape[:-1])[..., None]
            cov = cov - column[..., :, None] * column[..., None, :]
            rest = np.ones(len(self.state))
            rest[i] = 0.0
            cov = cov * rest * rest[:, None]  # of what is known now, rounding left a trace
        return Gaussian(self.state.wrap(mean), cov)

    def _resampled(self, belief: Mixture, rng: np.random.Generator) -> Mixture:
        weights, count = belief.weights, self.particles
        poor = 1.0 / (weights**2).sum(-1) < self.resample_below * count
        if not poor.any():
            return belief
        ancestors = resampler(self.resample)(belief.log_weights, rng)
        components = Gaussian(*(selected(a, ancestors, poor) for a in belief.components))
        return Mixture(components, np.where(poor[..., None], -np.log(count), belief.log_weights))

    def _check_linear(self, what: str, f, layout: Layout, belief: Mixture, at: Array, slope: Array) -> None:
        """Refuses what is not linear in the rest: one step of a standard deviation, seen at the first particle."""
        mean, cov = belief.components
        step = np.sqrt(np.maximum(np.diagonal(cov[..., :1, :, :], axis1=-2, axis2=-1), 0.0))
        slope = slope if slope.ndim == 2 else slope[..., :1, :, :]
        promised = (slope @ step[..., None])[..., 0]
        miss = np.abs(layout.difference(f(mean[..., :1, :] + step), at[..., :1, :] + promised))
        if (miss > 1e-6 * (np.abs(promised) + np.abs(at[..., :1, :]) + 1e-9)).any():
            rest = " ".join(name for name in self.state.names if name not in self.nonlinear.split())
            raise MalformedInput(
                f"the {what} is not linear in {rest!r}, given {self.nonlinear!r}: name all that it bends with"
            )
