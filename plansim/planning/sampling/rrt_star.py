"""RRT*: a tree whose paths become the shortest ones, the more states it has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.planning.base import Budget, Plan, Problem
from plansim.planning.sampling.running import positive
from plansim.planning.sampling.star_search import plan_by_star


@dataclass(frozen=True)
class RRTStar:
    """The shortest path that a growing tree has found when its samples, or the budget, are spent.

    Karaman & Frazzoli 2011, "Sampling-based algorithms for optimal motion planning", algorithm 6: each new state takes
    the parent through which it is reached at the least cost, and becomes the parent of its neighbours where that is
    shorter. Neighbours lie within a radius that shrinks as (log N / N)^(1/n), with the constant of their theorem 38.
    Edges are tested exactly where the space knows its obstacles. The cost never rises with samples (`Plan.history`).

    >>> from plansim.core.shapes import Shapes
    >>> from plansim.planning.spaces.box import BoxSpace
    >>> space = BoxSpace(Shapes([0, 0], [10, 10], boxes=[[[4, 0], [6, 8]]]))
    >>> plan = RRTStar().plan(Problem(space, np.array([1.0, 1.0]), np.array([9.0, 1.0])))
    >>> round(plan.cost / float(2 * np.hypot(3, 7) + 2), 1)  # of the shortest
    1.0
    """

    step: float | None = None  # longest edge, in the space's distance; None: a fifth of the space's diagonal
    max_samples: int = 10_000  # where the budget does not end it before
    goal_bias: float = 0.05  # share of samples that are the goal, until it is reached
    rewire_factor: float = 1.1  # of the radius within which neighbours are tried; above 1 for the optimum in the end
    check_every: float | None = None  # distance between states asked of is_free; None: a hundredth of the diagonal
    keep_tree: bool = False  # hand out the edges of the tree, for pictures

    def __post_init__(self) -> None:
        positive(self, "step", "check_every", "max_samples", "rewire_factor")

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        return plan_by_star(self, problem, budget, rng, informed=False)
