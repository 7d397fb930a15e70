"""A sensor that sees one known landmark: how far it is, and in which direction of the robot."""

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
class RangeBearing:
    """Distance to a landmark, and its direction counter-clockwise from the heading; states begin with x, y, heading.

    One landmark a model: with known correspondence, an estimator updates with one model after the other.

    >>> beacon = RangeBearing(landmark=(3.0, 4.0))
    >>> beacon.measure(np.array([0.0, 0.0, np.pi / 2])).round(4).tolist()
    [5.0, -0.6435]
    """

    landmark: tuple[float, float]  # m, in the world
    range_std: float = 0.1  # m
    bearing_std: float = 0.02  # rad

    measurement: ClassVar[Layout] = layout("range bearing", angles="bearing")
    measure = sensor.measure
    jacobian = sensor.jacobian

    def __post_init__(self) -> None:
        if len(self.landmark) != 2:
            raise MalformedInput(f"landmark is {self.landmark}, but must be one point (x, y)")
        for name in ("range_std", "bearing_std"):
            if not getattr(self, name) > 0:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be positive")

    @cached_property
    def cov(self) -> Array:
        return readonly(np.diag([self.range_std**2, self.bearing_std**2]))

    @staticmethod
    def equations(m) -> sensor.Reading:
        def read(x, p):
            dx, dy = p[0] - x[0], p[1] - x[1]
            return m.sqrt(dx * dx + dy * dy), m.arctan2(dy, dx) - x[2]

        return read

    def parameters(self) -> tuple[float, ...]:
        return tuple(self.landmark)
