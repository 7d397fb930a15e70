"""The unscented Kalman filter: sigma points go through motion and sensor as they are, with no derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.estimation.checks import checked_control
from plansim.estimation.kalman.gaussian_steps import (
    check_belief,
    check_dt,
    corrected,
    missing,
    moments,
    sigma_points,
)
from plansim.estimation.kalman.nonlinear_sequence import points_sequence
from plansim.estimation.kalman.sigma_points import ScaledPoints, SigmaPoints
from plansim.estimation.kalman.single_steps import SingleSteps
from plansim.models.base import GaussianMotion, MeasurementModel
from plansim.models.linearisation import readings, steps


@dataclass(frozen=True)
class UnscentedKalmanFilter:
    """N(x; mean, cov) whose moments are those of 2n + 1 points (Särkkä 2013, algorithm 5.14).

    The points are drawn anew for the update, so that they hold the motion's noise too, and a linear system gives the
    Kalman filter exactly.

    >>> from plansim.models.kinematic import ConstantVelocity
    >>> from plansim.models.radar import Radar
    >>> estimator = UnscentedKalmanFilter(ConstantVelocity())
    >>> belief = estimator.around(Gaussian(np.array([30.0, 40.0, 1.0, 0.0]), np.diag([9.0, 9.0, 1.0, 1.0])))
    >>> belief = estimator.predict(belief, None, dt=1.0)
    >>> estimator.update(belief, np.array([51.0, 0.9]), Radar()).belief.mean[:2].round(1).tolist()
    [31.6, 39.9]
    """

    motion: GaussianMotion
    points: SigmaPoints = ScaledPoints()

    @property
    def state(self) -> Layout:
        return self.motion.state

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> Gaussian:
        return check_belief(belief, self.state)

    filter_sequence = points_sequence

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


def points_predict(
    motion: GaussianMotion, points: SigmaPoints, belief: Gaussian, control: Array | None, dt: float
) -> Gaussian:
    """The moments of where the motion takes the points, and its noise."""
    check_dt(dt)
    control = checked_control(control, motion, np.shape(belief.mean)[:-1], wider=True)
    unit = points.unit(len(motion.state))
    drawn, _ = sigma_points(belief, unit)
    return moments(steps(motion, drawn, control, dt), unit, motion.state, motion.noise_cov(belief.mean, control, dt))


def points_update(
    state: Layout, points: SigmaPoints, belief: Gaussian, measurement: Array | None, sensor: MeasurementModel
) -> Update:
    """Bayes' rule by the covariance between the points and what the sensor reads of them."""
    unit = points.unit(len(state))
    drawn, X = sigma_points(belief, unit)
    return corrected(state, belief, measurement, X, readings(sensor, drawn), unit, sensor)
