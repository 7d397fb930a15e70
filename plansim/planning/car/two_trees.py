"""Two trees of arcs, from the start and from the goal, in arrays that grow: what Hybrid A* of cars and trucks share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf
from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.kernel import kernel
from plansim.planning.base import Status, Stopwatch

JOINED, EXHAUSTED, SPENT, FULL = 0, 1, 2, 3  # how a piece of a search ended
NODES, EXPANDED, OPEN, FROM, TO, SHOTS = 0, 1, 2, 4, 5, 6  # entries of `state`; OPEN has one for each tree
BIN, PARENT, MOVE, TREE, CLOSED = 0, 1, 2, 3, 4  # columns of `links`
_ROOM = 4096  # states, at first
_BETWEEN_CLOCKS = 512  # expansions


class Way(NamedTuple):
    """What a search over n-dimensional states found."""

    status: Status
    course: Array | None = None  # a car's arcs (M, 2), curvature 1/m and length m; a truck's dense states (T + 1, 4)
    cost: float = inf
    expanded: int = 0
    shots: int = 0
    level: int = 0  # of the search that found it
    looked_at: Array | None = None  # (N, n) states in the order of their expansion
    grown: Array | None = None  # (E, 2, n) arcs of both trees, from parent to child


class TwoTrees:
    """Both trees of one search.

    arrays: nodes (N, n + 2), a state, its cost and the room around it; links (N, 5); keys and ids (2, N) of the
        queues; order (N,) of expansion; cells (S, 2), see `slot_of`
    squares: rows and columns; near: (2, H', W') newest state expanded in each square, -1: none
    """

    def __init__(self, roots: Array, rooms: Iterable[float], squares: tuple[int, ...]):
        self.dimension = roots.shape[1]
        nodes, links = np.empty((_ROOM, self.dimension + 2)), np.empty((_ROOM, 5), dtype=np.int64)
        keys, ids = np.zeros((2, _ROOM)), np.empty((2, _ROOM), dtype=np.int64)
        for tree, room in enumerate(rooms):
            nodes[tree] = *roots[tree], 0.0, room
            links[tree] = 0, -1, -1, tree, 0
            ids[tree, 0] = tree
        cells = np.full((4 * _ROOM, 2), -1, dtype=np.int64)
        self.arrays: tuple[Array, ...] = (nodes, links, keys, ids, np.empty(_ROOM, dtype=np.int64), cells)
        self.near = np.full((2, *squares), -1, dtype=np.int64)
        self.state = np.array([2, 0, 1, 1, 0, 0, 0])

    @property
    def size(self) -> int:
        return int(self.state[NODES])

    @property
    def expanded(self) -> int:
        return int(self.state[EXPANDED])

    def run(self, search: Callable, iterations: int | None, seconds: float | None, watch: Stopwatch) -> int:
        """How it ended. search: (arrays, near, state, limit) -> outcome, to be called again after FULL and SPENT."""
        most, last = 1 << 60 if iterations is None else iterations, inf if seconds is None else seconds
        while True:
            limit = most if seconds is None else min(self.expanded + _BETWEEN_CLOCKS, most)
            outcome = search(self.arrays, self.near, self.state, limit)
            if outcome == FULL:
                self._grow()
            elif outcome != SPENT or self.expanded >= most or watch.seconds >= last:
                return int(outcome)

    def _grow(self) -> None:
        *lists, cells = self.arrays
        longer = np.full((2 * len(cells), 2), -1, dtype=np.int64)
        _rehash(cells, longer)
        axes = (0, 0, 1, 1, 0)
        lists = [np.concatenate((a, np.empty_like(a)), axis) for a, axis in zip(lists, axes, strict=True)]
        self.arrays = (*lists, longer)

    def seen(self, keep: bool) -> tuple[Array | None, Array | None]:
        """`looked_at` and `grown` of a `Way`, where they are to be kept."""
        if not keep:
            return None, None
        nodes, links, *_, order, _ = self.arrays
        child = np.flatnonzero(links[: self.size, PARENT] >= 0)
        states = nodes[:, : self.dimension]
        return states[order[: self.expanded]], np.stack((states[links[child, PARENT]], states[child]), axis=1)


@kernel
def slot_of(table, key):
    """Where the key is, or would be, in an open hash table (S, 2) of keys and nodes, S a power of two."""
    mask = table.shape[0] - 1
    i = (((key ^ (key >> 15)) * 0x9E3779) >> 12) & mask  # stays below 2^63 for keys below 2^39
    while table[i, 0] >= 0 and table[i, 0] != key:
        i = (i + 1) & mask
    return i


@kernel
def _rehash(old, new):
    """Enters what one hash table of cells holds into a larger, empty one."""
    for i in range(old.shape[0]):
        if old[i, 0] >= 0:
            slot = slot_of(new, old[i, 0])
            new[slot, 0], new[slot, 1] = old[i, 0], old[i, 1]
