"""The places of a page: maps as images, shapes as their corners; each is kept once, however many variants share it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from plansim.viz.outlines import outlines
from plansim.viz.packing import png, shrink
from plansim.viz.scene import World


def ground_number(world: World, maps: list[dict[str, Any]], seen: dict[str, int]) -> int | None:
    """Which of the page's places this is."""
    if world.map is None:
        return _shapes_number(world, maps, seen)
    grid = world.map
    if grid.digest not in seen:
        levels, factor = shrink(np.round(255 * np.asarray(grid.probability)).astype(np.uint8))
        seen[grid.digest] = len(maps)
        maps.append(
            {
                "png": png(levels),
                "rows": levels.shape[0],
                "columns": levels.shape[1],
                "resolution": float(grid.resolution * factor),
                "origin": [float(v) for v in grid.origin],
            }
        )
    return seen[grid.digest]


def _shapes_number(world: World, maps: list[dict[str, Any]], seen: dict[str, int]) -> int | None:
    if world.shapes is None:
        return None
    drawn = outlines(world.shapes)
    parts = {"bounds": drawn.bounds, "polygons": drawn.polygons, "discs": drawn.discs, "margin": drawn.margin}
    entry = {"shapes": {name: _rounded(part) for name, part in parts.items()}}
    key = json.dumps(entry)
    if key not in seen:
        seen[key] = len(maps)
        maps.append(entry)
    return seen[key]


def _rounded(numbers: Any) -> Any:
    if isinstance(numbers, list):
        return [_rounded(part) for part in numbers]
    return np.round(np.asarray(numbers, float), 4).tolist()
