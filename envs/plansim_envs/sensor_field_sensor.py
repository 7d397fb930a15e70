"""What stands in a sensor field and looks: where it is, how far and how well it sees, and how it moves."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi
from typing import Literal

import numpy as np

from plansim.core.errors import MalformedInput
from plansim_envs.controls import check_numbers

MOST_CLUTTER = 500.0
MOST_ROUNDS = 100.0  # of its waypoints in one step
_READS = ("position", "range-bearing")


@dataclass(frozen=True)
class FieldSensor:
    """Reads the position of each target in the world, or its range and its bearing from the sensor's heading.

    False detections lie evenly over what the sensor sees of the field, or where it reads ranges and bearings evenly
    over these: as dense everywhere in the numbers that it reports.
    """

    pose: tuple[float, float, float] = (500.0, 500.0, 0.0)  # m, m, rad: at the beginning
    reads: Literal["position", "range-bearing"] = "position"
    position_std: float = 10.0  # m, along each axis
    range_std: float = 10.0  # m
    bearing_std: float = 0.01  # rad
    detection_probability: float = 0.9  # of a target in view, a scan
    clutter: float = 5.0  # false detections a scan, Poisson
    max_range: float = 1500.0  # m
    field_of_view: float = 2 * pi  # rad, half of it to each side of the heading
    turn_rate: float = 0.0  # rad/s, of the heading
    waypoints: tuple[tuple[float, float], ...] = ()  # m: goes from one to the next, and round again
    speed: float = 0.0  # m/s, between waypoints
    top_speed: float = 0.0  # m/s along each axis that an action may ask for; 0: it goes by itself, or stands

    def __post_init__(self) -> None:
        if self.reads not in _READS:
            raise MalformedInput(f"reads is {self.reads!r}, but must be one of {', '.join(_READS)}")
        check_numbers("pose", self.pose, 3)
        for name in ("position_std", "range_std", "bearing_std", "max_range"):
            if not 0 < getattr(self, name) < np.inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be positive")
        for name in ("speed", "top_speed"):
            if not 0 <= getattr(self, name) < np.inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be 0 or more")
        if not 0 <= self.detection_probability <= 1:
            raise MalformedInput(f"detection_probability is {self.detection_probability}, but must lie within 0 and 1")
        if not 0 <= self.clutter <= MOST_CLUTTER:
            raise MalformedInput(f"clutter is {self.clutter}, but must lie within 0 and {MOST_CLUTTER:g}")
        if not 0 < self.field_of_view <= 2 * pi:
            raise MalformedInput(f"field_of_view is {self.field_of_view}, but must be positive and at most a turn")
        if not np.isfinite(self.turn_rate):
            raise MalformedInput(f"turn_rate is {self.turn_rate}, but must be finite")
        for point in self.waypoints:
            check_numbers("waypoints", point, 2)
        if len(self.waypoints) > 1 and len({tuple(point) for point in self.waypoints}) < 2:
            raise MalformedInput(f"waypoints {self.waypoints} are all one place")
        if self.waypoints and self.top_speed:
            raise MalformedInput("a sensor goes by its waypoints or by actions: leave out waypoints or top_speed")

    @property
    def round(self) -> float:
        """m, by all waypoints and back to the first."""
        points = np.array(self.waypoints, dtype=float).reshape(-1, 2)
        return float(np.hypot(*(np.roll(points, -1, axis=0) - points).T).sum())

    @property
    def row(self) -> list[float]:
        """Its numbers as the kernels read them."""
        ranging = self.reads == "range-bearing"
        stds = (self.range_std, self.bearing_std) if ranging else (self.position_std, self.position_std)
        return [
            float(ranging), *stds, self.detection_probability, self.clutter, self.max_range, self.field_of_view,
            self.turn_rate, self.speed if self.waypoints else 0.0, float(self.top_speed > 0),
            len(self.waypoints),
        ]  # fmt: skip


def paths(sensors: tuple[FieldSensor, ...]) -> np.ndarray:
    """Every sensor's waypoints (S, W, 2); the shorter ones go on as they begin again."""
    longest = max(len(sensor.waypoints) for sensor in sensors)
    table = np.zeros((len(sensors), max(longest, 1), 2))
    for row, sensor in zip(table, sensors, strict=True):
        row[:] = sensor.pose[:2] if not sensor.waypoints else row
        row[: len(sensor.waypoints)] = np.array(sensor.waypoints).reshape(-1, 2)
    return table
