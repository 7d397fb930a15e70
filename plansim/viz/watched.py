"""What there is to draw of tracking: true targets, the tracks a policy has, what the sensors reported and can see."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.tracking.metrics.clear_mot import Frame, point_frame
from plansim.tracking.metrics.gospa import Gospa, gospa
from plansim.viz.packing import pack
from plansim.viz.reading import Reader
from plansim.viz.signals import Signal

WIDE_CUTOFF = 1e3  # m: GOSPA's where an environment names none


@dataclass(frozen=True)
class View:
    """What a sensor sees: a disc or a part of one; and whether it reads ranges and bearings or positions."""

    max_range: float
    field_of_view: float
    ranging: bool


@dataclass(frozen=True)
class Watched:
    """An episode of tracking at F moments, each a row of these lists."""

    target_ids: list[Array]  # (T,)
    targets: list[Array]  # (T, 2)
    track_ids: list[Array]  # (M,)
    tracks: list[Array]  # (M, 2)
    covs: list[Array]  # (M, 3) xx xy yy; no rows where nobody told
    scans: list[list[Array]]  # of every sensor (D, 2), as it reads
    sensors: Array  # (F, S, 3) poses
    cutoff: float

    def detections(self, frame: int, views: tuple[View, ...]) -> Array:
        """Where the detections of all sensors lie in the world, (D, 2)."""
        places = [
            _in_world(scan, pose, s < len(views) and views[s].ranging)
            for s, (scan, pose) in enumerate(zip(self.scans[frame], self.sensors[frame], strict=True))
        ]
        return np.concatenate([np.zeros((0, 2)), *places])

    @property
    def scores(self) -> list[Gospa]:
        return [gospa(tracks, targets, self.cutoff) for tracks, targets in zip(self.tracks, self.targets, strict=True)]

    @property
    def frames(self) -> list[Frame]:
        rows = zip(self.target_ids, self.targets, self.track_ids, self.tracks, strict=True)
        return [point_frame(*row, self.cutoff) for row in rows]

    @property
    def bounds(self) -> tuple[Array, Array]:
        """The corners of all that targets and tracks have walked over."""
        points = np.concatenate([np.zeros((0, 2)), *self.targets, *self.tracks])
        return (points.min(0), points.max(0)) if len(points) else (np.zeros(2), np.ones(2))


def _in_world(scan: Array, pose: Array, ranging: bool) -> Array:
    if not ranging:
        return scan
    angles = pose[2] + scan[:, 1]
    return pose[:2] + scan[:, :1] * np.stack((np.cos(angles), np.sin(angles)), axis=-1)


def views_of(sensors: Any) -> tuple[View, ...]:
    """What the sensors of an environment see, where it says so."""
    if not isinstance(sensors, tuple) or not all(hasattr(s, "max_range") and hasattr(s, "reads") for s in sensors):
        return ()
    return tuple(View(float(s.max_range), float(s.field_of_view), s.reads == "range-bearing") for s in sensors)


def watched(place: Reader) -> Watched | None:
    """The tracking of a record at its chosen steps; None where it is something else."""
    record, steps = place.record, place.steps
    targets, alive, target_ids = (place.rows(f"info.{name}") for name in ("targets", "alive", "target_ids"))
    sensors, scans, counts = (place.rows(f"observation.{name}") for name in ("sensors", "detections", "counts"))
    if targets is None or alive is None or target_ids is None or sensors is None or targets.ndim != 3:
        return None
    tracks, ids, covs = (_rows(record, f"trace.{name}", steps) for name in ("tracks", "track_ids", "track_covs"))
    there = alive > 0
    found: list[list[Array]] = [[np.zeros((0, 2))] * sensors.shape[1] for _ in steps]
    if scans is not None and counts is not None and scans.shape[-1] == 2:
        found = [[z[: int(n)] for z, n in zip(*row, strict=True)] for row in zip(scans, counts, strict=True)]
    cutoff = place.rows("info.cutoff")
    return Watched(
        target_ids=[row[mask].astype(int) for row, mask in zip(target_ids, there, strict=True)],
        targets=[row[mask, :2] for row, mask in zip(targets, there, strict=True)],
        track_ids=[row.reshape(-1).astype(int) for row in ids],
        tracks=[row.reshape(-1, row.shape[-1] if row.ndim == 2 else 2)[:, :2].astype(float) for row in tracks],
        covs=[row.reshape(-1, 3).astype(float) for row in covs],
        scans=found,
        sensors=sensors,
        cutoff=WIDE_CUTOFF if cutoff is None else float(cutoff.reshape(-1)[0]),
    )


def _rows(record: dict[str, Array], key: str, steps: Array) -> list[Array]:
    """The rows of a trace at each step, whatever their number; the last one holds on."""
    if key in record:
        rows = record[key]
        return [rows[min(step, len(rows) - 1)] for step in steps] if len(rows) else [np.zeros(0)] * len(steps)
    if f"{key}.values" not in record:
        return [np.zeros(0)] * len(steps)
    values, offsets, index = (record[f"{key}.{part}"] for part in ("values", "offsets", "index"))
    chosen = index[np.minimum(steps, len(index) - 1)]
    return [values[offsets[i] : offsets[i + 1]] for i in chosen]


def watched_signals(told: Watched) -> tuple[Signal, ...]:
    """The numbers beside the picture."""
    scores = told.scores
    pairs = np.array([len(score.pairs) for score in scores])
    targets, tracks = (np.array([len(row) for row in rows]) for rows in (told.targets, told.tracks))
    error = np.array([score.localisation / max(len(score.pairs), 1) for score in scores]) ** 0.5
    return (
        Signal("GOSPA", "m", np.array([score.distance for score in scores])),
        Signal("missed targets", "", (targets - pairs).astype(float)),
        Signal("false tracks", "", (tracks - pairs).astype(float)),
        Signal("distance of tracks", "m", np.where(pairs > 0, error, np.nan)),
        Signal("targets", "", targets.astype(float), charted=False),
        Signal("tracks", "", tracks.astype(float), charted=False),
    )


def watched_data(told: Watched | None, views: tuple[View, ...]) -> dict[str, Any]:
    """What the page's player needs of it; nothing where there is nothing."""
    if told is None:
        return {}
    low, high = told.bounds
    step = max(float((high - low).max()) / 20_000, 1e-3)
    detections = [told.detections(f, views) for f in range(len(told.targets))]
    return {
        "watched": {
            "targets": _flat(told.target_ids, told.targets, step),
            "tracks": _flat(told.track_ids, told.tracks, step),
            "spreads": pack(_together(told.covs, 3), max(step**2, 1e-6)),
            "detections": {"values": pack(_together(detections, 2), step), "counts": [len(d) for d in detections]},
            "sensors": pack(told.sensors.reshape(len(told.sensors), -1), step),
            "views": [[min(view.max_range, 1e7), view.field_of_view] for view in views],
        }
    }


def _flat(ids: list[Array], points: list[Array], step: float) -> dict[str, Any]:
    """Rows of all frames one below the other: whose each is and where, and how many each frame has."""
    whose = np.concatenate([np.zeros(0, int), *ids])
    return {"ids": whose.tolist(), "values": pack(_together(points, 2), step), "counts": [len(p) for p in points]}


def _together(rows: list[Array], width: int) -> Array:
    return np.concatenate([np.zeros((0, width)), *rows])


def identity_colour(identity: int) -> str:
    """A colour for a track, far from that of the next ones; the page's script has the same."""
    hue, level = (identity * 0.61803398875) % 1.0, 0.40 if identity % 2 else 0.50
    return "#" + "".join(f"{round(255 * part):02x}" for part in colorsys.hls_to_rgb(hue, level, 0.72))


def pieces(ids: list[Array], points: list[Array]) -> dict[int, list[tuple[int, Array]]]:
    """The unbroken courses of each id: the frame each begins at, and its places (P, 2)."""
    courses: dict[int, list[tuple[int, list[Array]]]] = {}
    for frame, (whose, places) in enumerate(zip(ids, points, strict=True)):
        for identity, point in zip(whose.tolist(), places, strict=True):
            own = courses.setdefault(identity, [])
            if not own or own[-1][0] + len(own[-1][1]) < frame:
                own.append((frame, []))
            own[-1][1].append(point)
    return {identity: [(frame, np.array(way)) for frame, way in own] for identity, own in courses.items()}


def view_outline(pose: Array, view: View) -> Array:
    """The outline (P, 2) of what a sensor sees."""
    angles = pose[2] + view.field_of_view * np.linspace(-0.5, 0.5, 97)
    arc = pose[:2] + view.max_range * np.stack((np.cos(angles), np.sin(angles)), axis=-1)
    return arc if view.field_of_view >= 2 * np.pi else np.concatenate((pose[None, :2], arc))
