"""A lidar: where its beams point, how far they reach, and how noisy they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import pi

import numpy as np

from plansim.core.arrays import Array, readonly
from plansim.core.errors import MalformedInput
from plansim.core.geometry import compose, transform
from plansim.core.grid import OccupancyGrid
from plansim.core.raycast import cast_rays


@dataclass(frozen=True)
class Lidar:
    """A planar laser scanner. A beam that meets nothing within its reach reads `max_range`.

    >>> Lidar(beams=5, field_of_view=np.pi).angles.round(4).tolist()
    [-1.5708, -0.7854, 0.0, 0.7854, 1.5708]
    """

    beams: int = 360
    field_of_view: float = 2 * pi  # rad, centred on the heading
    max_range: float = 10.0  # m
    range_std: float = 0.02  # m
    mount: tuple[float, float, float] = (0.0, 0.0, 0.0)  # pose of the sensor on the robot: m, m, rad

    def __post_init__(self) -> None:
        if not (isinstance(self.beams, (int, np.integer)) and self.beams >= 1):
            raise MalformedInput(f"beams is {self.beams}, but must be a whole number of 1 or more")
        if not 0 < self.field_of_view <= 2 * pi + 1e-12:
            raise MalformedInput(f"field_of_view is {self.field_of_view}, but must lie in (0, 2 pi] radians")
        if not (0 < self.max_range < np.inf and 0 <= self.range_std < np.inf):
            raise MalformedInput(f"max_range {self.max_range} and range_std {self.range_std} must be metres, above 0")
        if len(self.mount) != 3 or not np.isfinite(self.mount).all():
            raise MalformedInput(f"mount is {self.mount}, but must be a finite pose (x, y, heading)")

    @cached_property
    def angles(self) -> Array:
        """Directions of the beams from the sensor's heading, evenly spaced and rising, (beams,) rad.

        The outermost two lie on the edges of the field of view; those of a full circle are one spacing apart.
        """
        full_circle = self.field_of_view > 2 * pi - 1e-9
        spacing = self.field_of_view / (self.beams if full_circle else max(self.beams - 1, 1))
        return readonly((np.arange(self.beams) - (self.beams - 1) / 2) * spacing)

    def subset(self, count: int) -> Array:
        """Indices of at most `count` beams, spread evenly over the field of view, (min(count, beams),)."""
        count = min(count, self.beams)
        return ((np.arange(count) + 0.5) * self.beams / count).astype(int)

    def scan(self, map: OccupancyGrid, x: Array, rng: np.random.Generator | None = None) -> Array:
        """Ranges (..., beams) from states (..., 3+) that begin with a pose: exact, or with noise where rng is given."""
        ranges = cast_rays(map, self.poses(x), self.angles, self.max_range)
        if rng is None:
            return ranges
        noisy = np.clip(ranges + self.range_std * rng.standard_normal(ranges.shape), 0.0, self.max_range)
        return np.where(ranges < self.max_range, noisy, ranges)

    def poses(self, x: Array) -> Array:
        """Where the sensor is when the robot is in x (..., 3+), (..., 3)."""
        return compose(np.asarray(x, dtype=float)[..., :3], np.asarray(self.mount, dtype=float))

    def hits(self, ranges: Array, beams: Array | None = None) -> Array:
        """Points (K, 2) in the robot's frame where beams of one scan (beams,) met something, in the beams' order.

        Beams without a return are left out: max_range or more, zero or less, NaN. `beams` are indices; all where None.
        """
        ranges = np.asarray(ranges, dtype=float)
        if ranges.shape != (self.beams,):
            raise MalformedInput(f"the scan has shape {ranges.shape}, but the lidar has {self.beams} beams")
        r, angles = (ranges, self.angles) if beams is None else (ranges[beams], self.angles[beams])
        met = (r > 0) & (r < self.max_range)
        r, angles = r[met], angles[met]
        return transform(np.asarray(self.mount, dtype=float), np.stack([r * np.cos(angles), r * np.sin(angles)], -1))
