"""Joint probabilistic data association: of whom each detection is, as probabilities over all joint events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from plansim.core.errors import MalformedInput
from plansim.core.kernel import kernel
from plansim.tracking.association.base import Pairs, Shares
from plansim.tracking.association.belief_propagation import propagate
from plansim.tracking.association.clusters import clusters, local_detections
from plansim.tracking.association.jpda_exact import exact_cost, exact_shares


@dataclass(frozen=True)
class JointProbabilistic:
    """P(detection j is of track i | all detections) (Fortmann, Bar-Shalom and Scheffe 1983).

    With the tracks' existence in the weights it is the joint integrated filter (Musicki and Evans 2004). A cluster is
    summed exactly where that takes fewer than `exact_limit` multiplications, and by loopy belief propagation otherwise.

    >>> pairs = Pairs(np.array([0, 1, 2]), np.array([0, 0]), np.log([3.0, 3.0]), np.zeros(2), detections=1)
    >>> JointProbabilistic().associate(pairs).pair.round(4).tolist()
    [0.4286, 0.4286]
    """

    exact_limit: float = 1e5  # multiplications for one cluster
    tolerance: float = 1e-9  # share of each message, where they are propagated
    rounds: int = 1000  # of messages at most

    soft: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not self.exact_limit >= 0 or self.exact_limit > 1e9:
            raise MalformedInput(f"exact_limit is {self.exact_limit}, but must lie between 0 and 1e9 multiplications")
        if not self.tolerance > 0 or self.rounds < 1:
            raise MalformedInput(f"tolerance {self.tolerance} and rounds {self.rounds} must be positive")

    def associate(self, pairs: Pairs) -> Shares:
        return Shares(*joint_shares(*pairs, float(self.exact_limit), float(self.tolerance), int(self.rounds)))


@kernel
def joint_shares(first, detection, log_weight, log_missed, detections, exact_limit, tolerance, rounds):
    """(pair (P,), missed (M,), free (D,)) of `Shares`, cluster by cluster."""
    M, P = log_missed.shape[0], detection.shape[0]
    pair, missed, free = np.empty(P), np.ones(M), np.ones(detections)
    starts, members = clusters(first, detection, detections)
    local, found = np.full(detections, -1), np.empty(detections, np.int64)
    for c in range(starts.shape[0] - 1):
        tracks = members[starts[c] : starts[c + 1]]
        if tracks.shape[0] == 1:
            i = tracks[0]
            if first[i] < first[i + 1]:
                missed[i] = _alone(log_weight[first[i] : first[i + 1]], log_missed[i], pair[first[i] : first[i + 1]])
        else:
            count = local_detections(first, detection, tracks, local, found)
            if exact_cost(tracks.shape[0], count) <= exact_limit:
                _exactly(first, detection, log_weight, log_missed, tracks, local, count, pair, missed)
            else:
                _by_messages(
                    first, detection, log_weight, log_missed, tracks, local, count, tolerance, rounds, pair, missed
                )
    for p in range(P):
        free[detection[p]] -= pair[p]
    for j in range(detections):
        free[j] = max(free[j], 0.0)
    return pair, missed, free


@kernel
def _alone(log_weight, log_missed, pair):
    """One track and its detections: each event by itself."""
    top = log_missed
    for p in range(pair.shape[0]):
        top = max(top, log_weight[p])
    missed = np.exp(log_missed - top)
    total = missed
    for p in range(pair.shape[0]):
        pair[p] = np.exp(log_weight[p] - top)
        total += pair[p]
    for p in range(pair.shape[0]):
        pair[p] /= total
    return missed / total


@kernel
def _exactly(first, detection, log_weight, log_missed, tracks, local, count, pair, missed):
    T = tracks.shape[0]
    dense, shares = np.empty((T, count)), np.empty((T, count))
    alone, unseen = np.empty(T), np.empty(T)
    for t in range(T):
        alone[t] = log_missed[tracks[t]]
        for d in range(count):
            dense[t, d] = -np.inf
        for p in range(first[tracks[t]], first[tracks[t] + 1]):
            dense[t, local[detection[p]]] = log_weight[p]
    exact_shares(dense, alone, shares, unseen)
    for t in range(T):
        missed[tracks[t]] = unseen[t]
        for p in range(first[tracks[t]], first[tracks[t] + 1]):
            pair[p] = shares[t, local[detection[p]]]


@kernel
def _by_messages(first, detection, log_weight, log_missed, tracks, local, count, tolerance, rounds, pair, missed):
    T = tracks.shape[0]
    begin, alone, unseen = np.empty(T + 1, np.int64), np.empty(T), np.empty(T)
    begin[0] = 0
    for t in range(T):
        alone[t] = log_missed[tracks[t]]
        begin[t + 1] = begin[t] + first[tracks[t] + 1] - first[tracks[t]]
    own, weight, shares = np.empty(begin[T], np.int64), np.empty(begin[T]), np.empty(begin[T])
    for t in range(T):
        shift = first[tracks[t]] - begin[t]
        for q in range(begin[t], begin[t + 1]):
            own[q], weight[q] = local[detection[q + shift]], log_weight[q + shift]
    propagate(begin, own, weight, alone, count, tolerance, rounds, shares, unseen)
    for t in range(T):
        missed[tracks[t]] = unseen[t]
        shift = first[tracks[t]] - begin[t]
        for q in range(begin[t], begin[t + 1]):
            pair[q + shift] = shares[q]
