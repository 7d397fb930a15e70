"""From where on a map may a scan have been taken? Found by trying all poses, coarse to fine."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import ceil, cos, pi, sin
from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.geometry import compose
from plansim.core.grid import OccupancyGrid
from plansim.core.kernel import kernel
from plansim.models.lidar import Lidar
from plansim.models.lidar_likelihood import LikelihoodField


class Candidates(NamedTuple):
    """Poses that fit a scan: each the middle of a small box, and no two boxes overlap."""

    poses: Array  # (M, 3)
    log_likelihoods: Array  # (M,), of the scan in the finest field
    box: Array  # (3,) m, m, rad: sides


@dataclass(frozen=True)
class ScanSearch:
    """An exhaustive match of a scan against a map (Olson 2009, "Real-time correlative scan matching").

    Every place, `step` apart, in every direction, `turn` apart, is scored in a likelihood field that is blurred by as
    much; the best are cut into eight, and again, each time in a field that is half as blurred. What the blur hides is
    lost: a place that no coarse pose fits among the `kept` ones.

    >>> search = ScanSearch(map, Lidar(beams=180))                 # doctest: +SKIP
    >>> found = search.candidates(ranges)                          # doctest: +SKIP
    >>> found.poses[np.argmax(found.log_likelihoods)]              # doctest: +SKIP
    """

    map: OccupancyGrid = field(repr=False)
    lidar: Lidar
    step: float = 0.2  # m, between places at first
    turn: float = 0.06  # rad, between directions at first
    halvings: int = 2
    kept: int = 20_000  # poses that are looked at more closely, at most
    hit_std: float = 0.1  # m, of the finest field
    beams: int = 60

    def candidates(self, ranges: Array) -> Candidates:
        """The poses that fit a scan (beams,) best; none where it has no returns, or the map no room."""
        box = np.array([self._stride * self.map.resolution] * 2 + [2 * pi / self._headings])
        points = self.lidar.hits(ranges, self.lidar.subset(self.beams))
        if not (len(points) and self._open.any()):
            return Candidates(np.empty((0, 3)), np.empty(0), box)
        poses = self._coarse(points)
        for level in range(1, self.halvings + 1):
            box = box / 2
            poses = _split(poses, box)
            poses = poses[self.map.is_free(compose(self._corner, poses))]
            scores = self._fields[level].log_likelihood(ranges, compose(self._corner, poses))
            best = _best(scores, self.kept)
            poses, scores = poses[best], scores[best]
        return Candidates(compose(self._corner, poses), scores, box)

    def _coarse(self, points: Array) -> Array:
        """The best poses (M, 3) of all, in the frame of the map's corner; points (K, 2) in the robot's frame."""
        side, found, scores = self._stride * self.map.resolution, [], []
        places = np.argwhere(self._open)
        flat = np.ravel_multi_index(tuple(places.T), self._open.shape)
        share = ceil(8 * self.kept / self._headings)  # of one direction: more than its due
        total = np.empty(self._open.shape, np.float32)
        points = np.ascontiguousarray(points / side)
        for k in range(self._headings):
            heading = (k + 0.5) * 2 * pi / self._headings - pi
            _correlate(self._relief, points, heading, total)
            score = total.ravel()[flat]
            best = _best(score, share)
            middle = (places[best, ::-1] + 0.5) * side
            found.append(np.column_stack([middle, np.full(len(best), heading)]))
            scores.append(score[best])
        return np.concatenate(found)[_best(np.concatenate(scores), self.kept)]

    @cached_property
    def _stride(self) -> int:
        """Cells of the map in a coarse one."""
        return max(1, round(self.step / self.map.resolution))

    @cached_property
    def _headings(self) -> int:
        return max(4, ceil(2 * pi / self.turn))

    @cached_property
    def _corner(self) -> Array:
        return np.asarray(self.map.origin)

    @cached_property
    def _open(self) -> Array:
        """Coarse cells (h, w) that hold something free."""
        return _blocks(self.map.free, self._stride, False).any((1, 3))

    @cached_property
    def _fields(self) -> list[LikelihoodField]:
        """Level by level; the last is the finest."""
        blurs = [max(self.hit_std, self.step / 2**level) for level in range(self.halvings + 1)]
        return [LikelihoodField(self.map, self.lidar, hit_std=blur, beams=self.beams) for blur in blurs]

    @cached_property
    def _relief(self) -> Array:
        """The coarse field (h, w), above what a beam scores that ends outside of the map."""
        fine = self._fields[0].field
        outside = fine[0, 0]
        return (_blocks(fine[1:-1, 1:-1], self._stride, outside).mean((1, 3)) - outside).astype(np.float32)


def _blocks(cells: Array, stride: int, outside: float) -> Array:
    """Cells (H, W) in blocks (h, stride, w, stride), filled up at the far edges."""
    rows, columns = (-(-side // stride) for side in cells.shape)
    padding = [(0, rows * stride - cells.shape[0]), (0, columns * stride - cells.shape[1])]
    return np.pad(cells, padding, constant_values=outside).reshape(rows, stride, columns, stride)


def _best(scores: Array, count: int) -> Array:
    """Indices of the highest scores, `count` of them or all, in their order."""
    if len(scores) <= count:
        return np.arange(len(scores))
    return np.sort(np.argpartition(-scores, count - 1)[:count])


def _split(poses: Array, box: Array) -> Array:
    """The middles (8 M, 3) of the eight boxes with sides `box` that the boxes around poses (M, 3) consist of."""
    corners = np.stack(np.meshgrid(*[[-0.5, 0.5]] * 3, indexing="ij"), -1).reshape(8, 3)
    return (poses[:, None] + corners * box).reshape(-1, 3)


@kernel
def _correlate(relief, points, heading, total):
    """Sums the relief at the points (K, 2), in cells, seen from the middle of each cell in one direction."""
    rows, columns = relief.shape
    total[:, :] = 0.0
    c, s = cos(heading), sin(heading)
    for k in range(points.shape[0]):
        right = int(np.floor(0.5 + c * points[k, 0] - s * points[k, 1]))
        up = int(np.floor(0.5 + s * points[k, 0] + c * points[k, 1]))
        first, last = max(0, -right), min(columns, columns - right)
        for row in range(max(0, -up), min(rows, rows - up)):
            # views of rows run in vector instructions, which indices that might be negative would prevent
            here, there = total[row, first:last], relief[row + up, first + right : last + right]
            for j in range(here.shape[0]):
                here[j] += there[j]
