"""The straight ways of a problem: free of the obstacles of its space, and of those that only its `is_free` knows."""

from __future__ import annotations

from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.planning.base import Problem
from plansim.planning.grid.space import GridSpace
from plansim.planning.spaces.map import straight_lines

CHECKS = 100  # states that is_free is asked of on the way across a space


def ways_of(problem: Problem) -> Any:
    """The problem's space, in which `edge_free` asks the problem's own `is_free` as well, where it has one."""
    if problem.is_free is None:
        return problem.space
    return _Asked(problem)


class _Asked:
    """A space whose edges are asked of a user in addition, at states a hundredth of the space apart."""

    def __init__(self, problem: Problem):
        space = problem.space
        self.problem, self.space = problem, straight_lines(space) if isinstance(space, GridSpace) else space
        self.every = float(self.space.distance(self.space.low, self.space.high)) / CHECKS

    def __getattr__(self, name: str) -> Any:
        return getattr(self.space, name)

    def edge_free(self, a: Array, b: Array) -> Array:
        """Whether the straight ways between states (..., n) are free, (...) bool."""
        a, b = (np.array(x) for x in np.broadcast_arrays(np.asarray(a, dtype=float), b))
        free = np.array(self.space.edge_free(a, b), dtype=bool)
        for i in zip(*np.nonzero(np.atleast_1d(free)), strict=True):
            i = i if free.ndim else ()
            shares = np.linspace(0.0, 1.0, int(np.ceil(float(self.space.distance(a[i], b[i])) / self.every)) + 1)
            free[i] = self.problem.asked(self.space.interpolate(a[i], b[i], shares)).all()
        return free[()]
