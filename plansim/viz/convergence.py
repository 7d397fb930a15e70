"""How the cost of the best path fell while samples were drawn: one line an episode, one colour a variant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plansim.core.arrays import Array
from plansim.viz.line_chart import Line, line_chart
from plansim.viz.markup import Html, tag
from plansim.viz.scene import Track
from plansim.viz.style import SERIES

MOST_LINES = 24


def convergence(recorded: Sequence[Track]) -> Html | None:
    """A section with the chart; None where no planner kept its history."""
    told = [track for track in recorded if track.history is not None and len(track.history)]
    if not told:
        return None
    colours = {v: SERIES[i % len(SERIES)] for i, v in enumerate(dict.fromkeys(track.variant for track in recorded))}
    variants = dict.fromkeys(track.variant for track in told)
    best: dict[int, float] = {}
    for track in told:
        best[track.seed] = min(best.get(track.seed, np.inf), float(_history(track)[-1, 1]))
    most = max(float(_history(track)[-1, 0]) for track in told)
    lines = [_line(track, colours[track.variant], best[track.seed], most) for track in told[:MOST_LINES]]
    keys = [tag("span", tag("i", style=f"background:var(--{colours[v]})"), v or "cost") for v in variants]
    chart = line_chart("Cost of the best path so far", lines, "samples drawn", "% above the best in the end")
    caption = tag("figcaption", "Cost over samples", tag("span", ", % above the best that was found for the seed"))
    figure = tag("figure", caption, chart, tag("div", *keys, class_="legend"))
    says = "How much better paths got with samples, one line for each recorded episode."
    return tag("section", tag("h2", "Convergence"), tag("p", says), tag("div", figure, class_="charts two"))


def _history(track: Track) -> Array:
    return np.asarray(track.history, float)


def _line(track: Track, colour: str, best: float, most: float) -> Line:
    """A staircase, held until the longest search of all ended."""
    history = _history(track)
    samples = np.repeat(np.append(history[:, 0], most), 2)[1:-1]
    above = 100.0 * (np.repeat(history[:, 1], 2) / best - 1.0)
    return Line(
        f"{track.variant}, seed {track.seed}" if track.variant else f"seed {track.seed}", samples, above, colour
    )
