"""Straight lines instead of the corners of a grid: shortens a path where one point sees another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.core.arrays import Array
from plansim.core.trajectory import arc_length
from plansim.planning.base import Plan, Problem
from plansim.planning.grid.space import GridSpace
from plansim.planning.trajectory.ways import ways_of


def shortcut(space, states: Array) -> Array:
    """The path (T, n) without the states that can be left out: from each one straight to the farthest that it sees.

        space: has `edge_free(a, b)`, for many edges at once. Edges between neighbours of the path are taken as free.
        The result begins and ends as the path does, and is never longer.

        >>> from plansim.core.grid import OccupancyGrid
        >>> from plansim.planning.grid.space import GridSpace
    from plansim.planning.trajectory.ways import ways_of
        >>> shortcut(GridSpace(OccupancyGrid(np.zeros((2, 5)))), np.array([[0.5, 0.5], [1.5, 1.5], [4.5, 1.5]]))
        array([[0.5, 0.5],
               [4.5, 1.5]])
    """
    kept = [0]
    while kept[-1] < len(states) - 1:
        kept.append(_farthest_seen(space, states, kept[-1]))
    return states[kept] if len(states) else states


def _farthest_seen(space, states: Array, i: int) -> int:
    """Looks in steps that double, until a whole step brings nothing into sight: walls that hide little are passed."""
    farthest, seen_to, step = i + 1, i + 1, 16
    while seen_to < len(states) - 1:
        ahead = np.arange(seen_to + 1, min(seen_to + 1 + step, len(states)))
        seen = ahead[space.edge_free(states[i], states[ahead])]
        if not len(seen):
            break
        farthest, seen_to, step = int(seen[-1]), int(ahead[-1]), 2 * step
    return farthest


def path_length(space, states: Array) -> float:
    """Of a path (T, n) in metres on a map, else by the space's own distance."""
    if isinstance(space, GridSpace):
        return float(arc_length(states)[-1])
    return float(space.distance(states[:-1], states[1:]).sum())


@dataclass(frozen=True)
class Shortcut:
    """Leaves out the states of a plan's path that it can do without; see `shortcut`. The cost is the length, then."""

    def process(self, problem: Problem, plan: Plan, rng: np.random.Generator | None = None) -> Plan:
        states = shortcut(ways_of(problem), plan.states)
        cost = path_length(problem.space, states) if len(states) else plan.cost
        return plan._replace(states=states, cost=cost, lower_bound=0.0, controls=None, times=None)
