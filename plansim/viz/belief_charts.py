"""Charts of a belief: bands around estimates, consistency between its bounds, modes, bells, and ways with ellipses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.viz.beliefs import Component
from plansim.viz.line_chart import BASE, HEIGHT, LEFT, RIGHT, TOP, WIDTH
from plansim.viz.markup import Html, join, number, tag
from plansim.viz.reading import Ragged
from plansim.viz.style import SERIES
from plansim.viz.svg import Scale, axis, label, rule, scale, short, svg, ticks, widened

MOST_POINTS, MOST_DOTS = 300, 250


def component_chart(component: Component, times: Array, time_label: str) -> Html:
    """Truth and estimate over time, two standard deviations about it, readings as dots, particles as a haze."""
    c = component
    low, high = c.mean - 2 * c.std, c.mean + 2 * c.std
    shown = np.concatenate([c.truth, c.mean, c.readings[np.isfinite(c.readings)], *_typical(low, high)])
    frame = _Frame((float(times[0]), float(times[-1])), _extent(shown))
    parts = [frame.band(times, low, high, "estimate")]
    if c.particles is not None:
        parts.append(frame.dots(times[c.particles[0]], c.particles[1], "particles", 2.0, 0.4))
    read = np.flatnonzero(np.isfinite(c.readings))
    parts.append(frame.dots(times[_thin(read)], c.readings[_thin(read)], "beams", 3.4, 0.75))
    parts += [frame.line(times, c.truth, "truth", 1.8), frame.line(times, c.mean, "estimate", 1.5)]
    return frame.chart(f"{c.name}: truth, estimate and two standard deviations", parts, time_label)


def consistency_chart(name: str, times: Array, squares: Array, bounds: tuple[Any, Any], time_label: str) -> Html:
    """Normalised squares over time; within the grey band 95 % of them should be. What is far above it is cut off."""
    low, high = (np.broadcast_to(bound, len(times)).astype(float) for bound in bounds)
    usual = 3 * float(np.nanmax(high))
    top = min(max(float(np.nanmax(squares, initial=0.0)), 1.2 * float(np.nanmax(high))), usual)
    frame = _Frame((float(times[0]), float(times[-1])), (0.0, top))
    cut = np.minimum(squares, top)
    parts = [frame.band(times, low, high, "muted"), frame.dots(times[_thin(np.flatnonzero(np.isfinite(cut)))],
             cut[_thin(np.flatnonzero(np.isfinite(cut)))], "truth", 3.0, 0.7)]  # fmt: skip
    return frame.chart(f"{name} over time, with the bounds that hold 95 % of it", parts, time_label)


def modes_chart(times: Array, probabilities: Array, time_label: str) -> Html:
    """Probabilities of modes (F, M), stacked."""
    frame = _Frame((float(times[0]), float(times[-1])), (0.0, 1.0))
    tops = np.concatenate((np.zeros((len(times), 1)), np.cumsum(probabilities, axis=1)), axis=1)
    parts = [
        frame.band(times, tops[:, j], tops[:, j + 1], SERIES[j % len(SERIES)], 0.6)
        for j in range(probabilities.shape[1])
    ]
    return frame.chart("probabilities of the modes, stacked", parts, time_label)


def bells_chart(name: str, bells: Sequence[tuple[str, float, float, str]]) -> Html:
    """Normal densities (label, mean, std, colour) over the values of one number."""
    low = min(mean - 3.2 * std for _, mean, std, _ in bells)
    high = max(mean + 3.2 * std for _, mean, std, _ in bells)
    x = np.linspace(low, high, 160)
    curves = [
        (np.exp(-0.5 * ((x - mean) / std) ** 2) / (std * np.sqrt(2 * np.pi)), colour) for _, mean, std, colour in bells
    ]
    frame = _Frame((low, high), (0.0, 1.05 * max(float(y.max()) for y, _ in curves)))
    parts = [part for y, colour in curves for part in (
        frame.band(x, np.zeros_like(y), y, colour, 0.12), frame.line(x, y, colour, 1.8))]  # fmt: skip
    return frame.chart(f"densities of {name}: {', '.join(bell[0] for bell in bells)}", parts, name)


def plane_chart(
    truth: Array, mean: Array, covs: Array, readings: Array, marks: Array, particles: Ragged | None = None
) -> Html:
    """The true and the believed way (F, 2) from above, ellipses of two standard deviations, readings, landmarks; of
    particles (N, 2+) those at the moments of the ellipses."""
    moments = np.unique(np.linspace(0, len(mean) - 1, 14).round().astype(int))
    reach = 2 * np.sqrt(np.maximum(np.diagonal(covs[moments], axis1=1, axis2=2), 0.0))
    shown = np.concatenate([truth, mean, readings, marks, mean[moments] + reach, mean[moments] - reach])
    low, high = shown.min(0), shown.max(0)
    centre, wide = (low + high) / 2, 1.06 * max(float(high[0] - low[0]), float(high[1] - low[1]) / 0.8, 1e-6)
    tall = max(1.06 * float(high[1] - low[1]), 0.3 * wide)
    across, up = ((float(c - size / 2), float(c + size / 2)) for c, size in zip(centre, (wide, tall), strict=True))
    height = WIDTH * tall / wide
    frame = _Frame(across, up, size=(WIDTH, height), edges=(0, WIDTH, height, 0))
    parts = [
        _dots(frame, readings[_thin(np.arange(len(readings)))], "beams", 3.0),
        _dots(frame, marks, "occupied", 9.0),
    ]
    for f in moments:
        cloud = np.empty((0, 2)) if particles is None else particles.at(f)[:, :2]
        parts += [frame.ellipse(mean[f], covs[f], "estimate"), _dots(frame, cloud, "particles", 2.2)]
    parts += [
        frame.line(way[:, 0], way[:, 1], colour, width)
        for way, colour, width in ((truth, "truth", 2.0), (mean, "estimate", 1.4))
    ]
    return frame.bare("the way from above: truth, estimate, and ellipses of two standard deviations", parts)


def legend(*entries: tuple[str, str]) -> Html:
    """(label, colour) in a row."""
    marks = [tag("span", tag("i", style=f"background:var(--{colour})"), words) for words, colour in entries]
    return tag("p", *marks, class_="legend")


def _dots(frame: _Frame, points: Array, colour: str, width: float) -> Html:
    return frame.dots(points[:, 0], points[:, 1], colour, width, 0.7)


class _Frame:
    """Values to pixels, and the parts that are drawn by them."""

    def __init__(self, across: tuple[float, float], up: tuple[float, float], size=(WIDTH, HEIGHT), edges=None):
        left, right, base, top = edges or (LEFT, RIGHT, BASE, TOP)
        self.extents, self.size = (widened(*across), widened(*up)), size
        self.across: Scale = scale(self.extents[0], left, right)
        self.up: Scale = scale(self.extents[1], base, top)

    def _points(self, x: Array, y: Array) -> list[str]:
        low, high = self.extents[1]
        kept = _thin(np.flatnonzero(np.isfinite(y)), MOST_POINTS)
        return [f"{short(self.across(x[i]))},{short(self.up(min(max(y[i], low), high)))}" for i in kept]

    def line(self, x: Array, y: Array, colour: str, width: float) -> Html:
        style = f"fill:none;stroke:var(--{colour});stroke-width:{width};stroke-linejoin:round"
        return tag("polyline", points=" ".join(self._points(x, y)), style=style)

    def band(self, x: Array, low: Array, high: Array, colour: str, opacity: float = 0.16) -> Html:
        points = " ".join([*self._points(x, high), *self._points(x, low)[::-1]])
        return tag("polygon", points=points, style=f"fill:var(--{colour});opacity:{opacity}")

    def dots(self, x: Array, y: Array, colour: str, width: float, opacity: float) -> Html:
        """One path of points: a tenth of the size of as many circles."""
        low, high = self.extents[1]
        inside = [(a, b) for a, b in zip(x, y, strict=True) if low <= b <= high]
        marks = "".join(f"M{short(self.across(a))} {short(self.up(b))}h0" for a, b in inside)
        style = f"stroke:var(--{colour});stroke-width:{width};stroke-linecap:round;fill:none;opacity:{opacity}"
        return tag("path", d=marks, style=style)

    def ellipse(self, mean: Array, cov: Array, colour: str) -> Html:
        variances, axes = np.linalg.eigh(cov)
        turn = np.linspace(0, 2 * np.pi, 41)
        ring = axes * np.sqrt(np.maximum(variances, 0)) @ np.stack((np.cos(turn), np.sin(turn)))
        points = " ".join(
            f"{short(self.across(a))},{short(self.up(b))}" for a, b in (mean[:, None] + 2 * ring).T.tolist()
        )
        return tag("polygon", points=points, style=f"fill:var(--{colour});fill-opacity:.12;stroke:var(--{colour})")

    def chart(self, alternative: str, parts: Sequence[Html], x_label: str) -> Html:
        levels = [
            join(
                rule(LEFT, self.up(value), RIGHT, self.up(value), "grid"),
                label(LEFT - 8, self.up(value) + 4, number(value), text_anchor="end"),
            )
            for value in ticks(self.extents[1])
        ]
        base = axis(self.across, ticks(self.extents[0]), BASE, LEFT, RIGHT)
        return svg(*self.size, alternative, *levels, *parts, base, label(RIGHT, BASE + 38, x_label, text_anchor="end"))

    def bare(self, alternative: str, parts: Sequence[Html]) -> Html:
        return svg(*self.size, alternative, *parts)


def _thin(indices: Array, most: int = MOST_DOTS) -> Array:
    return indices if len(indices) <= most else indices[np.linspace(0, len(indices) - 1, most).round().astype(int)]


def _typical(low: Array, high: Array) -> tuple[Array, Array]:
    """A band's bounds without the few moments at which it is so wide that nothing else would be seen."""
    return np.quantile(low, [0.02, 0.5]), np.quantile(high, [0.5, 0.98])


def _extent(values: Array) -> tuple[float, float]:
    return widened(float(values.min()), float(values.max()), 0.05)
