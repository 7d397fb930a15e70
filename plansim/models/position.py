"""A sensor that sees where the robot is, such as satellite navigation or motion capture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from plansim.core.arrays import Array, readonly
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout, layout
from plansim.models import sensor


@dataclass(frozen=True)
class Position:
    """Measures x and y of any state that begins with x and y.

    >>> Position(std=0.5).measure(np.array([1.0, 2.0, 0.3])).tolist()
    [1.0, 2.0]
    """

    std: float = 0.1  # m, along each axis

    measurement: ClassVar[Layout] = layout("x y")
    measure = sensor.measure
    jacobian = sensor.jacobian

    def __post_init__(self) -> None:
        if not self.std > 0:
            raise MalformedInput(f"std is {self.std}, but must be a positive number of metres")

    @cached_property
    def cov(self) -> Array:
        return readonly(self.std**2 * np.eye(2))

    @staticmethod
    def equations(m) -> sensor.Reading:
        def read(x, p):
            return x[0], x[1]

        return read

    def parameters(self) -> tuple[float, ...]:
        return ()
