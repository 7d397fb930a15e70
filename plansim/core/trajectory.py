"""Paths and trajectories: points in order, with and without time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout


def arc_length(points: Array) -> Array:
    """Distance along a path (T, d) from its first point to each of its points, (T,)."""
    return np.concatenate(([0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=-1))))


def resample(points: Array, spacing: float) -> Array:
    """The same path with points at most `spacing` metres apart, its corners kept."""
    if not spacing > 0:
        raise MalformedInput(f"spacing is {spacing}, but must be positive")
    pieces = [points[:1]]
    for a, b in pairwise(points):
        count = max(int(np.ceil(np.linalg.norm(b - a) / spacing)), 1)
        pieces.append(a + (b - a) * (np.arange(1, count + 1) / count)[:, None])
    return np.concatenate(pieces)


def closest_on_path(points: Array, query: Array) -> tuple[float, float]:
    """Arc length of the path's point nearest to `query` (d,), and the distance to it."""
    a, d = points[:-1], np.diff(points, axis=0)
    if not len(d):
        return 0.0, float(np.linalg.norm(query - points[0]))
    squared = np.maximum((d * d).sum(-1), np.finfo(float).tiny)
    t = np.clip(((query - a) * d).sum(-1) / squared, 0.0, 1.0)
    distance = np.linalg.norm(a + t[:, None] * d - query, axis=-1)
    i = int(np.argmin(distance))
    return float(arc_length(points)[i] + t[i] * np.sqrt(squared[i])), float(distance[i])


def point_at(points: Array, length: Array) -> Array:
    """The path's points at the given arc lengths (...), held at both ends, (..., d)."""
    s = arc_length(points)
    return np.stack([np.interp(length, s, points[:, i]) for i in range(points.shape[-1])], axis=-1)


@dataclass(frozen=True, eq=False)
class Trajectory:
    """States, and the controls between them, over time."""

    times: Array  # (T + 1,) s, rising
    states: Array  # (T + 1, n)
    layout: Layout
    controls: Array | None = None  # (T, m), held from times[t] to times[t + 1]

    def __post_init__(self) -> None:
        if self.states.shape != (len(self.times), len(self.layout)):
            raise MalformedInput(
                f"states have shape {self.states.shape}, but {len(self.times)} times of "
                f"'{' '.join(self.layout.names)}' need {(len(self.times), len(self.layout))}"
            )
        if not np.all(np.diff(self.times) > 0):
            raise MalformedInput("the times of a trajectory must rise")
        if self.controls is not None and len(self.controls) != len(self.times) - 1:
            raise MalformedInput(
                f"{len(self.times)} states need {len(self.times) - 1} controls, not {len(self.controls)}"
            )

    @property
    def duration(self) -> float:
        return float(self.times[-1] - self.times[0])

    def at(self, time: Array) -> Array:
        """States at the times (...), linear between samples, angles the short way round, (..., n)."""
        time = np.clip(time, self.times[0], self.times[-1])
        i = np.clip(np.searchsorted(self.times, time, side="right") - 1, 0, max(len(self.times) - 2, 0))
        j = np.minimum(i + 1, len(self.times) - 1)
        span = np.where(j > i, self.times[j] - self.times[i], 1.0)
        share = ((time - self.times[i]) / span)[..., None]
        return self.layout.add(self.states[i], share * self.layout.difference(self.states[j], self.states[i]))
