"""Makers of cells for arms: a floor, a rack, and things that stand or hang about."""

from __future__ import annotations

import numpy as np

from plansim.core.errors import MalformedInput
from plansim.core.solids import Solids


def cluttered_cell(count: int = 10, seed: int = 0, keep_out: float = 0.35, floor: bool = True) -> Solids:
    """Boxes, balls and posts within an arm's reach, none nearer than `keep_out` (m) to the arm's axis, and a rack.

    >>> cell = cluttered_cell(count=6, seed=1)
    >>> len(cell.boxes), len(cell.balls), len(cell.cylinders)
    (8, 2, 2)
    """
    if not (count >= 0 and 0 <= keep_out < 0.8):
        raise MalformedInput(f"count is {count} and keep_out {keep_out}, but must be 0 or more, and in [0, 0.8)")
    rng = np.random.default_rng(seed)
    boxes = [[0.0, 0.0, -0.05, 3.0, 3.0, 0.1]] if floor else []
    boxes += rack((0.72, 0.0, 0.55), (0.3, 0.7, 0.6))
    balls, cylinders = [], []
    for i in range(count):
        angle, radius = rng.uniform(0.6, 2 * np.pi - 0.6), rng.uniform(keep_out + 0.15, 0.85)  # the rack is in front
        x, y, z = radius * np.cos(angle), radius * np.sin(angle), rng.uniform(0.15, 1.0)
        size = rng.uniform(0.05, 0.15, size=3)
        if i % 3 == 0:
            turn = rng.uniform(-np.pi / 2, np.pi / 2)
            boxes.append([x, y, z, *(1.5 * size), 0.0, 0.0, np.sin(turn / 2), np.cos(turn / 2)])
        elif i % 3 == 1:
            balls.append([x, y, z, size[0]])
        else:
            cylinders.append([x, y, 0.0, x, y, z, 0.5 * size[0]])
    upright = (0.0, 0.0, 0.0, 1.0)
    return Solids([box if len(box) == 10 else [*box, *upright] for box in boxes], balls, cylinders)


def rack(
    centre: tuple[float, float, float], size: tuple[float, float, float], boards: int = 3, thickness: float = 0.02
) -> list[list[float]]:
    """Boxes (B, 6) of a rack that is open in front and behind: two sides and some boards; m."""
    (x, y, z), (depth, width, height) = centre, size
    sides = [[x, y + side * width / 2, z, depth, thickness, height] for side in (-1, 1)]
    heights = np.linspace(z - height / 2, z + height / 2, boards)
    return sides + [[x, y, float(h), depth, width, thickness] for h in heights]
