"""Identity measures: how long, over a whole sequence, each target is followed by the one track that is its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.tracking.metrics.clear_mot import Frame
from plansim.tracking.metrics.gospa import assignment


class Identity(NamedTuple):
    """Shares within 0 and 1; all are 1 where there is neither target nor track."""

    idf1: float  # of targets' and tracks' frames together
    idp: float  # of the tracks' frames
    idr: float  # of the targets' frames
    true_positives: int  # frames in which a target is with its own track


def identity(frames: Sequence[Frame]) -> Identity:
    """IDF1, IDP and IDR under the one pairing of targets and tracks that is best over all frames.

    Ristani, Solera, Zou, Cucchiara and Tomasi 2016, "Performance measures and a data set for multi-target,
    multi-camera tracking", eq. 8-10. A pair counts in the frames in which its distance is finite.
    """
    together, target_frames, track_frames = coexistence(frames)
    rows, columns = assignment(-together)
    own = int(together[rows, columns].sum())
    targets, tracks = int(target_frames.sum()), int(track_frames.sum())
    return Identity(
        idf1=2.0 * own / (targets + tracks) if targets + tracks else 1.0,
        idp=own / tracks if tracks else float(not targets),
        idr=own / targets if targets else float(not tracks),
        true_positives=own,
    )


def coexistence(frames: Sequence[Frame]) -> tuple[Array, Array, Array]:
    """In how many frames each target and track could be one (T, M), and each is there at all, (T,) and (M,)."""
    (target_ids, targets), (track_ids, tracks) = (
        np.unique(np.concatenate([frame[k] for frame in frames] or [np.zeros(0, int)]), return_counts=True)
        for k in (0, 1)
    )
    together = np.zeros((len(target_ids), len(track_ids)))
    for frame in frames:
        rows, columns = np.searchsorted(target_ids, frame.target_ids), np.searchsorted(track_ids, frame.track_ids)
        together[np.ix_(rows, columns)] += np.isfinite(frame.distance)
    return together, targets, tracks
