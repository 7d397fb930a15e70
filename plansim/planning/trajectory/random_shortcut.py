"""Shortcuts between random places of a path: shortens paths of sampling planners in any space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.planning.base import Plan, Problem
from plansim.planning.grid.space import GridSpace
from plansim.planning.spaces.map import straight_lines
from plansim.planning.trajectory.ways import ways_of


def random_shortcut(space, states: Array, rng: np.random.Generator, attempts: int = 200) -> Array:
    """The path (T, n), with free ways of the space put in between random places of it, also within its edges.

    Geraerts & Overmars 2007, "Creating high-quality paths for motion planning". Keeps its ends; its length by the
    space's `distance` never grows. Needs `distance`, `interpolate` and `edge_free` of the space.
    """
    if not attempts >= 0:
        raise MalformedInput(f"attempts is {attempts}, but must be 0 or more")
    path = np.array(states, dtype=float)
    for draws in rng.random((attempts, 2)):
        if len(path) < 3:
            break
        lengths = np.concatenate(([0.0], np.cumsum(space.distance(path[:-1], path[1:]))))
        (i, a), (j, b) = (_place(space, path, lengths, share) for share in np.sort(draws))
        shorter = lengths[j] + space.distance(path[j], b) - lengths[i] - space.distance(path[i], a)
        if i < j and space.distance(a, b) < shorter * (1 - 1e-9) and space.edge_free(a, b):
            path = np.concatenate((path[: i + 1], a[None], b[None], path[j + 1 :]))
            path = path[np.concatenate(([True], (np.diff(path, axis=0) != 0).any(-1)))]
    return path


def _place(space, path: Array, lengths: Array, share: float) -> tuple[int, Array]:
    """The edge, and the state on it, at a share of the whole length."""
    at = share * lengths[-1]
    i = int(np.clip(np.searchsorted(lengths, at, side="right") - 1, 0, len(path) - 2))
    t = (at - lengths[i]) / max(lengths[i + 1] - lengths[i], np.finfo(float).tiny)
    return i, space.interpolate(path[i], path[i + 1], np.asarray(min(t, 1.0)))


@dataclass(frozen=True)
class RandomShortcut:
    """Shortens a plan's path by random shortcuts; see `random_shortcut`. The cost is by the space's distance."""

    attempts: int = 200

    def process(self, problem: Problem, plan: Plan, rng: np.random.Generator | None = None) -> Plan:
        space = ways_of(problem)
        if isinstance(space, GridSpace):
            space = straight_lines(space)
        rng = np.random.default_rng(0) if rng is None else rng
        states = random_shortcut(space, plan.states, rng, self.attempts)
        cost = float(space.distance(states[:-1], states[1:]).sum())
        return plan._replace(states=states, cost=cost, lower_bound=0.0, controls=None, times=None)
