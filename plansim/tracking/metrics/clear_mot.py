"""CLEAR-MOT: whom a tracker follows from frame to frame, and what it misses, invents and confuses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.tracking.metrics.gospa import assignment, distances, point_sets

MOSTLY, HARDLY = 0.8, 0.2  # of its frames: a target that is mostly tracked, or mostly lost


class Frame(NamedTuple):
    """The targets and tracks of one moment; no id twice."""

    target_ids: Array  # (T,) int
    track_ids: Array  # (M,) int
    distance: Array  # (T, M), inf where the two cannot belong together


class Match(NamedTuple):
    """Who belongs to whom in one frame."""

    target: int  # its id
    track: int
    distance: float
    switched: bool  # the target had another track when it was matched before


class ClearMot(NamedTuple):
    """Counts over a sequence; MOTP is the mean distance of matched pairs, NaN where there are none."""

    mota: float
    motp: float
    targets: int  # in all frames together
    matches: int
    misses: int
    false_positives: int
    switches: int
    fragmentations: int  # times that a target's track breaks off, and another or the same goes on
    mostly_tracked: int
    partly_tracked: int
    mostly_lost: int


def point_frame(target_ids: Array, targets: Array, track_ids: Array, tracks: Array, cutoff: float) -> Frame:
    """Points (T, d) and (M, d), which belong together at a distance of less than the cutoff at most."""
    tracks, targets = point_sets(tracks, targets)
    apart = distances(targets, tracks)
    return frame_of(target_ids, track_ids, np.where(apart < cutoff, apart, np.inf))


def frame_of(target_ids: Array, track_ids: Array, distance: Array) -> Frame:
    """A frame whose ids and distances fit each other; inf and NaN say that a pair cannot be."""
    target_ids, track_ids = np.asarray(target_ids, dtype=int), np.asarray(track_ids, dtype=int)
    shape = len(target_ids), len(track_ids)
    distance = np.asarray(distance, dtype=float).reshape(shape if 0 in shape else np.shape(distance))
    if distance.shape != shape:
        raise MalformedInput(f"distance is {distance.shape}, but there are {shape[0]} targets and {shape[1]} tracks")
    for name, ids in (("target_ids", target_ids), ("track_ids", track_ids)):
        if len(set(ids.tolist())) != len(ids):
            raise MalformedInput(f"{name} {ids.tolist()} has an id twice in one frame")
    return Frame(target_ids, track_ids, np.where(np.isnan(distance), np.inf, distance))


def matched(frames: Sequence[Frame]) -> list[list[Match]]:
    """Who belongs to whom, frame by frame.

    A pair of the past stays together as long as it can, and of two targets that once had a track the one that had it
    last keeps it; the others are paired so that as many as possible have a
    partner, and then at the least sum of distances (Bernardin and Stiefelhagen 2008, "Evaluating multiple object
    tracking performance: the CLEAR MOT metrics", section 2.1.3).
    """
    partner: dict[int, tuple[int, int]] = {}  # of every target, the frame in which it last had one, and which
    return [_matched(frame, number, partner) for number, frame in enumerate(frames)]


def _matched(frame: Frame, number: int, partner: dict[int, tuple[int, int]]) -> list[Match]:
    targets, tracks, distance = frame.target_ids.tolist(), frame.track_ids.tolist(), frame.distance
    column = {track: j for j, track in enumerate(tracks)}
    kept: dict[int, int] = {}
    known = [i for i, target in enumerate(targets) if target in partner]
    for i in sorted(known, key=lambda i: -partner[targets[i]][0]):
        j = column.get(partner[targets[i]][1])
        if j is not None and j not in kept.values() and distance[i, j] < np.inf:
            kept[i] = j
    pairs = list(kept.items()) + _fresh(distance, kept)
    found = []
    for i, j in sorted(pairs):
        target, track = targets[i], tracks[j]
        switched = target in partner and partner[target][1] != track
        found.append(Match(target, track, float(distance[i, j]), switched))
        partner[target] = number, track
    return found


def _fresh(distance: Array, kept: dict[int, int]) -> list[tuple[int, int]]:
    """The pairs among those who have no partner from before."""
    rows = [i for i in range(distance.shape[0]) if i not in kept]
    columns = sorted(set(range(distance.shape[1])) - set(kept.values()))
    if not rows or not columns:
        return []
    free = distance[rows][:, columns]
    possible = np.isfinite(free)
    if not possible.any():
        return []
    impossible = 2.0 * free[possible].sum() + 1.0  # dearer than all pairs together
    chosen = zip(*assignment(np.where(possible, free, impossible)), strict=True)
    return [(rows[r], columns[c]) for r, c in chosen if possible[r, c]]


def clear_mot(frames: Sequence[Frame], matches: Sequence[Sequence[Match]] | None = None) -> ClearMot:
    """MOTA = 1 - (misses + false positives + switches) / targets, and what it is made of.

    Without any target, the errors are held against 1: MOTA is 1 where there is no track either.

    >>> frames = [point_frame([1], [[0.0]], [7], [[0.1]], cutoff=1.0), point_frame([1], [[1.0]], [8], [[1.1]], 1.0)]
    >>> clear_mot(frames).mota, clear_mot(frames).switches
    (0.5, 1)
    """
    matches = matched(frames) if matches is None else matches
    targets = sum(len(frame.target_ids) for frame in frames)
    tracks = sum(len(frame.track_ids) for frame in frames)
    pairs = [match for found in matches for match in found]
    misses, false, switches = targets - len(pairs), tracks - len(pairs), sum(match.switched for match in pairs)
    motp = sum(match.distance for match in pairs) / len(pairs) if pairs else float("nan")
    courses = followed(frames, matches)
    shares = [sum(track is not None for track in course) / len(course) for course in courses.values()]
    mostly, hardly = sum(share >= MOSTLY for share in shares), sum(share < HARDLY for share in shares)
    return ClearMot(
        mota=1.0 - (misses + false + switches) / max(targets, 1),
        motp=motp,
        targets=targets,
        matches=len(pairs),
        misses=misses,
        false_positives=false,
        switches=switches,
        fragmentations=sum(map(_breaks, courses.values())),
        mostly_tracked=mostly,
        partly_tracked=len(shares) - mostly - hardly,
        mostly_lost=hardly,
    )


def followed(frames: Sequence[Frame], matches: Sequence[Sequence[Match]]) -> dict[int, list[int | None]]:
    """The track of each target in each of its frames, None where it has none."""
    courses: dict[int, list[int | None]] = defaultdict(list)
    for frame, found in zip(frames, matches, strict=True):
        partner = {match.target: match.track for match in found}
        for target in frame.target_ids.tolist():
            courses[target].append(partner.get(target))
    return dict(courses)


def _breaks(course: list[int | None]) -> int:
    """Times that a target is left for a frame or more, and found again."""
    held = [track is not None for track in course]
    begun = sum(now and not before for before, now in zip([False, *held], held, strict=False))
    return max(begun - 1, 0)
