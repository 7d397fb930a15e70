"""A tree of states that grows: arrays for kernels, and what is read off them at the end."""

from __future__ import annotations

import numpy as np

from plansim.core.arrays import Array
from plansim.core.kernel import lean_kernel
from plansim.planning.sampling.nearest import grown_index, insert, new_index


class Tree:
    """States (C, n), of which the first `size` are in use, each with its parent's row, and a search index.

    `arrays` is what kernels take: states, parents (C,), born (C,), size (1,), index. born: which sample brought it.
    """

    def __init__(self, root: Array, metric: Array, capacity: int = 512):
        self.metric = metric
        self.arrays = (
            np.empty((capacity, len(root))),
            np.empty(capacity, dtype=np.int64),
            np.empty(capacity, dtype=np.int64),
            np.zeros(1, dtype=np.int64),
            new_index(len(root), capacity),
        )
        add(self.arrays, root, -1, 0, metric)

    @property
    def size(self) -> int:
        return int(self.arrays[3][0])

    @property
    def states(self) -> Array:
        return self.arrays[0][: self.size]

    def grow(self) -> None:
        """Room for twice as many."""
        states, parents, born, size, index = self.arrays
        capacity = 2 * len(states)
        doubled = (np.concatenate((a, np.empty_like(a))) for a in (states, parents, born))
        self.arrays = (*doubled, size, grown_index(index, capacity))  # type: ignore[assignment]

    def path_to(self, row: int) -> Array:
        """The states (T, n) from the root to a row."""
        parents, rows = self.arrays[1], []
        while row >= 0:
            rows.append(row)
            row = int(parents[row])
        return self.arrays[0][rows[::-1]]

    def edges(self) -> tuple[Array, Array]:
        """Every edge (E, 2, n), parent first, and when it was added (E,)."""
        states, parents, born = (a[: self.size] for a in self.arrays[:3])
        return np.stack((states[parents[1:]], states[1:]), axis=1), born[1:]


def edges_in_order(trees: list[Tree]) -> Array:
    """The edges (E, 2, n) of all trees, as they were added."""
    edges, born = zip(*(tree.edges() for tree in trees), strict=True)
    return np.concatenate(edges)[np.argsort(np.concatenate(born), kind="stable")]


@lean_kernel
def add(tree, x, parent, time, metric):
    """Adds a copy of x (n,) to the arrays of a tree that has room; its row."""
    states, parents, born, size, index = tree
    row = size[0]
    copy(x, states[row])
    parents[row], born[row] = parent, time
    size[0] = row + 1
    insert(row, states, metric, index)
    return row


@lean_kernel
def copy(x, out):
    for i in range(x.shape[0]):
        out[i] = x[i]
