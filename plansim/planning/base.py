"""A problem in, a plan out: what every planner is asked, and how honestly it answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple, Protocol

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput


class Status(Enum):
    """How a search ended; the value is the sentence that the user needs."""

    SOLVED = "a path to the goal was found"
    NEAREST = "the goal was not reached; the path ends at the nearest state found"
    NO_PATH = "there is no path from the start to the goal"
    BUDGET_SPENT = "the budget was spent before a path was found"
    INVALID_START = "the start is not free"
    INVALID_GOAL = "the goal is not free"


@dataclass(frozen=True)
class Budget:
    """When a planner must stop looking; None means no limit."""

    seconds: float | None = None
    iterations: int | None = None  # expansions of a search, samples of a tree

    def __post_init__(self) -> None:
        for name in ("seconds", "iterations"):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise MalformedInput(f"{name} is {value}, but must be 0 or more, or None for no limit")


class Stats(NamedTuple):
    expanded: int = 0  # states taken from the queue
    samples: int = 0  # states drawn at random
    checks: int = 0  # states asked of is_free
    seconds: float = 0.0  # wall clock; never part of a deterministic result
    engine: str = ""  # which of its methods a planner picked, and why


class Plan(NamedTuple):
    status: Status
    states: Array  # (T + 1, n), start first; (0, n) where there is no path
    cost: float  # inf where there is no path
    controls: Array | None = None  # (T, m)
    stats: Stats = Stats()
    lower_bound: float = 0.0  # no path is cheaper than this; equal to cost: proven optimal
    expanded: Array | None = None  # (N, n) states looked at, in order; where the planner was asked to keep them
    tree: Array | None = None  # (E, 2, n) edges grown, parent first, in order; likewise
    history: Array | None = None  # (K, 3) samples drawn, seconds, cost at each better path; of an anytime planner
    times: Array | None = None  # (T + 1,) seconds at which the states are passed, where the plan is timed

    @property
    def solved(self) -> bool:
        return self.status is Status.SOLVED

    @property
    def optimal(self) -> bool:
        return self.solved and self.cost <= self.lower_bound * (1 + 1e-12)


@dataclass(frozen=True, eq=False)
class Problem:
    """From a start to a goal through the free states of a space.

    space: says what states are, how far they lie apart and what lies between them: a `GridSpace`, one of
        `plansim.planning.spaces`, or a user's own
    is_free: states (..., n) -> (...) bool, asked for many at once; None where the space knows its obstacles
    goal_radius: a state is in the goal when it is no farther than this from it by the space's distance
    """

    space: Any
    start: Array  # (n,)
    goal: Array  # (n,)
    is_free: Callable[[Array], Array] | None = field(default=None, repr=False)
    goal_radius: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.goal_radius < float("inf"):
            raise MalformedInput(f"goal_radius is {self.goal_radius}, but must be a distance, 0 or above")

    def asked(self, states: Array) -> Array:
        """What `is_free` says of states (..., n), (...) bool; an answer of another kind is an error."""
        assert self.is_free is not None
        answer = np.asarray(self.is_free(states))
        if answer.shape != states.shape[:-1] or answer.dtype != bool:
            raise MalformedInput(
                f"is_free answered {answer.dtype} {answer.shape} for states {states.shape}, "
                f"but must answer bool {states.shape[:-1]}: True where a state is free"
            )
        return answer


class Planner(Protocol):
    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan: ...


class PathProcessor(Protocol):
    """What makes a better plan of a plan that is solved: shorter, smoother, timed."""

    def process(self, problem: Problem, plan: Plan, rng: np.random.Generator | None = None) -> Plan: ...


def no_plan(status: Status, dimension: int, stats: Stats = Stats()) -> Plan:
    """The answer of a planner that found nothing: it says why."""
    return Plan(status, np.empty((0, dimension)), float("inf"), stats=stats)


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self.began = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.began
