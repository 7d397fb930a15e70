"""The lawnmower: lane beside lane over a known floor, the systematic coverage that chance is measured against."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import atan2, hypot, inf

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.layout import wrap_angle

Place = tuple[int, int]  # of the lattice: row, column


@dataclass
class Lawnmower:
    """Visits every place of a lattice over the map, row after row in alternating directions (boustrophedon).

    For a robot that turns on the spot: its action is speed and turn rate, its observation has the pose "state" (3,).
    The lattice is no wider than the swath and reaches from wall to wall of the floor's bounding rectangle. From the end
    of a lane it goes the shortest way over the lattice to the nearest place that is left, up or down before along the
    row. A bump only makes it give up the place that it was heading for.

    >>> mower = Lawnmower(OccupancyGrid(np.zeros((20, 20)), resolution=0.1), radius=0.2)
    >>> mower.act({"state": [1.0, 0.3, 0.0], "bump": [0.0]}).round(3).tolist()  # m/s, rad/s
    [0.0, -1.5]
    >>> mower.trace()["path"][1:4].round(2).tolist()
    [[0.84, 0.2], [1.8, 0.2], [1.8, 0.52]]
    """

    map: OccupancyGrid = field(repr=False)
    radius: float = 0.17  # m, of the robot and of what it covers
    overlap: float = 0.1  # share of the swath that neighbouring lanes have in common
    speed: float = 0.3  # m/s
    turn_rate: float = 1.5  # rad/s, at most
    dt: float = 0.1  # s, for which each control is held
    _route: Array | None = field(init=False, repr=False, compare=False)  # (T, 2) m
    _next: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("radius", "speed", "turn_rate", "dt"):
            if not 0 < getattr(self, name) < inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be positive")
        if not 0 <= self.overlap < 1:
            raise MalformedInput(f"overlap is {self.overlap}, but must be a share from 0 up to below 1")
        self.reset()

    def reset(self, seed: int | None = None) -> None:
        self._route, self._next = None, 0

    def act(self, observation: Mapping[str, Array]) -> Array:
        x, y, heading = map(float, np.asarray(observation["state"], dtype=float)[:3])
        if self._route is None:
            self._route = self._lanes(np.array([x, y]))
        elif np.max(observation["bump"]) > 0:
            self._next += 1
        while self._next < len(self._route) and hypot(*(self._route[self._next] - (x, y))) < 1e-6:
            self._next += 1
        if self._next == len(self._route):
            return np.zeros(2)
        dx, dy = self._route[self._next] - (x, y)
        turn = float(wrap_angle(atan2(dy, dx) - heading))
        if abs(turn) > 1e-6:
            return np.array([0.0, np.clip(turn / self.dt, -self.turn_rate, self.turn_rate)])
        return np.array([min(self.speed, hypot(dx, dy) / self.dt), 0.0])

    def trace(self) -> dict[str, Array]:
        """The path (T, 2): the corners of what it will drive."""
        return {"path": np.empty((0, 2)) if self._route is None else self._route}

    def _lanes(self, start: Array) -> Array:
        free = np.argwhere(self.map.free)[:, ::-1]
        low, high = free.min(0) + self._margin, free.max(0) + 1 - self._margin
        most = 2 * self.radius * (1 - self.overlap) / self.map.resolution
        counts = np.maximum(np.ceil((high - low) / most), 1).astype(int)  # lanes beside both walls, and evenly between

        def point(place: Place) -> Array:
            return self.map.points((low + (high - low) * (place[1], place[0]) / counts)[::-1] - 0.5)

        lattice = list(np.ndindex(counts[1] + 1, counts[0] + 1))
        for begin in sorted(lattice, key=lambda place: float(np.linalg.norm(point(place) - start))):
            if self._passes(start, point(begin)):
                places = _boustrophedon(begin, point, self._passes)
                return _corners(np.array([start, *map(point, places)]))
        return start[None]

    @property
    def _margin(self) -> float:
        """Cells from the robot's centre to what it must not touch, a hair more than its radius."""
        return self.radius / self.map.resolution + 1e-6

    def _passes(self, a: Array, b: Array) -> bool:
        """Whether the disc touches neither cells that are not free nor the map's edge, looked at every half cell."""
        radius, (rows, columns) = self._margin, self.map.shape
        way = self.map.columns_rows(np.linspace(a, b, 2 + int(np.linalg.norm(b - a) / (0.5 * self.map.resolution))))
        if (way < radius).any() or (way > np.array([columns, rows]) - radius).any():
            return False
        low, high = np.floor(way.min(0) - radius).astype(int), np.ceil(way.max(0) + radius).astype(int)
        corners = np.argwhere(~self.map.free[low[1] : high[1], low[0] : high[0]])[:, ::-1] + low
        gap = np.maximum(np.maximum(corners - way[:, None], way[:, None] - corners - 1), 0)
        return bool((np.hypot(gap[..., 0], gap[..., 1]) >= radius).all())


def _boustrophedon(
    begin: Place, point: Callable[[Place], Array], passes: Callable[[Array, Array], bool]
) -> list[Place]:
    """Places in the order of visits, the ways between them included, all one step from the one before."""
    ways: dict[tuple[Place, Place], bool] = {}

    def way(a: Place, b: Place) -> bool:
        key = (min(a, b), max(a, b))
        if key not in ways:
            ways[key] = passes(point(key[0]), point(key[1]))
        return ways[key]

    here = begin
    order: list[Place] = [here]
    visited, along = {here}, 1
    while True:
        ahead = (here[0], here[1] + along)
        trail = [ahead] if ahead not in visited and way(here, ahead) else _nearest_left(here, visited, way, along)
        if not trail:
            return order
        before = trail[-2] if len(trail) > 1 else here
        along = trail[-1][1] - before[1] or -along
        order += trail
        visited.update(trail)
        here = trail[-1]


def _nearest_left(here: Place, visited: set[Place], way: Callable[[Place, Place], bool], along: int) -> list[Place]:
    """The shortest way over the lattice to a place that was not visited; empty where there is none."""
    before: dict[Place, Place] = {here: here}
    waiting = deque([here])
    while waiting:
        place = waiting.popleft()
        if place not in visited:
            trail = [place]
            while before[trail[-1]] != here:
                trail.append(before[trail[-1]])
            return trail[::-1]
        for d_row, d_column in ((1, 0), (-1, 0), (0, along), (0, -along)):
            to = (place[0] + d_row, place[1] + d_column)
            if to not in before and way(place, to):
                before[to] = place
                waiting.append(to)
    return []


def _corners(points: Array) -> Array:
    """The points without those in the middle of a straight way."""
    if len(points) < 3:
        return points
    steps = np.diff(points, axis=0)
    bends = np.append(np.abs(np.diff(steps, axis=0)).max(-1) > 1e-9, True)
    return np.concatenate((points[:1], points[1:][bends]))
