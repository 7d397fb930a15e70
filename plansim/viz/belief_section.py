"""The part of a report that shows what was believed: each number of the state, its consistency, modes and bells."""

from __future__ import annotations

import numpy as np

from plansim.core.arrays import Array
from plansim.scenario.estimation_metrics import chi_square_bounds
from plansim.viz.belief_charts import bells_chart, component_chart, consistency_chart, legend, modes_chart, plane_chart
from plansim.viz.beliefs import Beliefs, Component, bell_moment, components, nees
from plansim.viz.markup import Html, number, tag, words
from plansim.viz.scene import Track, World
from plansim.viz.style import SERIES

MOST_VARIANTS, MOST_COMPONENTS = 20, 6


def belief_section(recorded: list[Track], worlds: dict[str, World]) -> Html | None:
    """The first recorded episode of each variant, folded away after the first."""
    firsts = list({track.variant: track for track in reversed(recorded) if track.beliefs is not None}.values())[::-1]
    if not firsts:
        return None
    parts = []
    for i, track in enumerate(firsts[:MOST_VARIANTS]):
        title = f"{track.variant}, seed {track.seed}" if track.variant else f"seed {track.seed}"
        charts = tag("div", *_charts(track, worlds[track.variant]), class_="charts two")
        parts.append(tag("details", tag("summary", title), charts, open=i == 0, class_="beliefs"))
    says = "What the estimator knew of the state that it could not see: the first recorded episode of each variant."
    entries = [("truth", "truth"), ("estimate, two standard deviations", "estimate"), ("reading", "beams")]
    cloud = any(track.beliefs.particles is not None for track in firsts if track.beliefs is not None)
    key = legend(*entries, *([("particles", "particles")] if cloud else []))
    return tag("section", tag("h2", "Estimates"), tag("p", says), key, *parts)


def _charts(track: Track, world: World) -> list[Html]:
    told = track.beliefs
    assert told is not None
    times, time_label = told.steps * (world.dt or 1.0), "time in s" if world.dt else "steps"
    shown = components(told, world.state, world.sensors)[:MOST_COMPONENTS]
    figures = [_plane(told, world)] if world.state is not None and world.state.names[:2] == ("x", "y") else []
    figures += [_figure(words(c.name), "", component_chart(c, times, time_label)) for c in shown]
    squares, bounds = nees(told, world.state)
    says = f", the error's square by the claimed covariance; 95 % should lie between {_between(bounds)}"
    figures.append(_figure("NEES", says, consistency_chart("NEES", times, squares, bounds, time_label)))
    figures += [f for f in (_nis(told, times, time_label), _modes(told, times, time_label), _bells(told, shown)) if f]
    return figures


def _figure(title: str, says: str, *parts: Html) -> Html:
    return tag("figure", tag("figcaption", title[:1].upper() + title[1:], tag("span", says)), *parts)


def _between(bounds: tuple[float, float]) -> str:
    return f"{number(bounds[0])} and {number(bounds[1])}"


def _nis(told: Beliefs, times: Array, time_label: str) -> Html | None:
    if told.nis is None or told.nis_size is None or not np.isfinite(told.nis).any():
        return None
    low, high = chi_square_bounds(np.maximum(told.nis_size, 1))
    read = np.flatnonzero(np.isfinite(told.nis))
    chart = consistency_chart("NIS", times[read], told.nis[read], (low[read], high[read]), time_label)
    return _figure("NIS", ", the innovation's square by its covariance; 95 % should lie in the band", chart)


def _modes(told: Beliefs, times: Array, time_label: str) -> Html | None:
    if told.modes is None:
        return None
    names = [(f"mode {j}", SERIES[j % len(SERIES)]) for j in range(told.modes.shape[1])]
    return _figure("Modes", ", how likely each of them is", legend(*names), modes_chart(times, told.modes, time_label))


def _bells(told: Beliefs, shown: list[Component]) -> Html | None:
    """Of the first number that a sensor reads, else of the first."""
    order = sorted(range(len(shown)), key=lambda i: (shown[i].reading_std is None, i))
    for i in order:
        c, frame = shown[i], bell_moment(told, i, shown[i])
        if frame is None or told.prior_mean is None or told.prior_cov is None:
            continue
        moved = c.mean[frame] - told.mean[frame, i]  # an angle's whole turns
        bells = [("before the reading", told.prior_mean[frame, i] + moved, told.prior_cov[frame, i, i] ** 0.5, "truth")]
        if c.reading_std is not None:
            bells.append(("the reading", float(c.readings[frame]), c.reading_std, "beams"))
        bells.append(("after it", float(c.mean[frame]), float(c.std[frame]), "estimate"))
        title = f"{words(c.name)} at step {told.steps[frame]}"
        key = legend(*((name, colour) for name, _, _, colour in bells))
        return _figure(title, ", as a reading changes it", key, bells_chart(words(c.name), bells))
    return None


def _plane(told: Beliefs, world: World) -> Html:
    readings = [rows[:, :2] for name, rows in told.readings.items() if _reads_place(world.sensors.get(name))]
    seen = np.concatenate(readings) if readings else np.empty((0, 2))
    seen = seen[np.isfinite(seen).all(1)]
    marks = np.empty((0, 2)) if world.landmarks is None else world.landmarks
    chart = plane_chart(told.truth[:, :2], told.mean[:, :2], told.cov[:, :2, :2], seen, marks, told.particles)
    return _figure("From above", ", with ellipses of two standard deviations", chart)


def _reads_place(sensor: object) -> bool:
    measurement = getattr(sensor, "measurement", None)
    return measurement is not None and measurement.names[:2] == ("x", "y")
