"""Straight on, or over one more point where something is in the way."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from plansim.core.errors import MalformedInput
from plansim.planning.base import Budget, Plan, Problem, Stats, Status, Stopwatch, no_plan


@dataclass(frozen=True)
class Detour:
    """The shortest free path that has at most one corner, out of `count` random corners."""

    count: int = 200  # corners tried
    spread: float = 6.0  # m, std of the corners about the middle of the way
    spacing: float = 0.05  # m, between the points that are checked

    def __post_init__(self) -> None:
        if self.count < 1 or not (self.spread > 0 and self.spacing > 0):
            raise MalformedInput(f"count {self.count}, spread {self.spread}, spacing {self.spacing}: not all positive")

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        watch, rng = Stopwatch(), rng or np.random.default_rng(0)
        start, goal = np.asarray(problem.start, float), np.asarray(problem.goal, float)
        for status, point in ((Status.INVALID_START, start), (Status.INVALID_GOAL, goal)):
            if not problem.is_free(point):
                return no_plan(status, len(start))
        corners = rng.normal((start + goal) / 2, self.spread, (self.count, len(start)))
        candidates = [np.stack([start, goal]), *(np.stack([start, corner, goal]) for corner in corners)]
        candidates.sort(key=_length)  # so the first free one is the shortest
        for tried, path in enumerate(candidates, start=1):
            if problem.is_free(self._points(path)).all():
                return Plan(Status.SOLVED, path, _length(path), stats=Stats(samples=tried, seconds=watch.seconds))
        return no_plan(Status.NO_PATH, len(start), Stats(samples=self.count, seconds=watch.seconds))

    def _points(self, path: np.ndarray) -> np.ndarray:
        """The path, densely."""
        legs = itertools.pairwise(path)
        return np.concatenate([np.linspace(a, b, 2 + int(np.hypot(*(b - a)) / self.spacing)) for a, b in legs])


def _length(path: np.ndarray) -> float:
    return float(np.hypot(*np.diff(path, axis=0).T).sum())
