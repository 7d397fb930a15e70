"""The ensemble Kalman filter: a crowd of states with the Kalman filter's gain, for states of very many components."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from plansim.core.arrays import Array, symmetric, transpose
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.estimation.checks import checked_control
from plansim.estimation.kalman.gaussian_steps import check_belief, check_dt, measured, missing, refusal
from plansim.estimation.kalman.sigma_points import root
from plansim.models.base import GaussianMotion
from plansim.models.linear_motion import normal_draws
from plansim.models.linearisation import readings, steps


class Ensemble(NamedTuple):
    """States that count the same."""

    states: Array  # (..., N, n)

    @property
    def mean(self) -> Array:
        """(..., n), of numbers as they are; `gaussian` knows of angles."""
        return self.states.mean(-2)

    def gaussian(self, layout: Layout) -> Gaussian:
        """Mean and unbiased covariance."""
        mean, X = deviations(self.states, layout)
        return Gaussian(mean, transpose(X) @ X)


@dataclass(frozen=True)
class EnsembleKalmanFilter:
    """Members that move with noise and are drawn to perturbed measurements (Evensen 1994; Burgers et al. 1998).

    The gain comes of the members' covariances, which are known to 1 / √members only and, on average, too small:
    `inflation` widens the crowd before each update.

    >>> from plansim.models.kinematic import ConstantVelocity
    >>> from plansim.models.radar import Radar
    >>> rng, estimator = np.random.default_rng(0), EnsembleKalmanFilter(ConstantVelocity(), members=500)
    >>> belief = estimator.around(Gaussian(np.array([30.0, 40.0, 1.0, 0.0]), np.diag([9.0, 9.0, 1.0, 1.0])), rng)
    >>> estimator.update(belief, np.array([51.0, 0.9]), Radar(), rng).belief.mean[:2].round().tolist()
    [32.0, 40.0]
    """

    motion: GaussianMotion
    members: int = 100
    inflation: float = 1.0  # of the deviations from the mean, before an update

    def __post_init__(self) -> None:
        if self.members < 2:
            raise MalformedInput(f"an ensemble of {self.members} members: it needs at least 2")
        if not 0 < self.inflation < np.inf:
            raise MalformedInput(f"inflation is {self.inflation}, but must be a positive number")

    @property
    def state(self) -> Layout:
        return self.motion.state

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> Ensemble:
        mean, cov = check_belief(belief, self.state)
        draws = needed(rng).standard_normal((*mean.shape[:-1], self.members, mean.shape[-1]))
        return Ensemble(self.state.add(mean[..., None, :], draws @ transpose(root(cov))))

    def predict(
        self, belief: Ensemble, control: Array | None, dt: float, rng: np.random.Generator | None = None
    ) -> Ensemble:
        """Each member with noise of its own."""
        check_dt(dt)
        rng, u = needed(rng), checked_control(control, self.motion, belief.states.shape[:-2])
        held = u if u is None or u.ndim == 1 else u[..., None, :]
        if hasattr(self.motion, "sample"):
            states = self.state.wrap(self.motion.sample(belief.states, held, dt, rng))
        else:
            moved = steps(self.motion, belief.states, u, dt)
            states = self.state.add(
                moved, normal_draws(self.motion.noise_cov(belief.states, held, dt), moved.shape, rng)
            )
        if not np.isfinite(states).all():
            raise MalformedInput("the step of a member is no finite number: the equations or the noise gave NaN")
        return Ensemble(states)

    def update(
        self, belief: Ensemble, measurement: Array | None, sensor, rng: np.random.Generator | None = None
    ) -> Update:
        if measurement is None:
            return missing(belief, belief.states.shape[:-2])
        z, rng = measured(measurement, sensor, belief.states.shape[:-2]), needed(rng)
        batch = np.broadcast_shapes(belief.states.shape[:-2], z.shape[:-1])
        states = np.broadcast_to(belief.states, (*batch, *belief.states.shape[-2:]))
        if self.inflation != 1.0:
            mean = self.state.mean(states)[..., None, :]
            states = self.state.add(mean, self.inflation * self.state.difference(states, mean))
        return perturbed_update(self.state, states, z, sensor, rng)


@np.errstate(over="ignore")  # of a reading so far off that its log-likelihood is -inf
def perturbed_update(state: Layout, states: Array, z: Array, sensor: Any, rng: np.random.Generator) -> Update:
    """Draws states (..., N, n) towards z + v, each with its own v ~ N(0, R)."""
    layout, R = sensor.measurement, np.asarray(sensor.cov, float)
    read = readings(sensor, states)
    (_, X), (expected, Z) = deviations(states, state), deviations(read, layout)
    S = symmetric(transpose(Z) @ Z) + R
    v = layout.difference(z, expected)
    if not (np.isfinite(S).all() and np.isfinite(v).all()):
        raise refusal(Gaussian(expected, S), z, expected, sensor)
    L = np.linalg.cholesky(S)
    K = transpose(np.linalg.solve(transpose(L), np.linalg.solve(L, transpose(Z) @ X)))
    misses = layout.difference(z[..., None, :] + normal_draws(R, read.shape, rng), read)
    whitened = np.linalg.solve(L, v[..., None])[..., 0]
    log_root = np.log(np.diagonal(L, axis1=-2, axis2=-1)).sum(-1)
    log_likelihood = -0.5 * (whitened**2).sum(-1) - log_root - 0.5 * v.shape[-1] * np.log(2 * np.pi)
    return Update(Ensemble(state.add(states, misses @ transpose(K))), v, S, log_likelihood)


def deviations(states: Array, layout: Layout) -> tuple[Array, Array]:
    """Mean of states (..., N, n), and deviations from it such that their products sum to the covariance."""
    mean = layout.mean(states)
    return mean, layout.difference(states, mean[..., None, :]) / np.sqrt(states.shape[-2] - 1)


def needed(rng: np.random.Generator | None) -> np.random.Generator:
    if rng is None:
        raise MalformedInput("an ensemble filter draws random numbers: pass rng=numpy.random.default_rng(seed)")
    return rng
