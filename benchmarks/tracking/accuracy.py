"""GOSPA of the tracker by associator, over all scans and once it has settled, beside filters that know what is whose.

The tracker is told what the scene is: its clutter and target density, its P_D, its motion, and that targets stay.
"""

from __future__ import annotations

import os

os.environ.update({name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")})

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from benchmarks.record import record
from benchmarks.tracking.scenes import AREA, CUTOFF, DT, MOTION, SEEN, SENSOR, SPEED_STD, Scene, crossing, traffic
from benchmarks.tracking.stone_soup import floor
from plansim.estimation import KalmanFilter
from plansim.tracking import GlobalNearestNeighbour, JointProbabilistic, JointProbabilisticStar, OnePoint, Tracker
from plansim.tracking.metrics.gospa import gospa

SEEDS, SETTLED, SURVIVAL = 20, 10, 1 - 1e-4
CASES = {
    "5 targets": lambda seed: traffic(5, seed),
    "6 crossing": crossing,
    "20 targets": lambda seed: traffic(20, seed),
    "50 targets": lambda seed: traffic(50, seed),
}
ASSOCIATORS = {
    "JPDA": JointProbabilistic(),
    "JPDA*": JointProbabilisticStar(20),
    "global nearest neighbour": GlobalNearestNeighbour(),
}


def tracker(**other: Any) -> Tracker:
    """One target in AREA, as much clutter, and births that balance the few that end."""
    settings = {
        "clutter_density": 1 / AREA,
        "detection_probability": SEEN,
        "start_density": 1 / AREA,
        "survival": SURVIVAL,
        "birth_density": (1 - SURVIVAL) / AREA,
        "initiation": OnePoint(velocity_std=SPEED_STD),
    }
    return Tracker(KalmanFilter(MOTION), **(settings | other))


def tracked(scene: Scene, one: Tracker) -> list[np.ndarray]:
    """The positions (M, 2) of the confirmed tracks after each scan."""
    one.reset()
    return [one.step(points, SENSOR, DT).reported.belief.mean[:, :2] for points in scene.detections]


def mean_gospa(found: list[np.ndarray], scene: Scene, first: int = 0) -> float:
    pairs = list(zip(found, scene.truth, strict=True))[first:]
    return float(np.mean([gospa(points, truth[:, :2], CUTOFF).distance for points, truth in pairs]))


def main() -> None:
    rows = []
    for case, make in CASES.items():
        scenes = [make(seed) for seed in range(SEEDS)]
        runs = {"told what is whose": [floor(scene) for scene in scenes]}
        for name, associator in ASSOCIATORS.items():
            one = tracker(associator=associator)
            runs[name] = [tracked(scene, one) for scene in scenes]
        for name, run in runs.items():
            whole, settled = (
                float(np.mean([mean_gospa(found, scene, first) for found, scene in zip(run, scenes, strict=True)]))
                for first in (0, SETTLED)
            )
            rows.append({"scene": case, "tracker": name, "GOSPA": whole, f"from scan {SETTLED} on": settled})
    note = f"Cutoff {CUTOFF:g} m, order 2, mean of {SEEDS} seeds. The first scan has no evidence of any one target."
    record("Accuracy by associator", "python benchmarks/tracking/accuracy.py", rows, note)


if __name__ == "__main__":
    main()
