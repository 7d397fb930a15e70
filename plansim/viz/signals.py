"""The numbers of an episode over its time: errors, distances, rewards, or the components of plain observations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.core.arrays import Array
from plansim.core.layout import wrap_angle
from plansim.viz.reading import Reader, whole

MOST_COMPONENTS = 8  # lines drawn of one observation; the rest is named, not drawn


@dataclass(frozen=True)
class Signal:
    """One number over the frames of an episode."""

    label: str
    unit: str
    values: Array  # (F,)
    charted: bool = True


def place_signals(truth: Array, estimate: Array | None, goal: Array | None, place: Reader) -> tuple[Signal, ...]:
    """The numbers beside a moving robot: errors, distances, rewards, and what the policy says of itself."""
    signals = []
    if estimate is not None:
        signals.append(Signal("position error", "m", np.linalg.norm(truth[:, :2] - estimate[:, :2], axis=1)))
        heading = np.degrees(np.abs(wrap_angle(truth[:, 2] - estimate[:, 2])))
        signals.append(Signal("heading error", "°", heading, charted=False))
    if goal is not None and goal.shape[-1] >= 2:
        distance = np.linalg.norm(truth[:, :2] - goal[:, :2], axis=1)
        signals.append(Signal("distance to goal", "m", distance))
    length = place.rows("info.path_length")
    if length is not None and length.ndim == 1:
        signals.append(Signal("path length", "m", length))
    coverage = place.rows("info.coverage")
    if coverage is not None and coverage.ndim == 1:
        signals.append(Signal("coverage", "", coverage))
    signals += _rewards(place)
    for key, value in sorted(place.record.items()):
        if key.startswith("trace.") and value.ndim == 1 and whole(key) and len(value):
            rows = place.rows(key)
            if rows is not None:
                charted = key in ("trace.particle_count", "trace.places")
                signals.append(Signal(key.removeprefix("trace.").replace("_", " "), "", rows, charted))
    return tuple(signals)


def _rewards(place: Reader) -> list[Signal]:
    reward = place.arrived("reward")
    if reward is None or reward.ndim != 1:
        return []
    total = np.concatenate(([0.0], np.cumsum(place.record["reward"].astype(float))))
    return [
        Signal("reward", "", reward, charted=False),
        Signal("return so far", "", total[np.minimum(place.steps, len(total) - 1)]),
    ]


def _is_flag(key: str, place: Reader) -> bool:
    return key.endswith("_seen") and key.removesuffix("_seen") in place.record


def _held(rows: Array, seen: Array | None) -> Array:
    """Readings (F, k) that come now and then: between them the last one, NaN before the first."""
    if seen is None or rows.ndim != 2:
        return rows
    last = np.maximum.accumulate(np.where(seen.reshape(len(rows), -1)[:, 0] > 0, np.arange(len(rows)), -1))
    return np.where(last[:, None] >= 0, rows[last], np.nan)


def component_signals(place: Reader) -> tuple[tuple[Signal, ...], tuple[str, ...]]:
    """Every number of observations and actions by itself, for environments that are no place on a map."""
    signals, omitted = [], []
    for key in sorted(k for k in place.record if k.split(".")[0] in ("observation", "action") and whole(k)):
        rows = place.rows(key) if key.startswith("observation") else place.arrived(key)
        if rows is None or not len(rows) or _is_flag(key, place):
            continue
        if f"{key}_seen" in place.record:
            rows = _held(rows, place.rows(f"{key}_seen"))
        name = key.removeprefix("observation.")
        columns = rows.reshape(len(rows), -1)
        if rows.ndim > 2:
            omitted.append(f"{name} {'×'.join(map(str, rows.shape[1:]))}")
            continue
        if columns.shape[1] > MOST_COMPONENTS:
            omitted.append(f"{columns.shape[1] - MOST_COMPONENTS} of {columns.shape[1]} numbers of {name}")
        for i in range(min(columns.shape[1], MOST_COMPONENTS)):
            signals.append(Signal(name if columns.shape[1] == 1 else f"{name} {i}", "", columns[:, i]))
    signals.sort(key=lambda signal: signal.label.startswith("action"))
    return (*signals, *_rewards(place)), tuple(omitted)
