"""A space of voxels: points (x, y, z) in a block of cells that are free or not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.kernel import kernel
from plansim.core.occupancy_tree import OccupancyTree


@dataclass(frozen=True, eq=False)
class VoxelSpace:
    """Points (x, y, z) among blocked voxels, `blocked[z, y, x]`, through which a point moves in straight lines.

    A line may touch a blocked voxel's face from outside, but enter none.
    """

    blocked: Array  # (D, H, W) bool
    resolution: float = 1.0  # m, side of a voxel
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)  # lowest corner of blocked[0, 0, 0]

    def __post_init__(self) -> None:
        blocked = np.asarray(self.blocked, dtype=bool).copy()
        blocked.setflags(write=False)
        object.__setattr__(self, "blocked", blocked)
        if blocked.ndim != 3 or not blocked.size:
            raise MalformedInput(f"blocked has shape {blocked.shape}, but must be (D, H, W), not empty")
        if not self.resolution > 0 or len(self.origin) != 3:
            raise MalformedInput(f"resolution {self.resolution} must be positive, origin {self.origin} three numbers")

    @cached_property
    def tree(self) -> OccupancyTree:
        return OccupancyTree.of(self.blocked)

    def coordinates(self, points: Array) -> Array:
        """Points (..., 3) as x, y, z in voxels."""
        return (np.asarray(points, dtype=float)[..., :3] - self.origin) / self.resolution

    def points(self, coordinates: Array) -> Array:
        return np.asarray(coordinates, dtype=float) * self.resolution + self.origin

    def cells(self, points: Array) -> Array:
        """Voxels [z, y, x] of points (..., 3), also outside."""
        return np.floor(self.coordinates(points)[..., ::-1]).astype(np.int64)

    def is_free(self, states: Array) -> Array:
        """Which of the points (..., 3) lie in a free voxel, (...) bool; none outside."""
        return ~self.tree.blocked(self.cells(states))

    def distance(self, a: Array, b: Array) -> Array:
        return np.linalg.norm(np.asarray(a, dtype=float) - b, axis=-1)

    def edge_free(self, a: Array, b: Array) -> Array:
        """Whether straight lines between points (..., 3) enter no blocked voxel, (...) bool; without sampling."""
        a, b = np.broadcast_arrays(self.coordinates(a), self.coordinates(b))
        flat = np.concatenate((a, b), axis=-1).reshape(-1, 6)
        if not np.isfinite(flat).all():
            raise MalformedInput("the ends of an edge must be finite")
        out = np.empty(len(flat), dtype=bool)
        _lines_free(self.blocked, flat, out)
        return out.reshape(a.shape[:-1])[()]


@kernel
def _lines_free(blocked, lines, out):
    for i in range(lines.shape[0]):
        out[i] = _line_free(blocked, lines[i])


@kernel
def _line_free(blocked, line):
    """Goes from face to face; of the piece between two faces its middle tells the voxel."""
    share = 0.0
    while True:
        after = 1.0
        for axis in range(3):
            a, d = line[axis], line[3 + axis] - line[axis]
            if d != 0.0:
                here = a + share * d
                face = np.floor(here) + 1.0 if d > 0.0 else np.ceil(here) - 1.0
                crossing = (face - a) / d
                if crossing <= share:  # rounding: this face was passed
                    crossing = (face + (1.0 if d > 0.0 else -1.0) - a) / d
                after = min(after, crossing)
        if after - share > 1e-12 or share == 0.0:
            middle = 0.5 * (share + after)
            x = int(np.floor(line[0] + middle * (line[3] - line[0])))
            y = int(np.floor(line[1] + middle * (line[4] - line[1])))
            z = int(np.floor(line[2] + middle * (line[5] - line[2])))
            if not (0 <= z < blocked.shape[0] and 0 <= y < blocked.shape[1] and 0 <= x < blocked.shape[2]):
                return False
            if blocked[z, y, x]:
                return False
        if after >= 1.0:
            return True
        share = after
