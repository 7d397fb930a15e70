"""Tracking in pictures: true courses, tracks by the colour of their names, detections, sensors and what they see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from plansim.viz.canvas import Canvas
from plansim.viz.style import LIGHT, rgb
from plansim.viz.watched import Watched, identity_colour, pieces, view_outline

BEHIND = 60  # frames of a course that an animation keeps


def extent_of(told: Watched) -> tuple[float, float, float, float]:
    """What to show at first: all courses, with a margin."""
    low, high = told.bounds
    margin = 0.05 * max(float((high - low).max()), 1.0)
    x0, y0, x1, y1 = (round(float(v), 3) for v in (*(low - margin), *(high + margin)))
    return x0, y0, x1, y1


def draw_watched(axes: Any, track: Any, world: Any, title: str = "") -> None:
    """One episode as a whole on matplotlib's axes."""
    told: Watched = track.watched
    x0, y0, x1, y1 = extent_of(told)
    axes.add_patch(_patch([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], LIGHT["unknown" if world.views else "free"]))
    for s, view in enumerate(world.views):
        axes.add_patch(_patch(view_outline(told.sensors[-1, s], view), LIGHT["free"], LIGHT["rule"]))
    found = np.concatenate([told.detections(f, world.views) for f in range(len(told.targets))])
    axes.plot(*found.T, ".", ms=2.6, mew=0, color=LIGHT["muted"], alpha=0.5, label="detections", rasterized=True)
    for number, ways in enumerate(pieces(told.target_ids, told.targets).values()):
        for k, (_, way) in enumerate(ways):
            name = "true courses" if number == k == 0 else "_"
            axes.plot(*way.T, color=LIGHT["occupied"], lw=3.2, alpha=0.28, solid_capstyle="round", label=name)
            axes.plot(*way[-1], "o", ms=3.5, mew=0, color=LIGHT["occupied"])
    for number, (identity, ways) in enumerate(pieces(told.track_ids, told.tracks).items()):
        for k, (_, way) in enumerate(ways):
            name = "tracks, a colour each" if number == k == 0 else "_"
            axes.plot(*way.T, color=identity_colour(identity), lw=1.3, label=name)
    for s in range(len(world.views)):
        axes.plot(*told.sensors[:, s, :2].T, color=LIGHT["plan"], lw=1.0, ls=(0, (1, 2)))
        name = "sensors" if s == 0 else "_"
        axes.plot(*told.sensors[-1, s, :2], "^", ms=8, color=LIGHT["plan"], mec=LIGHT["panel"], label=name, ls="none")
    axes.set(xlim=(x0, x1), ylim=(y0, y1), aspect="equal", title=title)
    axes.set_axis_off()


def _patch(corners: Any, face: str, edge: str | None = None) -> Any:
    from matplotlib.patches import Polygon

    return Polygon(np.asarray(corners), closed=True, facecolor=face, edgecolor=edge or face, linewidth=0.8)


def watched_frames(track: Any, world: Any, width: int, tallest: int) -> Iterator[Any]:
    """The moments of an episode as Pillow images."""
    from PIL import Image

    told: Watched = track.watched
    canvas = Canvas(extent_of(told), width, tallest)
    ground = Image.new("RGB", canvas.size, LIGHT["unknown" if world.views else "free"])
    courses, ways = pieces(told.target_ids, told.targets), pieces(told.track_ids, told.tracks)
    for i in range(len(told.targets)):
        canvas.begin(ground)
        for s, view in enumerate(world.views):
            canvas.polygon(view_outline(told.sensors[i, s], view), LIGHT["free"], LIGHT["rule"])
        for own in courses.values():
            _draw_ways(canvas, own, i, (*rgb("occupied"), 90), 3.5)
        canvas.dots(told.detections(i, world.views), LIGHT["muted"], 1.8)
        for identity, own in ways.items():
            _draw_ways(canvas, own, i, identity_colour(identity), 1.6)
        canvas.dots(told.targets[i], LIGHT["occupied"], 3.2)
        for identity, point in zip(told.track_ids[i].tolist(), told.tracks[i], strict=True):
            canvas.ring(point, 0.0, identity_colour(identity))
        if world.views:
            canvas.dots(told.sensors[i, :, :2], LIGHT["plan"], 4.0)
        canvas.words(f"{track.steps[i] * (world.dt or 1.0):.1f} s")
        yield canvas.picture()


def _draw_ways(canvas: Canvas, ways: list[Any], now: int, colour: Any, width: float) -> None:
    for first, way in ways:
        if first <= now:
            canvas.line(way[max(now - first - BEHIND, 0) : now - first + 1], colour, width)
