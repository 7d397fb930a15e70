"""How a search went, for the player and for animations: what it grew and looked at, in order, and at what cost."""

from __future__ import annotations

from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.viz.packing import pack
from plansim.viz.scene import Track, World

MOST_EDGES = 5000  # of a tree, in a page
MOST_STATES = 4000  # expanded where there is no map, in a page
MOST_NUMBERS = 400  # written into cells


def growth(track: Track, world: World, step: float) -> dict[str, Any]:
    """What the player needs beside the image of a search on a map; coordinates to `step` metres."""
    return {
        "tree": None if track.tree is None else pack(thinned(track.tree, MOST_EDGES), step),
        "looked": _looked(track, world, step),
        "numbers": _numbers(track, step),
    }


def thinned(rows: Array, most: int) -> Array:
    """At most `most` rows, evenly taken, in order; the first and the last are among them."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).round().astype(int)]


def first_expanded(track: Track) -> Array:
    """The states (N, n) that the first search took from its queue, in order."""
    if track.expanded is None or not len(track.expanded.values):
        return np.empty((0, 2))
    return track.expanded.values[: int(track.expanded.offsets[track.expanded.offsets > 0][0])]


def _looked(track: Track, world: World, step: float) -> dict[str, Any] | None:
    states = first_expanded(track)
    return None if world.map is not None or not len(states) else pack(thinned(states[:, :2], MOST_STATES), step)


def _numbers(track: Track, step: float) -> dict[str, Any] | None:
    """x, y and cost to come of each state of a small search, (N, 3)."""
    states = first_expanded(track)
    if track.costs is None or not 0 < len(states) <= MOST_NUMBERS or len(track.costs.values) < len(states):
        return None
    return pack(np.column_stack((states[:, :2], track.costs.values[: len(states), 0])), step)
