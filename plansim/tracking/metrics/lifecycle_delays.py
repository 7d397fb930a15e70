"""How soon a tracker takes up a target that appears, and lets go of one that is gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.tracking.metrics.clear_mot import Frame, Match, clear_mot, matched


class Lifecycle(NamedTuple):
    """Delays in the unit of the times, NaN where no target allows to say."""

    confirmation_delay: float  # from a target's first frame to its first with a track; the mean of those that got one
    deletion_delay: float  # from a target's last frame to the last of the track that it had then; likewise
    never_confirmed: int  # targets that never had a track
    track_breaks: int  # times that a target is left, and found again by the same track or by another
    false_tracks: int  # tracks that never were a target's


def lifecycle(frames: Sequence[Frame], times: Array, matches: Sequence[Sequence[Match]] | None = None) -> Lifecycle:
    """Delays and breaks over a sequence of frames at the times (F,).

    Targets of the first frame have a beginning there; those of the last frame have no end. A track that goes on as
    another target's when its own has ended counts as let go at once.
    """
    matches = matched(frames) if matches is None else matches
    times = np.asarray(times, dtype=float)
    first: dict[int, int] = {}  # by target: a frame
    last: dict[int, int] = {}
    taken: dict[int, int] = {}
    held: dict[int, int] = {}  # by target: the track that it was matched to last
    for f, (frame, found) in enumerate(zip(frames, matches, strict=True)):
        for target in frame.target_ids.tolist():
            first.setdefault(target, f)
            last[target] = f
        for match in found:
            taken.setdefault(match.target, f)
            held[match.target] = match.track
    up = [times[taken[target]] - times[first[target]] for target in first if target in taken]
    down = [
        times[_let_go(frames, matches, held[target], end)] - times[end]
        for target, end in last.items()
        if end < len(frames) - 1 and target in held and held[target] in frames[end].track_ids
    ]
    ever = {track for frame in frames for track in frame.track_ids.tolist()}
    own = {match.track for found in matches for match in found}
    return Lifecycle(_mean(up), _mean(down), len(first) - len(taken), clear_mot(frames, matches).fragmentations,
                     len(ever - own))  # fmt: skip


def _let_go(frames: Sequence[Frame], matches: Sequence[Sequence[Match]], track: int, end: int) -> int:
    """The last frame after `end` up to which the track goes on without a target of its own."""
    f = end
    while (
        f + 1 < len(frames)
        and track in frames[f + 1].track_ids
        and all(match.track != track for match in matches[f + 1])
    ):
        f += 1
    return f


def _mean(delays: list[float]) -> float:
    return float(np.mean(delays)) if delays else float("nan")
