"""A problem as planners that draw samples take it: checked, with its moves and its stream of random numbers."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.planning.base import Plan, Problem, Stats, Status, Stopwatch, no_plan
from plansim.planning.grid.space import GridSpace
from plansim.planning.sampling.checking import CheckedEdges
from plansim.planning.sampling.moves import moves_in
from plansim.planning.spaces import base
from plansim.planning.spaces.map import straight_lines

CHECKS = 100  # states that is_free is asked of on the way across a space, where a planner is not told how far apart
STEPS = 5  # edges on the way across a space, likewise


class Task:
    """What a search needs of a problem. A malformed problem raises; `refusal` says why a well-formed one has no path.

    step, check_every: the planner's own, or None for a share of the space's diagonal
    """

    def __init__(
        self, problem: Problem, rng: np.random.Generator | None, step: float | None, check_every: float | None
    ):
        self.watch = Stopwatch()
        self.problem = problem
        self.space: Any = space_of(problem)
        self.start, self.goal = (state_of(self.space, name, getattr(problem, name)) for name in ("start", "goal"))
        self.goal_radius = _radius(problem.goal_radius)
        rng, key = (np.random.default_rng(0), _first_key()) if rng is None else (rng, rng.integers(1 << 63))
        self.stream = np.array([key, 0], dtype=np.uint64)
        self.bounds, self.metric, diagonal = _frame(self.space)
        self.step = diagonal / STEPS if step is None else step
        every = diagonal / CHECKS if check_every is None else check_every
        self.moves, self.arrays, self.compiled = moves_in(self.space, problem.is_free, every, rng)

    def is_free(self, x: Array) -> bool:
        """Whether one state (n,) is free, of the space's obstacles and the problem's."""
        kernels = getattr(self.space, "kernels", None)
        if kernels is not None and not kernels.point_free(x, kernels.arrays):
            return False
        if kernels is None and not self.space.is_free(x):
            return False
        if self.problem.is_free is None:
            return True
        return bool(CheckedEdges(self.space, self.problem.is_free, 1.0).ask(x[None])[0])

    def distance(self, a: Array, b: Array) -> float:
        return self.moves.distance(a, b, self.metric, self.arrays)

    @property
    def reached(self) -> bool:
        """Whether the start is in the goal already."""
        return np.array_equal(self.start, self.goal) or (
            self.goal_radius > 0 and self.distance(self.start, self.goal) <= self.goal_radius
        )

    def refusal(self) -> Plan | None:
        """The plan of a problem that needs no search; None where it does."""
        status = None
        if not self.is_free(self.start):
            status = Status.INVALID_START
        elif self.goal_radius == 0 and not self.is_free(self.goal):
            status = Status.INVALID_GOAL
        elif self.reached:
            return Plan(Status.SOLVED, self.start[None].copy(), 0.0, stats=Stats(seconds=self.watch.seconds))
        return None if status is None else no_plan(status, len(self.start), Stats(seconds=self.watch.seconds))

    def plan(self, status: Status, states: Array, samples: int, expanded: int, **rest: Any) -> Plan:
        """The plan of these states, with its cost and its bound by the straight line."""
        engine = "compiled" if self.compiled else "states of edges are asked one edge at a time"
        checks = getattr(self.moves.edge_free, "checks", 0)
        bound = max(self.distance(self.start, self.goal) - self.goal_radius, 0.0)
        cost = float(np.sum(self.space.distance(states[:-1], states[1:])))
        stats = Stats(expanded, samples, checks, self.watch.seconds, engine)
        # rounding may take a straight path below its own length
        return Plan(status, states, cost, stats=stats, lower_bound=min(bound, cost) if status is Status.SOLVED else bound, **rest)


def space_of(problem: Problem) -> Any:
    """The problem's space; on a map, that of straight lines."""
    space = problem.space
    if isinstance(space, GridSpace):
        return straight_lines(space)
    missing = [name for name in ("low", "high", "distance", "interpolate", "sample") if not hasattr(space, name)]
    if missing:
        raise MalformedInput(
            f"the problem's space is {type(space).__name__}, which has no {missing[0]!r}: "
            "a planner that draws samples needs a plansim.planning.spaces.base.Space"
        )
    return space


def state_of(space: Any, name: str, state: Array) -> Array:
    """The problem's start or goal (n,), of which a map takes x and y only."""
    try:
        x = np.array(state, dtype=float)
    except (TypeError, ValueError) as error:
        raise MalformedInput(f"{name} must consist of numbers: {error}") from None
    if isinstance(getattr(space, "grid_space", None), GridSpace) and x.ndim == 1:
        x = x[:2].copy()
    if x.shape != space.low.shape or not np.isfinite(x).all():
        raise MalformedInput(f"{name} is {x.tolist()}, but must be {len(space.low)} finite numbers")
    if not ((x >= space.low) & (x <= space.high)).all():
        raise MalformedInput(
            f"{name} {x.tolist()} lies outside the space, {np.asarray(space.low).tolist()} to {np.asarray(space.high).tolist()}"
        )
    return x


def _radius(radius: float) -> float:
    if not 0.0 <= radius < np.inf:
        raise MalformedInput(f"goal_radius is {radius}, but must be a distance, 0 or above")
    return float(radius)


@lru_cache(maxsize=64)
def _frame(space: Any) -> tuple[Array, Array, float]:
    """Bounds (2, n), metric (n, 3) and the greatest distance of a space."""
    bounds = np.array([space.low, space.high], dtype=float)
    metric = getattr(space, "metric", None)
    if metric is None:
        return bounds, base.metric(*bounds), float(space.distance(*bounds))
    reach = np.where(metric[:, 2] > 0, metric[:, 2] / 2, bounds[1] - bounds[0])
    return bounds, metric, float(np.linalg.norm(metric[:, 0] * reach))


@lru_cache(maxsize=1)
def _first_key() -> int:
    return int(np.random.default_rng(0).integers(1 << 63))
