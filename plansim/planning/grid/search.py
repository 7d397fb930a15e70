"""Shortest paths over the cells of a grid: what A* and Dijkstra share."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import lru_cache
from math import floor, inf, isfinite, sqrt
from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array, numbers, readonly
from plansim.core.errors import MalformedInput
from plansim.planning.base import Budget, Plan, Problem, Stats, Status, Stopwatch, no_plan
from plansim.planning.grid import kernels
from plansim.planning.grid.kernels import DIAGONAL, FULL, SPAN, SPENT, STRAIGHT, WEIGHT_BITS
from plansim.planning.grid.space import GridSpace

ENGINE = "buckets, canonical order: moves cost their length, the space carries no index or one of too many jump points"
_BUCKET_SHIFT = 24  # a bucket is 2^24 / STRAIGHT = 0.43 of a cell wide
_BETWEEN_CLOCKS = 4096  # expansions


class GridPath(NamedTuple):
    status: Status
    cells: Array  # (T + 1, 2) row, column; empty where there is no path
    cost: float  # cells
    lower_bound: float  # cells
    expanded: int
    seconds: float = 0.0  # of the search itself
    looked_at: Array | None = None  # (N, 2) cells in the order of their f, where they were to be kept


def plan_on_grid(problem: Problem, weight: float, budget: Budget, keep_expanded: bool = False) -> Plan:
    """The plan for a problem in a `GridSpace`; weight 0 is Dijkstra, 1 is A*, above 1 is weighted A*."""
    watch = Stopwatch()
    space = grid_space(problem)
    start, goal, refused = free_ends(problem, space)
    if refused is not None:
        return no_plan(refused, 2, Stats(seconds=watch.seconds, engine=ENGINE))
    neighbours, prepared = space.neighbours, watch.seconds
    path = search_grid(neighbours, start, goal, weight, budget, keep_expanded)
    return plan_along(space, path, prepared, ENGINE)


def free_ends(problem: Problem, space: GridSpace) -> tuple[tuple[int, int], tuple[int, int], Status | None]:
    """The cells of start and goal, and why one of them cannot be one, if so."""
    start, goal = cell_of(space, "start", problem.start), cell_of(space, "goal", problem.goal)
    if space.blocked.item(*start):
        return start, goal, Status.INVALID_START
    return start, goal, Status.INVALID_GOAL if space.blocked.item(*goal) else None


def plan_along(space: GridSpace, path: GridPath, prepared: float, engine: str) -> Plan:
    """The plan in metres of a path in cells, whose search began after `prepared` seconds."""
    stats = Stats(expanded=path.expanded, seconds=prepared + path.seconds, engine=engine)
    expanded = None if path.looked_at is None else readonly(space.grid.points(path.looked_at))
    if not len(path.cells):
        return no_plan(path.status, 2, stats)._replace(lower_bound=path.lower_bound, expanded=expanded)
    metres = space.grid.resolution
    states, bound = np.empty(path.cells.shape), path.lower_bound * metres
    kernels.write_centres.compiled(path.cells, metres, space.frame, states)
    return Plan(path.status, states, path.cost * metres, stats=stats, lower_bound=bound, expanded=expanded)


def grid_space(problem: Problem) -> GridSpace:
    """The space of the problem, its cells where the problem's own `is_free` says no blocked as well."""
    space = problem.space
    if not isinstance(space, GridSpace):
        raise MalformedInput(f"the problem's space is {type(space).__name__}, but a grid planner needs a GridSpace")
    if problem.is_free is None:
        return space
    centres = space.grid.points(np.moveaxis(np.indices(space.grid.shape), 0, -1))
    return replace(space, grid=space.grid.with_cells(~problem.asked(centres), 1.0))


def plain_grid_space(problem: Problem) -> GridSpace:
    """The same, of planners that know no terrain, no 4-connected moves and no cut corners."""
    space = grid_space(problem)
    if not space.plain:
        raise MalformedInput(
            "this planner knows 8-connected moves that cost their length and cut no corner: "
            "plan with AStar on terrain, with connectivity 4 or with corner_cutting"
        )
    return space


def cell_of(space: GridSpace, name: str, point: Array) -> tuple[int, int]:
    """Row and column of the problem's start or goal, of which only x and y count."""
    point = numbers(name, point)
    if point.ndim != 1 or len(point) < 2 or not all(map(isfinite, point.tolist())):
        raise MalformedInput(f"{name} is {point.tolist()}, but must be finite numbers x, y, ...")
    # as `OccupancyGrid.cells` reckons, but for one point: numpy would take longer than many a search
    x0, y0, c, s = space.frame
    x, y, metres = point.item(0) - x0, point.item(1) - y0, space.grid.resolution
    row, column = floor((c * y - s * x) / metres), floor((c * x + s * y) / metres)
    if not (0 <= row < space.grid.shape[0] and 0 <= column < space.grid.shape[1]):
        (x_low, y_low), (x_high, y_high) = space.grid.bounds
        raise MalformedInput(
            f"{name} ({point[0]:g}, {point[1]:g}) lies outside the map, "
            f"x {x_low:g} to {x_high:g}, y {y_low:g} to {y_high:g}"
        )
    return row, column


def search_grid(
    neighbours: Array,
    start: tuple[int, int],
    goal: tuple[int, int],
    weight: float = 1.0,
    budget: Budget = Budget(),
    keep_expanded: bool = False,
) -> GridPath:
    """The shortest path between two free cells of a grid, given the free neighbours of each (`neighbours_of`).

    >>> from plansim.planning.grid.space import neighbours_of
    >>> free = np.array([[1, 1, 1], [1, 0, 1]], dtype=bool)
    >>> search_grid(neighbours_of(free), (1, 0), (1, 2)).cells.tolist()
    [[1, 0], [0, 0], [0, 1], [0, 2], [1, 2]]
    """
    if start == goal:
        return GridPath(Status.SOLVED, np.array([start]), 0.0, 0.0, 0)
    watch = Stopwatch()
    search = _Search(neighbours, start, goal, weight)
    spent = search.run(budget)
    extra = watch.seconds, search.looked_at() if keep_expanded else None
    if search.found:
        status, end = Status.SOLVED, search.goal
    elif spent:
        status, end = Status.BUDGET_SPENT, search.nearest()
    else:
        return GridPath(Status.NO_PATH, np.empty((0, 2), dtype=np.int64), inf, inf, search.expanded, *extra)
    cells, cost = search.path(end)
    if spent:
        bound = search.lower_bound
    else:
        bound = max(cost / max(weight, 1.0), search.least / STRAIGHT)
    return GridPath(status, cells, cost, min(bound, cost) if search.found else bound, search.expanded, *extra)


class _Search:
    """One search, its queue, and the costs that it has found so far; rows and columns are those of the padded grid."""

    def __init__(self, neighbours: Array, start: tuple[int, int], goal: tuple[int, int], weight: float):
        self.neighbours, self.width = neighbours.reshape(-1), neighbours.shape[1]
        (row, column), self.goal = ((r + 1, c + 1) for r, c in (start, goal))
        self.costs, self.ways, self.base = _scratch(neighbours.size).begin()
        self.costs[row * self.width + column] = self.base
        self.ways[row * self.width + column] = 0xFFFF
        self.least = int(kernels.octile(row - self.goal[0], column - self.goal[1]))

        weight_bits = floor(weight * (1 << WEIGHT_BITS))
        first = self.least if weight else 0
        shift = _BUCKET_SHIFT + max(int(weight).bit_length() - 1, 0)
        bucket = ((self.least * weight_bits >> WEIGHT_BITS) - first) >> shift
        self.frame = self.base, weight_bits, first, shift
        self.heads = np.full(1024 + 2 * bucket, -1, dtype=np.int32)
        self.entries, self.links = np.empty(4096, dtype=np.int64), np.arange(1, 4097, dtype=np.int32)
        self.heads[bucket], self.entries[0], self.links[0], self.links[-1] = 0, row << 32 | column, -1, -1
        self.state = np.array([bucket, bucket, 1, 1, 0, self.base + SPAN])

    def run(self, budget: Budget) -> bool:
        """Searches to the end, or to the end of the budget: whether it was spent."""
        watch, most = Stopwatch(), SPAN if budget.iterations is None else budget.iterations
        while True:
            limit = most if budget.seconds is None else min(self.expanded + _BETWEEN_CLOCKS, most)
            outcome = kernels.search(
                *(self.neighbours, self.width, _successors(), self.costs, self.ways, self.goal, self.frame, limit),
                *(self.heads, self.entries, self.links, self.state),
            )
            if outcome == FULL:
                self.grow()
            elif outcome != SPENT:
                return False
            elif self.expanded >= most or (budget.seconds is not None and watch.seconds >= budget.seconds):
                return True

    def grow(self) -> None:
        count = len(self.entries)
        self.heads = np.concatenate((self.heads, np.full(len(self.heads), -1, dtype=np.int32)))
        self.entries = np.concatenate((self.entries, np.empty(count, dtype=np.int64)))
        self.links = np.concatenate((self.links, np.arange(count + 1, 2 * count + 1, dtype=np.int32)))
        self.links[-1], self.state[2] = self.state[2], count  # the new entries come before the unused old ones

    @property
    def expanded(self) -> int:
        return int(self.state[4])

    @property
    def found(self) -> bool:
        return bool(self.state[5] < self.base + SPAN)

    @property
    def lower_bound(self) -> float:
        """In cells. The best path has a cell in the queue, where nothing has an f below the lowest bucket's edge."""
        _, weight_bits, first, shift = self.frame
        edge = (first + (int(self.state[0]) << shift)) * (1 << WEIGHT_BITS) / max(weight_bits, 1 << WEIGHT_BITS)
        return max(edge, self.least) / STRAIGHT

    def looked_at(self) -> Array:
        """The cells (N, 2) of the map that were expanded, by f and among equals by cost: about the search's order."""
        cells = np.flatnonzero((self.costs < self.base + SPAN) & (self.ways & 255 == 0))
        rows, columns = np.divmod(cells, self.width)
        far, near = abs(rows - self.goal[0]), abs(columns - self.goal[1])
        far, near = np.maximum(far, near), np.minimum(far, near)
        costs = self.costs[cells] - self.base
        f = costs + ((STRAIGHT * far + (DIAGONAL - STRAIGHT) * near) * self.frame[1] >> WEIGHT_BITS)
        return np.stack((rows, columns), axis=-1)[np.lexsort((costs, f))] - 1

    def nearest(self) -> tuple[int, int]:
        return kernels.nearest_reached(self.width, self.costs, self.base, *self.goal)

    def path(self, end: tuple[int, int]) -> tuple[Array, float]:
        """Cells (T + 1, 2) of the map from the start to `end`, and their path's cost in cells."""
        walk = (self.neighbours, self.width, self.costs, *end, self.base)
        backwards = np.empty((kernels.walk_back(*walk, np.empty((0, 2), dtype=np.int64)), 2), dtype=np.int64)
        kernels.walk_back(*walk, backwards)
        cells = backwards[::-1] - 1
        diagonal = int(np.count_nonzero(np.diff(cells, axis=0).all(-1)))
        return cells, len(cells) - 1 - diagonal + diagonal * sqrt(2)


class _Scratch:
    """Costs and ways of one size of grid, never cleared: each search counts from a base below all costs before."""

    def __init__(self, size: int):
        self.costs, self.ways = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.uint16)
        self.base = 0

    def begin(self) -> tuple[Array, Array, int]:
        if self.base <= -(1 << 62):
            self.costs[:], self.base = 0, 0
        self.base -= SPAN
        return self.costs, self.ways, self.base


class _Kept(threading.local):
    """Each thread's scratch arrays, of the last few sizes of grid that it searched."""

    def __init__(self) -> None:
        self.of_size = lru_cache(maxsize=4)(_Scratch)


_KEPT = _Kept()


def _scratch(size: int) -> _Scratch:
    return _KEPT.of_size(size)


@lru_cache(maxsize=1)
def _successors() -> Array:
    return kernels.canonical_successors()
