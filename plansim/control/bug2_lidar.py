"""Bug2 for a round robot with a lidar: straight to the goal, and around obstacles at a fixed distance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import atan, atan2, cos, hypot, inf, pi, sin
from typing import Literal

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput, near_miss
from plansim.core.geometry import compose, inverse, transform
from plansim.core.layout import wrap_angle
from plansim.models.lidar import Lidar

_AS_NEAR = 0.05  # m
_TURNS_ABOVE = 0.2  # rad, on the spot
_SAME_PLACE = 0.15  # m, from the hit point
_NEARER = 0.1  # m, that a leave point must be nearer to the goal than the hit point


@dataclass
class LidarBug2:
    """Bug2 (Lumelsky and Stepanov 1987) for a robot that turns on the spot, among obstacles grown by `distance`.

    It heads for the goal until something would come nearer than `distance`, then drives along the obstacle at that
    distance, with its hand on it, until it crosses the line from start to goal (m-line) nearer to the goal with a free
    way on. If it comes back to where it met the obstacle instead, the goal cannot be reached past obstacles so grown:
    `remark` says so, and it stands still. Passages narrower than twice `distance` count as closed.

    Its action is speed and turn rate; it sees "lidar", "goal", and "odometry", which it adds up from "start": it needs
    odometry without drift, since it never looks where it is. The lidar must see all around.

    >>> seen = {"lidar": np.full(360, 10.0), "odometry": np.zeros(3), "start": np.zeros(3)}
    >>> LidarBug2().act(seen | {"goal": np.array([5.0, 0.0])}).tolist()  # m/s, rad/s
    [0.4, 0.0]
    """

    lidar: Lidar = Lidar()
    distance: float = 0.35  # m, from the robot's middle to obstacles: its radius and some room to turn
    turn: Literal["left", "right"] = "left"  # the hand that is on the obstacle
    speed: float = 0.4  # m/s
    turn_rate: float = 1.5  # rad/s, at most
    dt: float = 0.1  # s, for which each control is held
    _begun: bool = field(default=False, init=False, repr=False, compare=False)
    _pose: Array = field(init=False, repr=False, compare=False)  # (3,)
    _start: Array = field(init=False, repr=False, compare=False)  # (2,) m, of the m-line
    _hit: _Hit | None = field(default=None, init=False, repr=False, compare=False)  # while along an obstacle
    _hits: int = field(default=0, init=False, repr=False, compare=False)
    _unreachable: bool = field(default=False, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("distance", "speed", "turn_rate", "dt"):
            if not 0 < getattr(self, name) < inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be positive")
        if self.turn not in ("left", "right"):
            raise MalformedInput(f"turn is {self.turn!r}, but must be 'left' or 'right'")
        if self.lidar.field_of_view < 2 * pi - 0.1:
            raise MalformedInput(f"field_of_view is {self.lidar.field_of_view}, but must be a full circle, 2 pi")
        self.reset()

    def reset(self, seed: int | None = None) -> None:
        self._begun, self._pose, self._start = False, np.zeros(3), np.zeros(2)
        self._hit, self._hits, self._unreachable = None, 0, False

    def act(self, observation: Mapping[str, Array]) -> Array:
        before = self._pose
        self._locate(observation)
        goal = np.asarray(observation["goal"], dtype=float)[:2]
        points = self.lidar.hits(np.asarray(observation["lidar"], dtype=float))
        way = transform(inverse(self._pose), goal[None])[0]
        bearing, left = atan2(way[1], way[0]), hypot(*way)
        free = self._free(points, bearing, left)
        if self._hit is not None:
            self._hit.driven += hypot(*(self._pose[:2] - before[:2]))
            if free and left < self._hit.left - _NEARER and self._crosses(before, goal):
                self._hit = None
            self._unreachable |= self._hit is not None and self._hit.again(self._pose)
        if self._hit is None and not free:
            self._hit = _Hit(left, self._pose[:2])
            self._hits += 1
        if self._unreachable:
            return np.zeros(2)
        return self._control(bearing, left) if self._hit is None else self._follow(points, self._hit)

    def _locate(self, observation: Mapping[str, Array]) -> None:
        for name in ("lidar", "odometry", "start", "goal"):
            if name not in observation:
                raise MalformedInput(f"the observation has no {name!r}{near_miss(name, observation)}")
        if self._begun:
            self._pose = compose(self._pose, np.asarray(observation["odometry"], dtype=float))
            return
        self._pose, self._begun = np.array(observation["start"], dtype=float), True
        self._start = self._pose[:2].copy()

    def _free(self, points: Array, bearing: float, left: float) -> bool:
        """Whether a step towards a bearing comes no nearer to anything than `distance`, or gets away from it."""
        if not len(points):
            return True
        step = min(self.speed * self.dt, left) * np.array([cos(bearing), sin(bearing)])
        after, now = np.hypot(*(points - step).T), np.hypot(*points.T)
        return bool(((after >= self.distance) | (after >= now)).all())

    def _follow(self, points: Array, hit: _Hit) -> Array:
        # a turn on the spot is made to its end: with every beam that moves, something else seems to be the nearest
        if hit.course is None:
            bearing = self._along(points, hit) if len(points) else 0.0
            hit.course = float(self._pose[2]) + bearing if abs(bearing) > _TURNS_ABOVE else None
        else:
            bearing = float(wrap_angle(hit.course - self._pose[2]))
            if abs(bearing) < 1e-6:
                hit.course = None
        return self._control(bearing, inf, turning=hit.course is not None)

    def _along(self, points: Array, hit: _Hit) -> float:
        """The bearing along the obstacle: square to what is near, and a little towards it when too far off.

        Of all that is about as near as the nearest, that counts which is farthest round from the hand: in a corner it
        turns away from both walls. The hand is where the obstacle was last.
        """
        side = 1.0 if self.turn == "left" else -1.0
        ranges, bearings = np.hypot(*points.T), np.arctan2(points[:, 1], points[:, 0])
        near = bearings[ranges < max(ranges.min(), self.distance) + _AS_NEAR]
        heading = float(self._pose[2])
        if hit.hand is None:
            hit.hand = heading + float(bearings[np.argmin(ranges)])
        round_from_hand = side * wrap_angle(near + heading - hit.hand)
        wall = float(near[np.argmin(round_from_hand)])
        hit.hand = heading + wall
        aside = atan(3.0 * (float(ranges.min()) - self.distance) / self.distance)
        bearing = float(wrap_angle(wall - side * (pi / 2 - aside)))
        if hit.heading is None:
            hit.heading = heading + bearing
        return bearing

    def _control(self, bearing: float, left: float, turning: bool = False) -> Array:
        turn = np.clip(bearing / self.dt, -self.turn_rate, self.turn_rate)
        if turning or abs(bearing) > _TURNS_ABOVE:
            return np.array([0.0, turn])
        return np.array([min(self.speed, left / self.dt), turn])

    def _crosses(self, before: Array, goal: Array) -> bool:
        """Whether the last step touched the m-line."""
        line = (goal - self._start) / max(np.linalg.norm(goal - self._start), 1e-12)
        a, b = (
            float(line[0] * d[1] - line[1] * d[0]) for d in (before[:2] - self._start, self._pose[:2] - self._start)
        )
        return a * b <= 0

    def metrics(self) -> dict[str, float]:
        return {"hits": self._hits, "unreachable": int(self._unreachable)}

    def remark(self) -> str:
        return "the goal cannot be reached: the way around the obstacle led back to where it began" * self._unreachable

    def trace(self) -> dict[str, Array]:
        """The pose (3,) that it believes in."""
        return {"pose": self._pose}


@dataclass
class _Hit:
    """Where the robot met the obstacle that it drives along."""

    left: float  # m, to the goal
    place: Array  # (2,) m
    heading: float | None = None  # rad, along the obstacle, at first
    hand: float | None = None  # rad, to the obstacle, now
    course: float | None = None  # rad, to which it turns on the spot
    driven: float = 0.0  # m, since then

    def again(self, pose: Array) -> bool:
        """Whether the robot is there again, on the same side of whatever is there."""
        same_way = self.heading is not None and abs(wrap_angle(pose[2] - self.heading)) < pi / 3
        return self.driven > 1.0 and hypot(*(pose[:2] - self.place)) < _SAME_PLACE and bool(same_way)
