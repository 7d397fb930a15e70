"""Worlds of boxes, balls and convex polygons in R^n, where whether a segment is free is known exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from plansim.core.arrays import Array, numbers, readonly
from plansim.core.errors import MalformedInput
from plansim.core.shape_kernels import clearances, points_free, segments_free


@dataclass(frozen=True, eq=False)
class Shapes:
    """A box-shaped part of R^n with obstacles in it. What lies outside it, or touches an obstacle, is not free.

    >>> world = Shapes(low=[0, 0], high=[10, 10], boxes=[[[4, 0], [6, 8]]], balls=[[5, 9, 0.5]])
    >>> world.segment_free(np.array([1.0, 1.0]), np.array([[9.0, 1.0], [1.0, 9.0]]))
    array([False,  True])
    >>> world.distance(np.array([1.0, 5.0])), world.grown(0.5).distance(np.array([2.0, 5.0]))
    (np.float64(1.0), np.float64(1.5))
    """

    low: Array  # (n,)
    high: Array  # (n,)
    boxes: Array = ()  # (B, 2, n) lowest and highest corner
    balls: Array = ()  # (S, n + 1) centre, radius
    polygons: Sequence[Array] = ()  # convex, each (P, 2), in a plane world
    margin: float = 0.0  # m, by which every obstacle is blown up, corners round

    def __post_init__(self) -> None:
        low, high = (_numbers(name, getattr(self, name)) for name in ("low", "high"))
        if low.ndim != 1 or not low.size or low.shape != high.shape or not (low < high).all():
            raise MalformedInput(f"low is {low.tolist()} and high {high.tolist()}, but low must lie below high")
        n, boxes, balls = len(low), _numbers("boxes", self.boxes), _numbers("balls", self.balls)
        boxes = boxes if boxes.size else readonly(np.empty((0, 2, n)))
        balls = balls if balls.size else readonly(np.empty((0, n + 1)))
        if boxes.ndim != 3 or boxes.shape[1:] != (2, n):
            raise MalformedInput(f"boxes have shape {boxes.shape}, but must be (B, 2, {n}): lowest and highest corner")
        if balls.ndim != 2 or balls.shape[1] != n + 1:
            raise MalformedInput(f"balls have shape {balls.shape}, but must be (S, {n + 1}): centre and radius")
        for i in np.flatnonzero(~(boxes[:, 0] < boxes[:, 1]).all(-1))[:1]:
            raise MalformedInput(f"boxes[{i}] is {boxes[i].tolist()}, but its lowest corner must lie below its highest")
        for i in np.flatnonzero(~(balls[:, n] > 0))[:1]:
            raise MalformedInput(f"balls[{i}] has radius {balls[i, n]:g}, but it must be above 0")
        if not 0.0 <= self.margin < np.inf:
            raise MalformedInput(f"margin is {self.margin}, but must be metres, 0 or above")
        polygons = tuple(_convex(i, polygon) for i, polygon in enumerate(self.polygons))
        if polygons and n != 2:
            raise MalformedInput(f"polygons need a plane world, but this one has {n} dimensions")
        for name, value in zip(("low", "high", "boxes", "balls"), (low, high, boxes, balls), strict=True):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "polygons", polygons)
        object.__setattr__(self, "margin", float(self.margin))

    def __reduce__(self):  # a pickle carries no caches, and comes back read-only
        return type(self), (self.low, self.high, self.boxes, self.balls, self.polygons, self.margin)

    @property
    def dimension(self) -> int:
        return len(self.low)

    @property
    def bounds(self) -> Array:
        """[low, high], (2, n)."""
        return self.arrays[1]

    @cached_property
    def arrays(self) -> tuple:
        """The world as kernels take it; see `plansim.core.shape_kernels`."""
        vertices = readonly(np.concatenate((np.empty((0, 2)), *self.polygons)))
        offsets = _frozen(np.cumsum([0, *map(len, self.polygons)]))
        lows, highs = _bounding_boxes(self)
        nodes, links = _tree(lows - self.margin, highs + self.margin)
        bounds = readonly([self.low, self.high])
        axes = (0,) * self.dimension
        return axes, bounds, nodes, links, self.boxes, self.balls, vertices, offsets, self.margin

    def is_free(self, points: Array) -> Array:
        """Which of the points (..., n) are free, (...) bool."""
        return self._each(points_free, bool, points)

    def segment_free(self, a: Array, b: Array) -> Array:
        """Whether all points between a and b, both (..., n), are free, (...) bool; exact, there is no resolution."""
        return self._each(segments_free, bool, a, b)

    def distance(self, points: Array) -> Array:
        """Metres from points (..., n) to what is nearest, obstacle or bound, (...); negative where not free."""
        return self._each(clearances, float, points)

    def grown(self, radius: float) -> Shapes:
        """The world as the centre of a ball with this radius sees it: obstacles blown up, bounds drawn in, exactly."""
        if not 0.0 <= radius < np.inf:
            raise MalformedInput(f"radius is {radius}, but must be metres, 0 or above")
        return replace(self, low=self.low + radius, high=self.high - radius, margin=self.margin + radius)

    def random_free_points(self, rng: np.random.Generator, count: int, clearance: float = 0.0) -> Array:
        """Points (count, n), uniform over what is free and at least `clearance` metres from anything."""
        found = np.empty((0, self.dimension))
        for _ in range(1000):
            points = rng.uniform(self.low, self.high, size=(max(2 * count, 64), self.dimension))
            good = self.distance(points) >= clearance if clearance > 0 else self.is_free(points)
            found = np.concatenate((found, points[good]))
            if len(found) >= count:
                return found[:count]
        raise MalformedInput(f"next to nothing of the world is free with {clearance:g} m of free space around it")

    def _each(self, test, dtype: type, *points: Array) -> Array:
        arrays = [np.asarray(p, dtype=float) for p in points]
        shape = np.broadcast_shapes(*(a.shape for a in arrays))
        if shape[-1:] != (self.dimension,):
            raise MalformedInput(f"points have shape {shape}, but the world has {self.dimension} dimensions")
        out: Array = np.empty(shape[:-1], dtype=dtype)
        wide = [a if a.shape == shape else np.broadcast_to(a, shape) for a in arrays]
        # kernels know one type of array: contiguous and writable
        rows = [np.require(a.reshape(-1, self.dimension), requirements=("C", "W")) for a in wide]
        test(*rows, self.arrays, out.reshape(-1))
        return out[()]


def _numbers(name: str, value: Array) -> Array:
    value = numbers(name, value)
    if not np.isfinite(value).all():
        raise MalformedInput(f"{name} must be finite numbers")
    return value


def _convex(i: int, polygon: Array) -> Array:
    """The corners (P, 2), counter-clockwise."""
    corners = _numbers(f"polygons[{i}]", polygon)
    if corners.ndim != 2 or len(corners) < 3 or corners.shape[1] != 2:
        raise MalformedInput(f"polygons[{i}] has shape {corners.shape}, but must be (P, 2), three corners or more")
    edges = np.roll(corners, -1, axis=0) - corners
    ahead = np.roll(edges, -1, axis=0)
    turns = edges[:, 0] * ahead[:, 1] - edges[:, 1] * ahead[:, 0]
    turning = np.arctan2(turns, (edges * ahead).sum(-1)).sum()
    if not ((turns > 0).all() or (turns < 0).all()) or abs(turning) > 7.0:  # once around is 2 pi
        raise MalformedInput(f"polygons[{i}] must be convex, without corners in a line; cut it into convex pieces")
    return corners if turns[0] > 0 else readonly(corners[::-1])


def _bounding_boxes(world: Shapes) -> tuple[Array, Array]:
    centres, radii = world.balls[:, :-1], world.balls[:, -1:]
    corners = [(polygon.min(0), polygon.max(0)) for polygon in world.polygons]
    lowest = np.array([low for low, _ in corners]).reshape(-1, world.dimension)
    highest = np.array([high for _, high in corners]).reshape(-1, world.dimension)
    lows = np.concatenate((world.boxes[:, 0], centres - radii, lowest))
    return lows, np.concatenate((world.boxes[:, 1], centres + radii, highest))


def _tree(lows: Array, highs: Array) -> tuple[Array, Array]:
    """Nodes and links over bounding boxes (Q, n), halved by their middles along the widest axis."""
    nodes = np.empty((max(2 * len(lows) - 1, 0), 2, lows.shape[1]))
    links: list[list[int]] = []
    middles = lows + highs

    def grow(items: Array) -> None:
        k = len(links)
        nodes[k] = lows[items].min(0), highs[items].max(0)
        links.append([0, items[0] if len(items) == 1 else -1])
        if len(items) > 1:
            axis = np.ptp(middles[items], axis=0).argmax()
            ordered = items[np.argsort(middles[items, axis], kind="stable")]
            grow(ordered[: len(items) // 2])
            grow(ordered[len(items) // 2 :])
        links[k][0] = len(links)

    if len(lows):
        grow(np.arange(len(lows)))
    return _frozen(nodes), _frozen(np.array(links, dtype=np.int64).reshape(-1, 2))


def _frozen(a: Array) -> Array:
    a.setflags(write=False)
    return a
