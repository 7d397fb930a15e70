"""Dead reckoning: where a robot is by its own increments alone, and how unsure that grows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.estimation.kalman.extended import ExtendedKalmanFilter
from plansim.estimation.kalman.gaussian_steps import check_belief
from plansim.estimation.kalman.jacobians import Derivative
from plansim.models.base import GaussianMotion


@dataclass(frozen=True)
class DeadReckoning:
    """p(x_t | u_1:t), normal and to first order in the noise: what the controls say, and no measurement.

    The motion may be `WheelOdometry`, whose control is the measured increment, or any motion with noise under the
    commanded control. Its uncertainty never shrinks: the filters that listen to measurements are held against it.
    """

    motion: GaussianMotion
    jacobian: Derivative = "auto"

    @property
    def state(self) -> Layout:
        return self.motion.state

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> Gaussian:
        return check_belief(belief, self.state)

    def predict(
        self, belief: Gaussian, control: Array | None, dt: float, rng: np.random.Generator | None = None
    ) -> Gaussian:
        return ExtendedKalmanFilter(self.motion, self.jacobian).predict(belief, control, dt)

    def update(
        self, belief: Gaussian, measurement: Array | None, sensor, rng: np.random.Generator | None = None
    ) -> Update:
        """The belief as it is: what is measured is not listened to."""
        return Update(belief, None, None, np.zeros(np.shape(belief.mean)[:-1])[()])

    def track(self, belief: Gaussian, controls: Array, dt: float) -> Gaussian:
        """All along controls (..., T, m): means (..., T+1, n) from the start on, covariances (..., T+1, n, n)."""
        controls = np.asarray(controls, float)
        if controls.ndim < 2 or controls.shape[-1] != len(self.motion.control):
            raise MalformedInput(f"controls have shape {controls.shape}, but must have (T, {len(self.motion.control)})")
        beliefs = [Gaussian(*(np.asarray(part, float) for part in belief))]
        for t in range(controls.shape[-2]):
            beliefs.append(self.predict(beliefs[-1], controls[..., t, :], dt))
        shape = np.broadcast_shapes(beliefs[-1].mean.shape, beliefs[0].mean.shape)
        means = [np.broadcast_to(one.mean, shape) for one in beliefs]
        covs = [np.broadcast_to(one.cov, (*shape, shape[-1])) for one in beliefs]
        return Gaussian(np.stack(means, -2), np.stack(covs, -3))
