"""The report of a run: one page that opens from disk anywhere, and pictures beside it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from plansim.core.errors import MissingExtra
from plansim.scenario.metrics import is_rate
from plansim.scenario.result import Result
from plansim.viz import sections
from plansim.viz.belief_section import belief_section
from plansim.viz.convergence import convergence
from plansim.viz.episode_table import episodes, outcome
from plansim.viz.line_chart import Line, line_chart
from plansim.viz.markup import Html, join, json_script, tag, text, words
from plansim.viz.numbers import headline, meaning
from plansim.viz.player import player_data
from plansim.viz.scene import Track, World, tracks, worlds_of
from plansim.viz.strip_chart import Row, strip_chart
from plansim.viz.style import DARK, LIGHT, SERIES, css_variables
from plansim.viz.watched_section import watched_section

SCRIPTS = ("data.js", "map.js", "road.js", "tracks.js", "player.js", "table.js")
MOST_LINES = 12


def write_report(result: Result, folder: str | Path) -> Path:
    """Writes report.html into the folder, and the pictures of `plansim.viz.figures` where matplotlib is installed."""
    folder = Path(folder)
    worlds, recorded = worlds_of(result), tracks(result)
    notes = []
    try:
        from plansim.viz.figures import write_pictures

        write_pictures(result, folder, recorded, worlds)
    except MissingExtra as error:
        notes.append(f"Pictures as files were not drawn: {error}")
    path = folder / "report.html"
    path.write_text(page(result, recorded, worlds, notes), encoding="utf-8")
    return path


def page(result: Result, recorded: list[Track], worlds: dict[str, World], notes: list[str] | None = None) -> str:
    """The whole page as text: nothing in it is fetched from anywhere."""
    outcomes = {episode.key: outcome(episode) for episode in result.episodes}
    data = player_data(recorded, worlds, outcomes)
    shown = {(episode["variant"], episode["seed"]) for episode in data["episodes"]}
    unbuilt = dict.fromkeys(world.note for world in worlds.values() if world.note)
    notes = [
        *(notes or []),
        *(f"The environment could not be built again for the pictures: {note}" for note in unbuilt),
    ]
    body = join(
        sections.header(result),
        sections.expectations(result),
        headline(result),
        _player(data),
        belief_section(recorded, worlds),
        watched_section(recorded, worlds),
        _over_seeds(result),
        _over_time(recorded, worlds),
        convergence(recorded),
        episodes(result, shown),
        sections.reproduce(result, notes),
        tag("footer", "Written by plansim. Everything on this page is inside this one file."),
    )
    style = Template(_asset("report.css")).substitute(light=css_variables(LIGHT), dark=css_variables(DARK))
    return Template(_asset("report.html")).substitute(
        title=text(f"{result.scenario.name} · plansim"),
        style=style,
        body=body,
        data=json_script("player-data", data) if data["episodes"] else "",
        script='"use strict";\n' + "\n".join(_asset(name) for name in SCRIPTS),
    )


@cache
def _asset(name: str) -> str:
    return (files("plansim.viz") / "assets" / name).read_text(encoding="utf-8")


def _player(data: dict[str, Any]) -> Html | None:
    if not data["episodes"]:
        return None
    says = "Recorded episodes, step by step."
    if data["left_out"]:
        says += f" {data['left_out']} more are in the folder trajectories; this page had no room for them."
    return tag("section", tag("h2", "Watch"), tag("p", says), Html(_asset("player.html")))


def _over_seeds(result: Result) -> Html | None:
    """Per metric its distribution over the seeds, variants one below the other on the same scale."""
    charts = []
    for name in result.metric_names():
        rows = [Row(v, result.values(name, v), *result.estimate(name, v)[:3]) for v in result.variants]
        if any(row.values for row in rows):
            rate = all(is_rate(name, row.values) for row in rows)
            caption = tag("figcaption", words(name), tag("span", f", {meaning(name)}" if meaning(name) else ""))
            charts.append(tag("figure", caption, strip_chart(words(name), rows, rate)))
    if not charts:
        return None
    says = "Each dot is one seed; the line is the mean, the grey bar its 95 % interval."
    return tag("section", tag("h2", "Over the seeds"), tag("p", says), tag("div", *charts, class_="charts"))


def _over_time(recorded: list[Track], worlds: dict[str, World]) -> Html | None:
    """Errors, distances or returns of the recorded episodes, a chart for each variant."""
    figures = []
    driven = ("position error", "distance to goal") if any(t.estimate is not None for t in recorded) else ()
    for label in driven if any(t.placed for t in recorded) else ("return so far",):
        for variant in dict.fromkeys(track.variant for track in recorded):
            members = [track for track in recorded if track.variant == variant][:MOST_LINES]
            figure = _course(label, variant, members, worlds[variant])
            if figure is not None:
                figures.append(figure)
    if not figures:
        return None
    says = "The recorded episodes, one line each."
    return tag("section", tag("h2", "Over time"), tag("p", says), tag("div", *figures, class_="charts two"))


def _course(label: str, variant: str, members: list[Track], world: World) -> Html | None:
    lines, unit = [], ""
    for i, track in enumerate(members):
        for signal in track.signals:
            if signal.label == label and len(signal.values):
                unit = signal.unit
                lines.append(Line(f"seed {track.seed}", track.times(world), signal.values, SERIES[i % len(SERIES)]))
    if not lines:
        return None
    first, bound, says = members[0], None, f" ({unit})" if unit else ""
    if label == "position error" and first.cov is not None:
        claimed = 2 * (first.cov[:, 0, 0] + first.cov[:, 1, 1]) ** 0.5
        bound = Line("two standard deviations", first.times(world), claimed, "estimate")
        says += f"; shaded: two standard deviations, as the estimator claims them (seed {first.seed})"
    title = f"{label}, {variant}" if variant else label
    chart = line_chart(title, lines, "time in s" if world.dt else "steps", unit or "value", bound)
    return tag("figure", tag("figcaption", title[:1].upper() + title[1:], tag("span", says)), chart)
