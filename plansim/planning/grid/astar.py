"""A*: the shortest path on a grid, found by looking towards the goal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.core.errors import MalformedInput
from plansim.planning.base import Budget, Plan, Problem
from plansim.planning.graph.search import plan_on_graph
from plansim.planning.graph.space import GraphSpace
from plansim.planning.grid.jump_point_plus import plan_with_index
from plansim.planning.grid.search import plan_on_grid
from plansim.planning.grid.space import GridSpace
from plansim.planning.grid.terrain_search import plan_on_terrain


@dataclass(frozen=True)
class AStar:
    """The shortest path over the 8-connected cells of a `GridSpace`, guided by the octile distance to the goal.

    Hart, Nilsson & Raphael 1968, "A formal basis for the heuristic determination of minimum cost paths".
    A diagonal move needs both cells beside it to be free. States are centres of cells; the cost is in metres and
    exactly the least there is, for weight 1, and at most `weight` times that otherwise (Pohl 1970).
    The budget's iterations are expansions; spent, the plan leads to the cell nearest the goal.

    It picks how it searches by the space, and says so in the plan's statistics: from the index where the space carries
    one whose jump points are few (`GridSpace.indexed`; the answer is then optimal for any weight), by the costs of
    cells where there is terrain, or moves are 4-connected or cut corners, and else with buckets of cells. On a
    `GraphSpace` it searches the graph.

    >>> from plansim.core.grid import OccupancyGrid
    >>> from plansim.planning.grid.space import GridSpace
    >>> space = GridSpace(OccupancyGrid([[0, 0, 0], [0, 1, 0]]))
    >>> plan = AStar().plan(Problem(space, np.array([0.5, 1.5]), np.array([2.5, 1.5])))
    >>> plan.cost, plan.optimal
    (4.0, True)
    """

    weight: float = 1.0  # of the distance still to go: 1 is optimal, above 1 is sooner found and longer
    keep_expanded: bool = False  # hand out the states that were looked at, for pictures

    def __post_init__(self) -> None:
        if not 1.0 <= self.weight <= 1000.0:
            raise MalformedInput(f"weight is {self.weight}, but must be from 1 (optimal) to 1000 (greedy)")

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        space = problem.space
        if isinstance(space, GraphSpace):
            return plan_on_graph(problem, self.weight, budget, self.keep_expanded)
        if isinstance(space, GridSpace) and not space.plain:
            return plan_on_terrain(problem, self.weight, budget, self.keep_expanded)
        indexed = isinstance(space, GridSpace) and space.has_index and problem.is_free is None
        if indexed and not space.jump_points.crowded:
            return plan_with_index(problem, space, budget, self.keep_expanded)
        return plan_on_grid(problem, self.weight, budget, self.keep_expanded)
