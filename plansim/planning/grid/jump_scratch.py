"""What a jump point search writes to, kept from one search to the next, and the path that it reads from there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import lru_cache
from math import inf, sqrt

import numpy as np

from plansim.core.arrays import Array
from plansim.planning.base import Budget, Status
from plansim.planning.grid import jump_kernels
from plansim.planning.grid.jump_kernels import COST, MEMO, SHIFT
from plansim.planning.grid.kernels import DIAGONAL, SPAN, SPENT, STRAIGHT, canonical_successors
from plansim.planning.grid.search import GridPath

Ends = tuple[int, int, int, int]  # start row, start column, goal row, goal column, in the padded grid
NO_PLACES = np.empty((0, 3), dtype=np.int32)  # where a node's number says its place
_NO_LIMIT, _BETWEEN_CLOCKS = 1 << 60, 1024  # expansions
_NOWHERE = np.empty((0, 2), dtype=np.int64)


class JumpScratch:
    """Nodes, buckets and room for one size of problem, never cleared: each search counts from a base below the last."""

    def __init__(self, nodes: int, height: int, width: int):
        longest_rise = 2 * (height + width) * STRAIGHT >> SHIFT
        self.nodes = np.zeros((nodes, 4), dtype=np.int64)
        self.heads = np.full(1 << (longest_rise + 2).bit_length(), -1, dtype=np.int32)
        self.found = room_to_scan(height, width)
        self.cells = np.empty((4 * (height + width), 2), dtype=np.int64)
        self.arrays = self.nodes, self.heads, self.found
        self.base, self.state = 0, np.zeros(6, dtype=np.int64)

    def begin(self) -> int:
        """The base from which the next search counts its costs."""
        if self.base <= -(1 << 62):
            self.nodes[:, COST], self.base = 0, 0
        self.base -= SPAN
        return self.base

    def search(
        self,
        kernel: Callable,
        graph: tuple[Array, ...],
        ends: Ends,
        *,
        places: Array = NO_PLACES,
        width: int = 0,
        budget: Budget = Budget(),
        keep_expanded: bool = False,
    ) -> GridPath:
        """Runs a search kernel to the end of the search or of the budget, and reads the path.

        Nodes have places, or else are numbered by cell in a padded grid of this width.
        """
        began = time.perf_counter()
        state = self.state
        state[:] = -1, 0, 0, self.begin() + SPAN, -1, 0
        most = _NO_LIMIT if budget.iterations is None else budget.iterations
        limit = most if budget.seconds is None else min(_BETWEEN_CLOCKS, most)
        spent = most <= 0
        while not spent and kernel(*graph, successors(), *self.arrays, ends, self.base, limit, state) == SPENT:
            late = budget.seconds is not None and time.perf_counter() - began >= budget.seconds
            spent, limit = late or limit >= most, min(limit + _BETWEEN_CLOCKS, most)
        bucket, _, expanded, best, parent, _ = state.tolist()
        goal, least = ends[2:], octile(ends)
        looked_at = self._looked_at(ends, places, width) if keep_expanded else None
        if best < self.base + SPAN:
            status, bound = Status.SOLVED, max(bucket << SHIFT, least) / STRAIGHT if spent else inf
        elif spent:
            status, bound = Status.BUDGET_SPENT, max(bucket << SHIFT, least) / STRAIGHT
            goal, parent = self._nearest(ends, places, width)
        else:
            return GridPath(Status.NO_PATH, _NOWHERE, inf, inf, expanded, time.perf_counter() - began, looked_at)
        cells, diagonal = self._path(ends[:2], goal, parent, places, width)
        if spent:
            jump_kernels.clear(self.heads, state)
        cost = len(cells) - 1 - diagonal + diagonal * sqrt(2)
        bound = bound if status is Status.BUDGET_SPENT else min(bound, cost)
        return GridPath(status, cells, cost, bound, expanded, time.perf_counter() - began, looked_at)

    def _path(self, start, goal, parent: int, places: Array, width: int) -> tuple[Array, int]:
        while True:
            first, diagonal = jump_kernels.write_path(self.nodes, places, width, parent, start, goal, self.cells)
            if first >= 0:
                return self.cells[first:].copy(), diagonal
            self.cells = np.empty((2 * len(self.cells), 2), dtype=np.int64)

    def _nearest(self, ends: Ends, places: Array, width: int) -> tuple[tuple[int, int], int]:
        """The place of those reached, the start among them, that is nearest the goal, and the node before it."""
        reached, rows, columns = self._reached(ends, places, width)
        i = int(np.argmin(_octiles(rows - ends[2], columns - ends[3])))
        return (int(rows[i]), int(columns[i])), int(self.nodes[reached[i - 1], MEMO] >> 16) if i else -1

    def _looked_at(self, ends: Ends, places: Array, width: int) -> Array:
        """The cells (N, 2) of the map that were expanded, by f and among equals by cost: about the search's order."""
        reached, rows, columns = self._reached(ends, places, width)
        costs = np.append(0, self.nodes[reached, COST] - self.base)
        order = np.lexsort((costs, costs + _octiles(rows - ends[2], columns - ends[3])))
        order = order[np.append(0, self.nodes[reached, MEMO] & 255)[order] == 0]
        cells = np.stack((rows, columns), axis=-1)[order] - 1
        return cells[1:] if width else cells  # where the start is a node as well

    def _reached(self, ends: Ends, places: Array, width: int) -> tuple[Array, Array, Array]:
        """Nodes (N,) that were reached, and rows and columns (N + 1,) of the start and of them."""
        reached = np.flatnonzero(self.nodes[:, COST] < self.base + SPAN)
        rows, columns = np.divmod(reached, width) if width else places[reached, :2].T
        return reached, np.append(ends[0], rows), np.append(ends[1], columns)


def _octiles(rows: Array, columns: Array) -> Array:
    far, near = np.maximum(abs(rows), abs(columns)), np.minimum(abs(rows), abs(columns))
    return STRAIGHT * far + (DIAGONAL - STRAIGHT) * near


def octile(ends: Ends) -> int:
    """Of start and goal; in whole numbers of Python, for the sake of its few microseconds."""
    far, near = abs(ends[0] - ends[2]), abs(ends[1] - ends[3])
    return STRAIGHT * max(far, near) + (DIAGONAL - STRAIGHT) * min(far, near)


def room_to_scan(height: int, width: int) -> Array:
    """For all that `scan` may find from one cell."""
    return np.empty((8 * min(height, width) + 8, 3), dtype=np.int64)


@lru_cache(maxsize=1)
def successors() -> Array:
    return canonical_successors()


class _Kept(threading.local):
    """Each thread's scratch arrays, of the last few sizes that it searched."""

    def __init__(self) -> None:
        self.of_size = lru_cache(maxsize=8)(JumpScratch)


_KEPT = _Kept()


def scratch_of(nodes: int, height: int, width: int) -> JumpScratch:
    return _KEPT.of_size(nodes, height, width)
