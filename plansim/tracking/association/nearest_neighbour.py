"""Nearest neighbour: each track takes the detection that fits it best, whoever else takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from plansim.tracking.association.base import Pairs, Shares, decided


@dataclass(frozen=True)
class NearestNeighbour:
    """The detection of the highest weight in each gate (Blackman and Popoli 1999, section 6.4); two may share one.

    >>> pairs = Pairs(np.array([0, 2]), np.array([0, 1]), np.array([1.0, 2.0]), np.zeros(1), detections=2)
    >>> NearestNeighbour().associate(pairs).pair.tolist()
    [0.0, 1.0]
    """

    soft: ClassVar[bool] = False

    def associate(self, pairs: Pairs) -> Shares:
        order = np.lexsort((-pairs.log_weight, pairs.track))  # stable: of equals, the earlier detection
        best = order[pairs.first[:-1][np.diff(pairs.first) > 0]]
        return decided(pairs, best[pairs.log_weight[best] > -np.inf])
