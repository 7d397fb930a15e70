"""Breadth-first search: the path of fewest moves on a grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.core.kernel import kernel
from plansim.planning.base import Budget, Plan, Problem
from plansim.planning.graph.search import plan_breadth_first
from plansim.planning.graph.space import GraphSpace
from plansim.planning.grid.kernels import COLUMNS, ENDED, LOWEST, ROWS, SPENT
from plansim.planning.grid.reach import FOUND, UNREACHED, plan_by_reaching

ENGINE = "breadth first"


@dataclass(frozen=True)
class BreadthFirst:
    """The path of fewest moves on a `GridSpace` or `GraphSpace`, by looking at all that is one move farther each time.

    Moore 1959, "The shortest path through a maze". A diagonal move counts as one: only where all moves cost the same
    are fewest moves least cost, and the plan says so by its `lower_bound`. The budget's iterations are expansions.

    >>> from plansim.core.grid import OccupancyGrid
    >>> from plansim.planning.grid.space import GridSpace
    >>> space = GridSpace(OccupancyGrid([[0, 0, 0], [0, 1, 0]]), connectivity=4)
    >>> plan = BreadthFirst().plan(Problem(space, np.array([0.5, 1.5]), np.array([2.5, 1.5])))
    >>> plan.cost, plan.optimal
    (4.0, True)
    """

    keep_expanded: bool = False  # hand out the states that were looked at, for pictures

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        if isinstance(problem.space, GraphSpace):
            return plan_breadth_first(problem, budget, self.keep_expanded)
        return plan_by_reaching(problem, budget, self.keep_expanded, ENGINE, search_breadth_first, fewest=True)


@kernel
def search_breadth_first(neighbours, moves_of, width, goal, limit, came, order, keys, items, state):
    """See `plan_by_reaching`; items is the queue, of which the expanded cells are the beginning."""
    expanded, length = state[0], state[1]
    outcome = ENDED
    while expanded < length and outcome == ENDED:
        if expanded >= limit:
            outcome = SPENT
            break
        cell = items[expanded]
        if expanded < order.shape[0]:
            order[expanded] = cell
        expanded += 1
        moves = np.int64(moves_of[neighbours[cell]])
        while moves:
            k = LOWEST[moves]
            moves &= moves - 1
            to = cell + ROWS[k] * width + COLUMNS[k]
            if came[to] == UNREACHED:
                came[to] = k
                items[length] = to
                length += 1
                if to == goal[0]:
                    outcome = FOUND
    state[0], state[1] = expanded, length
    return outcome
