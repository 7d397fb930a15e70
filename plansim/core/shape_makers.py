"""Worlds of shapes that need no file: random boxes, a forest, a narrow passage, a trap. Same arguments, same world."""

from __future__ import annotations

import numpy as np

from plansim.core.errors import MalformedInput
from plansim.core.shapes import Shapes


def random_boxes(
    count: int = 40,
    dimension: int = 2,
    size: float = 100.0,
    least: float = 4.0,
    most: float = 15.0,
    clear: float = 10.0,
    seed: int = 0,
) -> Shapes:
    """Boxes at random places of a cube `size` metres wide, sides of `least` to `most` metres, which may overlap.

    clear: m, sides of the cubes in the lowest and the highest corner that stay free: room for a start and a goal
    """
    _above(0, size=size, least=least)
    _above(least - 1e-12, most=most)
    _above(-1, count=count, clear=clear)
    rng, boxes = np.random.default_rng(seed), np.empty((0, 2, dimension))
    for _ in range(100):
        sides = rng.uniform(least, most, size=(2 * count + 8, dimension))
        low = rng.uniform(0.0, 1.0, size=sides.shape) * (size - sides)
        drawn = np.stack((low, low + sides), axis=1)
        far = (low > clear).any(-1) & (drawn[:, 1] < size - clear).any(-1)
        boxes = np.concatenate((boxes, drawn[far & (sides < size).all(-1)]))[:count]
        if len(boxes) == count:
            return Shapes(np.zeros(dimension), np.full(dimension, size), boxes=boxes)
    raise MalformedInput(f"{count} boxes of {least} to {most} m leave no corners of {clear} m free in {size} m")


def forest(
    count: int = 60, width: float = 50.0, height: float = 30.0, radius: float = 0.8, gap: float = 1.0, seed: int = 0
) -> Shapes:
    """Round trunks of half to one `radius` metres, `gap` metres or more apart and away from the bounds."""
    _above(0, width=width, height=height, radius=radius)
    _above(-1e-12, gap=gap)
    rng, balls = np.random.default_rng(seed), np.empty((0, 3))
    for _ in range(200 * count):
        if len(balls) == count:
            break
        x, y, r = rng.uniform((0.0, 0.0, radius / 2), (width, height, radius))
        room = np.hypot(balls[:, 0] - x, balls[:, 1] - y) - balls[:, 2] if len(balls) else np.array([np.inf])
        if min(room.min(), x, y, width - x, height - y) >= r + gap:
            balls = np.concatenate((balls, [(x, y, r)]))
    if len(balls) < count:
        raise MalformedInput(f"{count} trunks with {gap} m between them do not fit into {width} x {height} m")
    return Shapes([0.0, 0.0], [width, height], balls=balls)


def narrow_passage(gap: float = 0.5, dimension: int = 2, size: float = 10.0, thickness: float = 1.0) -> Shapes:
    """Two halves of a cube, joined by one square hole, `gap` metres wide and `thickness` long, in the wall between."""
    _above(0, gap=gap, size=size, thickness=thickness)
    _above(gap, size=size)
    _above(thickness, size=size)
    left, right = (size - thickness) / 2, (size + thickness) / 2
    boxes = []
    for axis in range(1, dimension):  # a wall above and below the hole along each axis, within that of the axes before
        low, high = np.zeros(dimension), np.full(dimension, size)
        low[0], high[0] = left, right
        low[1:axis], high[1:axis] = (size - gap) / 2, (size + gap) / 2
        below, above = high.copy(), low.copy()
        below[axis], above[axis] = (size - gap) / 2, (size + gap) / 2
        boxes += [(low, below), (above, high)]
    return Shapes(np.zeros(dimension), np.full(dimension, size), boxes=boxes)


def trap(size: float = 10.0, depth: float = 4.0, thickness: float = 0.5) -> Shapes:
    """A cup that opens to the left, in the way from the left to the right of a square: a straight line ends in it."""
    _above(0, size=size, depth=depth, thickness=thickness)
    _above(depth + 2 * thickness, size=size)
    low, high, back = 0.2 * size, 0.8 * size, (size + depth) / 2
    boxes = [
        ((back - thickness, low), (back, high)),
        ((back - depth, low), (back, low + thickness)),
        ((back - depth, high - thickness), (back, high)),
    ]
    return Shapes([0.0, 0.0], [size, size], boxes=boxes)


def _above(limit: float, /, **sizes: float) -> None:
    for name, size in sizes.items():
        if not limit < size < np.inf:
            raise MalformedInput(f"{name} is {size}, but must be above {limit:g}")
