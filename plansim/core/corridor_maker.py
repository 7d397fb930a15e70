"""A corridor that looks the same from both of its ends, but for one niche: a robot cannot know which way it faces."""

from __future__ import annotations

import numpy as np

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid

WALL, NICHE, DEPTH = 0.2, 1.0, 0.6  # m
NICHES = (1.5, 4.0, 5.6)  # m from the middle, in the upper wall; in the lower one by half a turn


def twin_corridor(
    length: float = 24.0, width: float = 2.0, resolution: float = 0.05, tell: float | None = 10.0
) -> OccupancyGrid:
    """A corridor along x with niches, equal to itself turned by half a turn, and closed at both ends.

    tell: m from the middle, where the upper wall has one niche more; None for none: nothing tells the ends apart

    >>> same = twin_corridor(tell=None)
    >>> bool((same.probability == same.probability[::-1, ::-1]).all())
    True
    """
    middle, longest = length / 2, max((*NICHES, tell or 0.0)) + NICHE / 2
    if not (0 < resolution <= 0.1 and width >= 2 * resolution and middle > longest and (tell is None or tell > 0)):
        raise MalformedInput(
            f"length {length}, width {width}, resolution {resolution} and tell {tell} make no corridor: its half must "
            f"be longer than {longest} m, its cells at most 0.1 m, and tell above 0 or None"
        )
    rows, columns = round((width + 2 * (WALL + DEPTH)) / resolution), round((length + 2 * WALL) / resolution)
    cells = np.ones((rows, columns))
    wall, low = round(WALL / resolution), round((WALL + DEPTH) / resolution)
    cells[low:-low, wall:-wall] = 0.0
    half, side = columns // 2, round(NICHE / resolution)
    for place in NICHES:
        first = half + round((place - NICHE / 2) / resolution)
        cells[-low:-wall, first : first + side] = 0.0
    cells = np.minimum(cells, cells[::-1, ::-1])
    if tell is not None:
        first = half + round((tell - NICHE / 2) / resolution)
        cells[-low:-wall, first : first + side] = 0.0
    return OccupancyGrid(cells, resolution, (-half * resolution, -0.5 * rows * resolution, 0.0))
