"""Jump point search with an index: what a map's jump points lead to is found once, and searched many times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.planning.base import Budget, Plan, Problem, Stats, Stopwatch, no_plan
from plansim.planning.grid.jump_points import uniform_space
from plansim.planning.grid.search import free_ends, plan_along
from plansim.planning.grid.space import GridSpace

ENGINE = "index of jump points: the space carries one"


@dataclass(frozen=True)
class JumpPointSearchPlus:
    """The shortest path over the 8-connected cells of a `GridSpace`, from the index that the space carries.

    Harabor & Grastien 2014, "Improving jump point search" (JPS+), as a graph of jump points; see `JumpPointIndex`. The
    index is built at the first plan in a space (some 10 ms for a million cells) and kept there; its seconds are not
    the plan's. As short as A*'s, and proven so. `AStar` answers in the same way in a space that is `indexed()`.
    The budget's iterations are jump points expanded.

    >>> from plansim.core.grid import OccupancyGrid
    >>> space = GridSpace(OccupancyGrid([[0, 0, 0], [0, 1, 0]])).indexed()
    >>> JumpPointSearchPlus().plan(Problem(space, np.array([0.5, 1.5]), np.array([2.5, 1.5]))).cost
    4.0
    """

    keep_expanded: bool = False  # hand out the jump points that were looked at, for pictures

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        space = uniform_space(problem)
        return plan_with_index(problem, space, budget, self.keep_expanded)


def plan_with_index(problem: Problem, space: GridSpace, budget: Budget, keep_expanded: bool = False) -> Plan:
    """The plan for a problem in a space of plain moves."""
    index, watch = space.jump_points, Stopwatch()
    start, goal, refused = free_ends(problem, space)
    if refused is not None:
        return no_plan(refused, 2, Stats(seconds=watch.seconds, engine=ENGINE))
    prepared = watch.seconds
    return plan_along(space, index.search_free(start, goal, budget, keep_expanded), prepared, ENGINE)
