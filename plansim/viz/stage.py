"""What stands still behind an animation: the ground, and a search as it has grown so far; and the robot on it."""

from __future__ import annotations

from typing import Any

import numpy as np

from plansim.viz.canvas import Canvas
from plansim.viz.growth import MOST_EDGES, MOST_STATES, first_expanded, thinned
from plansim.viz.outlines import body_outlines, outlines
from plansim.viz.overview import ground, search_colours
from plansim.viz.scene import Track, World
from plansim.viz.style import LIGHT, rgb


def draw_robot(canvas: Canvas, track: Track, world: World, i: int) -> None:
    if track.parts is None or world.polygons is None:
        canvas.robot(np.asarray(track.truth)[i], world.radius or 0.0, LIGHT["truth"])
        return
    for polygon in body_outlines(world.polygons, track.parts[i]):
        canvas.polygon(polygon, (*rgb("truth"), 200), LIGHT["panel"])


def draw_ground(canvas: Canvas, world: World) -> Any:
    """The place without anything that moves, as an image to begin from."""
    from PIL import Image

    if world.map is not None:
        return canvas.ground(np.round(255 * ground(world.map)[..., :3]), world.map)
    canvas.begin(Image.new("RGB", canvas.size, LIGHT["free"]))
    if world.shapes is not None:
        drawn = outlines(world.shapes)
        for polygon in drawn.polygons:
            canvas.polygon(polygon, LIGHT["occupied"], margin=drawn.margin)
        for *centre, radius in drawn.discs:
            canvas.disc(np.array(centre), radius, LIGHT["occupied"])
    return canvas.image


def draw_search(canvas: Canvas, track: Track, world: World, share: float) -> None:
    """The first share of what a search looked at and grew, in its order; the latest edges stand out."""
    states = first_expanded(track)
    states = states[: round(share * len(states))]
    if world.map is not None and len(states):
        canvas.lay(255 * search_colours(states, world.map, len(first_expanded(track))), world.map)
    elif len(states):
        canvas.dots(thinned(states, MOST_STATES), (*rgb("looked"), 130), 1.4)
    if track.costs is not None and world.map is not None:
        canvas.numbers(states, track.costs.values[: len(states), 0], world.map.resolution)
    if track.tree is not None:
        tree = thinned(track.tree, MOST_EDGES)
        count = round(share * len(tree))
        young = max(count - round(0.03 * len(tree)), 0) if share < 1 else count
        canvas.segments(tree[:young], LIGHT["tree"], 0.7)
        canvas.segments(tree[young:count], LIGHT["estimate"], 1.2)
