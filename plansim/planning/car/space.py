"""Poses of a car on a map: which are free for its whole body, how far apart they are, and the arcs between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from plansim.core.arrays import Array, numbers, readonly
from plansim.core.errors import MalformedInput
from plansim.core.geometry import between, compose, exponential, logarithm
from plansim.core.grid import OccupancyGrid
from plansim.core.layout import wrap_angle
from plansim.planning.spaces.body import Body, Ground, arcs_free, body_of, ground_of, inscribed, poses_free

MARGIN = 0.25  # of a cell: clearer than this, a body is looked at less closely


@dataclass(frozen=True, eq=False)
class CarSpace:
    """Poses (x, y, heading) of a body that lies on free cells of a map only; between neighbours it drives an arc.

    >>> space = CarSpace(OccupancyGrid(np.zeros((4, 6))), body=((-1.0, -0.5), (1.0, -0.5), (1.0, 0.5), (-1.0, 0.5)))
    >>> space.is_free(np.array([[2.0, 2.0, 0.7], [0.5, 2.0, 0.0]]))
    array([ True, False])
    """

    map: OccupancyGrid
    body: Array = 0.2  # m, radius of a disc, or corners (P, 2) of a convex polygon around the middle of the rear axle
    turning_radius: float = 1.0  # m, of the tightest arc: for distances
    unknown_is_free: bool = False

    def __post_init__(self) -> None:
        self.footprint  # noqa: B018  a malformed body is refused at once
        if not 0.0 < self.turning_radius < np.inf:
            raise MalformedInput(f"turning_radius is {self.turning_radius}, but must be a positive number of metres")

    @property
    def dimension(self) -> int:
        return 3

    @cached_property
    def low(self) -> Array:
        return readonly([*self.map.bounds[0], -np.pi])

    @cached_property
    def high(self) -> Array:
        return readonly([*self.map.bounds[1], np.pi])

    @cached_property
    def ground(self) -> Ground:
        free = ~self.map.occupied if self.unknown_is_free else self.map.free
        return ground_of(free, self.map.resolution)

    @cached_property
    def footprint(self) -> Body:
        return self.with_skin(0.0)

    def with_skin(self, share: float) -> Body:
        """The body, larger by a share of a cell all around."""
        if share not in self._bodies:
            self._bodies[share] = body_of(self.body, MARGIN * self.map.resolution, share * self.map.resolution)
        return self._bodies[share]

    @cached_property
    def _bodies(self) -> dict[float, Body]:
        return {}

    @cached_property
    def passable(self) -> tuple[Array, Array]:
        """A point (2,) of the body, and which cells (H, W) it may enter by the disc that fits around it."""
        corners = self.footprint.corners
        middle = (corners.min(0) + corners.max(0)) / 2
        least = inscribed(corners, middle) - (sqrt(0.5) - 0.5) * self.map.resolution
        return middle, (self.ground.distance > max(least, 0.0)).astype(np.int8)

    def is_free(self, states: Array) -> Array:
        """Where the body lies on free cells only, (...) bool; nowhere outside the map."""
        poses, batch = self.in_map(states), np.shape(states)[:-1]
        return _all_true(poses_free, batch, poses.reshape(-1, 3), self.ground, self.footprint)

    def edge_free(self, a: Array, b: Array) -> Array:
        """Whether the body stays free on the arc between poses (..., 3), the one without a turn of more than pi."""
        a, b = np.broadcast_arrays(self.in_map(a), self.in_map(b))
        poses, arcs = np.ascontiguousarray(a.reshape(-1, 3)), arcs_between(a, b).reshape(-1, 2)
        return _all_true(arcs_free, a.shape[:-1], poses, arcs, self.ground, self.footprint)

    def distance(self, a: Array, b: Array) -> Array:
        """Metres of the shortest drive between poses (..., 3) where all is free (Reeds & Shepp 1990), (...)."""
        from plansim.planning.curves.reeds_shepp import reeds_shepp_length

        return reeds_shepp_length(np.asarray(a, dtype=float), np.asarray(b, dtype=float), self.turning_radius)

    def interpolate(self, a: Array, b: Array, t: Array) -> Array:
        """The poses at shares t (...) of the arcs from a to b (..., 3)."""
        moved = between(np.asarray(a, dtype=float), np.asarray(b, dtype=float))
        return compose(np.asarray(a, dtype=float), exponential(np.asarray(t)[..., None] * logarithm(moved)))

    def sample(self, rng: np.random.Generator, count: int) -> Array:
        """Poses (count, 3), uniform over the map, free or not."""
        low, high = self.low, self.high
        return low + rng.random((count, 3)) * (high - low)

    def in_map(self, states: Array) -> Array:
        """Poses (..., 3+) of the world in the map's own frame, (..., 3), contiguous."""
        states = np.asarray(states, dtype=float)[..., :3]
        if states.shape[-1:] != (3,) or not np.isfinite(states).all():
            raise MalformedInput(f"poses must be finite and (..., 3): x, y, heading, not {states.shape}")
        return np.ascontiguousarray(between(np.asarray(self.map.origin), states))

    def in_world(self, poses: Array) -> Array:
        return compose(np.asarray(self.map.origin), poses)


def arcs_between(a: Array, b: Array) -> Array:
    """Curvature and length (..., 2) of the arcs between poses (..., 3): a chord and its turn, at most pi."""
    turn = wrap_angle(b[..., 2] - a[..., 2])
    middle = a[..., 2] + turn / 2
    chord = (b[..., 0] - a[..., 0]) * np.cos(middle) + (b[..., 1] - a[..., 1]) * np.sin(middle)
    length = chord / np.sinc(turn / (2 * np.pi))
    curvature = np.divide(turn, length, out=np.zeros_like(turn), where=np.abs(length) > 1e-12)
    return np.stack((curvature, length), axis=-1)


def _all_true(kernel: Any, batch: tuple[int, ...], *args: Any) -> Array:
    out = np.ones(int(np.prod(batch)), dtype=bool)
    kernel(*args, out)
    return out.reshape(batch)[()]


def pose_of(space: Any, name: str, state: Any) -> Array:
    """The problem's start or goal as a state of the space: refused where it is malformed or off the map."""
    pose = numbers(name, state)
    if pose.shape != (space.dimension,) or not np.isfinite(pose).all():
        raise MalformedInput(
            f"{name} is {pose.tolist()}, but must be {space.dimension} finite numbers: x, y, heading, ..."
        )
    if not space.map.contains(pose):
        (x_low, y_low), (x_high, y_high) = space.map.bounds
        raise MalformedInput(
            f"{name} ({pose[0]:g}, {pose[1]:g}) lies outside the map, "
            f"x {x_low:g} to {x_high:g}, y {y_low:g} to {y_high:g}"
        )
    return pose


# distances and the like are kept with a space: planners that make their own share it, for as long as the map lives
_SPACES: WeakKeyDictionary[OccupancyGrid, dict[tuple, CarSpace]] = WeakKeyDictionary()


def shared_space(map: OccupancyGrid, body: Any, turning_radius: float, unknown_is_free: bool) -> CarSpace:
    corners = np.asarray(body, dtype=float)
    spaces = _SPACES.setdefault(map, {})
    key = (corners.tobytes(), turning_radius, unknown_is_free)
    if key not in spaces:
        spaces[key] = CarSpace(map, body, turning_radius, unknown_is_free)
    return spaces[key]
