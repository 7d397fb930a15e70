"""Rectangle worlds with exact optima, and a slow, independent look at edges."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from plansim.core.shapes import Shapes
from plansim.planning.base import Problem
from plansim.planning.spaces.box import BoxSpace


def rectangle_problems(data: Path) -> tuple[list[Problem], list[float]]:
    """The reference worlds, and the length of the shortest path in each."""
    worlds = json.loads((data / "refs" / "rect_worlds_visgraph.json").read_text())
    problems = []
    for world in worlds:
        low, high = np.reshape(world["bounds"], (2, 2))
        space = BoxSpace(Shapes(low, high, np.reshape(world["rects"], (-1, 2, 2))))
        problems.append(Problem(space, np.array(world["start"]), np.array(world["goal"])))
    return problems, [world["opt"] for world in worlds]


def metres_inside(a, b, boxes) -> np.ndarray:
    """How far each segment (E, n) runs inside each open box (B, 2, n), (E, B), by clipping (Liang & Barsky 1984)."""
    a, d = a[:, None], (b - a)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = (boxes[:, 0] - a) / d, (boxes[:, 1] - a) / d
    still, inside = d == 0, (boxes[:, 0] < a) & (a < boxes[:, 1])
    enter = np.where(still, np.where(inside, -np.inf, np.inf), np.minimum(first, second)).max(-1)
    leave = np.where(still, np.where(inside, np.inf, -np.inf), np.maximum(first, second)).min(-1)
    share = np.minimum(leave, 1.0) - np.maximum(enter, 0.0)
    return np.where(share > 0, share, 0.0) * np.linalg.norm(b - a[:, 0], axis=-1)[:, None]
