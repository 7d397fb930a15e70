"""A sensor that sees how far a pendulum's bob is to the side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from plansim.core.arrays import Array, readonly
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout, layout
from plansim.models import sensor


@dataclass(frozen=True)
class HorizontalPosition:
    """length · sin(angle) of any state that begins with an angle: it cannot tell above from below.

    >>> import numpy as np
    >>> HorizontalPosition(length=2.0).measure(np.array([np.pi / 2, 0.0])).tolist()
    [2.0]
    """

    std: float = 0.1  # m
    length: float = 1.0  # m

    measurement: ClassVar[Layout] = layout("horizontal")
    measure = sensor.measure
    jacobian = sensor.jacobian

    def __post_init__(self) -> None:
        if not (self.std > 0 and self.length > 0):
            raise MalformedInput(f"std {self.std} and length {self.length} must be positive numbers of metres")

    @cached_property
    def cov(self) -> Array:
        return readonly([[self.std**2]])

    @staticmethod
    def equations(m) -> sensor.Reading:
        def read(x, p):
            return (p[0] * m.sin(x[0]),)

        return read

    def parameters(self) -> tuple[float, ...]:
        return (self.length,)
