"""PRM: one roadmap of a space for many queries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from plansim.planning.base import Budget, Plan, Problem
from plansim.planning.sampling.roadmap import Roadmap, build
from plansim.planning.sampling.running import positive
from plansim.planning.sampling.task import Task


@dataclass(frozen=True)
class PRM:
    """The shortest path over a roadmap that is built at the first problem of a space, and kept for the next ones.

    Kavraki, Svestka, Latombe & Overmars 1996, "Probabilistic roadmaps for path planning in high-dimensional
    configuration spaces". The roadmap follows from the seed, not from `rng`, so that the order of problems changes no
    plan. Where it does not join start and goal, the plan leads to the state nearest the goal.
    The budget's iterations are samples of the roadmap.

    >>> from plansim.core.shapes import Shapes
    >>> from plansim.planning.spaces.box import BoxSpace
    >>> space = BoxSpace(Shapes([0, 0], [10, 10], boxes=[[[4, 0], [6, 8]]]))
    >>> planner = PRM(samples=500)
    >>> [planner.plan(Problem(space, np.array([1.0, y]), np.array([9.0, y]))).solved for y in (1.0, 5.0, 9.0)]
    [True, True, True]
    """

    samples: int = 2000
    neighbours: int = 10  # nearest states that each is joined with
    seed: int = 0  # of the roadmap
    check_every: float | None = None  # distance between states asked of is_free; None: a hundredth of the diagonal
    keep_tree: bool = False  # hand out the edges of the roadmap, for pictures

    def __post_init__(self) -> None:
        positive(self, "samples", "neighbours", "check_every")

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        return plan_on_roadmap(self, self.neighbours, problem, budget)

    def build(self, problem: Problem) -> Roadmap:
        """The roadmap for the problems of its space and `is_free`, kept since it was first asked for."""
        return kept_roadmap(problem.space, problem.is_free, self.samples, self.neighbours, self.seed, self.check_every)


def plan_on_roadmap(
    planner: Any, neighbours: int | Callable[[int, int], int], problem: Problem, budget: Budget
) -> Plan:
    """The plan on the planner's roadmap; one that a budget in seconds cut short is not kept."""
    task = Task(problem, check_every=planner.check_every)
    samples = planner.samples if budget.iterations is None else min(planner.samples, budget.iterations)
    what = problem.space, problem.is_free, samples, neighbours, planner.seed, planner.check_every
    if budget.seconds is None:
        roadmap = kept_roadmap(*what)
    else:
        limit = budget.seconds
        roadmap = _built(*what, lambda: task.watch.seconds >= limit)
    plan = roadmap.answer(task, samples)
    return plan._replace(tree=roadmap.states[roadmap.edges]) if planner.keep_tree else plan


def _built(space, is_free, samples, neighbours, seed, check_every, out_of_time=lambda: False) -> Roadmap:
    rng = np.random.default_rng(seed)
    return build(space, samples, rng, neighbours, is_free, check_every, out_of_time)


@lru_cache(maxsize=8)
def kept_roadmap(space, is_free, samples, neighbours, seed, check_every) -> Roadmap:
    return _built(space, is_free, samples, neighbours, seed, check_every)
