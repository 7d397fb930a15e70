"""How well a lidar scan fits a map, by how near its points fall to obstacles: fast, and smooth in the pose."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import cos, log, pi, sin, sqrt

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.kernel import kernel
from plansim.models.lidar import Lidar


@dataclass(frozen=True)
class LikelihoodField:
    """How likely a scan is, by how near its beams end to the map's obstacles: a product over its beams.

    Thrun, Burgard, Fox 2005, Probabilistic Robotics, table 6.3. Each beam's factor is

        hit_weight * N(distance from the beam's end to the nearest surface; 0, hit_std^2) + random_weight / max_range

    A surface is the border of what is occupied, and an end within an obstacle is as far from it as one before it: a
    field that is flat inside of walls lets the pose slide into them, by half of their thickness. Beams without a
    return are left out; beams that end outside the map are as far as can be from obstacles. Beams side by side
    see the same wall, and their product is more certain than it should be: an `independence` below 1 takes each factor
    to that power, so that n beams weigh as n * independence independent ones.

    >>> wall = OccupancyGrid(np.eye(1, 20, k=15), resolution=0.1)
    >>> field = LikelihoodField(wall, Lidar(beams=1))
    >>> field.log_likelihood(np.array([1.0]), np.array([[0.55, 0.05, 0.0], [0.05, 0.05, 0.0]])).round(1).tolist()
    [1.2, -4.6]
    """

    map: OccupancyGrid
    lidar: Lidar
    hit_std: float = 0.1  # m, of lidar and map together
    hit_weight: float = 0.9
    random_weight: float = 0.1  # share of readings that come from anywhere
    beams: int = 60  # at most so many of a scan are used, spread evenly
    independence: float = 1.0

    def __post_init__(self) -> None:
        if not self.hit_std > 0:
            raise MalformedInput(f"hit_std is {self.hit_std}, but must be a positive number of metres")
        if not (self.hit_weight >= 0 and self.random_weight > 0 and self.hit_weight + self.random_weight <= 1 + 1e-9):
            raise MalformedInput(
                f"hit_weight {self.hit_weight} and random_weight {self.random_weight} must be shares: together at "
                "most 1, and random_weight above 0, for else one stray reading rules a pose out"
            )
        if self.beams < 1 or not 0 < self.independence <= 1:
            raise MalformedInput(f"beams is {self.beams} (1 or more), independence {self.independence} (in (0, 1])")

    @cached_property
    def to_surface(self) -> Array:
        """Metres from each cell's centre to the nearest surface, from within obstacles as from before them, (H, W)."""
        occupied, half = self.map.occupied, 0.5 * self.map.resolution
        depth = OccupancyGrid(~occupied).distance_field * self.map.resolution
        return np.where(occupied, depth, self.map.distance_field) - half  # less than between centres

    @cached_property
    def field(self) -> Array:
        """Log likelihood of a beam that ends in each cell, (H + 2, W + 2): a border of one cell stands for outside."""
        distance = np.pad(self.to_surface, 1, constant_values=np.inf)
        peak = self.hit_weight / (self.hit_std * sqrt(2 * pi))
        density = peak * np.exp(-0.5 * (distance / self.hit_std) ** 2) + self.random_weight / self.lidar.max_range
        # single precision: half the memory traffic, which is what a lookup costs
        return np.log(density).astype(np.float32)

    def log_likelihood(self, ranges: Array, poses: Array) -> Array:
        """One scan (beams,) seen from each of the poses (..., 3), (...)."""
        poses = np.asarray(poses, dtype=float)[..., :3]
        points = np.require(self.lidar.hits(ranges, self._used).T / self.map.resolution, requirements="C")
        out = np.empty(poses.size // 3)
        frame = (*self.map.origin.tolist(), self.map.resolution)
        _score(self.field, frame, points, np.require(poses.reshape(-1, 3), requirements=["C", "W"]), out)
        return self.independence * out.reshape(poses.shape[:-1])

    def reference(self, ranges: Array) -> tuple[float, float]:
        """What a scan with so many returns scores at the right pose on a perfect map, and its independent readings."""
        returns = self.independence * len(self.lidar.hits(ranges, self._used))
        peak = self.hit_weight / (self.hit_std * sqrt(2 * pi)) + self.random_weight / self.lidar.max_range
        return returns * (log(peak) - 0.5), returns

    @cached_property
    def _used(self) -> Array:
        return self.lidar.subset(self.beams)


@kernel
def _score(field, frame, points, poses, out):
    """Sums the field over the points (2, K), in cells of the robot's frame, seen from each pose."""
    origin_x, origin_y, origin_heading, resolution = frame
    rows, columns = field.shape
    last_row, last_column = rows - 1.0, columns - 1.0
    flat, cells = field.ravel(), np.empty(points.shape[1], np.uint32)
    c0, s0 = cos(origin_heading) / resolution, sin(origin_heading) / resolution
    for i in range(poses.shape[0]):
        dx, dy = poses[i, 0] - origin_x, poses[i, 1] - origin_y
        x, y = c0 * dx + s0 * dy + 1.0, c0 * dy - s0 * dx + 1.0
        c, s = cos(poses[i, 2] - origin_heading), sin(poses[i, 2] - origin_heading)
        # two loops: the first runs in vector instructions, which the lookups of the second would prevent
        for k in range(points.shape[1]):
            # max(0.0, nan) is 0.0: no pose leads outside the table
            column = min(max(0.0, x + c * points[0, k] - s * points[1, k]), last_column)
            row = min(max(0.0, y + s * points[0, k] + c * points[1, k]), last_row)
            cells[k] = np.int32(row) * columns + np.int32(column)
        total = 0.0
        for cell in cells:
            total += flat[cell]
        out[i] = total
