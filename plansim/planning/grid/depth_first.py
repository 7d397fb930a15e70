"""Depth-first search: some path on a grid, found by going on until it ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.core.kernel import kernel
from plansim.planning.base import Budget, Plan, Problem
from plansim.planning.graph.search import plan_depth_first
from plansim.planning.graph.space import GraphSpace
from plansim.planning.grid.kernels import COLUMNS, ENDED, LOWEST, ROWS, SPENT
from plansim.planning.grid.moves import START
from plansim.planning.grid.reach import FOUND, UNREACHED, plan_by_reaching

ENGINE = "depth first"


@dataclass(frozen=True)
class DepthFirst:
    """Some path on a `GridSpace` or `GraphSpace`: always on into the unknown, back where there is nothing new.

    Trémaux's rule for mazes, in Lucas 1882, "Récréations mathématiques". It finds a path where there is one, as long as
    it may be, and needs no queue. Directions are tried counter-clockwise from +column.

    >>> from plansim.core.grid import OccupancyGrid
    >>> from plansim.planning.grid.space import GridSpace
    >>> space = GridSpace(OccupancyGrid([[0, 0, 0], [0, 1, 0]]))
    >>> DepthFirst().plan(Problem(space, np.array([0.5, 1.5]), np.array([2.5, 1.5]))).solved
    True
    """

    keep_expanded: bool = False  # hand out the states that were looked at, for pictures

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        if isinstance(problem.space, GraphSpace):
            return plan_depth_first(problem, budget, self.keep_expanded)
        return plan_by_reaching(problem, budget, self.keep_expanded, ENGINE, search_depth_first)


@kernel
def search_depth_first(neighbours, moves_of, width, goal, limit, came, order, keys, items, state):
    """See `plan_by_reaching`; the directions by which cells were reached are the stack."""
    expanded, cell, first = state[0], state[2], state[3]  # first: direction to try next, 0 where a cell is new
    outcome = ENDED
    while outcome == ENDED:
        if first == 0:
            if expanded >= limit:
                outcome = SPENT
                break
            if expanded < order.shape[0]:
                order[expanded] = cell
            expanded += 1
        moves = np.int64(moves_of[neighbours[cell]]) >> first << first
        onward = False
        while moves and not onward:
            k = np.int64(LOWEST[moves])
            moves &= moves - 1
            to = cell + ROWS[k] * width + COLUMNS[k]
            if came[to] == UNREACHED:
                came[to] = k
                cell, first, onward = to, 0, True
                if to == goal[0]:
                    outcome = FOUND
        if not onward:
            k = np.int64(came[cell])
            if k == START:
                break
            cell -= ROWS[k] * width + COLUMNS[k]
            first = k + 1
    state[0], state[2], state[3] = expanded, cell, first
    return outcome
