"""The Luenberger observer: a copy of the system that is pulled towards what is measured, by a gain chosen once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from plansim.core.arrays import Array, numbers, readonly, symmetric
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.estimation.checks import checked_control, checked_dt, checked_measurement
from plansim.estimation.kalman.gaussian_steps import check_belief
from plansim.estimation.kalman.jacobians import sensor_jacobian
from plansim.models.base import LinearMotion, MeasurementModel


@dataclass(frozen=True, eq=False)
class LuenbergerObserver:
    """x̂ = x̂⁻ + L (z - C x̂⁻), whose error obeys e' = (I - L C) F e (Luenberger 1964, in its current form).

    Exactly one of `gain`, `poles` and `rates` chooses L. The error decays like the poles' powers, whatever the noise;
    the covariance that a belief carries is the true one of this gain for the noise that motion and sensor name, so it
    is larger than the Kalman filter's, and settles at `steady_cov`.

    >>> from plansim.models.kinematic import ConstantVelocity
    >>> from plansim.models.linear_sensor import LinearSensor
    >>> sensor = LinearSensor("x", [[1.0, 0.0]], [[0.01]])
    >>> observer = LuenbergerObserver(ConstantVelocity(dimension=1), sensor, dt=0.1, poles=(0.5, 0.6))
    >>> observer.error_poles.round(6).tolist()
    [0.5, 0.6]
    """

    motion: LinearMotion
    sensor: MeasurementModel  # linear
    dt: float  # s, of every step
    gain: Array | None = None  # L (n, k)
    poles: tuple[float | complex, ...] | None = None  # n of the error's step, within the unit circle
    rates: tuple[float | complex, ...] | None = None  # 1/s, n of the error in continuous time, left of zero

    def __post_init__(self) -> None:
        checked_dt(self.dt)
        if sum(choice is not None for choice in (self.gain, self.poles, self.rates)) != 1:
            raise MalformedInput("an observer is made by exactly one of gain, poles and rates")
        if self.gain is not None:
            object.__setattr__(self, "gain", numbers("gain", self.gain))
        n, k = self._shape
        if self.chosen_gain.shape != (n, k):
            raise MalformedInput(f"gain has shape {self.chosen_gain.shape}, but must have {(n, k)}")
        largest = np.abs(self.error_poles).max()
        if not largest < 1:
            raise MalformedInput(
                f"the gain makes the error grow: its poles are {spelled(self.error_poles)}, of which one has the size "
                f"{largest:.4g}, but all must lie within the unit circle"
            )

    @property
    def state(self) -> Layout:
        return self.motion.state

    @cached_property
    def matrix(self) -> Array:
        """C (k, n)."""
        return readonly(sensor_jacobian(self.sensor, np.zeros(len(self.state))))

    @cached_property
    def chosen_gain(self) -> Array:
        """L (n, k)."""
        if self.gain is not None:
            return self.gain
        if self.poles is not None:
            return readonly(placed(self.motion.transition(self.dt), self.matrix, np.asarray(self.poles), self.state))
        rates = np.asarray(self.rates)
        if not (rates.real < 0).all():
            raise MalformedInput(f"rates are {spelled(rates)}, but must all lie left of zero: the error is to decay")
        return readonly(placed(self.motion.transition(self.dt), self.matrix, np.exp(rates * self.dt), self.state))

    @cached_property
    def error_poles(self) -> Array:
        """The eigenvalues of (I - L C) F, smallest first."""
        values = np.linalg.eigvals(self._correction @ self.motion.transition(self.dt))
        values = values[np.lexsort((values.imag, np.abs(values).round(12)))]
        return values.real if (values.imag == 0).all() else values

    @cached_property
    def steady_cov(self) -> Array:
        """Of the error after a measurement, in the long run: P = A P Aᵀ + (I - L C) Q (I - L C)ᵀ + L R Lᵀ."""
        from scipy.linalg import solve_discrete_lyapunov

        A, L = self._correction @ self.motion.transition(self.dt), self.chosen_gain
        Q = self.motion.noise_cov(None, None, self.dt)
        noise = self._correction @ Q @ self._correction.T + L @ self.sensor.cov @ L.T
        return readonly(symmetric(solve_discrete_lyapunov(A, noise)))

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> Gaussian:
        return check_belief(belief, self.state)

    def predict(
        self, belief: Gaussian, control: Array | None, dt: float, rng: np.random.Generator | None = None
    ) -> Gaussian:
        if abs(checked_dt(dt) - self.dt) > 1e-9 * self.dt:
            raise MalformedInput(f"dt is {dt}, but the observer's gain was chosen for steps of {self.dt} s")
        control = checked_control(control, self.motion, np.shape(belief.mean)[:-1])
        F = self.motion.transition(self.dt)
        mean = self.state.wrap(self.motion.step(belief.mean, control, self.dt))
        Q = self.motion.noise_cov(None, control, self.dt)
        return Gaussian(mean, symmetric(F @ belief.cov @ F.T) + Q)

    def update(
        self, belief: Gaussian, measurement: Array | None, sensor: Any, rng: np.random.Generator | None = None
    ) -> Update:
        if measurement is None:
            return Update(belief, None, None, np.zeros(np.shape(belief.mean)[:-1])[()])
        self._check(sensor)
        z = checked_measurement(measurement, sensor, np.shape(belief.mean)[:-1])
        C, L, R = self.matrix, self.chosen_gain, sensor.cov
        innovation = sensor.measurement.difference(z, sensor.measure(belief.mean))
        S = symmetric(C @ belief.cov @ C.T) + R
        mean = self.state.add(belief.mean, innovation @ L.T)
        cov = symmetric(self._correction @ belief.cov @ self._correction.T) + L @ R @ L.T  # true of any gain
        return Update(Gaussian(mean, cov), innovation, S, _normal(innovation, S))

    @cached_property
    def _correction(self) -> Array:
        return np.eye(len(self.state)) - self.chosen_gain @ self.matrix

    @property
    def _shape(self) -> tuple[int, int]:
        return len(self.state), len(self.sensor.measurement)

    def _check(self, sensor: Any) -> None:
        if sensor is self.sensor:
            return
        n, k = self._shape
        if len(sensor.measurement) != k or not np.allclose(sensor_jacobian(sensor, np.zeros(n)), self.matrix):
            raise MalformedInput(
                f"the observer's gain was chosen for a sensor of {' '.join(self.sensor.measurement.names)!r}, but this "
                f"one, of {' '.join(sensor.measurement.names)!r}, sees something else"
            )


def placed(F: Array, C: Array, poles: Array, state: Layout) -> Array:
    """The L (n, k) for which (I - L C) F has these poles, by the dual system (Kautsky, Nichols and Van Dooren 1985)."""
    from scipy.signal import place_poles

    n = len(F)
    if poles.shape != (n,):
        raise MalformedInput(f"{poles.size} poles were given, but the error has {n}: one for each of {state.names}")
    if not np.allclose(np.sort_complex(poles), np.sort_complex(poles.conj())):
        raise MalformedInput(f"poles are {spelled(poles)}, but complex ones must come in conjugate pairs")
    if not (np.abs(poles) < 1).all():
        raise MalformedInput(
            f"poles are {spelled(poles)}, but must all lie within the unit circle: the error is to decay"
        )
    check_observable(F, C, state)
    if max((np.abs(poles - pole) < 1e-9).sum() for pole in poles) > len(C):
        raise MalformedInput(f"poles {spelled(poles)} cannot be placed: one is repeated, but only {len(C)} is measured")
    try:
        return place_poles(F.T, (C @ F).T, poles).gain_matrix.T
    except ValueError as error:
        raise MalformedInput(f"poles {spelled(poles)} cannot be placed: {error}") from None


def check_observable(F: Array, C: Array, state: Layout) -> None:
    """Refuses a pair of which some motion stays unseen: [F - λ; C] has full rank for every λ (Hautus 1969)."""
    for value in np.linalg.eigvals(F):
        pencil = np.concatenate([F - value * np.eye(len(F)), C])
        pencil = pencil / np.maximum(np.linalg.norm(pencil, axis=1, keepdims=True), 1e-300)
        _, sizes, axes = np.linalg.svd(pencil)
        if sizes[-1] < 1e-10:
            unseen = [name for name, part in zip(state.names, np.abs(axes[-1]), strict=True) if part > 1e-6]
            raise MalformedInput(
                f"the sensor never sees the motion of {' '.join(unseen)!r} (eigenvalue {spelled([value])[1:-1]}): the "
                "pair is not observable, and no gain can place that pole"
            )


def spelled(poles: Any) -> str:
    """Poles as people write them."""
    values = np.asarray(poles, complex)
    return "[" + ", ".join(f"{v.real:.4g}" if abs(v.imag) < 1e-12 else f"{v:.4g}" for v in values) + "]"


@np.errstate(over="ignore")  # of a reading so far off that its log-likelihood is -inf
def _normal(innovation: Array, S: Array) -> Array:
    """log N(innovation; 0, S)."""
    L = np.linalg.cholesky(S)
    whitened = np.linalg.solve(L, innovation[..., None])[..., 0]
    log_root = np.log(np.diagonal(L, axis1=-2, axis2=-1)).sum(-1)
    return (-0.5 * (whitened**2).sum(-1) - log_root - 0.5 * innovation.shape[-1] * np.log(2 * np.pi))[()]
