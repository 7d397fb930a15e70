"""Many problems at once, on all cores: the same plans as one after the other."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from plansim.planning.base import Budget, Plan, Planner, Problem


def plan_many(
    planner: Planner,
    problems: Sequence[Problem],
    budget: Budget = Budget(),
    rng: np.random.Generator | None = None,
    threads: int | None = None,
) -> list[Plan]:
    """The plan of each problem, in order; the budget is each one's own.

    Compiled searches leave Python's lock, so that threads run side by side. With `rng` each problem draws from a stream
    of its own: neither their number nor the threads change a plan.

    threads: None: as many as there are cores

    >>> from plansim.core.grid import OccupancyGrid
    >>> from plansim.planning import AStar, GridSpace
    >>> space, goal = GridSpace(OccupancyGrid([[0, 0, 0], [0, 1, 0]])), np.array([2.5, 1.5])
    >>> problems = [Problem(space, np.array([x, 0.5]), goal) for x in (0.5, 1.5, 2.5)]
    >>> [round(plan.cost, 3) for plan in plan_many(AStar(), problems)]
    [3.0, 2.0, 1.0]
    """
    streams = [None] * len(problems) if rng is None else rng.spawn(len(problems))
    threads = min(len(problems), _cores() if threads is None else threads)

    def plan(i: int) -> Plan:
        return planner.plan(problems[i], budget, streams[i])

    if threads <= 1:
        return [plan(i) for i in range(len(problems))]
    first = plan(0)  # what is made once for all, a space's neighbours or a compiled search, is made here
    with ThreadPoolExecutor(threads) as pool:
        return [first, *pool.map(plan, range(1, len(problems)))]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
