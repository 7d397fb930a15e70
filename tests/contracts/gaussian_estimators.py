"""Estimators whose belief has a mean and a covariance, by their registered names: each made for a linear motion.

On a linear system with normal noise those in EXACT are the Kalman filter, to 1e-9.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from plansim.scenario.registry import BUILTINS, load


def _of(name: str, *arguments: Any, **settings: Any) -> Callable[[Any], Any]:
    return lambda motion: load(BUILTINS["estimator"][name])(motion, *arguments, **settings)


EXACT: dict[str, Callable[[Any], Any]] = {
    "kalman-filter": _of("kalman-filter"),
    "extended-kalman-filter": _of("extended-kalman-filter"),
    "unscented-kalman-filter": _of("unscented-kalman-filter"),
}
SAMPLED: dict[str, Callable[[Any], Any]] = {}  # within their Monte-Carlo error
GAUSSIAN = EXACT | SAMPLED
