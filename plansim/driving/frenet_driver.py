"""Drives by candidate trajectories: plans anew at every step, and takes the first control of the best candidate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.road import Road
from plansim.driving.traffic import LENGTH, NUMBER, OFFSET, SPEED, S, Traffic, numbers, predicted
from plansim.planning.base import Status, Stopwatch
from plansim.planning.trajectory.candidates import Candidates, FrenetCandidates, LaneProblem

FAN, POINTS, FAN_EVERY = 40, 9, 3  # candidates in the trace, points of each, plans from one fan to the next


@dataclass
class FrenetDriver:
    """Drives on the lanes of its direction as `FrenetCandidates` finds best, past slower vehicles.

    Vehicles that it sees, or saw a moment ago, are thought to keep their lane and speed. Where every candidate has a
    fault it brakes.

    >>> driver = FrenetDriver(Road(lanes=3, oncoming_lanes=0), speed=20.0)
    >>> driver.reset()
    >>> observation = {"state": [20.0, -8.75, 0.0, 10.0], "vehicles": np.zeros((1, 6)), "seen": np.zeros(1)}
    >>> bool(driver.act(observation)[0] > 0)  # it speeds up
    True
    """

    road: Road
    planner: FrenetCandidates = FrenetCandidates()
    speed: float = 20.0  # m/s, wanted
    lane: int = 0  # wanted, the rightmost is 0
    lanes: tuple[int, ...] | None = None  # that it may end on; all of its direction where None
    memory: float = 2.0  # s, for which a vehicle that is no longer seen is believed
    standstill_gap: float = 3.0  # m, and
    gap_time: float = 1.3  # s, that it would keep from the vehicle ahead
    _now: Any = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        if not self.speed > 0 or not 0 <= self.lane < self.road.lanes:
            raise MalformedInput(f"speed {self.speed} must be positive, and lane {self.lane} one of {self.road.lanes}")
        if self.lanes is not None and (not self.lanes or not set(self.lanes) <= set(range(self.road.lanes))):
            raise MalformedInput(f"lanes are {self.lanes}, but must be some of 0 .. {self.road.lanes - 1}")
        self.reset()

    @property
    def dt(self) -> float:
        return self.planner.dt

    def reset(self, seed: int | None = None) -> None:
        self._now = _Episode(Traffic(self.road, self.memory))

    def act(self, observation: Mapping[str, Any]) -> Array:
        now, planner = self._now, self.planner
        state, vehicles, seen = numbers(observation, "state", "vehicles", "seen")
        believed = now.traffic.observe(vehicles, seen, self.dt)
        problem = self._problem(state, believed)
        watch = Stopwatch()
        found = planner.evaluate(problem)
        i, j = planner.choose(found)
        states, controls = planner.drive(problem, found, i, j)
        now.seconds += watch.seconds
        now.plans += 1
        now.candidates, now.feasible = now.candidates + found.costs.size, now.feasible + found.feasible
        now.nearest += found.faults[i, j] != 0
        now.status = Status.SOLVED if found.faults[i, j] == 0 else Status.NEAREST
        now.path = states[:, :2].copy()
        if now.plans % FAN_EVERY == 1:
            now.fan = fan(problem, found)
        # at the next step the car is between its first control and its second
        now.acceleration = float(controls[:2, 0].mean())
        now.curvature = float(np.tan(controls[:2, 1]).mean() / planner.wheelbase)
        limit = planner.steering
        return np.clip(controls[0], (-planner.braking, -limit), (planner.acceleration, limit))

    def metrics(self) -> dict[str, float]:
        """Candidates a plan, the share of them without a fault, steps where none was, seconds of planning."""
        now = self._now
        return {
            "plans": now.plans,
            "candidates": now.candidates / max(now.plans, 1),
            "feasible_share": now.feasible / max(now.candidates, 1),
            "braking_steps": int(now.nearest),
            "plan_seconds": now.seconds,
        }

    def remark(self) -> str:
        """That it could only brake at last; empty otherwise."""
        return self._now.status.value if self._now.status is Status.NEAREST else ""

    def trace(self) -> dict[str, Array]:
        """The plan's path (T + 1, 2), and some candidates: x, y, cost's rank in [0, 1] or 2 with a fault, number."""
        now = self._now
        return {"path": now.path, "candidates": now.fan}

    def _problem(self, state: Array, believed: Array) -> LaneProblem:
        road, now, times = self.road, self._now, self.planner.times
        start = np.array([*state, now.acceleration, now.curvature])
        offsets = road.lane_offsets
        lanes = offsets if self.lanes is None else offsets[list(self.lanes)]
        return LaneProblem(
            road.line, start, predicted(road, believed, times), believed[:, LENGTH:NUMBER], lanes,
            (road.edges[0], 0.0), self.speed, float(offsets[self.lane]), self._leader(state, believed),
        )  # fmt: skip

    def _leader(self, state: Array, believed: Array) -> Array:
        """Where to be behind the vehicle ahead in the car's lane, and its speed, (1, 2); (0, 2) where there is none."""
        s, offset = self.road.line.project(state[:2])
        same = np.abs(believed[:, OFFSET] - offset) < self.road.lane_width / 2
        ahead = believed[same & (believed[:, S] > s) & (believed[:, SPEED] >= 0)]
        if not len(ahead):
            return np.empty((0, 2))
        first = ahead[np.argmin(ahead[:, S])]
        gap = self.standstill_gap + self.gap_time * first[SPEED]
        own = self.planner.length / 2 + self.planner.wheelbase / 2
        return np.array([[first[S] - first[LENGTH] / 2 - own - gap, first[SPEED]]])


def fan(problem: LaneProblem, found: Candidates, count: int = FAN, points: int = POINTS) -> Array:
    """A sample of the candidates (count * points, 4): x, y, rank of its cost in [0, 1] or 2 with a fault, number."""
    size = found.costs.size
    which = np.unique(np.linspace(0, size - 1, min(count, size)).astype(int))
    i, j = np.divmod(which, found.costs.shape[1])
    f = found.frenet(i, j)[:, np.linspace(0, found.along.shape[1] - 1, points).astype(int)]
    places = problem.line.beside(f[..., 0], f[..., 3])
    costs, bad = found.costs[i, j], found.faults[i, j] != 0
    rank = np.argsort(np.argsort(costs)) / max(len(which) - 1, 1)
    level = np.where(bad, 2.0, rank)
    columns = np.broadcast_arrays(level[:, None], np.arange(len(which), dtype=float)[:, None], places[..., 0])[:2]
    return np.concatenate((places, np.stack(columns, axis=-1)), axis=-1).reshape(-1, 4)


class _Episode:
    """All that a driver forgets at a reset."""

    def __init__(self, traffic: Traffic):
        self.traffic = traffic
        self.acceleration = self.curvature = self.seconds = 0.0
        self.plans = self.candidates = self.feasible = self.nearest = 0
        self.status = Status.SOLVED
        self.path, self.fan = np.empty((0, 2)), np.empty((0, 4))
