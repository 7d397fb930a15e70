"""What a driver believes of other vehicles: those it sees, those it saw a moment ago, and where more may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.boxes import first_unseen
from plansim.core.errors import MalformedInput, near_miss
from plansim.core.road import Road

S, OFFSET, SPEED, LENGTH, WIDTH, NUMBER = range(6)  # of a believed vehicle; the speed is negative against the line


class Traffic:
    """The vehicles (K, 6) that were seen within the last `memory` seconds, moved on at their speed in their lane.

    s, offset, speed along the line, length, width, and in which row of the observation, the same one each time.
    """

    def __init__(self, road: Road, memory: float):
        self.road, self.memory = road, memory
        self._rows, self._unseen_for = np.empty((0, 6)), np.empty(0)

    def observe(self, vehicles: Array, seen: Array, dt: float) -> Array:
        """Takes in the vehicles (Q, 6) that are seen (Q,), `dt` seconds after the last time; all that is believed."""
        if len(self._rows) != len(vehicles):
            self._rows, self._unseen_for = np.zeros((len(vehicles), 6)), np.full(len(vehicles), np.inf)
        self._rows[:, S] += self._rows[:, SPEED] * dt
        self._unseen_for += dt
        seen = np.asarray(seen) > 0
        x = np.asarray(vehicles, dtype=float)[seen]
        s, offset = self.road.line.project(x[:, :2])
        speed = x[:, 3] * np.sign(np.cos(x[:, 2] - self.road.line.at(s).heading))
        self._rows[seen] = np.column_stack((s, offset, speed, x[:, 4:], np.flatnonzero(seen)))
        self._unseen_for[seen] = 0.0
        return self._rows[self._unseen_for <= self.memory]


def predicted(road: Road, believed: Array, times: Array) -> Array:
    """Where believed vehicles (K, 6) are at times (T,): x, y, heading (K, T, 3), each in its lane at its speed."""
    s = believed[:, S, None] + believed[:, SPEED, None] * times
    columns = (believed[:, column, None] for column in (OFFSET, SPEED, LENGTH, WIDTH))
    return road.vehicles(s, *columns)[..., :3]


def clear_until(road: Road, eye: Array, sensor_range: float, believed: Array, car: tuple[float, float]) -> float:
    """The place s up to which no car (length, width) can be on the innermost lane against the line, seen or unseen.

    Cars are thought of every two metres along that lane, from beside the eye (2,) on. One that could not be seen from
    there past the believed vehicles may be there.
    """
    here, step = float(road.line.project(eye)[0]), 2.0
    fronts = here - 8.0 + step * np.arange(int((sensor_range + 8.0) / step) + 2)
    thought = road.vehicles(fronts + car[0] / 2, road.oncoming_offsets[0], np.array(-1.0), *car)
    known = road.vehicles(*believed[:, :NUMBER].T)
    coming = believed[(believed[:, SPEED] < 0) & (believed[:, S] > here - 8.0)]
    seen = (coming[:, S] - coming[:, LENGTH] / 2).min(initial=np.inf)
    return min(float(seen), float(fronts[0] + step * (first_unseen(eye, sensor_range, thought, known) - 1)))


def numbers(observation: Mapping[str, Any], *names: str) -> list[Array]:
    """Parts of an observation as float arrays."""
    for name in names:
        if name not in observation:
            raise MalformedInput(f"the observation has no {name!r}{near_miss(name, observation)}")
    return [np.asarray(observation[name], dtype=float) for name in names]
