"""Small charts as SVG inside the page: they follow its colours, scale without blur, and need nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.viz.markup import Html, join, number, tag

MOST_DOTS = 400
WIDTH = 340


class Row(NamedTuple):
    """One variant's values of a metric, their mean, and its 95 % interval."""

    label: str
    values: Sequence[float]
    mean: float | None
    low: float | None
    high: float | None


class Line(NamedTuple):
    label: str
    x: Array
    y: Array
    colour: str  # a name of the style


def interval_text(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{number(low)} – {number(high)}"


def strip_chart(name: str, rows: Sequence[Row], rate: bool = False) -> Html:
    """Every seed a dot, the mean a line, its interval a bar; a rate as a bar from 0 to 1."""
    scale, ticks = _scale(_extent(rows) if not rate else (0.0, 1.0), WIDTH - 20, 10, pad=not rate)
    parts, top = [], 0.0
    for i, row in enumerate(rows):
        colour = f"s{i % 6}"
        head = f"{number(row.mean)}" if row.mean is not None else "not reported"
        parts.append(_text(10, top + 12, row.label, class_="label"))
        parts.append(
            _text(
                WIDTH - 10,
                top + 12,
                join(tag("tspan", head, class_="label strong"), f"\u2002{interval_text(row.low, row.high)}"),
                text_anchor="end",
            )
        )
        centre = top + 36
        parts.append(_bar(row, scale, centre) if rate else _dots(row, scale, centre, colour))
        parts.append(_mean(row, scale, centre))
        top += 62
    parts.append(_axis(scale, ticks, top, 10, WIDTH - 10))
    said = "; ".join(
        f"{row.label or name}: mean {number(row.mean)}, 95 % interval {interval_text(row.low, row.high) or 'none'}"
        for row in rows
    )
    return _svg(WIDTH, top + 22, f"{name} over the seeds. {said}", *parts)


def line_chart(title: str, lines: Sequence[Line], x_label: str, y_label: str, bound: Line | None = None) -> Html:
    """Numbers over time, thin lines on one scale that starts at 0; `bound` is an area below its line."""
    width, height, left, base = 520, 236, 44, 190
    every = [line for line in (*lines, bound) if line is not None and np.isfinite(line.y).any()]
    highest = max((float(np.nanmax(line.y)) for line in every), default=1.0)
    lowest = min(0.0, min((float(np.nanmin(line.y)) for line in every), default=0.0))
    longest = max((float(line.x[-1]) for line in every if len(line.x)), default=1.0)
    across, x_ticks = _scale((0.0, longest or 1.0), width - left - 12, left, pad=False)
    up, y_ticks = _scale((lowest, highest if highest > lowest else lowest + 1.0), -(base - 14), base, pad=False)
    parts = []
    for value in y_ticks:
        parts.append(tag("line", x1=left, x2=width - 12, y1=_f(up(value)), y2=_f(up(value)), class_="grid"))
        parts.append(_text(left - 8, up(value) + 4, number(value), text_anchor="end"))
    if bound is not None:
        points = f"{_points(bound, across, up)} {_f(across(bound.x[-1]))},{_f(up(0.0))} {_f(across(bound.x[0]))},{_f(up(0.0))}"
        parts.append(tag("polygon", points=points, style=f"fill:var(--{bound.colour});opacity:.14"))
    for line in lines:
        style = f"fill:none;stroke:var(--{line.colour});stroke-width:1.4;stroke-linejoin:round;opacity:.85"
        parts.append(tag("polyline", tag("title", line.label), points=_points(line, across, up), style=style))
    parts.append(_axis(across, x_ticks, base, left, width - 12))
    parts.append(_text(width - 12, base + 38, x_label, text_anchor="end"))
    return _svg(
        width, height, f"{title}, {y_label} over {x_label}, for {', '.join(line.label for line in lines)}", *parts
    )


def _svg(width: float, height: float, alternative: str, *parts: Any) -> Html:
    return tag("svg", *parts, viewBox=f"0 0 {_f(width)} {_f(height)}", role="img", aria_label=alternative)


def _text(x: float, y: float, content: Any, **attributes: Any) -> Html:
    return tag("text", content, x=_f(x), y=_f(y), **attributes)


def _f(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _points(line: Line, across: Any, up: Any) -> str:
    kept = np.flatnonzero(np.isfinite(line.y))
    kept = kept[np.unique(np.linspace(0, len(kept) - 1, 300).round().astype(int))] if len(kept) else kept
    return " ".join(f"{_f(across(line.x[i]))},{_f(up(line.y[i]))}" for i in kept)


def _extent(rows: Sequence[Row]) -> tuple[float, float]:
    numbers = [v for row in rows for v in (*row.values, row.low, row.high) if v is not None and np.isfinite(v)]
    return (min(numbers), max(numbers)) if numbers else (0.0, 1.0)


def _scale(extent: tuple[float, float], length: float, start: float, pad: bool) -> tuple[Any, list[float]]:
    """A linear map of the extent onto pixels, and round numbers inside it."""
    low, high = extent
    if high <= low:
        low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
    if pad:
        low, high = low - 0.04 * (high - low), high + 0.04 * (high - low)
    raw = (high - low) / 4
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(float(m * power) for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    ticks = [float(k * step) for k in range(int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9)) + 1)]
    return lambda value: start + length * (float(value) - low) / (high - low), ticks


def _axis(scale: Any, ticks: list[float], y: float, left: float, right: float) -> Html:
    marks = [
        join(
            tag("line", x1=_f(scale(v)), x2=_f(scale(v)), y1=_f(y), y2=_f(y + 4), class_="axis"),
            _text(min(max(scale(v), left + 4), right - 8), y + 18, number(v), text_anchor="middle"),
        )
        for v in ticks
    ]
    return join(tag("line", x1=left, x2=right, y1=_f(y), y2=_f(y), class_="axis"), *marks)


def _dots(row: Row, scale: Any, centre: float, colour: str) -> Html:
    """A swarm: dots that would lie on each other are stacked up and down, the lower the more there are."""
    values = np.sort([v for v in row.values if v is not None and np.isfinite(v)])
    if len(values) > MOST_DOTS:
        values = values[np.linspace(0, len(values) - 1, MOST_DOTS).round().astype(int)]
    columns: dict[int, int] = {}
    places = []
    for value in values:
        column = int(scale(value) // 6)
        columns[column] = rank = columns.get(column, 0) + 1
        places.append((scale(value), column, rank - 1))
    tallest = max(columns.values(), default=1)
    pitch = min(6.0, 26 / max(tallest - 1, 1))
    circles = [
        tag("circle", cx=_f(x), cy=_f(centre + pitch * (rank - (columns[column] - 1) / 2)), r=2.6)
        for x, column, rank in places
    ]
    return tag("g", *circles, class_=f"swarm {colour}")


def _bar(row: Row, scale: Any, centre: float) -> Html:
    length = 0.0 if row.mean is None else scale(row.mean) - scale(0)
    whole = tag(
        "rect", x=_f(scale(0)), y=_f(centre - 5), width=_f(scale(1) - scale(0)), height=10, rx=5, class_="empty"
    )
    return join(
        whole, tag("rect", x=_f(scale(0)), y=_f(centre - 5), width=_f(length), height=10, rx=5, class_="filled")
    )


def _mean(row: Row, scale: Any, centre: float) -> Html:
    if row.mean is None:
        return Html("")
    parts = []
    if row.low is not None and row.high is not None:
        a, b = _f(scale(row.low)), _f(scale(row.high))
        parts.append(tag("line", x1=a, x2=b, y1=_f(centre), y2=_f(centre), class_="interval"))
    x = _f(scale(row.mean))
    parts.append(tag("line", x1=x, x2=x, y1=_f(centre - 12), y2=_f(centre + 12), class_="mean"))
    return join(*parts)
