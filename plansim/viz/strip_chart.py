"""A metric over the seeds: every seed a dot, the mean a line, its interval a bar, a row a variant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from plansim.viz.markup import Html, interval_text, join, number, tag
from plansim.viz.svg import Scale, axis, label, rule, scale, short, svg, ticks, widened

WIDTH, MARGIN, ROW = 340, 10, 62  # pixels
MOST_DOTS = 400
LETTERS = 42  # that fit side by side


class Row(NamedTuple):
    """One variant's values of a metric, their mean, and its 95 % interval."""

    label: str
    values: Sequence[float]
    mean: float | None
    low: float | None
    high: float | None


def strip_chart(name: str, rows: Sequence[Row], rate: bool = False) -> Html:
    """All rows on one scale; a rate is a bar from 0 to 1 instead of dots."""
    extent = (0.0, 1.0) if rate else _extent(rows)
    across = scale(extent, MARGIN, WIDTH - MARGIN)
    parts = [_row(row, i, across, rate) for i, row in enumerate(rows)]
    base = ROW * len(rows)
    parts.append(axis(across, ticks(extent), base, MARGIN, WIDTH - MARGIN))
    said = "; ".join(f"{row.label or 'all'}: {_said(row)}" for row in rows)
    return svg(WIDTH, base + 22, f"{name} over the seeds. {said}", *parts)


def _said(row: Row) -> str:
    return f"mean {number(row.mean)}, 95 % interval {interval_text(row.low, row.high) or 'unknown'}"


def _extent(rows: Sequence[Row]) -> tuple[float, float]:
    numbers = [v for row in rows for v in (*row.values, row.low, row.high) if v is not None and np.isfinite(v)]
    return widened(min(numbers), max(numbers), 0.04) if numbers else (0.0, 1.0)


def _row(row: Row, i: int, across: Scale, rate: bool) -> Html:
    top, centre = ROW * i + 12, ROW * i + 36
    mean = tag("tspan", "not reported" if row.mean is None else number(row.mean), class_="label strong")
    interval = interval_text(row.low, row.high)
    fits = len(row.label) + len(number(row.mean)) + len(interval) < LETTERS
    numbers = join(mean, f"\u2002{interval}" if fits else "")  # the table has it
    return join(
        label(MARGIN, top, row.label, class_="label"),
        label(WIDTH - MARGIN, top, numbers, text_anchor="end"),
        _bar(row, across, centre) if rate else _swarm(row, across, centre, f"s{i % 6}"),
        _mean(row, across, centre),
    )


def _swarm(row: Row, across: Scale, centre: float, colour: str) -> Html:
    """Dots that would lie on each other are stacked up and down, the tighter the more there are."""
    values = np.sort([v for v in row.values if np.isfinite(v)])
    if len(values) > MOST_DOTS:
        values = values[np.linspace(0, len(values) - 1, MOST_DOTS).round().astype(int)]
    columns = [int(across(value) // 6) for value in values]
    heights = {column: columns.count(column) for column in columns}
    pitch = min(6.0, 26 / max(max(heights.values(), default=1) - 1, 1))
    dots, ranks = [], dict.fromkeys(heights, 0)
    for value, column in zip(values, columns, strict=True):
        y = centre + pitch * (ranks[column] - (heights[column] - 1) / 2)
        ranks[column] += 1
        dots.append(tag("circle", cx=short(across(value)), cy=short(y), r=2.6))
    return tag("g", *dots, class_=f"swarm {colour}")


def _bar(row: Row, across: Scale, centre: float) -> Html:
    def pill(value: float, class_: str) -> Html:
        length = across(value) - across(0)
        return tag("rect", x=MARGIN, y=short(centre - 5), width=short(length), height=10, rx=5, class_=class_)

    return join(pill(1.0, "empty"), pill(row.mean or 0.0, "filled"))


def _mean(row: Row, across: Scale, centre: float) -> Html:
    if row.mean is None or not np.isfinite(row.mean):
        return Html("")
    line = rule(across(row.mean), centre - 12, across(row.mean), centre + 12, "mean")
    if row.low is None or row.high is None:
        return line
    return join(rule(across(row.low), centre, across(row.high), centre, "interval"), line)
