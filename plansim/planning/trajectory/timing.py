"""A path gets its times: as fast as a point mass may go along it, with the controls that drive it so."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.trajectory import arc_length
from plansim.planning.base import Plan, Problem
from plansim.planning.trajectory.jerk_limited import jerk_limited, slowed
from plansim.planning.trajectory.paths import PiecewisePath, blended_path, rounded_path
from plansim.planning.trajectory.time_optimal import TimedPath, time_optimal
from plansim.planning.trajectory.ways import ways_of

_SPARE = 1e-3  # of the limits, for what it takes to end in the goal exactly


@dataclass(frozen=True)
class TimeOptimal:
    """Gives a plan's path its fastest timing under limits along each axis: times, velocities, and accelerations.

    Corners are rounded where that is free, else passed at rest. States become positions, then velocities; controls
    are the accelerations of a point mass, held over `dt`, that lead through exactly these states, from the problem's
    start to its goal. What the body passes between two states lies in a triangle whose sides are checked.
    """

    max_speed: float = 1.0  # m/s
    max_acceleration: float = 1.0  # m/s^2
    max_jerk: float | None = None  # m/s^3; None: accelerations may jump
    deviation: float = 0.2  # m that a rounded corner may lie off the path
    dt: float = 0.1  # s

    def __post_init__(self) -> None:
        for name in ("max_speed", "max_acceleration", "dt"):
            if not 0 < getattr(self, name) < np.inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be finite and above 0")
        if not self.deviation > 0 or (self.max_jerk is not None and not self.max_jerk > 0):
            raise MalformedInput("deviation and max_jerk must be above 0")

    def process(self, problem: Problem, plan: Plan, rng: np.random.Generator | None = None) -> Plan:
        path = _between_ends(problem, plan.states)
        if len(path) < 2:
            n = path.shape[1]
            states = np.concatenate((path, np.zeros((len(path), n))), axis=-1)
            return plan._replace(states=states, controls=np.empty((0, n)), times=np.zeros(len(path)))
        for deviation in (self.deviation, self.deviation / 4, self.deviation / 16, 0.0):
            timed = self._passage(path, deviation)
            states, controls = held_controls(timed, self.dt)
            if sweep_free(ways_of(problem), states, self.dt):
                break
        else:
            raise MalformedInput("the path to be timed is not free")
        cost = float(arc_length(states[:, : path.shape[1]])[-1])
        times = self.dt * np.arange(len(states))
        return plan._replace(states=states, cost=cost, lower_bound=0.0, controls=controls, times=times)

    def _passage(self, path: Array, deviation: float) -> TimedPath:
        v, a = self.max_speed * (1 - _SPARE), self.max_acceleration * (1 - _SPARE)
        if self.max_jerk is None:
            return time_optimal(blended_path(path, deviation), v, a)
        if deviation > 0:
            return jerk_limited(rounded_path(path, deviation), v, a, self.max_jerk * (1 - _SPARE))
        return _stopping(path, v, a, self.max_jerk * (1 - _SPARE))


def held_controls(timed: TimedPath, dt: float) -> tuple[Array, Array]:
    """States (T + 1, 2 n) and held accelerations (T, n) of a point mass that follows a motion from rest to rest.

    Velocities are the motion's at multiples of dt, so the accelerations are means of its own; positions are those that
    the accelerations lead to, farther by at most dt^2 / 6 times the acceleration, with the last one at its end exactly.
    """
    count = max(int(np.ceil(timed.duration / dt - 1e-9)), 2)
    stretched = TimedPath(timed.path, slowed(timed.clock, count * dt / timed.duration))
    v = stretched.at(dt * np.arange(count + 1), 1)
    v[[0, -1]] = 0.0
    accelerations = np.diff(v, axis=0) / dt
    begin, end = timed.path.at(timed.path.breaks[[0, -1]])
    miss = begin + dt * v[1:-1].sum(0) - end
    # accelerations that change from first to last by equal steps move the end and leave its velocity
    lean = np.arange(count) - (count - 1) / 2
    accelerations += lean[:, None] * (miss * 12 / (dt * dt * count * (count * count - 1.0)))
    velocities = np.concatenate((np.zeros((1, v.shape[1])), np.cumsum(accelerations, axis=0) * dt))
    moves = (velocities[:-1] + velocities[1:]) / 2 * dt
    positions = begin + np.concatenate((np.zeros((1, v.shape[1])), np.cumsum(moves, axis=0)))
    return np.concatenate((positions, velocities), axis=-1), accelerations


def sweep_free(space, states: Array, dt: float) -> bool:
    """Whether a point mass under held accelerations stays free between its states (T + 1, 2 n), too.

    Each step is a parabola within the triangle of its ends and where its tangents meet; an obstacle that reaches into a
    triangle, and is not smaller than that, crosses one of its sides.
    """
    n = states.shape[1] // 2
    p, v = states[:, :n], states[:, n:]
    meet = p[:-1] + v[:-1] * dt / 2
    a, b = np.concatenate((p[:-1], p[:-1], meet)), np.concatenate((p[1:], meet, p[1:]))
    return bool(np.all(space.edge_free(a, b)))


def _stopping(path: Array, v: float, a: float, j: float) -> TimedPath:
    """Along straight lines under a limit on jerk, with a stop at each corner."""
    line = blended_path(path, 0.0)
    breaks, pieces = [np.zeros(1)], []
    for ends, along in zip(pairwise(path), line.breaks, strict=False):
        clock = jerk_limited(blended_path(np.stack(ends), 0.0), v, a, j).clock
        coefficients = clock.coefficients.copy()
        coefficients[:, 0] += along
        breaks.append(clock.breaks[1:] + breaks[-1][-1])
        pieces.append(coefficients)
    return TimedPath(line, PiecewisePath(np.concatenate(breaks), np.concatenate(pieces)))


def _between_ends(problem: Problem, states: Array) -> Array:
    """The path's positions, from the very start to the very goal: grid planners' begin and end in centres of cells."""
    n = getattr(problem.space, "dimension", 2)
    start, goal = (np.asarray(end, dtype=float)[None, :n] for end in (problem.start, problem.goal))
    path = np.concatenate((start, states[:, :n]))
    if problem.space.distance(path[-1], goal[0]) > problem.goal_radius:
        path = np.concatenate((path, goal))
    return path[np.concatenate(([True], (np.diff(path, axis=0) != 0).any(-1)))]
