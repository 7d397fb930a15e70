"""The Kalman filter: exact for linear motion, linear sensors and normal noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy import empty

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.estimation.kalman import linear_steps
from plansim.estimation.kalman.gaussian_steps import check_belief, missing
from plansim.estimation.kalman.linear_model import NO_CONTROL, LinearModel, linear_model
from plansim.estimation.kalman.linear_sequence import linear_sequence
from plansim.estimation.kalman.linear_steps import gaussian_update
from plansim.estimation.kalman.one_call import step_entry
from plansim.estimation.kalman.sequence import Filtered
from plansim.models.base import LinearMotion

__all__ = ["KalmanFilter", "gaussian_update"]

new = tuple.__new__  # a NamedTuple without its constructor, which takes a tenth of a step
REMEMBERED = 256  # pairs of a sensor and a dt, whose matrices are kept


@dataclass(frozen=True)
class KalmanFilter:
    """N(x; mean, cov) after all measurements so far (Kalman 1960; Särkkä 2013, theorem 4.2).

    The noise of its motion depends on dt alone. What motion and sensor say is asked once for each dt and sensor.

    >>> from plansim.models.kinematic import ConstantVelocity
    >>> from plansim.models.position import Position
    >>> estimator, belief = KalmanFilter(ConstantVelocity()), Gaussian(np.zeros(4), 100.0 * np.eye(4))
    >>> for z in ([1.0, 0.0], [2.0, 0.0], [3.0, 0.0]):
    ...     belief = estimator.step(belief, None, 1.0, np.array(z), Position(std=0.1)).belief
    >>> belief.mean.round(1).tolist()
    [3.0, 0.0, 1.0, 0.0]
    """

    motion: LinearMotion

    def __post_init__(self) -> None:
        if not hasattr(self.motion, "transition"):
            raise MalformedInput(
                f"motion {type(self.motion).__name__} is not linear: it has no transition(dt); "
                "ExtendedKalmanFilter and UnscentedKalmanFilter take any motion"
            )

    @property
    def state(self) -> Layout:
        return self.motion.state

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> Gaussian:
        return check_belief(belief, self.state)

    def predict(
        self, belief: Gaussian, control: Array | None, dt: float, rng: np.random.Generator | None = None
    ) -> Gaussian:
        _, stack, n, _, square, _, work, calls, _ = model = self.model(None, dt)
        x, P = belief
        u = NO_CONTROL if control is None else control
        try:
            if x.ndim == 1:
                mean, cov = empty(n), empty(square)
                if calls.predict(stack, x, P, u, mean, cov, empty(work)):
                    return Gaussian(mean, cov)
        except (AttributeError, TypeError):  # not float64 in C order: the compiled call takes nothing else
            pass
        return linear_steps.predict(self.state, model, belief, control)

    def update(
        self, belief: Gaussian, measurement: Array | None, sensor: Any, rng: np.random.Generator | None = None
    ) -> Update:
        if measurement is None:
            return missing(belief, np.shape(belief.mean)[:-1])
        _, stack, n, k, square, measured_square, work, calls, _ = model = self.model(sensor, None)
        x, P = belief
        try:
            if x.ndim == 1:
                mean, cov, v, S = empty(n), empty(square), empty(k), empty(measured_square)
                log_likelihood = calls.update(stack, x, P, measurement, mean, cov, v, S, empty(work))
                if log_likelihood == log_likelihood:  # NaN: there is no answer
                    return Update(Gaussian(mean, cov), v, S, log_likelihood)
        except (AttributeError, TypeError):
            pass
        return linear_steps.update(self.state, model, belief, measurement)

    def step(
        self, belief: Gaussian, control: Array | None, dt: float, measurement: Array | None, sensor: Any
    ) -> Update:
        """`predict` and `update` in one call: the fastest way to one filter, or to a bank of them."""
        if measurement is None:
            return self.update(self.predict(belief, control, dt), None, sensor)
        try:
            model, compiled = self._steps[id(sensor), dt]
        except KeyError:
            model = self.model(sensor, dt)
            compiled = step_entry(model.n, model.k)
            self._steps[id(sensor), dt] = model, compiled
        _, stack, n, k, square, measured_square, work, _, _ = model
        x, P = belief
        try:
            if x.ndim == 1:
                u = NO_CONTROL if control is None else control
                mean, cov, v, S = empty(n), empty(square), empty(k), empty(measured_square)
                log_likelihood = compiled(stack, x, P, u, measurement, mean, cov, v, S, empty(work))
                if log_likelihood == log_likelihood:
                    return new(Update, (new(Gaussian, (mean, cov)), v, S, log_likelihood))
        except (AttributeError, TypeError):
            pass
        return linear_steps.step(self.state, model, belief, control, measurement)

    def filter_sequence(
        self, belief: Gaussian, measurements: Array, sensor: Any, dt: float, controls: Array | None
    ) -> Filtered:
        """The whole log (T, k) or (B, T, k) in one compiled call; see `filter_sequence`."""
        return linear_sequence(self.model(sensor, dt), belief, measurements, controls)

    def model(self, sensor: Any | None, dt: float | None) -> LinearModel:
        """Found once for a sensor and a dt; it holds the sensor, so that no other can come by its id."""
        key = 0 if sensor is None else id(sensor), dt
        if key not in self._models:
            if len(self._models) >= REMEMBERED:
                self._models.clear()
                self._steps.clear()
            self._models[key] = linear_model(self.motion, sensor, dt)
        return self._models[key]

    @cached_property
    def _models(self) -> dict[tuple[int, float | None], LinearModel]:
        return {}

    @cached_property
    def _steps(self) -> dict[tuple[int, float], tuple[LinearModel, Callable[..., float]]]:
        return {}
