"""Recorded detections: frame by frame what a sensor reported, and where the targets truly were, if anybody knows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from plansim.core.arrays import Array, numbers
from plansim.core.errors import MalformedInput


@dataclass(frozen=True, eq=False)
class DetectionLog:
    """F frames; what belongs to frame f are the rows first[f] : first[f + 1], of detections and of targets alike.

    >>> log = two_walkers()
    >>> log.detections_at(0).tolist(), log.targets_at(0)[1].tolist()
    ([[0.0, 0.0], [0.0, 4.0]], [1, 2])
    """

    times: Array  # (F,) s, ascending
    detections: Array  # (N, k), frame by frame
    detection_first: Array  # (F + 1,) int
    targets: Array  # (L, 4) x y vx vy; no rows where nobody knows
    target_ids: Array  # (L,) int, no id twice in a frame
    target_first: Array  # (F + 1,) int
    scores: Array | None = None  # (N,) how sure the detector was
    boxes: Array | None = None  # (N, w) of the detections, as the reader says
    names: str = "x y"  # of a detection's components
    unit: str = "m"
    title: str = ""

    def __post_init__(self) -> None:
        for name in ("times", "detections", "targets"):
            object.__setattr__(self, name, numbers(name, getattr(self, name)))
        for name in ("detection_first", "target_first", "target_ids"):
            object.__setattr__(self, name, np.array(getattr(self, name), dtype=np.int64))
        if not len(self.times) or (np.diff(self.times) <= 0).any() or not np.isfinite(self.times).all():
            raise MalformedInput("times must be one or more, finite and ascending")
        width = len(self.names.split())
        if self.detections.shape != (len(self.detections), width) or self.targets.shape != (len(self.target_ids), 4):
            raise MalformedInput(
                f"detections {self.detections.shape} must be (N, {width}), targets {self.targets.shape} (L, 4) with "
                f"{len(self.target_ids)} target_ids"
            )
        if not (np.isfinite(self.detections).all() and np.isfinite(self.targets).all()):
            raise MalformedInput("detections and targets must be finite: leave out what is not there")
        _check_first("detection_first", self.detection_first, len(self.times), len(self.detections))
        _check_first("target_first", self.target_first, len(self.times), len(self.targets))
        for f in range(len(self.times)):
            ids = self.targets_at(f)[1]
            if len(np.unique(ids)) < len(ids):
                raise MalformedInput(f"frame {f} has a target twice: {np.sort(ids).tolist()}")

    def __len__(self) -> int:
        return len(self.times)

    def detections_at(self, frame: int) -> Array:
        """(D, k)."""
        return self.detections[self.detection_first[frame] : self.detection_first[frame + 1]]

    def targets_at(self, frame: int) -> tuple[Array, Array]:
        """The targets (T, 4) and their ids (T,)."""
        rows = slice(self.target_first[frame], self.target_first[frame + 1])
        return self.targets[rows], self.target_ids[rows]

    @cached_property
    def dt(self) -> float:
        """s from frame to frame, in the median."""
        return float(np.median(np.diff(self.times))) if len(self.times) > 1 else 1.0

    @cached_property
    def bounds(self) -> tuple[Array, Array]:
        """The least and the largest of each of a detection's components, (k,) and (k,)."""
        if not len(self.detections):
            return np.zeros(self.detections.shape[1]), np.ones(self.detections.shape[1])
        return self.detections.min(0), self.detections.max(0)


def _check_first(name: str, first: Array, frames: int, rows: int) -> None:
    if first.shape != (frames + 1,) or first[0] != 0 or first[-1] != rows or (np.diff(first) < 0).any():
        raise MalformedInput(f"{name} must be {frames + 1} ascending numbers from 0 to {rows}")


def first_rows(frames: Array, count: int) -> Array:
    """Where the rows of each of `count` frames begin, (count + 1,), for rows (N,) whose frame numbers ascend."""
    return np.searchsorted(frames, np.arange(count + 1))


def with_velocities(positions: Array, ids: Array, times: Array, source: str | Path | None = None) -> Array:
    """x y vx vy (L, 4): each target's velocity from where it was next before and after; zero where it is seen once.

    source: the file that an error names.
    """
    out = np.zeros((len(positions), 4))
    out[:, :2] = positions
    for identity in np.unique(ids):
        rows = np.flatnonzero(ids == identity)
        rows = rows[np.argsort(times[rows], kind="stable")]
        twice = np.flatnonzero(np.diff(times[rows]) == 0)
        if len(twice):
            where = f"{source}: " if source is not None else ""
            raise MalformedInput(f"{where}target {identity} is there twice at {times[rows][twice[0]]:g} s")
        if len(rows) > 1:
            out[rows, 2:] = np.gradient(positions[rows], times[rows], axis=0)
    return out


def of_courses(times: Array, frames: Array, ids: Array, positions: Array, **about: str) -> DetectionLog:
    """A log of targets (L,) (L, 2) in frames (L,) whose places stand for detections: nobody recorded any."""
    order = np.lexsort((ids, frames))
    frames, ids, positions = frames[order], ids[order], positions[order]
    first = first_rows(frames, len(times))
    targets = with_velocities(positions, ids, np.asarray(times)[frames])
    return DetectionLog(times, positions, first, targets, ids, first, **about)


def two_walkers(frames: int = 20) -> DetectionLog:
    """Two who walk side by side, seen in every frame."""
    times = 0.5 * np.arange(frames)
    positions = np.stack([np.stack([times, 4.0 * k + 0.0 * times], axis=-1) for k in range(2)], axis=1)
    ids = np.tile([1, 2], frames)
    return of_courses(times, np.repeat(np.arange(frames), 2), ids, positions.reshape(-1, 2), title="two walkers")
