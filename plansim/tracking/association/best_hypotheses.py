"""The best joint events alone, in place of all: what a tracker weighs when JPDA would let near tracks grow together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from plansim.core.errors import MalformedInput
from plansim.core.kernel import kernel
from plansim.tracking.association.base import Pairs, Shares
from plansim.tracking.association.clusters import clusters, local_detections
from plansim.tracking.association.murty import best_assignments


@dataclass(frozen=True)
class BestHypotheses:
    """Probabilities over the `hypotheses` best joint events of each cluster (Murty 1968; Cox and Hingorani 1996).

    With one it is the global nearest neighbour, with all of them JPDA.

    >>> pairs = Pairs(np.array([0, 1, 2]), np.array([0, 0]), np.log([3.0, 3.0]), np.zeros(2), detections=1)
    >>> BestHypotheses(hypotheses=3).associate(pairs).pair.round(4).tolist()
    [0.4286, 0.4286]
    """

    hypotheses: int = 100  # of one cluster

    soft: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.hypotheses < 1:
            raise MalformedInput(f"hypotheses is {self.hypotheses}, but must be 1 or more")

    def associate(self, pairs: Pairs) -> Shares:
        return Shares(*best_shares(*pairs, int(self.hypotheses), False))


@dataclass(frozen=True)
class JointProbabilisticStar(BestHypotheses):
    """JPDA* (Blom and Bloem 2000): of events that differ by a permutation alone, only the best is kept.

    Who swaps with whom is decided, who was missed and which detection is clutter is weighed: tracks side by side keep
    their distance, where JPDA would draw both to the middle.
    """

    def associate(self, pairs: Pairs) -> Shares:
        return Shares(*best_shares(*pairs, int(self.hypotheses), True))


@kernel
def best_shares(first, detection, log_weight, log_missed, detections, hypotheses, star):
    """(pair (P,), missed (M,), free (D,)) of `Shares` over the best joint events of each cluster."""
    pair, missed, free = np.zeros(detection.shape[0]), np.ones(log_missed.shape[0]), np.ones(detections)
    starts, members = clusters(first, detection, detections)
    local, found = np.full(detections, -1), np.empty(detections, np.int64)
    for c in range(starts.shape[0] - 1):
        tracks = members[starts[c] : starts[c + 1]]
        T, D = tracks.shape[0], local_detections(first, detection, tracks, local, found)
        if D == 0:
            continue
        cost, which = np.empty((T, D + T)), np.empty((T, D + T), np.int64)
        for t in range(T):
            for d in range(D + T):
                cost[t, d] = np.inf
            cost[t, D + t] = -log_missed[tracks[t]]
            for p in range(first[tracks[t]], first[tracks[t] + 1]):
                cost[t, local[detection[p]]] = -log_weight[p]
                which[t, local[detection[p]]] = p
        events, costs = best_assignments(cost, hypotheses)
        weight, total = np.empty(costs.shape[0]), 0.0
        for e in range(costs.shape[0]):
            weight[e] = math.exp(costs[0] - costs[e])
        if star:
            _drop_permutations(events, weight, D)
        for e in range(costs.shape[0]):
            total += weight[e]
        for t in range(T):
            missed[tracks[t]] = 0.0
            for e in range(events.shape[0]):
                if events[e, t] < D:
                    pair[which[t, events[e, t]]] += weight[e] / total
                else:
                    missed[tracks[t]] += weight[e] / total
    for p in range(detection.shape[0]):
        free[detection[p]] -= pair[p]
    for j in range(detections):
        free[j] = max(free[j], 0.0)
    return pair, missed, free


@kernel
def _drop_permutations(events, weight, D):
    """Takes the weight of every event whose tracks and detections a better event uses too; events come best first."""
    count, T = events.shape
    used = np.zeros((count, D + T), np.bool_)
    for e in range(count):
        for t in range(T):
            used[e, events[e, t]] = True
        for better in range(e):
            same = weight[better] > 0.0
            for d in range(D + T):
                same = same and used[e, d] == used[better, d]
            if same:
                weight[e] = 0.0
                break
