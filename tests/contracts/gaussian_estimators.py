"""Estimators whose belief has a mean and a covariance, by their registered names: each made for a linear motion.

On a linear system with normal noise those in EXACT are the Kalman filter, to 1e-9.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.scenario.registry import BUILTINS, load


def _of(name: str, *arguments: Any, **settings: Any) -> Callable[[Any], Any]:
    return lambda motion: load(BUILTINS["estimator"][name])(motion, *arguments, **settings)


def _twins(motion: Any) -> Any:
    """Two modes that are the same."""
    imm = load(BUILTINS["estimator"]["interacting-multiple-model"])
    return imm((KalmanFilter(motion), KalmanFilter(motion)), [[0.9, 0.1], [0.2, 0.8]])


def _theirs(motion: Any) -> Any:
    """filterpy's Kalman filter with this motion."""

    def make() -> Any:
        from filterpy.kalman import KalmanFilter

        return KalmanFilter(dim_x=len(motion.state), dim_z=1)

    def prepare(filter: Any, dt: float) -> None:
        filter.F, filter.B, filter.Q = motion.transition(dt), motion.input_matrix(dt), motion.noise_cov(None, None, dt)

    adapter = load(BUILTINS["estimator"]["filterpy"])
    return adapter(make, " ".join(motion.state.names), " ".join(motion.state.angles), prepare)


EXACT: dict[str, Callable[[Any], Any]] = {
    "kalman-filter": _of("kalman-filter"),
    "square-root-kalman-filter": _of("square-root-kalman-filter"),
    "information-filter": _of("information-filter"),
    "gated": lambda motion: load(BUILTINS["estimator"]["gated"])(KalmanFilter(motion), probability=1 - 1e-12),
    "extended-kalman-filter": _of("extended-kalman-filter"),
    "unscented-kalman-filter": _of("unscented-kalman-filter"),
    "iterated-extended-kalman-filter": _of("iterated-extended-kalman-filter"),
    "square-root-unscented-kalman-filter": _of("square-root-unscented-kalman-filter"),
    "cubature-kalman-filter": _of("cubature-kalman-filter"),
    "interacting-multiple-model": _twins,
    "filterpy": _theirs,
}
SAMPLED: dict[str, Callable[[Any], Any]] = {  # within their Monte-Carlo error
    "particle-filter": _of("particle-filter", particles=4000),
    "auxiliary-particle-filter": _of("auxiliary-particle-filter", particles=4000),
    "ensemble-kalman-filter": _of("ensemble-kalman-filter", members=2000),
    "rao-blackwellised-particle-filter": lambda motion: load(
        BUILTINS["estimator"]["rao-blackwellised-particle-filter"]
    )(motion, nonlinear=motion.state.names[0], particles=1000),
}
OBSERVERS = ("luenberger-observer", "steady-state-kalman-filter")  # made for one sensor, with a gain of their own
DEAF = ("dead-reckoning",)  # to measurements
GAUSSIAN = EXACT | SAMPLED
