"""The picture of where robots went: episodes on their maps, for a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.viz.growth import first_expanded
from plansim.viz.outlines import Outlines, body_outlines, outlines
from plansim.viz.player import search_order, view
from plansim.viz.scene import Track, World
from plansim.viz.style import LIGHT, WIDTH, figure_of, legend, rgb
from plansim.viz.watched_pictures import draw_watched

MOST_SMALL = 8


def overview(tracks: Sequence[Track], worlds: dict[str, World]) -> Any:
    """The first episode of each variant side by side; of one variant the first episode large, the others small."""
    firsts = list({track.variant: track for track in reversed(tracks)}.values())[::-1]
    if len(firsts) > 1:
        return _side_by_side(firsts, worlds)
    return _one_and_others(tracks[0], tracks[1 : 1 + MOST_SMALL], worlds)


def _side_by_side(tracks: Sequence[Track], worlds: dict[str, World]) -> Any:
    rows = -(-len(tracks) // 2)
    figure = figure_of(rows * (_height(tracks[0], worlds, WIDTH / 2) + 0.25) + 0.4)
    grid = figure.subplots(rows, 2, squeeze=False).ravel()
    for axes, track in zip(grid, tracks, strict=False):
        draw_track(axes, track, worlds[track.variant], title=f"{track.variant}, seed {track.seed}")
    for axes in grid[len(tracks) :]:
        axes.set_axis_off()
    legend(figure, grid[0])
    return figure


def _one_and_others(first: Track, others: Sequence[Track], worlds: dict[str, World]) -> Any:
    """Two others stand at the right of the first, more of them below it."""
    beside, world = len(others) == 2, worlds[first.variant]
    columns = 3 if beside else 4
    large = _height(first, worlds, WIDTH * (2 / 3 if beside else 1)) + 0.25
    small = 0 if beside or not others else -(-len(others) // columns) * (_height(first, worlds, WIDTH / columns) + 0.25)
    figure = figure_of(large + small + 0.4)
    parts = [(0, 2), (1, 2)] if beside else [(1 + i // columns, i % columns) for i in range(len(others))]
    rows = 1 + max((row for row, _ in parts), default=0)
    heights = [large / 2] * 2 if beside else [large, *[small / max(rows - 1, 1)] * (rows - 1)]
    grid = figure.add_gridspec(rows, columns, height_ratios=heights)
    axes = figure.add_subplot(grid[:2, :2] if beside else grid[0, :])
    draw_track(axes, first, world, title=f"seed {first.seed}")
    for place, track in zip(parts, others, strict=True):
        draw_track(figure.add_subplot(grid[place]), track, world, title=f"seed {track.seed}")
    legend(figure, axes)
    return figure


def _height(track: Track, worlds: dict[str, World], width: float) -> float:
    x0, y0, x1, y1 = view(track, worlds[track.variant])
    return float(np.clip(width * (y1 - y0) / (x1 - x0), 0.2 * width, 0.8 * width))


def draw_track(axes: Any, track: Track, world: World, title: str = "") -> None:
    """One episode on its map: search, plan, true and estimated path, start and goal."""
    if track.watched is not None:
        return draw_watched(axes, track, world, title)
    x0, y0, x1, y1 = view(track, world)
    if world.map is not None:
        _draw_map(axes, ground(world.map), world.map)
        if track.expanded is not None and len(track.expanded.at(0)):
            _draw_map(axes, search_colours(track.expanded.at(0), world.map), world.map)
            axes.fill([], [], color=LIGHT["expanded"], label="search")
    if world.shapes is not None:
        _draw_shapes(axes, outlines(world.shapes))
    if world.map is None and len(first_expanded(track)):
        states = first_expanded(track)
        axes.plot(states[:, 0], states[:, 1], ".", ms=2, mew=0, color=LIGHT["looked"], alpha=0.5, label="search")
    if track.tree is not None:
        _draw_tree(axes, track.tree)
    for x, y, radius in [] if track.discs is None else track.discs[-1]:
        axes.add_patch(_circle(x, y, radius))
    truth = np.asarray(track.truth)
    axes.plot(truth[:, 0], truth[:, 1], color=LIGHT["truth"], lw=2.2, label="true path")
    if track.path is not None and len(track.path.at(0)):
        axes.plot(*track.path.at(0)[:, :2].T, color=LIGHT["plan"], lw=1.4, ls=(0, (1, 2)), label="first plan")
    if track.estimate is not None:
        axes.plot(track.estimate[:, 0], track.estimate[:, 1], color=LIGHT["estimate"], lw=0.9, label="estimate")
    if track.parts is not None and world.polygons is not None:
        for polygon in (p for poses in track.parts[_moments(track)] for p in body_outlines(world.polygons, poses)):
            axes.fill(*polygon.T, fc=LIGHT["truth"], ec=LIGHT["panel"], lw=0.6, alpha=0.3, label="_")
    axes.plot(*truth[0, :2], "o", ms=6, mfc=LIGHT["panel"], mec=LIGHT["truth"], mew=1.8, label="start", ls="none")
    if track.goal is not None:
        axes.plot(*track.goal[0], "o", ms=8, color=LIGHT["good"], mec=LIGHT["panel"], mew=1.2, label="goal", ls="none")
    axes.set(xlim=(x0, x1), ylim=(y0, y1), aspect="equal", title=title)
    axes.set_axis_off()


def _moments(track: Track) -> Array:
    """A few frames about evenly along the way: first and last among them."""
    way = np.linalg.norm(np.diff(np.asarray(track.truth)[:, :2], axis=0), axis=1)
    along = np.concatenate(([0.0], np.cumsum(way)))
    return np.unique(np.searchsorted(along, np.linspace(0.0, along[-1], MOST_SMALL)).clip(0, len(along) - 1))


def _draw_shapes(axes: Any, drawn: Outlines) -> None:
    from matplotlib.collections import PolyCollection
    from matplotlib.patches import Rectangle

    x0, y0, x1, y1 = drawn.bounds
    axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fc=LIGHT["free"], ec=LIGHT["rule"], lw=1))
    corners, dark = [_grown(polygon, drawn.margin) for polygon in drawn.polygons], LIGHT["occupied"]
    axes.add_collection(PolyCollection(corners, edgecolors="none", facecolors=dark), autolim=False)
    for x, y, radius in drawn.discs:
        axes.add_patch(_circle(x, y, radius, LIGHT["occupied"]))


def _grown(polygon: Array, margin: float) -> Array:
    """A convex polygon with everything within `margin` of it: round corners in steps of 15 degrees."""
    if not margin:
        return polygon
    turns = np.linspace(0.0, 2 * np.pi, 25)
    directions = np.stack((np.cos(turns), np.sin(turns)), axis=-1)
    # the farthest corner in each direction, moved by the margin
    return polygon[(directions @ polygon.T).argmax(1)] + margin * directions


def _draw_tree(axes: Any, tree: Array) -> None:
    from matplotlib.collections import LineCollection

    edges = tree.reshape(-1, 2, 2)
    lines = LineCollection(edges, colors=LIGHT["tree"], linewidths=0.5, alpha=0.7, label="tree", rasterized=True)
    axes.add_collection(lines, autolim=False)


def _circle(x: float, y: float, radius: float, edge: str = LIGHT["obstacles"]) -> Any:
    from matplotlib.patches import Circle

    return Circle((x, y), radius, facecolor=LIGHT["occupied"], edgecolor=edge, linewidth=1)


def ground(grid: Any) -> Array:
    """The map in colour, (H, W, 4) in [0, 1]: free, unknown, occupied, and what lies between."""
    p = np.asarray(grid.probability)[..., None]
    free, unknown, occupied = (np.array(rgb(name)) / 255 for name in ("free", "unknown", "occupied"))
    colours = np.where(p < 0.5, free + (unknown - free) * 2 * p, unknown + (occupied - unknown) * (2 * p - 1))
    return np.concatenate((colours, np.ones_like(p)), axis=-1)


def search_colours(points: Array, grid: Any, count: int | None = None) -> Array:
    """The cells that a search looked at, (H, W, 4) in [0, 1]: the earlier, the stronger; `count` in the end."""
    order = search_order(points[:, :2], grid, count)[..., None] / 255
    colour = np.broadcast_to(np.array(rgb("expanded")) / 255, (*grid.shape, 3))
    return np.concatenate((colour, np.where(order > 0, 0.2 + 0.6 * order, 0)), axis=-1)


def _draw_map(axes: Any, picture: Array, grid: Any) -> None:
    from matplotlib.transforms import Affine2D

    x, y, heading = grid.origin
    placed = Affine2D().rotate(heading).translate(x, y) + axes.transData
    axes.imshow(picture, origin="lower", extent=(0, grid.size[0], 0, grid.size[1]), transform=placed)
