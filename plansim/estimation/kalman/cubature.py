"""The cubature Kalman filter: 2n points of equal weight go through motion and sensor as they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.estimation.kalman.gaussian_steps import check_belief, missing
from plansim.estimation.kalman.nonlinear_sequence import points_sequence
from plansim.estimation.kalman.sigma_points import CubaturePoints
from plansim.estimation.kalman.single_steps import SingleSteps
from plansim.estimation.kalman.unscented import points_predict, points_update
from plansim.models.base import GaussianMotion


@dataclass(frozen=True)
class CubatureKalmanFilter:
    """N(x; mean, cov) by the third-degree spherical-radial rule (Arasaratnam and Haykin 2009; Särkkä 2013, 6.11).

    Exact means of polynomials up to the third degree; nothing to tune, and no covariance can lose its positivity.

    >>> from plansim.models.kinematic import ConstantVelocity
    >>> from plansim.models.radar import Radar
    >>> estimator = CubatureKalmanFilter(ConstantVelocity())
    >>> belief = estimator.around(Gaussian(np.array([30.0, 40.0, 1.0, 0.0]), np.diag([9.0, 9.0, 1.0, 1.0])))
    >>> estimator.update(belief, np.array([51.0, 0.9]), Radar()).belief.mean[:2].round(1).tolist()
    [31.5, 39.9]
    """

    motion: GaussianMotion

    points: ClassVar[CubaturePoints] = CubaturePoints()
    filter_sequence = points_sequence

    @property
    def state(self) -> Layout:
        return self.motion.state

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> Gaussian:
        return check_belief(belief, self.state)

    def predict(
        self, belief: Gaussian, control: Array | None, dt: float, rng: np.random.Generator | None = None
    ) -> Gaussian:
        one = self._single.predict(belief, control, dt)
        return one or points_predict(self.motion, self.points, belief, control, dt)

    def update(
        self, belief: Gaussian, measurement: Array | None, sensor, rng: np.random.Generator | None = None
    ) -> Update:
        if measurement is None:
            return missing(belief, belief.mean.shape[:-1])
        one = self._single.update(belief, measurement, sensor)
        return one or points_update(self.state, self.points, belief, measurement, sensor)

    @cached_property
    def _single(self) -> SingleSteps:
        return SingleSteps(self.motion, self.points)
