"""A tree of driven states: what is kept of it, and the drive from its root to a row."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.kernel import Kernel, kernel
from plansim.models.vehicle import compiled_step
from plansim.planning.sampling.nearest import grown_index, insert, new_index


class Tree:
    """States (C, n), of which the first `size` are in use; each was driven from its parent by a control held in steps.

    `arrays` is what kernels take: states, parents (C,), controls (C, m), steps (C,), size (1,), index.
    """

    def __init__(self, root: Array, controls: int, capacity: int = 1024):
        self.root = root
        states, parents = np.empty((capacity, len(root))), np.full(capacity, -1)
        states[0] = root
        steps = np.zeros(capacity, dtype=np.int64)
        self._columns = (states, parents, np.zeros((capacity, controls)), steps, np.ones(1, dtype=np.int64))
        self._index: tuple = ()

    def search_by(self, metric: Array) -> None:
        """Makes the index of nearest neighbours; angles of the root come within [-pi, pi]."""
        states, period = self._columns[0], metric[:, 2]
        turns = np.rint(np.divide(self.root, period, out=np.zeros_like(self.root), where=period > 0))
        states[0] = self.root - period * turns
        self._index = new_index(len(self.root), len(states))
        _insert_root(states, metric, self._index)

    @property
    def arrays(self) -> tuple:
        return (*self._columns, self._index)

    @property
    def size(self) -> int:
        return int(self._columns[4][0])

    @property
    def states(self) -> Array:
        return self._columns[0][: self.size]

    def enlarge(self) -> None:
        """Room for twice as many."""
        *columns, size = self._columns
        doubled = [np.concatenate((column, np.empty_like(column))) for column in columns]
        self._columns = (*doubled, size)  # type: ignore[assignment]
        if self._index:
            self._index = grown_index(self._index, len(doubled[0]))

    def add(self, states: Array, parents: Array, controls: Array, steps: Array) -> None:
        """Further rows, (K, n), (K,), (K, m), (K,)."""
        while self.size + len(states) > len(self._columns[0]):
            self.enlarge()
        new = slice(self.size, self.size + len(states))
        for column, values in zip(self._columns, (states, parents, controls, steps), strict=False):
            column[new] = values
        self._columns[4][0] = new.stop

    def controls_to(self, row: int) -> Array:
        """The controls (T, m) of the drive from the root to a row, step by step."""
        _, parents, held, steps, _ = self._columns
        rows = []
        while parents[row] >= 0:
            rows.append(row)
            row = int(parents[row])
        return np.repeat(held[rows[::-1]], steps[rows[::-1]], axis=0)

    def edges(self) -> Array:
        """Every edge (E, 2, n), parent first, in the order in which they were grown."""
        parents = self._columns[1][1 : self.size]
        return np.stack((self.states[parents], self.states[1:]), axis=1)


def drive(motion: Any, start: Array, controls: Array, dt: float) -> Array:
    """The states (T + 1, n) that the motion model's own step drives through, angles running on."""
    states = np.empty((len(controls) + 1, len(start)))
    states[0] = start
    if hasattr(motion, "equations"):
        _replay(compiled_step(motion))(states, controls, np.array(motion.parameters(), dtype=float), float(dt))
    else:
        for i, u in enumerate(controls):
            states[i + 1] = motion.step(states[i], u, dt)
    return states


@cache
def _replay(step: Kernel) -> Kernel:
    @kernel
    def replay(states, controls, p, dt):
        for i in range(controls.shape[0]):
            step(states[i], controls[i], p, dt, states[i + 1])

    return replay


@kernel
def _insert_root(states, metric, index):
    insert(0, states, metric, index)
