"""D* Lite: a shortest path that is repaired, not searched anew, when cells of the map change on the way."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from plansim.core.arrays import Array, readonly
from plansim.planning.base import Budget, Plan, Problem, Stats, Status, Stopwatch, no_plan
from plansim.planning.grid import dstar_kernels
from plansim.planning.grid.kernels import COLUMNS, ROWS, SPAN, STRAIGHT, octile
from plansim.planning.grid.search import free_ends, plain_grid_space
from plansim.planning.grid.space import GridSpace

_BETWEEN_CLOCKS = 4096  # expansions
_FEW = 0.05  # of the map's cells: where more have changed, a new search is the shorter repair


@dataclass(frozen=True)
class DStarLite:
    """The shortest path over the 8-connected cells of a `GridSpace`, searched from the goal towards the robot.

    Koenig & Likhachev 2002, "D* Lite". One `plan` is as good as A*'s and not faster; `replanner()` gives a planner
    that remembers its search, for a robot that meets what its map does not know: an `Agent` asks for it by itself.

    >>> from plansim.core.grid import OccupancyGrid
    >>> free = OccupancyGrid(np.zeros((5, 50)))
    >>> wall = free.with_cells([[0, 20], [1, 20], [2, 20], [3, 20]], 1.0)
    >>> start, goal, planner = np.array([0.5, 0.5]), np.array([49.5, 0.5]), DStarLite().replanner()
    >>> [round(planner.plan(Problem(GridSpace(map), start, goal)).cost, 2) for map in (free, wall)]
    [49.0, 52.31]
    """

    keep_expanded: bool = False  # hand out the states that were looked at, for pictures

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        return self.replanner().plan(problem, budget, rng)

    def replanner(self) -> DStarReplanner:
        return DStarReplanner(self.keep_expanded)


class DStarReplanner:
    """A planner with a memory: problems with the same goal on maps of the same size are repaired from one another."""

    def __init__(self, keep_expanded: bool = False):
        self.keep_expanded = keep_expanded
        self._search: _Search | None = None

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        watch = Stopwatch()
        space = plain_grid_space(problem)
        start, goal, refused = free_ends(problem, space)
        if refused is not None:
            return no_plan(refused, 2, Stats(seconds=watch.seconds, engine="D* Lite"))
        engine = "D* Lite, repaired"
        if self._search is None or not self._search.repaired_for(space, start, goal):
            self._search, engine = _Search(space, start, goal), "D* Lite, from the goal"
        search, metres = self._search, space.grid.resolution
        ended = search.run(budget, self.keep_expanded)
        stats = Stats(search.expanded, seconds=watch.seconds, engine=engine)
        expanded = readonly(space.grid.points(search.looked_at)) if self.keep_expanded else None
        if not ended:  # the search comes from the goal: the robot knows no part of its way yet
            here = space.grid.points(np.array([search.start]))
            return Plan(Status.BUDGET_SPENT, here, 0.0, None, stats, search.least * metres, expanded)
        cells = search.path()
        if not len(cells):
            return no_plan(Status.NO_PATH, 2, stats)._replace(lower_bound=float("inf"), expanded=expanded)
        diagonal = int(np.count_nonzero(np.diff(cells, axis=0).all(-1)))
        cost = (len(cells) - 1 - diagonal + diagonal * sqrt(2)) * metres
        return Plan(Status.SOLVED, space.grid.points(cells), cost, None, stats, cost, expanded)


class _Search:
    """Costs to one goal, and the queue of cells whose costs are to be mended; rows and columns of the padded grid."""

    def __init__(self, space: GridSpace, start: tuple[int, int], goal: tuple[int, int]):
        self.shape, self.goal = space.grid.shape, goal
        self.blocked, self.width = space.blocked, space.neighbours.shape[1]
        self.neighbours = space.neighbours.reshape(-1).copy()
        self.free = np.pad(~space.blocked, 1).astype(np.uint8).reshape(-1)
        size = self.neighbours.size
        self.g, self.rhs = np.full(size, SPAN), np.full(size, SPAN)
        self.queued = np.full((size, 2), -1)
        self.heap = np.empty((4096, 3), dtype=np.int64)
        self.state = np.array([1, 0, 0])  # length of the heap, what the robot has moved, expanded
        self._stand(start)
        cell = self._flat(goal)
        self.rhs[cell] = 0
        self.queued[cell] = octile(*np.subtract(start, goal)), 0
        self.heap[0] = *self.queued[cell], cell

    def _stand(self, start: tuple[int, int]) -> None:
        self.start, self.before = start, self.state[2]
        self._looked_at = np.empty(0, dtype=np.int64)

    def _flat(self, cell: tuple[int, int]) -> int:
        return (cell[0] + 1) * self.width + cell[1] + 1

    @property
    def _arrays(self) -> tuple:
        start, goal = ((row + 1, column + 1) for row, column in (self.start, self.goal))
        return self.neighbours, self.free, self.width, self.g, self.rhs, self.queued, self.heap, start, goal, self.state

    def repaired_for(self, space: GridSpace, start: tuple[int, int], goal: tuple[int, int]) -> bool:
        """Takes over a changed map and a moved robot; False where a new search is due."""
        if goal != self.goal or space.grid.shape != self.shape:
            return False
        changed = np.argwhere(space.blocked != self.blocked)
        if len(changed) > _FEW * space.blocked.size:
            return False
        self.state[1] += octile(*np.subtract(start, self.start))
        self._stand(start)
        if len(changed):
            self.blocked = space.blocked
            self._change((changed[:, 0] + 1) * self.width + changed[:, 1] + 1)
        return True

    def _change(self, cells: Array) -> None:
        self.free[cells] ^= 1
        for k in range(8):  # for whom the cell is neighbour k
            self.neighbours[cells - ROWS[k] * self.width - COLUMNS[k]] ^= 1 << k
        done = 0
        while (done := dstar_kernels.touch(cells, done, *self._arrays)) < len(cells):
            self._grow()

    def _grow(self) -> None:
        self.heap = np.concatenate((self.heap, np.empty_like(self.heap)))

    def run(self, budget: Budget, keep: bool) -> bool:
        """Whether the search ended before the budget did."""
        watch, kept = Stopwatch(), np.empty(self.neighbours.size if keep else 0, dtype=np.int64)
        most = SPAN if budget.iterations is None else self.before + budget.iterations
        found = []
        while True:
            limit = most if budget.seconds is None else min(self.state[2] + _BETWEEN_CLOCKS, most)
            self.state[2], before = 0, self.state[2]
            outcome = dstar_kernels.repair(*self._arrays, limit - before, kept)
            found.append(kept[: self.state[2]].copy())
            self.state[2] += before
            if outcome == dstar_kernels.FULL:
                self._grow()
                continue
            spent = self.state[2] >= most or (budget.seconds is not None and watch.seconds >= budget.seconds)
            if outcome == dstar_kernels.ENDED or spent:
                break
        self._looked_at = np.concatenate(found)
        return outcome == dstar_kernels.ENDED

    @property
    def expanded(self) -> int:
        return int(self.state[2] - self.before)

    @property
    def looked_at(self) -> Array:
        return self._cells(self._looked_at)

    @property
    def least(self) -> float:
        """Cells from the start to the goal at least."""
        return int(octile(*np.subtract(self.start, self.goal))) / STRAIGHT

    def path(self) -> Array:
        """Cells (T + 1, 2) from the start to the goal; (0, 2) where there is no path."""
        walk = self.neighbours, self.width, self.g, self._flat(self.start), self._flat(self.goal)
        if self.rhs[walk[3]] >= SPAN:
            return np.empty((0, 2), dtype=np.int64)
        out = np.empty(dstar_kernels.descend(*walk, np.empty(0, dtype=np.int64)), dtype=np.int64)
        dstar_kernels.descend(*walk, out)
        return self._cells(out)

    def _cells(self, flat: Array) -> Array:
        return np.stack(np.divmod(flat, self.width), axis=-1) - 1
