"""Global nearest neighbour: the one joint event that is most probable, as an assignment for each cluster."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from plansim.core.arrays import Array
from plansim.tracking.association.base import Pairs, Shares, decided
from plansim.tracking.association.clusters import clusters


@dataclass(frozen=True)
class GlobalNearestNeighbour:
    """max Σ log weight over the joint events (Blackman and Popoli 1999, section 6.5); a detection is taken once.

    >>> pairs = Pairs(np.array([0, 2, 3]), np.array([0, 1, 1]), np.array([5.0, 6.0, 4.0]), np.zeros(2), detections=2)
    >>> GlobalNearestNeighbour().associate(pairs).pair.tolist()
    [1.0, 0.0, 1.0]
    """

    soft: ClassVar[bool] = False

    def associate(self, pairs: Pairs) -> Shares:
        starts, members = clusters(pairs.first, pairs.detection, pairs.detections)
        chosen = [_best(pairs, members[a:b]) for a, b in pairwise(starts)]
        return decided(pairs, np.concatenate([np.empty(0, int), *chosen]))


def _best(pairs: Pairs, members: Array) -> Array:
    """The pairs that the best joint event of one cluster takes."""
    if len(members) == 1:
        i = members[0]
        own = np.arange(pairs.first[i], pairs.first[i + 1])
        best = own[np.argmax(pairs.log_weight[own])] if len(own) else -1
        return own[own == best] if len(own) and pairs.log_weight[best] > pairs.log_missed[i] else own[:0]
    from scipy.optimize import linear_sum_assignment

    own = np.concatenate([np.arange(pairs.first[i], pairs.first[i + 1]) for i in members])
    row = np.repeat(np.arange(len(members)), np.diff(pairs.first)[members])
    used, column = np.unique(pairs.detection[own], return_inverse=True)
    # one column more for each track: that it was missed
    gain = np.full((len(members), len(used) + len(members)), -np.inf)
    gain[row, column] = pairs.log_weight[own]
    gain[np.arange(len(members)), len(used) + np.arange(len(members))] = pairs.log_missed[members]
    _, taken = linear_sum_assignment(-gain)
    return own[taken[row] == column]
