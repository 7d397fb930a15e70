"""Dijkstra's algorithm: the shortest path on a grid, found by looking everywhere nearer than the goal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.planning.base import Budget, Plan, Problem
from plansim.planning.grid.search import plan_on_grid


@dataclass(frozen=True)
class Dijkstra:
    """The shortest path over the 8-connected cells of a `GridSpace`, by looking everywhere nearer than the goal.

    Dijkstra 1959, "A note on two problems in connexion with graphs": A* without knowing where the goal lies.

    >>> from plansim.core.grid import OccupancyGrid
    >>> from plansim.planning.grid.space import GridSpace
    >>> space = GridSpace(OccupancyGrid([[0, 0, 0], [0, 1, 0]]))
    >>> Dijkstra().plan(Problem(space, np.array([0.5, 1.5]), np.array([2.5, 1.5]))).cost
    4.0
    """

    keep_expanded: bool = False  # hand out the states that were looked at, for pictures

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        return plan_on_grid(problem, 0.0, budget, self.keep_expanded)
