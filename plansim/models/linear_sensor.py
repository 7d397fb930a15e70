"""A sensor that reads a linear combination of the state."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from plansim.core.arrays import Array, numbers
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout, layout
from plansim.models.linear_motion import check_cov, times


@dataclass(frozen=True, eq=False)
class LinearSensor:
    """z = H x + v, v ~ N(0, cov).

    >>> LinearSensor("position", [[1.0, 0.0]], [[0.25]]).measure(np.array([3.0, 4.0])).tolist()
    [3.0]
    """

    names: str  # of the measurement
    matrix: Array  # H (k, n)
    cov: Array  # R (k, k), positive definite
    angles: str = ""  # those of the names that are angles

    def __post_init__(self) -> None:
        for name in ("matrix", "cov"):
            object.__setattr__(self, name, numbers(name, getattr(self, name)))
        k = len(self.measurement)
        if self.matrix.ndim != 2 or len(self.matrix) != k or self.cov.shape != (k, k):
            raise MalformedInput(
                f"matrix {self.matrix.shape} and cov {self.cov.shape} must be ({k}, n) and ({k}, {k}): {k} names"
            )
        check_cov("cov", self.cov)
        if np.linalg.eigvalsh(self.cov).min() <= 0:
            raise MalformedInput(f"cov must be positive definite, but is {self.cov.tolist()}")

    @cached_property
    def measurement(self) -> Layout:
        return layout(self.names, self.angles)

    def measure(self, x: Array) -> Array:
        return times(self.matrix, x)

    def jacobian(self, x: Array) -> Array:
        return np.broadcast_to(self.matrix, (*x.shape[:-1], *self.matrix.shape))
