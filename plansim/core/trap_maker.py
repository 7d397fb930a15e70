"""Floors with concave traps, in which whoever heads straight for the goal is caught; and maps grown by a robot."""

from __future__ import annotations

import numpy as np

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid

TILE = (12.0, 9.0)  # m, of the floor around each trap
_WALL = 0.3  # m, around the floor


def traps(rows: int = 2, columns: int = 3, resolution: float = 0.1, seed: int = 0) -> OccupancyGrid:
    """A hall with a trap in each of rows x columns tiles of 12 x 9 m: a cup of random size, some with lips turned in.

    The cup of every other tile opens to the left, of the others to the right. Between two cups there is always room.
    """
    if not (rows >= 1 and columns >= 1 and 0 < resolution <= 0.3):
        raise MalformedInput(f"rows {rows}, columns {columns}, resolution {resolution}: at least 1, 1, and at most 0.3")
    rng = np.random.default_rng(seed)
    width, height = columns * TILE[0], rows * TILE[1]
    cells = np.zeros((round(height / resolution), round(width / resolution)))
    border = round(_WALL / resolution)
    cells[:border], cells[-border:], cells[:, :border], cells[:, -border:] = 1, 1, 1, 1
    for row in range(rows):
        for column in range(columns):
            left, bottom = column * TILE[0], row * TILE[1]
            for x, y, w, h in _cup(rng, mirrored=(row + column) % 2 == 1):
                a, b = round((left + x) / resolution), round((left + x + w) / resolution)
                c, d = round((bottom + y) / resolution), round((bottom + y + h) / resolution)
                cells[c:d, a:b] = 1
    return OccupancyGrid(cells, resolution)


def inflated(map: OccupancyGrid, radius: float) -> OccupancyGrid:
    """The map as the centre of a disc sees it: wherever it is free, the disc touches nothing and leaves no edge."""
    half = np.sqrt(0.5) * map.resolution  # the centre may be anywhere in its cell
    width = int(np.ceil(radius / map.resolution))
    edge = np.ones(map.shape, dtype=bool)
    edge[width : map.shape[0] - width, width : map.shape[1] - width] = False
    return map.with_cells(~map.free, 1.0).inflated(radius + half).with_cells(edge, 1.0)


def _cup(rng: np.random.Generator, mirrored: bool) -> list[tuple[float, float, float, float]]:
    """Rectangles x, y, width, height of a cup that opens to the left, unless it is mirrored."""
    wall, mouth, depth = rng.uniform(0.3, 0.7), rng.uniform(2.5, 4.5), rng.uniform(2.0, 4.0)
    back, bottom = rng.uniform(6.8, 7.6), rng.uniform(1.6, 2.6)
    top = bottom + wall + mouth
    shorter = rng.uniform(0.6, 1.0) * depth  # of one of the arms
    arms = [depth, shorter] if rng.random() < 0.5 else [shorter, depth]
    cup = [(back, bottom, wall, mouth + 2 * wall)]
    cup += [(back - arm, y, arm, wall) for arm, y in zip(arms, (bottom, top), strict=True)]
    if rng.random() < 0.5:  # a lip at the end of each arm
        lip = rng.uniform(0.3, 0.25 * mouth)
        cup += [(back - arms[0], bottom + wall, wall, lip), (back - arms[1], top - lip, wall, lip)]
    return [(TILE[0] - x - w, y, w, h) for x, y, w, h in cup] if mirrored else cup
