"""Bidirectional A*: the shortest path on a grid, sought from both of its ends."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from plansim.core.arrays import Array
from plansim.core.kernel import kernel
from plansim.planning.base import Budget, Plan, Problem, Stats, Status, Stopwatch
from plansim.planning.graph.bidirectional import plan_bidirectionally
from plansim.planning.graph.space import GraphSpace
from plansim.planning.grid.kernels import COLUMNS, ENDED, FULL, LOWEST, ROWS, SPENT
from plansim.planning.grid.moves import (
    METRES,
    NOWHERE,
    START,
    ends_of,
    least_cost,
    padded,
    path_to,
    plan_over,
    unpadded,
)
from plansim.planning.grid.reach import nearest_came, within
from plansim.planning.grid.space import GridSpace
from plansim.planning.grid.terrain_kernels import cells_between
from plansim.planning.grid.terrain_search import ground_of
from plansim.planning.heap import pop, push

ENGINE = "both ends, shared settled cells"
UNREACHED = 255  # in place of a direction


@dataclass(frozen=True)
class BidirectionalAStar:
    """The shortest path on a `GridSpace` or `GraphSpace`, sought from the start and from the goal at once.

    On grids NBA* (Pijls & Post 2009, "Yet another bidirectional algorithm for finding the shortest path"): no cell is
    expanded by both sides, and one that cannot be on a shorter path than the best found is not expanded. Either side
    may run out: then every shorter path has been refused, and the best found is proven. On graphs MM (Holte et al.
    2016), whose heuristic need not be consistent. The budget's iterations are expansions, of both sides together.

    >>> from plansim.core.grid import OccupancyGrid
    >>> from plansim.planning.grid.space import GridSpace
    >>> space = GridSpace(OccupancyGrid([[0, 0, 0], [0, 1, 0]]))
    >>> plan = BidirectionalAStar().plan(Problem(space, np.array([0.5, 1.5]), np.array([2.5, 1.5])))
    >>> plan.cost, plan.optimal
    (4.0, True)
    """

    keep_expanded: bool = False  # hand out the states that were looked at, for pictures

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        if isinstance(problem.space, GraphSpace):
            return plan_bidirectionally(problem, budget, self.keep_expanded)
        watch = Stopwatch()
        space, start, goal, status = ends_of(problem)
        if status is not None or start == goal:
            cells = NOWHERE if status else np.array([start])
            stats, looked_at = Stats(seconds=watch.seconds, engine=ENGINE), NOWHERE if self.keep_expanded else None
            return plan_over(space, status or Status.SOLVED, cells, 0.0, stats, None if status else looked_at)
        search = _TwoSided(space, start, goal, self.keep_expanded)
        spent = within(budget, watch, search.state, search.advance) == SPENT
        found = Status.SOLVED if search.best[0] < inf else Status.BUDGET_SPENT if spent else Status.NO_PATH
        bound = max(search.lower_bound * space.grid.resolution, least_cost(space, start, goal)) if spent else inf
        stats = Stats(expanded=int(search.state[0]), seconds=watch.seconds, engine=ENGINE)
        looked_at = search.looked_at if self.keep_expanded else None
        return plan_over(space, found, search.path(spent), bound, stats, looked_at)


class _TwoSided:
    """Both searches, 0 from the start and 1 from the goal, and what they share."""

    def __init__(self, space: GridSpace, start: tuple[int, int], goal: tuple[int, int], keep_expanded: bool):
        self.ground = ground = ground_of(space)
        size, width = ground.neighbours.size, ground.width
        self.ends = np.array([padded(start, width), padded(goal, width)])
        self.costs, self.came = np.full((2, size), inf), np.full((2, size), UNREACHED, dtype=np.uint8)
        self.costs[[0, 1], self.ends], self.came[[0, 1], self.ends] = 0.0, START
        self.settled = np.zeros(size, dtype=np.uint8)
        aside = 1.0 if space.connectivity == 4 else METRES[1] - 1.0
        (row, column), (to_row, to_column) = start, goal
        least = ground.least * cells_between(row - to_row, column - to_column, aside)
        self.frame = ground.least, aside
        self.keys, self.items = np.empty((2, 1024)), np.empty((2, 1024), dtype=np.int64)
        self.keys[:, 0], self.items[:, 0] = least, self.ends
        self.order = np.empty(size if keep_expanded else 0, dtype=np.int64)
        self.state = np.array([0, 1, 1, -1])
        self.best = np.array([inf, least, least])

    def advance(self, limit: int) -> int:
        ground = self.ground
        while True:
            outcome = search_two_sided(
                *(ground.neighbours, ground.moves_of, ground.halves, ground.width, self.ends, self.frame, limit),
                *(self.costs, self.came, self.settled, self.keys, self.items, self.order, self.state, self.best),
            )
            if outcome != FULL:
                return outcome
            longer = (2, 2 * self.keys.shape[1])
            self.keys, self.items = _resized(self.keys, longer), _resized(self.items, longer)

    def path(self, spent: bool) -> Array:
        """Cells (T + 1, 2) of the best path found; or, a budget spent, to the cell nearest the goal."""
        width, meeting = self.ground.width, int(self.state[3])
        if meeting < 0:
            row, column = divmod(int(self.ends[1]), width)
            end = nearest_came(width, self.came[0], row, column, self.frame[1])
            return path_to(end, self.came[0], width) if spent else NOWHERE
        there, back = (path_to(meeting, came, width) for came in self.came)
        return np.concatenate((there, back[-2::-1]))

    @property
    def lower_bound(self) -> float:
        """In cells. A path better than the best found has a cell in either queue."""
        return float(min(self.best[0], self.best[1:].max()))

    @property
    def looked_at(self) -> Array:
        return unpadded(self.order[: self.state[0]], self.ground.width)


def _resized(a: Array, shape: tuple[int, int]) -> Array:
    larger = np.empty(shape, dtype=a.dtype)
    larger[:, : a.shape[1]] = a
    return larger


@kernel
def search_two_sided(
    neighbours, moves_of, halves, width, ends, frame, limit, costs, came, settled, keys, items, order, state, best
):
    """Settles cells from both sides until one has none left (ENDED), or `limit` were expanded (SPENT).

    neighbours, moves_of, halves: see `search_terrain`. ends: flat indices of start and goal
    frame: scale and `aside` of the distance in cells
    costs, came (2, N): of each side. settled: (N,) whether a side has taken the cell from its queue
    keys, items: (2, length) heaps. order: for cells in order of expansion
    state: cells expanded, lengths of both heaps, the cell where the best path's halves meet
    best: its cost; for each side the least cost of a path through its queue
    """
    scale, aside = frame
    outcome = ENDED
    while state[1] > 0 and state[2] > 0:
        side = 0 if state[1] <= state[2] else 1
        other = 1 - side
        if settled[items[side, 0]]:
            state[1 + side] = pop(keys[side], items[side], state[1 + side])
            continue
        best[1 + side] = max(best[1 + side], keys[side, 0])  # f never falls
        if keys[side, 0] >= best[0]:
            break  # so is everything in this queue: each of its cells would be refused
        if state[1 + side] + 8 > keys.shape[1]:
            outcome = FULL
            break
        if state[0] >= limit:
            outcome = SPENT
            break
        cell = items[side, 0]
        state[1 + side] = pop(keys[side], items[side], state[1 + side])
        settled[cell] = 1
        row, column = cell // width, cell % width
        goal, start = ends[other], ends[side]
        goal_row, goal_column = goal // width, goal % width
        cost, half = costs[side, cell], halves[cell]
        # what the other side must still have gone at least, to come here
        behind = scale * cells_between(row - start // width, column - start % width, aside)
        if cost + max(best[1 + other], keys[other, 0]) - behind >= best[0]:
            continue
        if state[0] < order.shape[0]:
            order[state[0]] = cell
        state[0] += 1
        moves = np.int64(moves_of[neighbours[cell]])
        while moves:
            k = LOWEST[moves]
            moves &= moves - 1
            to = cell + ROWS[k] * width + COLUMNS[k]
            new = cost + METRES[k] * (half + halves[to])
            if settled[to] or new >= costs[side, to]:
                continue
            costs[side, to], came[side, to] = new, k
            if new + costs[other, to] < best[0]:
                best[0], state[3] = new + costs[other, to], to
            h = cells_between(row + ROWS[k] - goal_row, column + COLUMNS[k] - goal_column, aside)
            f = new + scale * h
            if f < best[0]:
                state[1 + side] = push(keys[side], items[side], state[1 + side], f, to)
    return outcome
