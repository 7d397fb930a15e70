"""How the cost of the best path fell while samples were drawn: one line an episode, one colour a variant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plansim.viz.line_chart import Line, line_chart
from plansim.viz.markup import Html, tag
from plansim.viz.scene import Track
from plansim.viz.style import SERIES

MOST_LINES = 24


def convergence(recorded: Sequence[Track]) -> Html | None:
    """A section with the chart; None where no planner kept its history."""
    told = [track for track in recorded if track.history is not None]
    if not told:
        return None
    variants = list(dict.fromkeys(track.variant for track in told))
    most = max(float(track.history[-1, 0]) for track in told if track.history is not None)
    lines = [_line(track, SERIES[variants.index(track.variant) % len(SERIES)], most) for track in told[:MOST_LINES]]
    keys = [
        tag("span", tag("i", style=f"background:var(--{SERIES[i % len(SERIES)]})"), v or "all")
        for i, v in enumerate(variants)
    ]
    chart = line_chart("Cost of the best path so far", lines, "samples drawn", "cost")
    figure = tag(
        "figure", tag("figcaption", "Cost over samples"), chart, tag("div", *keys, class_="legend"), class_="wide"
    )
    says = "What the best path cost after so many samples, one line for each recorded episode."
    return tag("section", tag("h2", "Convergence"), tag("p", says), figure)


def _line(track: Track, colour: str, most: float) -> Line:
    """A staircase, held until the longest search of all ended."""
    history = np.asarray(track.history, float)
    samples = np.repeat(np.append(history[:, 0], most), 2)[1:-1]
    label = f"{track.variant}, seed {track.seed}" if track.variant else f"seed {track.seed}"
    return Line(label, samples, np.repeat(history[:, 1], 2), colour)
