"""A problem as planners that draw samples take it: checked, with its moves and its stream of random numbers."""

from __future__ import annotations

from functools import lru_cache
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from plansim.core.arrays import Array, numbers
from plansim.core.errors import MalformedInput
from plansim.planning.base import Plan, Problem, Stats, Status, Stopwatch, no_plan
from plansim.planning.grid.space import GridSpace
from plansim.planning.sampling.moves import moves_in
from plansim.planning.spaces import base
from plansim.planning.spaces.map import MapSpace, straight_lines

CHECKS = 100  # states that is_free is asked of on the way across a space, where a planner is not told how far apart
STEPS = 5  # edges on the way across a space, likewise


class Task:
    """What a search needs of a problem. A malformed problem raises; `refusal` answers one that needs no search.

    step, check_every: the planner's own, or None for a share of the space's diagonal
    """

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator | None = None,
        step: float | None = None,
        check_every: float | None = None,
    ):
        self.watch = Stopwatch()
        self.space: Any = space_of(problem.space)
        frame = frame_of(self.space)
        self.bounds, self.metric, self.diagonal = frame[:3]
        self.start = state_of(self.space, frame, "start", problem.start)
        self.goal = state_of(self.space, frame, "goal", problem.goal)
        self.goal_radius = float(problem.goal_radius)
        rng, key = (np.random.default_rng(0), _first_key()) if rng is None else (rng, rng.integers(1 << 63))
        self.stream = np.array([key, 0], dtype=np.uint64)
        self.step = self.diagonal / STEPS if step is None else float(step)
        every = self.diagonal / CHECKS if check_every is None else check_every
        found = moves_in(self.space, problem.is_free, every, rng)
        self.moves, self.measures, self.arrays, self.compiled = found
        self.start_free, self.goal_free, self.apart = self.measures.survey(
            self.start, self.goal, self.metric, self.arrays
        )

    def is_free(self, x: Array) -> bool:
        """Whether one state (n,) is free, of the space's obstacles and the problem's."""
        return self.measures.is_free(x, self.arrays)

    def distance(self, a: Array, b: Array) -> float:
        return self.moves.distance(a, b, self.metric, self.arrays)

    def refusal(self) -> Plan | None:
        """The plan of a problem that needs no search; None where it does."""
        if not self.start_free:
            status = Status.INVALID_START
        elif not self.goal_free and self.goal_radius == 0.0:
            status = Status.INVALID_GOAL
        elif self.apart <= self.goal_radius:
            return Plan(Status.SOLVED, self.start[None].copy(), 0.0, stats=self.stats(0, 0))
        else:
            return None
        return no_plan(status, len(self.start), self.stats(0, 0))

    def stats(self, samples: int, expanded: int) -> Stats:
        engine = "compiled" if self.compiled else "states of edges are asked one edge at a time"
        return Stats(expanded, samples, getattr(self.moves.edge_free, "checks", 0), self.watch.seconds, engine)

    def plan(self, status: Status, states: Array, samples: int, expanded: int, **rest: Any) -> Plan:
        """The plan of these states, with its cost and its bound by the straight line."""
        cost = float(self.measures.length(states, self.metric, self.arrays))
        bound = max(self.apart - self.goal_radius, 0.0)
        if status is Status.SOLVED:  # rounding may take a straight path below its own length
            bound = min(bound, cost)
        return Plan(status, states, cost, stats=self.stats(samples, expanded), lower_bound=bound, **rest)


def space_of(space: Any) -> Any:
    """The space itself; for a map, that of straight lines."""
    if isinstance(space, GridSpace):
        return straight_lines(space)
    missing = [name for name in ("low", "high", "distance", "interpolate", "sample") if not hasattr(space, name)]
    if missing:
        raise MalformedInput(
            f"the problem's space is {type(space).__name__}, which has no {missing[0]!r}: "
            "a planner that draws samples needs a GridSpace or a Space of plansim.planning.spaces.base"
        )
    return space


class Frame(NamedTuple):
    """The extent of a space."""

    bounds: Array  # (2, n)
    metric: Array  # (n, 3)
    diagonal: float  # the greatest distance there is
    low: list[float]
    high: list[float]


class _Itself:
    """A space as a key: itself, whatever it is equal to; a user's own need not be hashable."""

    def __init__(self, space: Any):
        self.space = space

    def __hash__(self) -> int:
        return id(self.space)

    def __eq__(self, other: Any) -> bool:
        return self.space is other.space


def frame_of(space: Any) -> Frame:
    return _frame_of(_Itself(space))


@lru_cache(maxsize=64)
def _frame_of(key: _Itself) -> Frame:
    space = key.space
    bounds = np.array([space.low, space.high], dtype=float)
    metric = getattr(space, "metric", None)
    if metric is None:
        return Frame(bounds, base.metric(*bounds), float(space.distance(*bounds)), *bounds.tolist())
    reach = np.where(metric[:, 2] > 0, metric[:, 2] / 2, bounds[1] - bounds[0])
    return Frame(bounds, metric, float(np.linalg.norm(metric[:, 0] * reach)), *bounds.tolist())


def state_of(space: Any, frame: Frame, name: str, state: Array) -> Array:
    """The problem's start or goal (n,), within bounds where it comes round; a map takes x, y only."""
    x = numbers(name, state)
    if type(space) is MapSpace and x.ndim == 1:
        x = x[:2].copy()
    values = x.tolist()
    if x.shape != (len(frame.low),) or not all(map(isfinite, values)):
        raise MalformedInput(f"{name} is {values}, but must be {len(frame.low)} finite numbers")
    period = frame.metric[:, 2]
    if period.any():
        round_trips = (period > 0) & ((x < frame.bounds[0]) | (x > frame.bounds[1]))
        turns = np.divide(x - frame.bounds[0], period, out=np.zeros_like(x), where=round_trips)
        x = np.where(round_trips, np.clip(x - period * np.floor(turns), *frame.bounds), x)
        values = x.tolist()
    if not all(low <= value <= high for low, value, high in zip(frame.low, values, frame.high, strict=True)):
        where = "map" if type(space) is MapSpace else "space"
        raise MalformedInput(f"{name} {values} lies outside the {where}, {frame.low} to {frame.high}")
    return x


@lru_cache(maxsize=1)
def _first_key() -> int:
    return int(np.random.default_rng(0).integers(1 << 63))
