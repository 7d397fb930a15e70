"""Association by loopy belief propagation: probabilities of a crowd in a time that grows with its pairs alone.

Williams and Lau 2014, "Approximate evaluation of marginal association probabilities with belief
propagation", equations 12 to 15.
"""

from __future__ import annotations

import numpy as np

from plansim.core.kernel import kernel

LEAST = 1e-300  # weights below this share of their track's best count as it: no message is 0 / 0


@kernel
def propagate(first, detection, log_weight, log_missed, detections, tolerance, most, pair, missed):
    """Fills pair (P,) and missed (T,) of a cluster by rows as in `Pairs`; how often the messages went round.

    to_detection: how much a track wants a detection against all else that it could have; to_track: how free a
    detection is of the other tracks. Both settle whatever the weights are (their theorem 1). Sums without one term are
    sums from both ends: a difference would lose a small rest beside a large term. `tolerance` is a share of each
    message: one to a track that must share its detections is tiny, and yet decides.
    """
    T, P = log_missed.shape[0], detection.shape[0]
    weight, alone = np.empty(P), np.empty(T)
    for i in range(T):
        a, b = first[i], first[i + 1]
        top = log_missed[i]
        for p in range(a, b):
            top = max(top, log_weight[p])
        alone[i] = max(np.exp(log_missed[i] - top), LEAST)
        for p in range(a, b):
            weight[p] = max(np.exp(log_weight[p] - top), LEAST)
    start, order = by_detection(detection, detections)
    to_detection, to_track, ends = np.zeros(P), np.ones(P), np.empty(P + 1)
    rounds = 0
    while rounds < most:
        rounds += 1
        for i in range(T):
            a, b = first[i], first[i + 1]
            ends[b] = 0.0
            for p in range(b - 1, a - 1, -1):
                ends[p] = ends[p + 1] + weight[p] * to_track[p]
            before = alone[i]
            for p in range(a, b):
                to_detection[p] = weight[p] / (before + ends[p + 1])
                before += weight[p] * to_track[p]
        change = 0.0
        for j in range(detections):
            a, b = start[j], start[j + 1]
            ends[b] = 0.0
            for q in range(b - 1, a - 1, -1):
                ends[q] = ends[q + 1] + to_detection[order[q]]
            before = 1.0
            for q in range(a, b):
                message = 1.0 / (before + ends[q + 1])
                change = max(change, abs(message - to_track[order[q]]) / message)
                to_track[order[q]] = message
                before += to_detection[order[q]]
        if change < tolerance:
            break
    for i in range(T):
        total = alone[i]
        for p in range(first[i], first[i + 1]):
            pair[p] = weight[p] * to_track[p]
            total += pair[p]
        missed[i] = alone[i] / total
        for p in range(first[i], first[i + 1]):
            pair[p] /= total
    return rounds


@kernel
def by_detection(detection, detections):
    """(first (D + 1,), pairs (P,)): the pairs by the detection that they name."""
    start = np.zeros(detections + 1, np.int64)
    for j in detection:
        start[j + 1] += 1
    for j in range(detections):
        start[j + 1] += start[j]
    place, order = start.copy(), np.empty(detection.shape[0], np.int64)
    for p in range(detection.shape[0]):
        order[place[detection[p]]] = p
        place[detection[p]] += 1
    return start, order
