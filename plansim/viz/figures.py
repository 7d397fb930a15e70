"""Pictures of a Result as files: where the robot went, what the metrics are, how far the estimate was off."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import require
from plansim.core.layout import wrap_angle
from plansim.scenario.metrics import METRICS
from plansim.scenario.result import Result
from plansim.viz.belief_figures import estimates
from plansim.viz.markup import number, words
from plansim.viz.overview import MOST_SMALL, overview
from plansim.viz.scene import Track, World
from plansim.viz.style import LIGHT, SERIES, figure_of, figure_style, legend

MOST_SIGNALS, MOST_METRICS = 8, 12


def write_pictures(result: Result, folder: Path, tracks: list[Track], worlds: dict[str, World]) -> list[Path]:
    """overview.png, metrics.png, estimates.png or errors.png, if there is what to show; what was written."""
    require("matplotlib", "viz")
    placed = [track for track in tracks if track.placed]
    written = []
    with figure_style():
        if placed:
            written.append(_save(overview(placed, worlds), folder / "overview.png"))
        elif any(track.signals for track in tracks):
            written.append(_save(courses(tracks, worlds), folder / "overview.png"))
        if any(result.values(name, v) for name in result.metric_names() for v in result.variants):
            written.append(_save(metrics(result), folder / "metrics.png"))
        believed = [track for track in tracks if track.beliefs is not None]
        if believed:
            written.append(_save(estimates(believed, worlds), folder / "estimates.png"))
        elif any(track.estimate is not None for track in placed):
            written.append(_save(errors(placed, worlds), folder / "errors.png"))
    return written


def _save(figure: Any, path: Path) -> Path:
    figure.savefig(path, metadata={"Software": None})
    return path


def courses(tracks: Sequence[Track], worlds: dict[str, World]) -> Any:
    """Every number of observations, actions and rewards over time, for environments that are no place."""
    labels = [signal.label for signal in tracks[0].signals][:MOST_SIGNALS]
    rows = max(-(-len(labels) // 2), 1)
    figure = figure_of(1.7 * rows + 0.4)
    grid = figure.subplots(rows, 2, squeeze=False, sharex=True).ravel()
    for axes, label in zip(grid, labels, strict=False):
        for i, track in enumerate(tracks[: len(SERIES)]):
            for signal in track.signals:
                if signal.label == label:
                    said = f"seed {track.seed}" if not track.variant else f"{track.variant}, seed {track.seed}"
                    times = track.times(worlds[track.variant])
                    axes.plot(times, signal.values, color=LIGHT[SERIES[i]], lw=1.1, alpha=0.9, label=said)
        axes.set_title(label)
    for axes in grid[len(labels) :]:
        axes.set_axis_off()
    legend(figure, grid[0])
    return figure


def metrics(result: Result) -> Any:
    """Each metric over the seeds: a dot a seed, the mean, its 95 % interval, a row a variant."""
    names = [name for name in result.metric_names() if any(result.values(name, v) for v in result.variants)]
    names = names[:MOST_METRICS]
    columns = min(len(names), 3)
    rows = -(-len(names) // columns)
    figure = figure_of(rows * (0.85 + 0.5 * len(result.variants)))
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, name in zip(grid, names, strict=False):
        _metric(axes, result, name)
    for axes in grid[len(names) :]:
        axes.set_axis_off()
    return figure


def _metric(axes: Any, result: Result, name: str) -> None:
    unit = METRICS[name].unit if name in METRICS else ""
    for row, variant in enumerate(result.variants):
        values = np.array(result.values(name, variant), float)
        height = row + 0.3 * (np.arange(len(values)) * 0.618034 % 1 - 0.5)  # evenly spread, the same every time
        axes.plot(values, height, "o", ms=4, mew=0, alpha=0.45, color=LIGHT[SERIES[row % len(SERIES)]])
        estimate = result.estimate(name, variant)
        if estimate.mean is None:
            continue
        if estimate.low is not None and estimate.high is not None:
            axes.plot([estimate.low, estimate.high], [row, row], color=LIGHT["ink"], lw=4, alpha=0.3)
        axes.plot([estimate.mean] * 2, [row - 0.28, row + 0.28], color=LIGHT["ink"], lw=1.8)
        axes.annotate(number(estimate.mean), (estimate.mean, row - 0.3), ha="center", va="bottom", weight="bold")
    axes.set(title=words(name) + (f" ({unit})" if unit not in ("", "rate", "steps", "plans") else ""))
    axes.set(ylim=(len(result.variants) - 0.4, -0.75), yticks=range(len(result.variants)), yticklabels=result.variants)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.08)
    axes.locator_params(axis="x", nbins=4)
    axes.xaxis.set_major_formatter(lambda value, _: number(value))


def errors(tracks: Sequence[Track], worlds: dict[str, World]) -> Any:
    """Estimate minus truth over time with the two standard deviations that the estimator claims."""
    track = next(track for track in tracks if track.estimate is not None)
    others = [t for t in tracks if t.estimate is not None and t is not track and t.variant == track.variant]
    times, world = track.times(worlds[track.variant]), worlds[track.variant]
    figure = figure_of(5.2)
    for i, (axes, name) in enumerate(
        zip(figure.subplots(3, 1, sharex=True), ("x (m)", "y (m)", "heading (°)"), strict=True)
    ):
        scale = np.degrees(1.0) if i == 2 else 1.0
        if track.cov is not None:
            two = 2 * scale * np.sqrt(np.maximum(track.cov[:, i, i], 0))
            axes.fill_between(
                times, -two, two, color=LIGHT["estimate"], alpha=0.14, lw=0, label="2 standard deviations"
            )
        for other in others[:MOST_SMALL]:
            axes.plot(other.times(world), scale * _error(other, i), color=LIGHT["muted"], lw=0.6, alpha=0.35)
        axes.plot(times, scale * _error(track, i), color=LIGHT["estimate"], lw=1.1, label=f"seed {track.seed}")
        axes.axhline(0, color=LIGHT["rule"], lw=0.8, zorder=0)
        axes.set_title(f"error of {name}")
        axes.margins(x=0.005)
    axes.set_xlabel("time (s)" if world.dt else "steps")
    legend(figure, figure.axes[0])
    return figure


def _error(track: Track, i: int) -> Array:
    difference = (np.asarray(track.judged) - track.truth)[:, i]
    return wrap_angle(difference) if i == 2 else difference
