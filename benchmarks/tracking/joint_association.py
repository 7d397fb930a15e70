"""Exact JPDA of nine targets and ten detections, all gated: how long it takes, and that it is exact.

The oracle leaves one pair out at a time and sums all joint events over the sets of detections that are taken. Stone
Soup's EHM2 took 655 ms for the same problem on another day, with its own objects around each pair.
"""

from __future__ import annotations

import os

os.environ.update({name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")})

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from benchmarks.record import record
from plansim.tracking.association.base import Pairs
from plansim.tracking.association.jpda import JointProbabilistic

SIZES = ((5, 5), (7, 8), (9, 10))


def problem(tracks: int, detections: int) -> Pairs:
    rng = np.random.default_rng(tracks)
    first, columns = np.arange(tracks + 1) * detections, np.tile(np.arange(detections), tracks)
    return Pairs(
        first, columns, rng.normal(size=tracks * detections), np.log(rng.uniform(0.05, 0.5, tracks)), detections
    )


def total(pairs: Pairs, without: tuple[int, int] | None = None) -> float:
    """The weights of all joint events, of those without a track and a detection where they are given."""
    weights = np.exp(pairs.log_weight).reshape(len(pairs.log_missed), -1)
    sums = {0: 1.0}  # by the set of detections that are taken
    for i, missed in enumerate(np.exp(pairs.log_missed)):
        if without and i == without[0]:
            continue
        longer: dict[int, float] = {}
        for taken, weight in sums.items():
            longer[taken] = longer.get(taken, 0.0) + weight * missed
            for d in range(pairs.detections):
                if not taken >> d & 1 and not (without and d == without[1]):
                    longer[taken | 1 << d] = longer.get(taken | 1 << d, 0.0) + weight * weights[i, d]
        sums = longer
    return sum(sums.values())


def row(tracks: int, detections: int) -> dict[str, object]:
    pairs, associator = problem(tracks, detections), JointProbabilistic()
    shares, times = associator.associate(pairs), []
    for _ in range(200):
        began = time.perf_counter()
        associator.associate(pairs)
        times.append(time.perf_counter() - began)
    whole, error = total(pairs), 0.0
    for i, d in ((0, 0), (tracks // 2, 1), (tracks - 1, detections - 1)):
        right = np.exp(pairs.log_weight[i * detections + d]) * total(pairs, (i, d)) / whole
        error = max(error, abs(right - shares.pair[i * detections + d]))
    return {"targets": tracks, "detections": detections, "ms": 1e3 * float(np.median(times)), "error": error}


def main() -> None:
    record(
        "Exact joint association, all gated",
        "python benchmarks/tracking/joint_association.py",
        [row(*size) for size in SIZES],
        "Error: of three pairs' probabilities, from sums over all joint events without that pair.",
    )


if __name__ == "__main__":
    main()
