"""The part of a report that shows how targets were followed: GOSPA's parts over time, and each target's life."""

from __future__ import annotations

from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.tracking.metrics.clear_mot import followed, matched
from plansim.viz.belief_charts import legend
from plansim.viz.line_chart import Line, line_chart
from plansim.viz.markup import Html, number, tag
from plansim.viz.svg import axis, label, scale, short, svg, ticks
from plansim.viz.watched import Watched, identity_colour

MOST_VARIANTS, MOST_LIVES = 12, 40
WIDTH, LEFT, RIGHT, TOP, ROW = 520, 44, 508, 12, 12  # pixels


def watched_section(recorded: list[Any], worlds: dict[str, Any]) -> Html | None:
    """The first recorded episode of each variant, folded away after the first."""
    firsts = list({t.variant: t for t in reversed(recorded) if t.watched is not None}.values())[::-1]
    if not firsts:
        return None
    parts = []
    for i, track in enumerate(firsts[:MOST_VARIANTS]):
        world = worlds[track.variant]
        title = f"{track.variant}, seed {track.seed}" if track.variant else f"seed {track.seed}"
        times, time_label = track.times(world), "time in s" if world.dt else "steps"
        charts = tag("div", _parts(track.watched, times, time_label), _lives(track.watched, times, time_label),
                     class_="charts two")  # fmt: skip
        parts.append(tag("details", tag("summary", title), charts, open=i == 0, class_="beliefs"))
    says = "How the targets were followed: the first recorded episode of each variant."
    return tag("section", tag("h2", "Tracks"), tag("p", says), *parts)


def _parts(told: Watched, times: Array, time_label: str) -> Html:
    scores = told.scores
    rows = {
        "localisation": ("estimate", [score.localisation for score in scores]),
        "missed targets": ("truth", [score.missed for score in scores]),
        "false tracks": ("obstacles", [score.false for score in scores]),
    }
    lines = [Line(name, times, np.sqrt(values), colour) for name, (colour, values) in rows.items()]
    whole = Line("GOSPA", times, np.array([score.distance for score in scores]), "muted")
    key = legend(*((line.label, line.colour) for line in lines), ("all of it", "muted"))
    says = f", cutoff {number(told.cutoff)} m: the root of each part"
    return tag("figure", tag("figcaption", "GOSPA", tag("span", says)), key,
               line_chart("GOSPA and its parts", lines, time_label, "m", whole))  # fmt: skip


def _lives(told: Watched, times: Array, time_label: str) -> Html:
    """A row a target: thin where it is there, thick in the colour of the track that it has."""
    frames = told.frames
    courses = followed(frames, matched(frames))
    present: dict[int, list[int]] = {}
    for f, frame in enumerate(frames):
        for target in frame.target_ids.tolist():
            present.setdefault(target, []).append(f)
    shown = sorted(courses)[:MOST_LIVES]
    height = TOP + ROW * max(len(shown), 1) + 46
    extent = (0.0, float(times[-1]) or 1.0) if len(times) else (0.0, 1.0)
    across, width = scale(extent, LEFT, RIGHT), float(times[1] - times[0]) if len(times) > 1 else 1.0
    marks = []
    for row, target in enumerate(shown):
        y = TOP + ROW * (row + 0.5)
        marks.append(label(LEFT - 8, y + 4, target, text_anchor="end"))
        for first, last, track in runs(present[target], courses[target]):
            x1, x2 = across(times[first]), min(across(times[last] + width), RIGHT)
            colour = "var(--muted)" if track is None else identity_colour(track)
            marks.append(
                tag("rect", x=short(x1), y=short(y - (1 if track is None else 4)), width=short(max(x2 - x1, 0.5)),
                    height=2 if track is None else 8, fill=colour)
            )  # fmt: skip
    base = TOP + ROW * max(len(shown), 1) + 4
    marks += [axis(across, ticks(extent), base, LEFT, RIGHT), label(RIGHT, base + 36, time_label, text_anchor="end")]
    left = len(courses) - len(shown)
    says = f", each by its number; a change of colour is a change of track{f'; {left} more not shown' if left else ''}"
    drawn = svg(WIDTH, height, "who follows each target over time", *marks)
    return tag("figure", tag("figcaption", "Targets and their tracks", tag("span", says)), drawn)


def runs(frames: list[int], course: list[int | None]) -> list[tuple[int, int, int | None]]:
    """First frame, last frame and track of each stretch in which a target keeps its track, or has none."""
    found: list[tuple[int, int, int | None]] = []
    for frame, track in zip(frames, course, strict=True):
        if found and found[-1][2] == track and found[-1][1] == frame - 1:
            found[-1] = (found[-1][0], frame, track)
        else:
            found.append((frame, frame, track))
    return found
