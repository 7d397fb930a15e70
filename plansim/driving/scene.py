"""What somebody who may overtake makes of an observation, and how the car is held to what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.road import Road
from plansim.driving.lane_keeping import LaneKeeping
from plansim.driving.traffic import LENGTH, OFFSET, SPEED, S, Traffic, clear_until, numbers

NEAR = 80.0  # m, from which on a slower vehicle ahead matters
MEMORY = 3.0  # s, for which a vehicle that is no longer seen is believed


@dataclass(frozen=True)
class Driver:
    """The car, how it is driven, and what is known of the traffic that comes against it."""

    length: float = 4.6  # m
    width: float = 1.9  # m, likewise of the others' cars
    wheelbase: float = 2.8  # m; its middle is the car's
    top_speed: float = 20.0  # m/s
    acceleration: float = 2.0  # m/s^2
    braking: float = 4.0  # m/s^2
    change_time: float = 2.5  # s, from one lane to the other
    peek: float = 0.95  # m, to the left of the lane's middle while it waits behind somebody: to see more
    standstill_gap: float = 8.0  # m, and
    gap_time: float = 2.6  # s, kept behind somebody: from farther behind, more is seen
    merge_gap: float = 6.0  # m, ahead of what was passed
    oncoming_speed: float = 14.0  # m/s, the fastest that may come against it
    sensor_range: float = 300.0  # m
    dt: float = 0.1  # s, of a step


class Scene(NamedTuple):
    """What is believed at a moment."""

    s: float  # m, of the car's middle
    offset: float  # m, likewise
    state: Array  # (4,) x, y, heading, speed
    lane: Array  # (K, 6) believed vehicles of its own lane, the hindmost first
    clear_until: float  # m, s up to which no car can be on the other lane
    first_oncoming: float  # m, s of the front of the first car that is seen to come, inf where there is none

    def ahead(self) -> Array:
        return self.lane[self.lane[:, S] > self.s]

    def platoon(self, driver: Driver) -> Array:
        """The vehicles ahead that can only be passed together: between them there is no room to come back."""
        ahead = self.ahead()
        room = 2 * driver.merge_gap + driver.length + driver.change_time * driver.top_speed / 2
        for k in range(1, len(ahead)):
            if ahead[k, S] - ahead[k - 1, S] - (ahead[k, LENGTH] + ahead[k - 1, LENGTH]) / 2 > room:
                return ahead[:k]
        return ahead


class Overtaker:
    """All that a driver remembers within an episode: the traffic, how far the other lane was clear, its own way."""

    def __init__(self, road: Road, driver: Driver):
        if road.oncoming_lanes < 1:
            raise MalformedInput("the road has no oncoming_lanes, but overtaking needs one")
        self.road, self.driver = road, driver
        self.home, self.other = float(road.lane_offsets[-1]), float(road.oncoming_offsets[0])
        self.traffic = Traffic(road, MEMORY)
        self.keeping = LaneKeeping(road.line, driver.wheelbase, driver.change_time)
        self.out = False  # whether it is on the other lane, or on its way there
        self.begun, self.steps, self.waited = 0, 0, np.nan
        self.clear = -np.inf
        self.scene: Scene | None = None

    def look(self, observation: Mapping[str, Any]) -> Scene:
        state, vehicles, seen = numbers(observation, "state", "vehicles", "seen")
        d = self.driver
        believed = self.traffic.observe(vehicles, seen, d.dt)
        eye = state[:2] + d.wheelbase / 2 * np.array([np.cos(state[2]), np.sin(state[2])])
        s, offset = (float(value) for value in self.road.line.project(eye))
        clear = clear_until(self.road, eye, d.sensor_range, believed, (d.length, d.width))
        # what was clear a moment ago, nobody has entered faster than that
        self.clear = max(clear, self.clear - d.oncoming_speed * d.dt)
        coming = believed[(believed[:, SPEED] < 0) & (believed[:, S] > s)]
        first = (coming[:, S] - coming[:, LENGTH] / 2).min(initial=np.inf)
        lane = believed[
            (np.abs(believed[:, OFFSET] - self.home) < self.road.lane_width / 2) & (believed[:, SPEED] >= 0)
        ]
        self.scene = Scene(s, offset, state, lane[np.argsort(lane[:, S])], self.clear, float(first))
        return self.scene

    def waits(self, scene: Scene) -> bool:
        """Whether it is behind somebody slower, where it sees most."""
        return self._is_behind(scene) and abs(scene.offset - self.home - self.driver.peek) < 0.3

    def _is_behind(self, scene: Scene) -> bool:
        ahead = scene.ahead()
        return bool(len(ahead)) and ahead[0, S] - scene.s < NEAR and ahead[0, SPEED] < self.driver.top_speed - 2.0

    def begin(self) -> None:
        self.begun += 1
        self.waited = self.steps * self.driver.dt if self.begun == 1 else self.waited

    def control(self, scene: Scene, acceleration: float) -> Array:
        """The action (2,): that acceleration within the speeds there are, and towards the lane where it is to be."""
        d, speed = self.driver, float(scene.state[3])
        acceleration = min(max(acceleration, -speed / d.dt, -8.0), (d.top_speed - speed) / d.dt, 3.0)
        target = self.other if self.out else self.home + (d.peek if self._is_behind(scene) else 0.0)
        steering = self.keeping.steering(scene.state, acceleration, target, d.dt)
        self.steps += 1
        return np.array([acceleration, min(max(steering, -0.3), 0.3)])

    def metrics(self) -> dict[str, float]:
        return {"overtakings": self.begun, "waited": self.waited}

    def trace(self) -> dict[str, Array]:
        """Along the other lane, from beside the car to where it is surely clear, (12, 2)."""
        if self.scene is None:
            return {"path": np.empty((0, 2))}
        s = np.linspace(self.scene.s, max(self.scene.clear_until, self.scene.s), 12)
        return {"path": self.road.line.beside(s, self.other)}


def following(scene: Scene, driver: Driver) -> float:
    """The acceleration, m/s², of a driver who keeps a gap to the vehicle ahead, and else the top speed."""
    speed, ahead = float(scene.state[3]), scene.ahead()
    wanted = (driver.top_speed - speed) / 0.5
    if len(ahead):
        gap = ahead[0, S] - ahead[0, LENGTH] / 2 - scene.s - driver.length / 2
        off = gap - driver.standstill_gap - driver.gap_time * speed
        wanted = min(wanted, 0.1 * off + 0.6 * (ahead[0, SPEED] - speed))
    return float(min(max(wanted, -2 * driver.braking), driver.acceleration))


def time_to_gain(way: float, speed: float, pace: float, driver: Driver) -> float:
    """Seconds until a car that speeds up as it can has gained `way` metres on what moves at `pace` m/s, or inf."""
    up = (driver.top_speed - speed) / driver.acceleration
    gained = (speed - pace) * up + driver.acceleration * up**2 / 2
    if gained >= way:
        a, b = driver.acceleration / 2, speed - pace
        return float((-b + np.sqrt(b * b + 4 * a * way)) / (2 * a))
    return float(up + (way - gained) / (driver.top_speed - pace)) if driver.top_speed > pace else np.inf


def distance_in(time: float, speed: float, driver: Driver) -> float:
    """Metres that a car that speeds up as it can drives in a time."""
    up = min(time, (driver.top_speed - speed) / driver.acceleration)
    return float(speed * up + driver.acceleration * up**2 / 2 + driver.top_speed * (time - up))
