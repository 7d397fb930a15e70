"""Numbers over time: thin lines on one scale that holds 0, over the area of what was claimed of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.viz.markup import Html, join, number, tag
from plansim.viz.svg import Scale, axis, label, rule, scale, short, svg, ticks, widened

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BASE = 520, 236, 44, 14, 508, 190  # pixels
MOST_POINTS = 300


class Line(NamedTuple):
    label: str
    x: Array
    y: Array
    colour: str  # a name of the style


def line_chart(title: str, lines: Sequence[Line], x_label: str, y_label: str, bound: Line | None = None) -> Html:
    """`bound` is drawn as the area between 0 and its line."""
    across_extent, up_extent = _extents([*lines, *([bound] if bound else [])])
    across, up = scale(across_extent, LEFT, RIGHT), scale(up_extent, BASE, TOP)
    drawn = [_polyline(line, across, up) for line in lines]
    alternative = f"{title}: {y_label} over {x_label}, for {', '.join(line.label for line in lines)}"
    return svg(
        WIDTH,
        HEIGHT,
        alternative,
        *(_level(value, up) for value in ticks(up_extent)),
        _area(bound, across, up) if bound else None,
        *drawn,
        axis(across, ticks(across_extent), BASE, LEFT, RIGHT),
        label(RIGHT, BASE + 38, x_label, text_anchor="end"),
    )


def _extents(lines: Sequence[Line]) -> tuple[tuple[float, float], tuple[float, float]]:
    y = np.concatenate([[0.0], *(line.y[np.isfinite(line.y)] for line in lines)])
    longest = max((float(line.x[-1]) for line in lines if len(line.x)), default=0.0)
    return (0.0, longest or 1.0), widened(float(y.min()), float(y.max()))


def _level(value: float, up: Scale) -> Html:
    written = label(LEFT - 8, up(value) + 4, number(value), text_anchor="end")
    return join(rule(LEFT, up(value), RIGHT, up(value), "grid"), written)


def _points(line: Line, across: Scale, up: Scale) -> list[str]:
    kept = np.flatnonzero(np.isfinite(line.y))
    if len(kept) > MOST_POINTS:
        kept = kept[np.linspace(0, len(kept) - 1, MOST_POINTS).round().astype(int)]
    return [f"{short(across(line.x[i]))},{short(up(line.y[i]))}" for i in kept]


def _polyline(line: Line, across: Scale, up: Scale) -> Html:
    style = f"fill:none;stroke:var(--{line.colour});stroke-width:1.4;stroke-linejoin:round;opacity:.85"
    return tag("polyline", tag("title", line.label), points=" ".join(_points(line, across, up)), style=style)


def _area(line: Line, across: Scale, up: Scale) -> Html:
    floor = [f"{short(across(x))},{short(up(0.0))}" for x in (line.x[-1], line.x[0])]
    points = " ".join([*_points(line, across, up), *floor])
    return tag("polygon", points=points, style=f"fill:var(--{line.colour});opacity:.14")
