"""How far it is for the turning circle: lengths of Reeds-Shepp paths from a table, for any radius.

The half of Hybrid A*'s heuristic that sees the turning circle and no obstacles (Dolgov et al. 2010).
"""

from __future__ import annotations

from functools import lru_cache
from math import pi, sqrt

import numpy as np

from plansim.core.arrays import Array
from plansim.core.kernel import kernel
from plansim.planning.curves.reeds_shepp_words import reeds_shepp_distance

HEADINGS, STEPS_A_RADIUS, REACH = 72, 5, 8  # the table reaches so many radii in x and y


@lru_cache(maxsize=1)
def reeds_shepp_table() -> Array:
    """Lengths in radii of the shortest paths to (x, y, turn), (rows of x, columns of y, headings), x and y >= 0."""
    count = REACH * STEPS_A_RADIUS + 1
    table = np.empty((count, count, HEADINGS))
    _fill(table)
    table.setflags(write=False)
    return table


@kernel
def _fill(table):
    for i in range(table.shape[0]):
        for j in range(table.shape[1]):
            for k in range(table.shape[2]):
                x, y = i / STEPS_A_RADIUS, j / STEPS_A_RADIUS
                table[i, j, k] = reeds_shepp_distance(x, y, 2 * pi * k / HEADINGS)


@kernel
def table_length(table, x, y, turn):
    """Radii to the pose (x, y, turn), given in radii, of the nearest entry; beyond the table, the straight line.

    Driving backwards, or in a mirror, is as long: the signs of x and y each turn the sign of the turn.
    """
    if (x < 0.0) != (y < 0.0):
        turn = -turn
    x, y = abs(x), abs(y)
    i, j = int(x * STEPS_A_RADIUS + 0.5), int(y * STEPS_A_RADIUS + 0.5)
    if i >= table.shape[0] or j >= table.shape[1]:
        return sqrt(x * x + y * y)
    k = int(np.floor(turn * HEADINGS / (2 * pi) + 0.5)) % HEADINGS
    return table[i, j, k]
