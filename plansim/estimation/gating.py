"""An outlier is not believed: a measurement too far from what any estimator expects leaves it at its prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout
from plansim.estimation.base import Estimator, Update
from plansim.estimation.kalman.sequence import merged


class GatedUpdate(Update):
    """An `Update`, and which of its measurements were turned away."""

    gated: Array | bool = False  # (...), True where the belief is still the prediction


@dataclass(frozen=True)
class Gated:
    """Another estimator that does without measurements whose NIS lies beyond a chi-square quantile.

    Of honest measurements it loses 1 - probability. Innovation and log-likelihood are reported as they are found, so
    that an outlier moves the modes of an interacting multiple model whose filters are gated: gate the whole instead.
    (Bar-Shalom, Li and Kirubarajan 2001, section 5.4; NIS, the normalised innovation squared: νᵀ S⁻¹ ν.)

    >>> from plansim.estimation import KalmanFilter
    >>> from plansim.models.kinematic import ConstantVelocity
    >>> from plansim.models.position import Position
    >>> estimator, belief = Gated(KalmanFilter(ConstantVelocity())), Gaussian(np.zeros(4), np.eye(4))
    >>> answer = estimator.update(belief, np.array([1000.0, 0.0]), Position(std=0.1))
    >>> answer.gated, answer.belief.mean.tolist()
    (True, [0.0, 0.0, 0.0, 0.0])
    """

    estimator: Estimator
    probability: float = 0.99  # that a measurement of the modelled noise passes

    def __post_init__(self) -> None:
        if not 0 < self.probability < 1:
            raise MalformedInput(f"probability is {self.probability}, but must lie between 0 and 1")

    @property
    def state(self) -> Layout:
        return self.estimator.state

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> Any:
        return self.estimator.around(belief, rng)

    def predict(self, belief: Any, control: Array | None, dt: float, rng: np.random.Generator | None = None) -> Any:
        return self.estimator.predict(belief, control, dt, rng)

    def update(
        self, belief: Any, measurement: Array | None, sensor: Any, rng: np.random.Generator | None = None
    ) -> GatedUpdate:
        update = self.estimator.update(belief, measurement, sensor, rng)
        answer = GatedUpdate(*update)
        if update.innovation is None or update.innovation_cov is None:
            if measurement is not None and np.any(update.log_likelihood != 0):
                name, reads = type(self.estimator).__name__, type(sensor).__name__
                raise MalformedInput(f"{name} reports no innovation for {reads}: there is nothing to gate by")
            return answer
        within = nis(update.innovation, update.innovation_cov) <= gate(self.probability, update.innovation.shape[-1])
        outside = ~within & ~np.isnan(update.innovation).any(-1)  # a NIS beyond all numbers is outside, too
        if np.any(outside):
            answer = GatedUpdate(_where(outside, belief, update.belief), *update[1:])
        answer.gated = outside if np.ndim(outside) else bool(outside)
        return answer


@np.errstate(over="ignore", invalid="ignore")
def nis(innovation: Array, innovation_cov: Array) -> Array:
    """Normalised innovation squared νᵀ S⁻¹ ν, (...); NaN where the innovation is."""
    return (innovation * np.linalg.solve(innovation_cov, innovation[..., None])[..., 0]).sum(-1)


def gate(probability: float, size: int) -> float:
    """The quantile of chi-square with `size` degrees of freedom."""
    from scipy.special import gammaincinv

    return float(2 * gammaincinv(0.5 * size, probability))


def _where(outside: Array, before: Any, after: Any) -> Any:
    """Before where a measurement is outside, else after; arrays of beliefs begin with the axes of the batch."""
    if not np.ndim(outside):
        return before
    return merged(
        lambda a, b: np.where(outside.reshape(outside.shape + (1,) * (b.ndim - outside.ndim)), a, b), before, after
    )
