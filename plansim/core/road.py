"""A road: lanes on both sides of a reference line, traffic on the right."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.reference_line import ReferenceLine


@dataclass(frozen=True)
class Road:
    """Lanes along a line: `lanes` in its direction, on its right, and `oncoming_lanes` against it, on its left.

    >>> Road(lanes=2, oncoming_lanes=1, lane_width=4.0).lane_offsets.tolist()  # the rightmost first
    [-6.0, -2.0]
    """

    points: tuple[tuple[float, float], ...] = ((0.0, 0.0), (700.0, 0.0))  # m, that the line passes through
    lanes: int = 1
    oncoming_lanes: int = 1
    lane_width: float = 3.5  # m

    def __post_init__(self) -> None:
        if not (self.lanes >= 1 and self.oncoming_lanes >= 0 and 0 < self.lane_width < np.inf):
            raise MalformedInput(
                f"lanes {self.lanes}, oncoming_lanes {self.oncoming_lanes}, lane_width {self.lane_width}: "
                "a road needs a lane, and a lane a positive width"
            )
        _ = self.line  # what it finds wrong, it says now

    @functools.cached_property
    def line(self) -> ReferenceLine:
        return ReferenceLine(np.array(self.points, dtype=float))

    @property
    def lane_offsets(self) -> Array:
        """Metres to the left of the line, of the middles of the lanes in its direction, from the right, (lanes,)."""
        return (np.arange(self.lanes) + 0.5 - self.lanes) * self.lane_width

    @property
    def oncoming_offsets(self) -> Array:
        """Likewise of the lanes against it, from the line outwards, (oncoming_lanes,)."""
        return (np.arange(self.oncoming_lanes) + 0.5) * self.lane_width

    @property
    def edges(self) -> tuple[float, float]:
        """Offsets of the right and of the left edge."""
        return -self.lanes * self.lane_width, self.oncoming_lanes * self.lane_width

    def vehicles(self, s: Array, offset: Array, speed: Array, length: Array, width: Array) -> Array:
        """Vehicles (..., 6) x, y, heading, speed, length, width that follow the line; backwards where speed < 0."""
        frames = self.line.at(s)
        x = frames.x - offset * np.sin(frames.heading)
        y = frames.y + offset * np.cos(frames.heading)
        heading = frames.heading + np.where(np.asarray(speed) < 0, np.pi, 0.0)
        return np.stack(np.broadcast_arrays(x, y, heading, np.abs(speed), length, width), axis=-1)
