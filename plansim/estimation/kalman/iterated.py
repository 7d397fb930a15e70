"""The iterated extended Kalman filter: the sensor is taken for linear near what it itself says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from plansim.core.arrays import Array, transpose
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.estimation.kalman.extended import extended_predict
from plansim.estimation.kalman.gaussian_steps import check_belief, corrected_linear, measured, missing
from plansim.estimation.kalman.jacobians import Derivative, chosen, linear_reading
from plansim.estimation.kalman.sigma_points import root
from plansim.models.base import GaussianMotion

HALVINGS = 8  # of a step that makes things worse


@dataclass(frozen=True)
class IteratedExtendedKalmanFilter:
    """The most probable state after a measurement, and the covariance by its linearisation there.

    Gauss-Newton on |z - h(x)|² / R + |x - mean|² / P (Bell and Cathey 1993), each step halved until the sum falls. The
    measurement counts once, however many iterations: every one of them starts from the predicted belief. Innovation,
    its covariance and the likelihood are those of the first linearisation, as in the extended filter.

    >>> from plansim.models.kinematic import ConstantVelocity
    >>> from plansim.models.radar import Radar
    >>> estimator = IteratedExtendedKalmanFilter(ConstantVelocity(), iterations=5)
    >>> belief = estimator.around(Gaussian(np.array([30.0, 40.0, 1.0, 0.0]), np.diag([9.0, 9.0, 1.0, 1.0])))
    >>> estimator.update(belief, np.array([51.0, 0.9]), Radar()).belief.mean[:2].round(1).tolist()
    [31.6, 39.9]
    """

    motion: GaussianMotion
    iterations: int = 10  # at most; one is the extended Kalman filter
    tolerance: float = 1e-10  # standard deviations: a smaller step is the last one
    jacobian: Derivative = "auto"

    def __post_init__(self) -> None:
        chosen(self.motion, self.jacobian)
        if self.iterations < 1:
            raise MalformedInput(f"iterations is {self.iterations}, but must be at least 1")

    @property
    def state(self) -> Layout:
        return self.motion.state

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> Gaussian:
        return check_belief(belief, self.state)

    def predict(
        self, belief: Gaussian, control: Array | None, dt: float, rng: np.random.Generator | None = None
    ) -> Gaussian:
        return extended_predict(self.motion, belief, control, dt, self.jacobian)

    def update(
        self, belief: Gaussian, measurement: Array | None, sensor, rng: np.random.Generator | None = None
    ) -> Update:
        if measurement is None:
            return missing(belief, belief.mean.shape[:-1])
        z = measured(measurement, sensor, np.shape(belief.mean)[:-1])
        expected, H = linear_reading(sensor, belief.mean, self.jacobian)
        first = corrected_linear(self.state, belief, z, expected, H, sensor)
        x, expected, H = self._most_probable(belief, z, sensor)
        last: Any = corrected_linear(self.state, belief, z, expected, H, sensor).belief  # of whose mean nothing is used
        return first._replace(belief=Gaussian(x, last.cov))

    def _most_probable(self, belief: Gaussian, z: Array, sensor) -> tuple[Array, Array, Array]:
        """The state, and the last linearisation: its reading and its H."""
        A, layout, R = root(belief.cov), sensor.measurement, np.asarray(sensor.cov)
        batch = np.broadcast_shapes(belief.mean.shape[:-1], z.shape[:-1])
        xi = np.zeros((*batch, len(self.state)))  # x = mean + A xi, so that the prior is N(xi; 0, I) for any P
        for _ in range(self.iterations):
            expected, H = linear_reading(sensor, belief.mean + (A @ xi[..., None])[..., 0], self.jacobian)
            J, v = H @ A, layout.difference(z, expected)
            S = J @ transpose(J) + R
            target = transpose(J) @ np.linalg.solve(S, (v + (J @ xi[..., None])[..., 0])[..., None])
            step = target[..., 0] - xi
            share = self._share(belief, A, xi, step, z, sensor)
            xi = xi + share * step
            if np.all(share * np.abs(step) <= self.tolerance):
                break
        return self.state.add(belief.mean, (A @ xi[..., None])[..., 0]), expected, H

    def _share(self, belief: Gaussian, A: Array, xi: Array, step: Array, z: Array, sensor) -> Array:
        """How much of a step to take, (..., 1): the whole, a half, a quarter... until the sum of squares falls."""
        L = root(np.asarray(sensor.cov, float))

        @np.errstate(over="ignore")  # of a reading that is far beyond all sense
        def cost(xi: Array) -> Array:
            read = sensor.measure(belief.mean + (A @ xi[..., None])[..., 0])
            whitened = np.linalg.solve(L, sensor.measurement.difference(z, read)[..., None])[..., 0]
            return (whitened**2).sum(-1) + (xi**2).sum(-1)

        share, before = np.ones((*xi.shape[:-1], 1)), cost(xi)
        for _ in range(HALVINGS):
            worse = ~(cost(xi + share * step) <= before * (1 + 1e-12) + 1e-12)
            if not worse.any():
                break
            share = np.where(worse[..., None], share / 2, share)
        return share
