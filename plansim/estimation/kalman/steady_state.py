"""The gain to which a Kalman filter comes when motion, sensor and dt stay the same: one small product a step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from plansim.core.arrays import Array, readonly, symmetric, transpose
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.estimation.kalman.linear_model import linear_model
from plansim.estimation.observer import LuenbergerObserver
from plansim.models.base import LinearMotion, MeasurementModel


class SteadyState(NamedTuple):
    """What no longer changes from step to step."""

    gain: Array  # K (n, k)
    predicted_cov: Array  # (n, n), before each measurement
    cov: Array  # (n, n), after it
    innovation_cov: Array  # (k, k)


def steady_state(motion: LinearMotion, sensor: MeasurementModel, dt: float) -> SteadyState:
    """The stabilising solution P of P = F (P - P Hᵀ (H P Hᵀ + R)⁻¹ H P) Fᵀ + Q (Anderson and Moore 1979, section 4.4).

    >>> from plansim.models.linear_motion import LinearSystem
    >>> from plansim.models.linear_sensor import LinearSensor
    >>> walk, reading = LinearSystem("x", [[0.0]], noise_density=[[1.0]]), LinearSensor("x", [[1.0]], [[1.0]])
    >>> gain, predicted_cov, _, _ = steady_state(walk, reading, dt=1.0)
    >>> round(gain.item(), 6), round(predicted_cov.item(), 6)
    (0.618034, 1.618034)
    """
    from scipy.linalg import solve_discrete_are

    model = linear_model(motion, sensor, dt)
    n, k = model.n, model.k
    F, Q, H, R = model.stack[0, :n, :n], model.stack[1, :n, :n], model.stack[2, :k, :n], model.stack[3, :k, :k]
    _refuse_without_steady_state(motion.state, F, Q, H)
    P = symmetric(solve_discrete_are(transpose(F), transpose(H), Q, R))
    S = symmetric(H @ P @ transpose(H) + R)
    K = transpose(np.linalg.solve(S, H @ P))
    A = np.eye(n) - K @ H
    return SteadyState(*map(readonly, (K, P, symmetric(A @ P @ transpose(A) + K @ R @ transpose(K)), S)))


@dataclass(frozen=True, eq=False)
class SteadyStateKalmanFilter:
    """The Kalman filter's mean by the gain of the steady state, which it comes to after its first steps anyway.

    For one dt and one sensor, of every step. Its covariance is that of the errors which this gain leaves: larger than
    the Kalman filter's at first and after missing measurements, the same in the long run.
    """

    motion: LinearMotion
    sensor: MeasurementModel  # linear
    dt: float  # s, of every step

    def __post_init__(self) -> None:
        self._observer  # noqa: B018 - which refuses what has no steady state

    @cached_property
    def steady(self) -> SteadyState:
        return steady_state(self.motion, self.sensor, self.dt)

    @property
    def state(self) -> Layout:
        return self.motion.state

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> Gaussian:
        return self._observer.around(belief)

    def predict(
        self, belief: Gaussian, control: Array | None, dt: float, rng: np.random.Generator | None = None
    ) -> Gaussian:
        return self._observer.predict(belief, control, dt)

    def update(
        self, belief: Gaussian, measurement: Array | None, sensor: Any, rng: np.random.Generator | None = None
    ) -> Update:
        return self._observer.update(belief, measurement, sensor)

    @cached_property
    def _observer(self) -> LuenbergerObserver:
        return LuenbergerObserver(self.motion, self.sensor, self.dt, gain=self.steady.gain)


def _refuse_without_steady_state(state: Layout, F: Array, Q: Array, H: Array) -> None:
    """By the test of Popov, Belevitch and Hautus, at the modes that do not decay by themselves."""
    n = len(F)
    for mode in np.linalg.eigvals(F):
        shifted = mode * np.eye(n) - F
        if abs(mode) > 1 - 1e-9 and (blind := _null(np.vstack([shifted, H]))) is not None:
            raise MalformedInput(
                f"no steady state: the sensor never sees {_named(state, blind)}, which does not decay by itself "
                f"(eigenvalue {_short(mode)} of the transition)"
            )
        if abs(abs(mode) - 1) < 1e-9 and (still := _null(np.vstack([shifted.conj().T, Q]))) is not None:
            raise MalformedInput(
                f"no steady state: nothing disturbs {_named(state, still)}, so that the gain sinks to 0 for ever "
                f"(eigenvalue {_short(mode)} of the transition); give the motion some noise there"
            )


def _null(matrix: Array) -> Array | None:
    """A direction that a matrix maps to nothing."""
    _, sizes, directions = np.linalg.svd(matrix)
    return directions[-1] if sizes[-1] <= 1e-9 * max(sizes[0], 1.0) else None


def _named(state: Layout, direction: Array) -> str:
    names = [name for name, share in zip(state.names, np.abs(direction), strict=True) if share > 0.1]
    return " + ".join(names)


def _short(mode: complex) -> str:
    return f"{mode.real:.6g}" if abs(mode.imag) < 1e-12 else f"{mode:.6g}"
