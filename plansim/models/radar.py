"""Sensors at a place of their own that see a target: radar, radar with range rate, and direction alone."""

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
class Radar:
    """Distance of a target and its direction counter-clockwise from the sensor's heading; states begin with x and y.

    A sensor that moves is one Radar after the other: `dataclasses.replace(radar, pose=...)` costs no compilation.

    >>> Radar(pose=(1.0, 0.0, np.pi / 2)).measure(np.array([4.0, 4.0, 0.0, 0.0])).round(4).tolist()
    [5.0, -0.6435]
    """

    pose: tuple[float, float, float] = (0.0, 0.0, 0.0)  # m, m, rad in the world
    range_std: float = 1.0  # m
    bearing_std: float = 0.01  # rad

    measurement: ClassVar[Layout] = layout("range bearing", angles="bearing")
    measure = sensor.measure
    jacobian = sensor.jacobian

    def __post_init__(self) -> None:
        _check_pose(self.pose)
        _check_stds(range_std=self.range_std, bearing_std=self.bearing_std)

    @cached_property
    def cov(self) -> Array:
        return readonly(np.diag([self.range_std**2, self.bearing_std**2]))

    @staticmethod
    def equations(m) -> sensor.Reading:
        def read(x, p):
            dx, dy = x[0] - p[0], x[1] - p[1]
            return m.sqrt(dx * dx + dy * dy), m.arctan2(dy, dx) - p[2]

        return read

    def parameters(self) -> tuple[float, ...]:
        return tuple(self.pose)


@dataclass(frozen=True)
class Doppler:
    """A radar that measures the speed of the distance too; states begin with x, y, vx, vy."""

    pose: tuple[float, float, float] = (0.0, 0.0, 0.0)  # m, m, rad in the world
    range_std: float = 1.0  # m
    bearing_std: float = 0.01  # rad
    range_rate_std: float = 0.5  # m/s

    measurement: ClassVar[Layout] = layout("range bearing range_rate", angles="bearing")
    measure = sensor.measure
    jacobian = sensor.jacobian

    def __post_init__(self) -> None:
        _check_pose(self.pose)
        _check_stds(range_std=self.range_std, bearing_std=self.bearing_std, range_rate_std=self.range_rate_std)

    @cached_property
    def cov(self) -> Array:
        return readonly(np.diag([self.range_std**2, self.bearing_std**2, self.range_rate_std**2]))

    @staticmethod
    def equations(m) -> sensor.Reading:
        def read(x, p):
            dx, dy = x[0] - p[0], x[1] - p[1]
            distance = m.sqrt(dx * dx + dy * dy)
            return distance, m.arctan2(dy, dx) - p[2], (dx * x[2] + dy * x[3]) / distance

        return read

    def parameters(self) -> tuple[float, ...]:
        return tuple(self.pose)


@dataclass(frozen=True)
class BearingOnly:
    """Direction of a target counter-clockwise from the sensor's heading, such as a camera's; states begin with x, y."""

    pose: tuple[float, float, float] = (0.0, 0.0, 0.0)  # m, m, rad in the world
    bearing_std: float = 0.01  # rad

    measurement: ClassVar[Layout] = layout("bearing", angles="bearing")
    measure = sensor.measure
    jacobian = sensor.jacobian

    def __post_init__(self) -> None:
        _check_pose(self.pose)
        _check_stds(bearing_std=self.bearing_std)

    @cached_property
    def cov(self) -> Array:
        return readonly([[self.bearing_std**2]])

    @staticmethod
    def equations(m) -> sensor.Reading:
        def read(x, p):
            return (m.arctan2(x[1] - p[1], x[0] - p[0]) - p[2],)

        return read

    def parameters(self) -> tuple[float, ...]:
        return tuple(self.pose)


def _check_pose(pose: tuple[float, ...]) -> None:
    if len(pose) != 3 or not np.isfinite(pose).all():
        raise MalformedInput(f"pose is {pose}, but must be three finite numbers (x, y, heading)")


def _check_stds(**stds: float) -> None:
    for name, value in stds.items():
        if not 0 < value < np.inf:
            raise MalformedInput(f"{name} is {value}, but must be positive")
