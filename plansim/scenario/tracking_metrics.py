"""What is measured of a tracker, from the true targets that the environment tells and the tracks of the policy's trace.

The environment's info has "targets" (T, 4), "alive" (T,), "target_ids" (T,), and as "cutoff" the distance beyond which
a track is not a target's; the trace has "tracks" (M, 4) and "track_ids" (M,).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.scenario.episode_log import Log, Metric
from plansim.tracking.metrics.clear_mot import Frame, clear_mot, point_frame
from plansim.tracking.metrics.gospa import distances, gospa
from plansim.tracking.metrics.hota import hota
from plansim.tracking.metrics.identity import identity
from plansim.tracking.metrics.lifecycle_delays import lifecycle
from plansim.tracking.metrics.ospa import ospa

COLUMNS = ("info.targets", "info.alive", "info.target_ids", "info.cutoff", "trace.tracks", "trace.track_ids")


def moments(columns: dict[str, Any]) -> list[tuple[Array, Array, Array, Array]]:
    """Step by step: the ids of the targets (T,) and their places (T, 2), the ids of the tracks and theirs."""
    found = []
    for targets, alive, target_ids, tracks, track_ids in zip(
        *(columns[name] for name in COLUMNS if name != "info.cutoff"), strict=False
    ):
        there = np.asarray(alive) > 0
        found.append((np.asarray(target_ids)[there], targets[there, :2], np.asarray(track_ids), tracks[:, :2]))
    return found


def _cutoff(log: Log) -> float:
    return float(np.ravel(log.columns["info.cutoff"][0])[0])


def _known(log: Log) -> bool:
    return all(log.columns.get(name) for name in COLUMNS)


def _mean_of(value: Callable[[Array, Array, float], float]) -> Callable[[Log], float | None]:
    """The mean over the steps of a number that tracks, targets and the cutoff have."""

    def mean(log: Log) -> float | None:
        if not _known(log):
            return None
        return float(np.mean([value(tracks, targets, _cutoff(log)) for _, targets, _, tracks in moments(log.columns)]))

    return mean


def _frames(log: Log) -> list[Frame]:
    cutoff = _cutoff(log)
    return [
        point_frame(target_ids, targets, track_ids, tracks, cutoff)
        for target_ids, targets, track_ids, tracks in moments(log.columns)
    ]


def _of_frames(value: Callable[[list[Frame], Log], float]) -> Callable[[Log], float | None]:
    """A number of the whole course; None where it has none."""

    def measured(log: Log) -> float | None:
        number = value(_frames(log), log) if _known(log) else float("nan")
        return None if np.isnan(number) else number

    return measured


def _spacing(log: Log) -> float | None:
    """Near 1 where tracks are as far apart as targets; JPDA's grow together, and it falls."""
    if not _known(log):
        return None
    rows = [(tracks, targets) for _, targets, _, tracks in moments(log.columns) if min(len(tracks), len(targets)) > 1]
    return float(np.mean([_nearest(tracks) / _nearest(targets) for tracks, targets in rows])) if rows else None


def _nearest(points: Array) -> float:
    """The mean distance of each point to the next, of two points or more."""
    apart = distances(points, points) + np.diag(np.full(len(points), np.inf))
    return float(apart.min(1).mean())


def _life(name: str) -> Callable[[Log], float | None]:
    def number(frames: list[Frame], log: Log) -> float:
        return getattr(lifecycle(frames, (log.dt or 1.0) * np.arange(len(frames))), name)

    return _of_frames(number)


def _metric(meaning: str, unit: str, value: Callable[[Log], float | None]) -> Metric:
    return Metric(meaning, unit, value, COLUMNS)


TRACKING: dict[str, Metric] = {
    "gospa": _metric("GOSPA of tracks and targets, the mean over the steps", "m",
                     _mean_of(lambda a, b, c: gospa(a, b, c).distance)),
    "gospa_localisation": _metric("root of GOSPA's part for the distance of tracks from their targets", "m",
                                  _mean_of(lambda a, b, c: gospa(a, b, c).localisation ** 0.5)),
    "missed_targets": _metric("targets without a track, the mean over the steps", "targets",
                              _mean_of(lambda a, b, c: len(b) - len(gospa(a, b, c).pairs))),
    "false_tracks": _metric("tracks without a target, the mean over the steps", "tracks",
                            _mean_of(lambda a, b, c: len(a) - len(gospa(a, b, c).pairs))),
    "ospa": _metric("OSPA of tracks and targets, the mean over the steps", "m",
                    _mean_of(lambda a, b, c: ospa(a, b, c).distance)),
    "mota": _metric("one less the share of misses, false tracks and switches (CLEAR-MOT)", "",
                    _of_frames(lambda frames, log: clear_mot(frames).mota)),
    "motp": _metric("mean distance of tracks from their targets (CLEAR-MOT)", "m",
                    _of_frames(lambda frames, log: clear_mot(frames).motp)),
    "idf1": _metric("share of their life that targets are followed by one track of their own", "",
                    _of_frames(lambda frames, log: identity(frames).idf1)),
    "hota": _metric("detection and association in one, over distances up to the cutoff", "",
                    _of_frames(lambda frames, log: hota(frames, _cutoff(log)).hota)),
    "id_switches": _metric("times that a target goes on under another track", "switches",
                           _of_frames(lambda frames, log: clear_mot(frames).switches)),
    "track_spacing": _metric("distance of each track to the next over that of the targets, the mean over the steps", "",
                             _spacing),
    "confirmation_delay": _metric("from a target's appearance to its first confirmed track", "s",
                                  _life("confirmation_delay")),
    "deletion_delay": _metric("from a target's end to that of its track", "s", _life("deletion_delay")),
    "track_breaks": _metric("times that a target is left and found again", "breaks", _life("track_breaks")),
    "never_confirmed": _metric("targets that never had a track", "targets", _life("never_confirmed")),
}  # fmt: skip
