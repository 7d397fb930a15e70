"""How sure a tracker is of a track: what a scan makes of its existence and of its score."""

from __future__ import annotations

import math

import numpy as np

from plansim.core.kernel import kernel

LEAST, MOST = 1e-300, 1.0 - 1e-12  # of a probability of existence: never so sure that no scan could change it
WORTH_COUNTING = 0.05  # a scan that would have seen a track with less is neither a hit nor a miss


@kernel
def after_scan(soft, integrated, cap, existence, score, seen, missed, log_ratio):
    """(existence, score) of a track after a scan.

    existence: after the prediction. seen: P_D P_G. missed: share of the event that none of the detections is its.
    log_ratio: of the detection taken, log(P_D p(z) / density of whatever else), where the association decides.
    """
    if soft:
        if integrated:
            lost = missed * (1.0 - existence) / (1.0 - existence * seen)
            gain = math.log(max(1.0 - lost, 1e-300) / max(lost, 1e-300)) - math.log(existence / (1.0 - existence))
        else:
            gain = math.log((1.0 - seen) / max(missed, 1e-300))
    else:
        gain = log_ratio if missed < 0.5 else math.log(1.0 - seen)
    if integrated:
        odds = math.log(existence / (1.0 - existence)) + gain
        return limited(logistic(odds)), score + gain
    score = min(score + gain, cap)
    return limited(logistic(score)), score


@kernel
def logistic(x):
    return 1.0 / (1.0 + math.exp(-x)) if x > -700.0 else 0.0


@kernel
def limited(probability):
    return min(max(probability, LEAST), MOST)


@kernel
def counted(hit, seen, hits, misses, age, recent):
    """(hits, misses, age, recent) after a scan."""
    if hit:
        return hits + 1, 0, age + 1, (recent << 1 | 1) & (1 << 62) - 1
    if seen < WORTH_COUNTING:
        return hits, misses, age, recent
    return hits, misses + 1, age + 1, recent << 1 & (1 << 62) - 1


@kernel
def scan_of_all(soft, integrated, cap, existence, score, seen, missed, log_ratio, hits, misses, ages, recent):
    """`after_scan` and `counted` of all tracks: (existence, score, hits, misses, ages, recent), each (M,)."""
    M = existence.shape[0]
    r, s = np.empty(M), np.empty(M)
    h, m, a, b = np.empty(M, np.int64), np.empty(M, np.int64), np.empty(M, np.int64), np.empty(M, np.int64)
    for i in range(M):
        r[i], s[i] = after_scan(soft, integrated, cap, existence[i], score[i], seen[i], missed[i], log_ratio[i])
        h[i], m[i], a[i], b[i] = counted(missed[i] < 0.5, seen[i], hits[i], misses[i], ages[i], recent[i])
    return r, s, h, m, a, b
