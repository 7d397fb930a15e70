"""OSPA: the mean error a point between two sets, a missing or extra point counting as the cutoff."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.tracking.metrics.gospa import assignment, check_cutoff, distances, point_sets


class Ospa(NamedTuple):
    """The distance, and its two parts: distance ** order = localisation ** order + cardinality ** order."""

    distance: float  # in the units of the points, at most the cutoff
    localisation: float
    cardinality: float  # for there being more of the one than of the other


def ospa(tracks: Array, targets: Array, cutoff: float, order: float = 2.0) -> Ospa:
    """The optimal sub-pattern assignment metric between sets of points (M, d) and (T, d).

    (1 / n (min sum min(|track - target|, c)^p + c^p (n - m)))^(1 / p), n the size of the larger set, m of the smaller
    (Schuhmacher, Vo and Vo 2008, "A consistent metric for performance evaluation of multi-object filters", eq. 3 and
    section II-C). Two empty sets have distance 0, one empty set has the cutoff. The order must be finite.

    >>> ospa([[0.0, 0.0]], [[0.0, 3.0], [50.0, 0.0]], cutoff=4.0).distance.__round__(3)
    3.536
    """
    tracks, targets = point_sets(tracks, targets)
    check_cutoff(cutoff, order)
    larger = max(len(tracks), len(targets))
    if not larger:
        return Ospa(0.0, 0.0, 0.0)
    costs = np.minimum(distances(tracks, targets), cutoff) ** order
    near = float(costs[assignment(costs)].sum()) / larger
    extra = cutoff**order * abs(len(tracks) - len(targets)) / larger
    return Ospa((near + extra) ** (1 / order), near ** (1 / order), extra ** (1 / order))
