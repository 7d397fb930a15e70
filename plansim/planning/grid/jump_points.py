"""Jump point search: A* that jumps along rows, columns and diagonals to the cells where a path may have to turn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.planning.base import Budget, Plan, Problem, Stats, Status, Stopwatch, no_plan
from plansim.planning.grid import jump_kernels
from plansim.planning.grid.bits import bit_lines
from plansim.planning.grid.jump_scratch import scratch_of
from plansim.planning.grid.search import GridPath, free_ends, grid_space, plan_along
from plansim.planning.grid.space import GridSpace

ENGINE = "jump points, found as the search goes: nothing is prepared but bits of the map"


@dataclass(frozen=True)
class JumpPointSearch:
    """The shortest path over the 8-connected cells of a `GridSpace`, without a look at most of them.

    Harabor & Grastien 2011, "Online graph pruning for pathfinding on grid maps", for moves that cut no corner; scans
    read 64 cells at once (2014, "Improving jump point search"). As short as A*'s, and proven so. The best planner for a
    single query on a map of rooms, streets or wide halls; many queries of one map are for `JumpPointSearchPlus`, and
    scattered obstacles, which are all jump points, for `AStar`. The budget's iterations are jump points expanded.

    >>> from plansim.core.grid import OccupancyGrid
    >>> from plansim.planning.grid.space import GridSpace
    >>> space = GridSpace(OccupancyGrid([[0, 0, 0], [0, 1, 0]]))
    >>> JumpPointSearch().plan(Problem(space, np.array([0.5, 1.5]), np.array([2.5, 1.5]))).cost
    4.0
    """

    keep_expanded: bool = False  # hand out the jump points that were looked at, for pictures

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        watch = Stopwatch()
        space = uniform_space(problem)
        start, goal, refused = free_ends(problem, space)
        if refused is not None:
            return no_plan(refused, 2, Stats(seconds=watch.seconds, engine=ENGINE))
        (rows, columns), prepared = space.bits, watch.seconds
        path = search_bits(rows, columns, start, goal, budget, self.keep_expanded)
        return plan_along(space, path, prepared, ENGINE)


def uniform_space(problem: Problem) -> GridSpace:
    """The problem's space, where all that a jump point search takes for granted holds."""
    space = grid_space(problem)
    if not space.plain:
        raise MalformedInput(
            "jump points are of 8-connected moves that cut no corner and cost their length alone; "
            "AStar plans in any GridSpace"
        )
    return space


def search_jump_points(free: Array, start: tuple[int, int], goal: tuple[int, int]) -> GridPath:
    """The shortest path between two free cells of a mask (H, W), all set-up included.

    >>> free = np.array([[1, 1, 1], [1, 0, 1]], dtype=bool)
    >>> search_jump_points(free, (1, 0), (1, 2)).cells.tolist()
    [[1, 0], [0, 0], [0, 1], [0, 2], [1, 2]]
    """
    rows, columns = bit_lines(free)
    return search_bits(rows, columns, start, goal)


def search_bits(
    rows: Array,
    columns: Array,
    start: tuple[int, int],
    goal: tuple[int, int],
    budget: Budget = Budget(),
    keep_expanded: bool = False,
) -> GridPath:
    """The shortest path between two free cells, given the map's `bit_lines`."""
    if start == goal:
        return GridPath(Status.SOLVED, np.array([start]), 0.0, 0.0, 0)
    ends = start[0] + 1, start[1] + 1, goal[0] + 1, goal[1] + 1
    height, width = rows.shape[1], columns.shape[1]
    scratch = scratch_of(height * width, height - 2, width - 2)
    kernel = jump_kernels.search_online.compiled
    return scratch.search(kernel, (rows, columns), ends, width=width, budget=budget, keep_expanded=keep_expanded)
