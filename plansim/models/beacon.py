"""A beacon that says how far it is, and nothing about where."""

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
class Beacon:
    """Distance to a known point; states begin with x and y. Two beacons leave two places that explain them.

    >>> Beacon((3.0, 4.0)).measure(np.array([0.0, 0.0, 1.0])).tolist()
    [5.0]
    """

    landmark: tuple[float, float]  # m, in the world
    range_std: float = 0.1  # m

    measurement: ClassVar[Layout] = layout("range")
    measure = sensor.measure
    jacobian = sensor.jacobian

    def __post_init__(self) -> None:
        if len(self.landmark) != 2 or not np.isfinite(self.landmark).all():
            raise MalformedInput(f"landmark is {self.landmark}, but must be one point (x, y)")
        if not self.range_std > 0:
            raise MalformedInput(f"range_std is {self.range_std}, but must be a positive number of metres")

    @cached_property
    def cov(self) -> Array:
        return readonly([[self.range_std**2]])

    @staticmethod
    def equations(m) -> sensor.Reading:
        def read(x, p):
            dx, dy = p[0] - x[0], p[1] - x[1]
            return (m.sqrt(dx * dx + dy * dy),)

        return read

    def parameters(self) -> tuple[float, ...]:
        return tuple(self.landmark)
