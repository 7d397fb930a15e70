"""Dijkstra's algorithm: the shortest path on a grid, found by looking everywhere nearer than the goal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.planning.base import Budget, Plan, Problem
from plansim.planning.graph.search import plan_on_graph
from plansim.planning.graph.space import GraphSpace
from plansim.planning.grid.search import plan_on_grid
from plansim.planning.grid.space import GridSpace
from plansim.planning.grid.terrain_search import plan_on_terrain


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
        search = plan_on_grid
        if isinstance(problem.space, GraphSpace):
            search = plan_on_graph
        elif isinstance(problem.space, GridSpace) and not problem.space.plain:
            search = plan_on_terrain
        return search(problem, 0.0, budget, self.keep_expanded)
