"""What a lidar sees that the map does not know: a parcel in the aisle, a closed door.

A cell is believed once several beams have ended in or near it, so that neither noise nor a slightly wrong pose puts
a ghost in the way. It is given up when beams pass through it, and slowly when nothing is seen of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.geometry import transform
from plansim.core.grid import OccupancyGrid
from plansim.core.layout import wrap_angle
from plansim.models.lidar import Lidar


class Marks(NamedTuple):
    """Where beams ended that the map does not explain, and how often."""

    cells: Array  # (Q, 2) int, of a square lattice through the world's origin, sorted and each once
    hits: Array  # (Q,)


NO_MARKS = Marks(np.empty((0, 2), dtype=np.int64), np.empty(0))


@dataclass(frozen=True)
class UnmappedObstacles:
    """Turns marks into the next ones by a scan from a pose; `points` are the obstacles they stand for."""

    map: OccupancyGrid = field(repr=False)
    lidar: Lidar
    distance: float = 0.3  # m, beyond the range's noise and the pose's error, from all that the map has as occupied
    reach: float = 5.0  # m, of the beams that are believed: a wrong heading shifts far ends most
    hits_needed: int = 3  # in a cell and those within two cells of it
    most_hits: float = 8.0  # that a cell keeps, so that it can be given up again
    memory: float = 60.0  # s, in which the hits of an unseen cell fade to 1 / e
    cell: float = 0.05  # m, side of the lattice's squares

    def observe(self, marks: Marks, pose: Array, ranges: Array, dt: float) -> Marks:
        """The marks after a scan (beams,) from a pose (3,), dt seconds after the one before."""
        hits = marks.hits * np.exp(-dt / self.memory) - self._seen_through(marks, pose, ranges)
        kept = hits > 0.2
        new = self._unexplained(pose, ranges)
        return _merged(Marks(marks.cells[kept], hits[kept]), np.floor(new / self.cell).astype(np.int64), self.most_hits)

    def points(self, marks: Marks) -> Array:
        """Centres (Q, 2) in the world of the cells that are believed to be occupied."""
        return (marks.cells[_hits_around(marks) >= self.hits_needed] + 0.5) * self.cell

    def _unexplained(self, pose: Array, ranges: Array) -> Array:
        """Ends (K, 2) of beams in cells that the map has as free, far from all that it has as occupied."""
        ends = transform(pose, self.lidar.hits(np.where(ranges < self.reach, ranges, np.inf)))
        return ends[self.map.is_free(ends) & (self.map.distance(ends) > self.distance)]

    def _seen_through(self, marks: Marks, pose: Array, ranges: Array) -> Array:
        """How many beams passed through each cell and went on, (Q,)."""
        if not len(marks.cells):
            return np.zeros(0)
        x, y, heading = self.lidar.poses(pose)
        dx, dy = ((marks.cells + 0.5) * self.cell - (x, y)).T
        distance, bearing = np.hypot(dx, dy), np.arctan2(dy, dx) - heading
        aside = np.abs(wrap_angle(bearing[:, None] - self.lidar.angles)) * distance[:, None]
        through = (aside < 0.5 * self.cell) & (ranges > distance[:, None] + 4 * self.cell)
        return through.sum(-1)


def _hits_around(marks: Marks) -> Array:
    """Hits in the square of 5 x 5 cells around each of the cells, (Q,)."""
    # in the order of their rows, the five cells of a row of the square are neighbours
    row = 1 << 32
    keys = marks.cells[:, 0] * row + marks.cells[:, 1]
    up_to = np.concatenate(([0.0], np.cumsum(marks.hits)))
    middle = keys[:, None] + row * np.arange(-2, 3)
    first, last = np.searchsorted(keys, middle - 2), np.searchsorted(keys, middle + 2, side="right")
    return (up_to[last] - up_to[first]).sum(-1)


def _merged(marks: Marks, cells: Array, most: float) -> Marks:
    """One more hit for each of the cells (K, 2)."""
    if not len(cells):
        return marks
    both = np.concatenate((marks.cells, cells))
    counts = np.concatenate((marks.hits, np.ones(len(cells))))
    unique, index = np.unique(both, axis=0, return_inverse=True)
    return Marks(unique, np.minimum(np.bincount(index.ravel(), counts), most))
