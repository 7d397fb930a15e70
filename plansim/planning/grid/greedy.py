"""Greedy best-first search: a path found soon, by always looking where the goal is nearest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.core.kernel import kernel
from plansim.planning.base import Budget, Plan, Problem
from plansim.planning.graph.search import plan_greedily
from plansim.planning.graph.space import GraphSpace
from plansim.planning.grid.kernels import COLUMNS, ENDED, LOWEST, ROWS, SPENT
from plansim.planning.grid.reach import FOUND, UNREACHED, plan_by_reaching
from plansim.planning.grid.terrain_kernels import cells_between
from plansim.planning.heap import pop, push

ENGINE = "greedy"


@dataclass(frozen=True)
class GreedyBestFirst:
    """A path on a `GridSpace` or `GraphSpace`, by always expanding the state that seems nearest the goal.

    Doran & Michie 1966, "Experiments with the Graph Traverser program". What a path has cost so far is not looked at:
    it is soon found where little is in the way, and longer than need be.

    >>> from plansim.core.grid import OccupancyGrid
    >>> from plansim.planning.grid.space import GridSpace
    >>> space = GridSpace(OccupancyGrid([[0, 0, 0], [0, 1, 0]]))
    >>> GreedyBestFirst().plan(Problem(space, np.array([0.5, 1.5]), np.array([2.5, 1.5]))).solved
    True
    """

    keep_expanded: bool = False  # hand out the states that were looked at, for pictures

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        if isinstance(problem.space, GraphSpace):
            return plan_greedily(problem, budget, self.keep_expanded)
        return plan_by_reaching(problem, budget, self.keep_expanded, ENGINE, search_greedily)


@kernel
def search_greedily(neighbours, moves_of, width, goal, limit, came, order, keys, items, state):
    """See `plan_by_reaching`; keys and items are a heap by the distance to the goal."""
    goal_cell, goal_row, goal_column, aside = goal
    expanded, length = state[0], state[1]
    outcome = ENDED
    while length > 0 and outcome == ENDED:
        if expanded >= limit:
            outcome = SPENT
            break
        cell = items[0]
        length = pop(keys, items, length)
        if expanded < order.shape[0]:
            order[expanded] = cell
        expanded += 1
        row, column = cell // width, cell % width
        moves = np.int64(moves_of[neighbours[cell]])
        while moves:
            k = LOWEST[moves]
            moves &= moves - 1
            to = cell + ROWS[k] * width + COLUMNS[k]
            if came[to] == UNREACHED:
                came[to] = k
                distance = cells_between(row + ROWS[k] - goal_row, column + COLUMNS[k] - goal_column, aside)
                length = push(keys, items, length, distance, to)
                if to == goal_cell:
                    outcome = FOUND
    state[0], state[1] = expanded, length
    return outcome
