"""An index of a map's jump points: built in milliseconds, it answers queries in microseconds, and proves them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import inf, sqrt
from time import perf_counter

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.planning.base import Budget, Status
from plansim.planning.grid import jump_graph, jump_graph_search
from plansim.planning.grid.bits import bit_lines, edited_lines
from plansim.planning.grid.jump_scratch import Ends, JumpScratch, room_to_scan, scratch_of, successors
from plansim.planning.grid.search import GridPath

MANY = 0.12  # share of the free cells that are jump points, above which a search of cells is the quicker one
_NO_BUDGET = Budget()
_DIAGONAL = sqrt(2)
_NOWHERE = np.empty((0, 2), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class JumpPointIndex:
    """The jump points of one map, and where each of them leads; see `jump_graph`.

    It answers for the cells that it was built from alone: `repaired` makes the index of an edited map from it.
    Moves go to 8 neighbours, cut no corner, and cost their length.

    >>> index = JumpPointIndex.of(np.array([[1, 1, 1], [1, 0, 1]], dtype=bool))
    >>> index.search((1, 0), (1, 2)).cells.tolist()
    [[1, 0], [0, 0], [0, 1], [0, 2], [1, 2]]
    """

    free: Array = field(repr=False)  # (H, W) bool
    graph: tuple[Array, ...] = field(repr=False)  # rows, columns, corners, ranks, places, fans, targets

    @classmethod
    def of(cls, free: Array) -> JumpPointIndex:
        """The index of a mask (H, W) of free cells."""
        free = _mask(free)
        rows, columns = bit_lines(free)
        corners = np.zeros(rows.shape[1:], dtype=np.uint64)
        jump_graph.fill_corners(rows, corners, 1, len(corners) - 1)
        points = rows, columns, corners, *_numbered(rows, corners)
        return cls(
            free, (*points, *_filled(jump_graph.fill_fans, points, (0, len(points[-1]), 0), 6 * len(points[-1])))
        )

    def repaired(self, free: Array) -> JumpPointIndex:
        """The index of an edited map (H, W): what no edit can have changed is taken over."""
        free = _mask(free)
        if free.shape != self.free.shape:
            raise MalformedInput(f"the edited map has {free.shape} cells, but this index is of {self.free.shape}")
        edits = np.stack(np.divmod(np.flatnonzero(free != self.free), free.shape[1]), axis=-1)
        if not len(edits):
            return self
        rows, columns = edited_lines(self.graph[0], self.graph[1], edits, ~free[tuple(edits.T)])
        corners = self.graph[2].copy()
        box = np.concatenate((edits.min(0), edits.max(0) + 2))
        jump_graph.fill_corners(rows, corners, max(box[0], 1), min(box[2], len(corners) - 2) + 1)
        points = rows, columns, corners, *_numbered(rows, corners)
        before = (*self.graph[:2], *self.graph[4:])
        return JumpPointIndex(
            free, (*points, *_filled(jump_graph.refill_fans, points, (box, before), len(self.graph[6])))
        )

    def __len__(self) -> int:
        """How many jump points there are."""
        return len(self.graph[4])

    @cached_property
    def crowded(self) -> bool:
        """Whether so many of the free cells are jump points that a search of cells is the quicker one."""
        return len(self) > MANY * int(np.count_nonzero(self.free))

    @property
    def nbytes(self) -> int:
        return self.free.nbytes + sum(part.nbytes for part in self.graph)

    def search(self, start: tuple[int, int], goal: tuple[int, int], budget: Budget = _NO_BUDGET) -> GridPath:
        """The shortest path between two cells [row, column] of the map."""
        free, (row, column), (goal_row, goal_column) = self.free, start, goal
        height, width = free.shape
        if 0 <= row < height and 0 <= column < width and 0 <= goal_row < height and 0 <= goal_column < width:
            if free.item(row, column) and free.item(goal_row, goal_column):
                return self.search_free(start, goal, budget)
            status = Status.INVALID_GOAL if free.item(row, column) else Status.INVALID_START
            return GridPath(status, _NOWHERE, inf, 0.0, 0)
        raise MalformedInput(f"start {start} or goal {goal} lies outside the map of {height} rows, {width} columns")

    def search_free(
        self,
        start: tuple[int, int],
        goal: tuple[int, int],
        budget: Budget = _NO_BUDGET,
        keep_expanded: bool = False,
    ) -> GridPath:
        """`search` between cells that are known to be free."""
        if start == goal:
            return GridPath(Status.SOLVED, np.array([start]), 0.0, 0.0, 0)
        ends = start[0] + 1, start[1] + 1, goal[0] + 1, goal[1] + 1
        places = self.graph[4]
        scratch = scratch_of(len(places), *self.free.shape)
        if budget.seconds is None and budget.iterations is None and not keep_expanded:
            return self._answer(scratch, ends)
        search = jump_graph_search.search_graph.compiled
        return scratch.search(search, self.graph, ends, places=places, budget=budget, keep_expanded=keep_expanded)

    def _answer(self, scratch: JumpScratch, ends: Ends) -> GridPath:
        """What `JumpScratch.search` finds without a budget, with as little around it as there can be."""
        began, base, cells, state = perf_counter(), scratch.begin(), scratch.cells, scratch.state
        first, diagonal = jump_graph_search.answer.compiled(
            *self.graph, successors(), scratch.nodes, scratch.heads, scratch.found, ends, base, state, cells
        )
        if first == -1:
            scratch.cells = np.empty((2 * len(cells), 2), dtype=np.int64)
            return self._answer(scratch, ends)
        if first < 0:
            return GridPath(Status.NO_PATH, _NOWHERE, inf, inf, state.item(2), perf_counter() - began)
        path = cells[first:].copy()
        cost = len(path) - 1 - diagonal + diagonal * _DIAGONAL
        return GridPath(Status.SOLVED, path, cost, cost, state.item(2), perf_counter() - began)


def _mask(free: Array) -> Array:
    free = np.asarray(free)
    if free.ndim != 2 or not free.size or free.dtype != bool:
        raise MalformedInput(f"free cells are {free.dtype} {free.shape}, but must be a mask: bool (H, W)")
    if free.flags.writeable:  # nobody may change under the index what it was built from
        free = free.copy()
        free.setflags(write=False)
    return free


def _numbered(rows: Array, corners: Array) -> tuple[Array, Array]:
    """ranks and places."""
    ranks = np.empty(corners.shape, dtype=np.int32)
    places = np.empty((jump_graph.fill_ranks(corners, ranks), 3), dtype=np.int32)
    jump_graph.fill_places(rows, corners, places)
    return ranks, places


def _filled(fill, points: tuple[Array, ...], arguments: tuple, room: int) -> tuple[Array, Array]:
    """fans and targets, as a kernel fills them, from twice `room` for edges upwards."""
    count = len(points[-1])
    fans, found = np.zeros((8 * count + 1, 2), dtype=np.int32), room_to_scan(points[1].shape[1], points[0].shape[1])
    filled = -1
    while filled < 0:
        room = 2 * room + 64
        targets = np.empty(room, dtype=np.int32)
        filled = fill(*points, successors(), found, *arguments, fans, targets)
    return fans, targets[:filled].copy()
