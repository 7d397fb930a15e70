"""HOTA: detection and association in one number, with neither outweighing the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.tracking.metrics.clear_mot import Frame
from plansim.tracking.metrics.gospa import assignment

LEVELS = np.arange(1, 20) / 20  # of the similarity from which on a pair may be one


class Hota(NamedTuple):
    """Means over the levels of similarity; all are 1 where there is neither target nor track."""

    hota: float
    detection: float  # DetA
    association: float  # AssA


def hota(frames: Sequence[Frame], reach: float = 1.0) -> Hota:
    """HOTA = sqrt(DetA AssA), at each level of similarity 1 - distance / reach, and then their means.

    Luiten et al. 2021, "HOTA: a higher order metric for evaluating multi-object tracking", eq. 9-15. In each frame
    targets and tracks are paired for the largest sum of similarities, weighted by how well they go together over the
    whole sequence. For boxes the distance is 1 - IoU and the reach 1.
    """
    target_ids, track_ids = (np.unique(np.concatenate([frame[k] for frame in frames] or [[]])) for k in (0, 1))
    if not len(target_ids) or not len(track_ids):
        return Hota(*3 * (float(len(target_ids) == len(track_ids)),))
    places: list[tuple[Array, Array]] = [
        (np.searchsorted(target_ids, frame.target_ids), np.searchsorted(track_ids, frame.track_ids)) for frame in frames
    ]
    alike = [np.clip(1.0 - frame.distance / reach, 0.0, 1.0) for frame in frames]
    shape = len(target_ids), len(track_ids)
    together, targets, tracks = np.zeros(shape), np.zeros(shape[0]), np.zeros(shape[1])
    for (rows, columns), similarity in zip(places, alike, strict=True):
        rivals = similarity.sum(0)[None, :] + similarity.sum(1)[:, None] - similarity
        together[np.ix_(rows, columns)] += np.divide(
            similarity, rivals, out=np.zeros_like(similarity), where=rivals > 0
        )
        targets[rows] += 1
        tracks[columns] += 1
    alignment = together / (targets[:, None] + tracks - together)
    counts = np.zeros((len(LEVELS), *shape))
    for (rows, columns), similarity in zip(places, alike, strict=True):
        i, j = assignment(-(alignment[np.ix_(rows, columns)] * similarity))
        counts[:, rows[i], columns[j]] += similarity[i, j] >= LEVELS[:, None] - 1e-12
    return _means(counts, targets, tracks)


def _means(counts: Array, targets: Array, tracks: Array) -> Hota:
    """From the frames (L, T, M) that each pair was matched at each level."""
    hits = counts.sum((1, 2))
    detection = hits / (targets.sum() + tracks.sum() - hits)
    pairs = counts / (targets[:, None] + tracks - counts)  # of each match: the share of both courses that is common
    association = (counts * pairs).sum((1, 2)) / np.maximum(hits, 1)
    return Hota(float(np.sqrt(detection * association).mean()), float(detection.mean()), float(association.mean()))
