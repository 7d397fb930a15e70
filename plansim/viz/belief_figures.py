"""Estimates as a picture file: each number of the state, a row, and each variant, a column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from plansim.viz.beliefs import components, nees
from plansim.viz.scene import Track, World
from plansim.viz.style import LIGHT, SERIES, figure_of, legend

MOST_COLUMNS, MOST_ROWS = 4, 4


def estimates(tracks: Sequence[Track], worlds: dict[str, World]) -> Any:
    """Truth, estimate with two standard deviations, readings and particles; below them NEES, and modes if any."""
    firsts = list({track.variant: track for track in reversed(tracks)}.values())[::-1][:MOST_COLUMNS]
    shown = [_shown(track, worlds[track.variant]) for track in firsts]
    modes = any(track.beliefs.modes is not None for track in firsts)  # type: ignore[union-attr]
    rows = max(len(parts) for parts in shown) + 1 + modes
    figure = figure_of(1.75 * rows + 0.4)
    grid = figure.subplots(rows, len(firsts), squeeze=False, sharex="col")
    for column, (track, parts) in enumerate(zip(firsts, shown, strict=True)):
        for row, part in enumerate(parts):
            _component(grid[row, column], part, track, worlds[track.variant])
        _nees(grid[len(parts), column], track, worlds[track.variant])
        for axes in grid[len(parts) + 1 :, column]:
            _modes(axes, track, worlds[track.variant])
        where = f"{track.variant}: " if track.variant else ""
        grid[0, column].set_title(where + parts[0].name)
        grid[-1, column].set_xlabel("time (s)" if worlds[track.variant].dt else "steps")
    legend(figure, grid[0, 0])
    return figure


def _shown(track: Track, world: World) -> list[Any]:
    return components(track.beliefs, world.state, world.sensors)[:MOST_ROWS]  # type: ignore[arg-type]


def _times(track: Track, world: World) -> Any:
    return track.beliefs.steps * (world.dt or 1.0)  # type: ignore[union-attr]


def _component(axes: Any, c: Any, track: Track, world: World) -> None:
    times = _times(track, world)
    axes.fill_between(
        times, c.mean - 2 * c.std, c.mean + 2 * c.std, color=LIGHT["estimate"], alpha=0.15, lw=0,
        label="2 standard deviations",
    )  # fmt: skip
    if c.particles is not None:
        axes.plot(times[c.particles[0]], c.particles[1], ".", ms=1.2, mew=0, alpha=0.35, color=LIGHT["particles"])
    axes.plot(times, c.readings, ".", ms=3, mew=0, color=LIGHT["beams"], alpha=0.8, label="reading")
    axes.plot(times, c.truth, color=LIGHT["truth"], lw=1.4, label="truth")
    axes.plot(times, c.mean, color=LIGHT["estimate"], lw=1.0, label="estimate")
    axes.set_title(c.name)
    axes.margins(x=0.005)


def _nees(axes: Any, track: Track, world: World) -> None:
    squares, (low, high) = nees(track.beliefs, world.state)  # type: ignore[arg-type]
    top = float(np.clip(squares.max(), 1.2 * high, 3 * high))
    axes.axhspan(low, high, color=LIGHT["muted"], alpha=0.14, lw=0)
    axes.plot(_times(track, world), np.minimum(squares, top), ".", ms=3, mew=0, color=LIGHT["truth"], alpha=0.7)
    axes.set(ylim=(0, 1.03 * top), title="NEES")


def _modes(axes: Any, track: Track, world: World) -> None:
    modes = track.beliefs.modes  # type: ignore[union-attr]
    if modes is None:
        axes.set_axis_off()
        return
    colours = [LIGHT[SERIES[j % len(SERIES)]] for j in range(modes.shape[1])]
    axes.stackplot(_times(track, world), modes.T, colors=colours, alpha=0.6, lw=0)
    axes.set(ylim=(0, 1), title="probabilities of the modes")
