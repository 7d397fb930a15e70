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
from plansim.viz.markup import number, words
from plansim.viz.player import search_order, view
from plansim.viz.scene import Track, World
from plansim.viz.style import LIGHT, SERIES, figure_style, rgb

WIDTH, DPI = 10.0, 160  # inches, pixels an inch: 1600 pixels wide
MOST_SMALL, MOST_SIGNALS, MOST_METRICS = 8, 8, 12


def write_pictures(result: Result, folder: Path, tracks: list[Track], worlds: dict[str, World]) -> list[Path]:
    """overview.png, metrics.png and errors.png, as far as there is something to show; what was written."""
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
        if any(track.estimate is not None for track in placed):
            written.append(_save(errors(placed, worlds), folder / "errors.png"))
    return written


def _figure(height: float) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure((WIDTH, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)  # Agg whatever is set elsewhere: a run on a server draws as one on a desk
    return figure


def _save(figure: Any, path: Path) -> Path:
    figure.savefig(path, metadata={"Software": None})
    return path


def overview(tracks: Sequence[Track], worlds: dict[str, World]) -> Any:
    """Variants that searched one map side by side; otherwise one episode large and the others small."""
    firsts = list({track.variant: track for track in reversed(tracks)}.values())[::-1]
    if len(firsts) > 1:
        shape = (-(-len(firsts) // 2), 2)
        figure = _figure(shape[0] * _height(firsts[0], worlds, WIDTH / 2) + 0.5)
        grid = figure.subplots(*shape, squeeze=False).ravel()
        for axes, track in zip(grid, firsts, strict=False):
            draw_track(axes, track, worlds[track.variant], title=f"{track.variant}, seed {track.seed}")
        for axes in grid[len(firsts) :]:
            axes.set_axis_off()
        _legend(figure, grid[0])
        return figure
    return _one_and_others(tracks[0], tracks[1 : 1 + MOST_SMALL], worlds)


def _one_and_others(first: Track, others: Sequence[Track], worlds: dict[str, World]) -> Any:
    rows = -(-len(others) // 4)
    large, small = _height(first, worlds, WIDTH), _height(first, worlds, WIDTH / 4) + 0.25
    figure = _figure(large + rows * small + 0.5)
    grid = figure.add_gridspec(1 + rows, 4, height_ratios=[large, *[small] * rows])
    axes = figure.add_subplot(grid[0, :])
    draw_track(axes, first, worlds[first.variant], title=f"seed {first.seed}")
    for i, track in enumerate(others):
        draw_track(
            figure.add_subplot(grid[1 + i // 4, i % 4]), track, worlds[track.variant], title=f"seed {track.seed}"
        )
    _legend(figure, axes)
    return figure


def _height(track: Track, worlds: dict[str, World], width: float) -> float:
    x0, y0, x1, y1 = view(track, worlds[track.variant])
    return float(np.clip(width * (y1 - y0) / (x1 - x0), 0.2 * width, 0.75 * width)) + 0.3


def _legend(figure: Any, axes: Any) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower left", ncols=8, handlelength=1.6, columnspacing=1.6)


def draw_track(axes: Any, track: Track, world: World, title: str = "") -> None:
    """One episode on its map: search, plan, true and estimated path, start and goal."""
    x0, y0, x1, y1 = view(track, world)
    if world.map is not None:
        _draw_map(axes, ground(world.map), world.map)
        if track.expanded is not None and len(track.expanded.at(0)):
            _draw_map(axes, search_colours(track.expanded.at(0), world.map), world.map)
            axes.fill([], [], color=LIGHT["expanded"], label="search")
    if track.path is not None and len(track.path.at(0)):
        axes.plot(*track.path.at(0)[:, :2].T, color=LIGHT["plan"], lw=1.6, ls=(0, (1, 1.8)), label="first plan")
    axes.plot(track.truth[:, 0], track.truth[:, 1], color=LIGHT["truth"], lw=2, label="true path")
    if track.estimate is not None:
        axes.plot(track.estimate[:, 0], track.estimate[:, 1], color=LIGHT["estimate"], lw=0.9, label="estimate")
    axes.plot(*track.truth[0, :2], "o", ms=6, mfc=LIGHT["panel"], mec=LIGHT["truth"], mew=1.8, label="start")
    if track.goal is not None:
        axes.plot(*track.goal[0], "o", ms=8, color=LIGHT["good"], mec=LIGHT["panel"], mew=1.2, label="goal")
    axes.set(xlim=(x0, x1), ylim=(y0, y1), aspect="equal", title=title)
    axes.set_axis_off()


def ground(grid: Any) -> Array:
    """The map in colour, (H, W, 4): free, unknown, occupied, and what lies between."""
    p = np.asarray(grid.probability)[..., None]
    free, unknown, occupied = (np.array(rgb(name)) / 255 for name in ("free", "unknown", "occupied"))
    colours = np.where(p < 0.5, free + (unknown - free) * 2 * p, unknown + (occupied - unknown) * (2 * p - 1))
    return np.concatenate((colours, np.ones_like(p)), axis=-1)


def search_colours(points: Array, grid: Any) -> Array:
    """The cells that a search looked at, (H, W, 4): the earlier, the stronger."""
    order = search_order(points[:, :2], grid)[..., None] / 255
    colour = np.broadcast_to(np.array(rgb("expanded")) / 255, (*grid.shape, 3))
    return np.concatenate((colour, np.where(order > 0, 0.2 + 0.6 * order, 0)), axis=-1)


def _draw_map(axes: Any, picture: Array, grid: Any) -> None:
    from matplotlib.transforms import Affine2D

    x, y, heading = grid.origin
    placed = Affine2D().rotate(heading).translate(x, y) + axes.transData
    axes.imshow(picture, origin="lower", extent=(0, grid.size[0], 0, grid.size[1]), transform=placed)


def courses(tracks: Sequence[Track], worlds: dict[str, World]) -> Any:
    """Every number of observations, actions and rewards over time, for environments that are no place."""
    labels = [signal.label for signal in tracks[0].signals][:MOST_SIGNALS]
    rows = max(-(-len(labels) // 2), 1)
    figure = _figure(1.7 * rows + 0.4)
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
    _legend(figure, grid[0])
    return figure


def metrics(result: Result) -> Any:
    """Each metric over the seeds: a dot a seed, the mean, its 95 % interval, a row a variant."""
    names = [name for name in result.metric_names() if any(result.values(name, v) for v in result.variants)]
    names = names[:MOST_METRICS]
    columns = min(len(names), 3)
    rows = -(-len(names) // columns)
    figure = _figure(rows * (0.85 + 0.5 * len(result.variants)))
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


def errors(tracks: Sequence[Track], worlds: dict[str, World]) -> Any:
    """Estimate minus truth over time with the two standard deviations that the estimator claims."""
    track = next(track for track in tracks if track.estimate is not None)
    others = [t for t in tracks if t.estimate is not None and t is not track and t.variant == track.variant]
    times, world = track.times(worlds[track.variant]), worlds[track.variant]
    figure = _figure(5.2)
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
    _legend(figure, figure.axes[0])
    return figure


def _error(track: Track, i: int) -> Array:
    difference = track.estimate[:, i] - track.truth[:, i]
    return wrap_angle(difference) if i == 2 else difference
