"""An estimator turns a belief into the next one: a function of values that holds no state."""

from __future__ import annotations

from typing import NamedTuple, Protocol, TypeVar

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.layout import Layout

Belief = TypeVar("Belief")


class Update(NamedTuple):
    """What a measurement made of a belief, and all that gating, IMM, JPDA and NIS need to know of it."""

    belief: object
    innovation: Array | None  # (..., k), measured minus expected; None where a sensor has no such thing
    innovation_cov: Array | None  # (..., k, k)
    log_likelihood: Array  # (...), of the measurement under the predicted belief


class Estimator(Protocol[Belief]):
    """`rng` is needed by sampling estimators only; the others ignore it.

    A belief is one of `plansim.core.beliefs`, or another NamedTuple of arrays with a method
    `gaussian(layout) -> Gaussian`; its leading dimensions are batch. A measurement of None is a missing one: the belief
    stays as it is, and its log-likelihood is 0. A control of None is none at all; any control is ignored where the
    motion heeds none.
    """

    @property
    def state(self) -> Layout: ...  # of what it estimates
    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> Belief: ...  # a belief to begin with
    def predict(
        self, belief: Belief, control: Array | None, dt: float, rng: np.random.Generator | None = None
    ) -> Belief: ...
    def update(
        self, belief: Belief, measurement: Array | None, sensor, rng: np.random.Generator | None = None
    ) -> Update: ...
