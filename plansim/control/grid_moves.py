"""Steps along a path from cell to cell: the controller of worlds whose actions are the eight moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import atan2, pi

import numpy as np

from plansim.core.arrays import Array


@dataclass(frozen=True)
class GridMoves:
    """From {"state": (2+,), "path": (T, 2+)}, world points, the move k towards the direction k · 45°: E, NE, N, ... SE.

    At the path's end, or where the path is a single point, it is move 0.

    >>> GridMoves().act({"state": [0.5, 0.5], "path": [[0.5, 0.5], [1.5, 1.5], [1.5, 2.5]]})
    1
    """

    heading: float = 0.0  # rad, of the map's columns in the world: origin[2] of a rotated map

    def reset(self, seed: int | None = None) -> None:
        pass

    def act(self, observation: Mapping[str, Array]) -> int:
        position = np.asarray(observation["state"], dtype=float)[:2]
        path = np.asarray(observation["path"], dtype=float)[:, :2]
        here = int(np.argmin(((path - position) ** 2).sum(-1)))
        if here + 1 == len(path):
            return 0
        dx, dy = path[here + 1] - position
        return round((atan2(dy, dx) - self.heading) / (pi / 4)) % 8
