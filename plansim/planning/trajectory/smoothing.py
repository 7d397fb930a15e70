"""Smoother paths that keep their distance from walls: an elastic band that never leaves free space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.trajectory import resample
from plansim.planning.base import Plan, Problem
from plansim.planning.trajectory.clearance import clearance_of
from plansim.planning.trajectory.shortcut import path_length
from plansim.planning.trajectory.ways import ways_of

_ALONG = np.array([0.0, 0.25, 0.5, 0.75, 1.0])  # of an edge, where its clearance is looked at


def smooth(space, states: Array, clearance: float = 0.0, spacing: float = 0.2, rounds: int = 200) -> Array:
    """The path (T, n) as an elastic band: pulled straight from within, pushed away from what is near.

    Quinlan & Khatib 1993, "Elastic bands: connecting path planning and control", with a guard: a point moves only where
    both edges to its neighbours stay free by `space.edge_free`, and come no nearer to an obstacle than `clearance`, or
    than they were. Ends stay. Where a way cannot be had the point rests, so that the worst answer is the path itself.

    clearance: metres that are kept where there is room; above 0 it needs a space that knows distances
    spacing: metres between the points of the band, at most
    """
    if not (clearance >= 0 and spacing > 0):
        raise MalformedInput(f"clearance is {clearance} and spacing {spacing}: at least 0, and above 0, are possible")
    metric = getattr(space, "metric", None)
    if metric is not None and metric[:, 2].any():
        raise MalformedInput(f"a band is of straight lines, but angles of a {type(space).__name__} come round")
    if len(states) < 3 and clearance == 0:
        return states
    band = resample(states, spacing)
    band[-1] = states[-1]  # to the last bit
    clear = clearance_of(space, clearance) if clearance > 0 else None
    for _ in range(rounds):
        moved = 0.0
        for first in (1, 2):  # every other point: the neighbours of those that move stay
            i = np.arange(first, len(band) - 1, 2)
            if len(i):
                wish = _wish(band, i, clear, clearance, spacing)
                keep = _allowed(space, band, i, wish, clear)
                moved = max(moved, np.abs(wish - band[i])[keep].max(initial=0.0))
                band[i[keep]] = wish[keep]
        if moved < 1e-3 * spacing:
            break
    return band


def _wish(band: Array, i: Array, clear, clearance: float, spacing: float) -> Array:
    """Where the points would go: half way to the middle of their neighbours, and out of what is too near."""
    wish = band[i] + 0.5 * ((band[i - 1] + band[i + 1]) / 2 - band[i])
    if clear is None:
        return wish
    h = 1e-2 * clearance
    offsets = h * np.eye(band.shape[1])
    slope = (clear(wish[:, None] + offsets) - clear(wish[:, None] - offsets)) / (2 * h)
    steep = np.linalg.norm(slope, axis=-1, keepdims=True)
    lack = np.minimum(clearance - clear(wish), 0.5 * spacing)[:, None]
    return wish + np.where(steep > 1e-9, lack * slope / np.maximum(steep, 1e-9), 0.0)


def _allowed(space, band: Array, i: Array, wish: Array, clear) -> Array:
    free = space.edge_free(band[i - 1], wish) & space.edge_free(wish, band[i + 1])
    if clear is None:
        return free
    return free & (_least(clear, band, i, wish) >= _least(clear, band, i, band[i]) - 1e-12)


def _least(clear, band: Array, i: Array, points: Array) -> Array:
    """The least clearance along the edges from the neighbours of points i to where these would be."""
    before, after = band[i - 1][:, None], band[i + 1][:, None]
    share, middle = _ALONG[:, None], points[:, None]
    return np.minimum(
        clear(before + share * (middle - before)).min(-1), clear(middle + share * (after - middle)).min(-1)
    )


@dataclass(frozen=True)
class Smooth:
    """Pulls a plan's path straight and away from walls; see `smooth`.

    >>> from plansim.core.grid import OccupancyGrid
    >>> from plansim.planning.grid.space import GridSpace
    >>> space = GridSpace(OccupancyGrid(np.zeros((3, 5))))
    >>> corner = np.array([[0.5, 0.5], [0.5, 2.5], [4.5, 2.5]])
    >>> path_length(space, smooth(space, corner, rounds=5000)) < 1.02 * np.hypot(4.0, 2.0)
    np.True_
    """

    clearance: float = 0.0  # m
    spacing: float = 0.2  # m
    rounds: int = 200

    def process(self, problem: Problem, plan: Plan, rng: np.random.Generator | None = None) -> Plan:
        states = smooth(ways_of(problem), plan.states, self.clearance, self.spacing, self.rounds)
        cost = path_length(problem.space, states) if len(states) else plan.cost
        return plan._replace(states=states, cost=cost, lower_bound=0.0, controls=None, times=None)
