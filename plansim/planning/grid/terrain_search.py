"""Shortest paths over cells of different cost, over 4 neighbours, or past corners: A* and Dijkstra there."""

from __future__ import annotations

import threading
from functools import lru_cache
from math import inf
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from plansim.core.arrays import Array
from plansim.planning.base import Budget, Plan, Problem, Stats, Status, Stopwatch
from plansim.planning.grid import terrain_kernels
from plansim.planning.grid.kernels import COLUMNS, FULL, ROWS, SPENT
from plansim.planning.grid.moves import (
    METRES,
    NOWHERE,
    START,
    ends_of,
    least_cost,
    legal_moves,
    padded,
    path_to,
    plan_over,
    unpadded,
)
from plansim.planning.grid.space import GridSpace
from plansim.planning.grid.terrain_kernels import WAITS

ENGINE = "buckets, cell costs"
_BUCKET = 0.03  # of a straight move over cheap ground
_MOST_BUCKETS = 1 << 18
_BETWEEN_CLOCKS = 4096  # expansions


def plan_on_terrain(problem: Problem, weight: float, budget: Budget, keep_expanded: bool = False) -> Plan:
    """The plan for a problem in any `GridSpace`; weight 0 is Dijkstra, 1 is A*, above 1 is weighted A*."""
    watch = Stopwatch()
    space, start, goal, status = ends_of(problem)
    if status is not None:
        return plan_over(space, status, NOWHERE, 0.0, Stats(seconds=watch.seconds, engine=ENGINE))
    if start == goal:
        stats = Stats(seconds=watch.seconds, engine=ENGINE)
        return plan_over(space, Status.SOLVED, np.array([start]), 0.0, stats, NOWHERE if keep_expanded else None)
    search = TerrainSearch(space, start, goal, weight, keep_expanded)
    spent = search.run(budget, watch)
    status = Status.SOLVED if search.found < inf else Status.BUDGET_SPENT if spent else Status.NO_PATH
    cells = search.path()
    stats = Stats(expanded=search.expanded, seconds=watch.seconds, engine=ENGINE)
    least = least_cost(space, start, goal)
    bound = inf if status is Status.NO_PATH else max(search.lower_bound * space.grid.resolution, least)
    return plan_over(space, status, cells, bound, stats, search.looked_at if keep_expanded else None)


class Ground(NamedTuple):
    """A space as the compiled search reads it, padded by a ring of blocked cells."""

    neighbours: Array  # flat; see `neighbours_of`
    moves_of: Array  # (256,)
    halves: Array  # flat; half of each cell's factor
    width: int  # cells of a row
    offsets: Array  # (8,) from a cell to its neighbours
    least: float  # factor
    most: float
    cheap: float  # factor below which few cells are


def ground_of(space: GridSpace) -> Ground:
    """Made once for each space, for as long as it lives."""
    ground = _GROUNDS.get(space)
    if ground is None:
        ground = _GROUNDS[space] = _ground(space)
    return ground


_GROUNDS: WeakKeyDictionary[GridSpace, Ground] = WeakKeyDictionary()


def _ground(space: GridSpace) -> Ground:
    shape = space.neighbours.shape
    halves = np.full(shape, 0.5)
    least = most = cheap = 1.0
    if space.terrain is not None:
        np.multiply(space.terrain, 0.5, out=halves[1:-1, 1:-1])
        least, most = float(space.terrain.min()), float(space.terrain.max())
        sample = np.sort(space.terrain.flat[:: space.terrain.size // 1000 + 1])
        cheap = float(sample[len(sample) // 20])
    flat = space.neighbours.reshape(-1), legal_moves(space), halves.reshape(-1)
    return Ground(*flat, shape[1], ROWS * shape[1] + COLUMNS, least, most, cheap)


class TerrainSearch:
    """One search, its queue, and the costs in cells that it has found so far; without a goal it reaches everything."""

    def __init__(
        self,
        space: GridSpace,
        start: tuple[int, int],
        goal: tuple[int, int] | None,
        weight: float = 0.0,
        keep_expanded: bool = False,
    ):
        self.ground = ground = ground_of(space)
        self.weight = weight
        self.scratch = _KEPT.of_size(ground.neighbours.size)
        self.costs, self.came = self.scratch.begin(ground.width)
        self.start = padded(start, ground.width)
        self.costs[self.start], self.came[self.start] = 0.0, START + WAITS
        # beyond every cell: its distance counts nothing, since then the weight is 0
        self.goal = (-2, 0) if goal is None else (goal[0] + 1, goal[1] + 1)

        scale, aside = weight * ground.least, 1.0 if space.connectivity == 4 else METRES[1] - 1.0
        row, column = start[0] + 1, start[1] + 1
        first = scale * terrain_kernels.cells_between(row - self.goal[0], column - self.goal[1], aside)
        rise = METRES[1] * (ground.most + scale)  # most that one move adds to f
        width = max(_BUCKET * max(ground.cheap, ground.least), rise / (_MOST_BUCKETS - 2))
        self.frame = scale, aside, first, 1.0 / width
        self.heads = np.full(1 << int(rise / width + 2).bit_length(), -1, dtype=np.int32)
        count = 8 * (ground.width + ground.neighbours.size // ground.width)
        self.entries, self.links = np.empty(count, dtype=np.int64), np.arange(1, count + 1, dtype=np.int32)
        self.keys, self.items = np.empty(count), np.empty(count, dtype=np.int64)
        self.keys[0], self.items[0] = first, row << 32 | column
        self.links[-1] = -1
        self.order = np.empty(ground.neighbours.size if keep_expanded else 0, dtype=np.int64)
        self.state, self.best = self.scratch.state, np.array([inf, first])
        self.state[:] = 0, 0, 0, 1, 0, row, row

    def run(self, budget: Budget, watch: Stopwatch) -> bool:
        """Searches to the end, or to the end of the budget: whether it was spent."""
        most = 1 << 62 if budget.iterations is None else budget.iterations
        ground = self.ground
        while True:
            limit = most if budget.seconds is None else min(self.expanded + _BETWEEN_CLOCKS, most)
            outcome = terrain_kernels.search_terrain(
                *(ground.neighbours, ground.moves_of, ground.halves, ground.width, ground.offsets),
                *(self.costs, self.came, self.goal, self.frame, limit, self._queue, self.order, self.state, self.best),
            )
            if outcome == FULL:
                self._grow()
            elif outcome != SPENT:
                return False
            elif self.expanded >= most or (budget.seconds is not None and watch.seconds >= budget.seconds):
                return True

    @property
    def _queue(self) -> tuple[Array, ...]:
        return self.heads, self.entries, self.links, self.keys, self.items

    def _grow(self) -> None:
        count = len(self.entries)
        self.entries, self.keys, self.items = (np.resize(a, 2 * count) for a in (self.entries, self.keys, self.items))
        self.links = np.concatenate((self.links, np.arange(count + 1, 2 * count + 1, dtype=np.int32)))
        self.links[-1], self.state[1] = self.state[1], count  # the new entries come before the unused old ones

    @property
    def expanded(self) -> int:
        return int(self.state[4])

    @property
    def found(self) -> float:
        """The cost of the goal, in cells."""
        return float(self.best[0])

    @property
    def lower_bound(self) -> float:
        """In cells. The best path always had a cell in the queue, so that nothing taken from it had a greater f."""
        return float(self.best[1]) / max(self.weight, 1.0)

    @property
    def looked_at(self) -> Array:
        """The cells (N, 2) of the map in the order of their first expansion."""
        cells = self.order[: self.expanded]
        return unpadded(cells[np.sort(np.unique(cells, return_index=True)[1])], self.ground.width)

    def path(self) -> Array:
        """Cells (T + 1, 2) of the map to the goal; or, a budget spent, to the reached cell nearest to it."""
        end = self.goal[0] * self.ground.width + self.goal[1]
        if self.found == inf:
            if not self.state[2:4].any():
                return NOWHERE
            end = terrain_kernels.nearest_of(
                *(self.ground.width, self.costs, *self.state[5:7].tolist(), *self.goal, self.frame[1])
            )
        return path_to(end, self.came, self.ground.width)


class _Scratch:
    """Costs and directions of one size of grid; of a search only the rows that it reached are cleared."""

    def __init__(self, size: int):
        self.costs, self.came = np.full(size, inf), np.zeros(size, dtype=np.uint8)
        self.state, self.width = np.zeros(7, dtype=np.int64), 0

    def begin(self, width: int) -> tuple[Array, Array]:
        bottom, top = self.state[5], self.state[6]
        # grids of equal size may have rows of other widths: cleared is what the last search wrote
        self.costs[bottom * self.width : (top + 1) * self.width] = inf
        self.width = width
        return self.costs, self.came


class _Kept(threading.local):
    """Each thread's scratch arrays, of the last few sizes of grid that it searched."""

    def __init__(self) -> None:
        self.of_size = lru_cache(maxsize=4)(_Scratch)


_KEPT = _Kept()
