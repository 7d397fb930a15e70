"""Time-optimal passages of spline paths: plansim beside toppra, the same paths, limits and numbers of steps.

`pip install toppra` for the peer. The paths are the reference problems in refs/toppra_durations.json.
"""

from __future__ import annotations

import os

os.environ.update({name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")})

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from benchmarks.record import record
from plansim.planning.trajectory.paths import spline_path
from plansim.planning.trajectory.time_optimal import TimedPath, time_optimal
from tests.conftest import data_folder

STEPS = (200, 1000, 2000)


def main() -> None:
    folder = data_folder()
    if folder is None:
        sys.exit("the problems are absent: set PLANSIM_DATA to the folder that holds refs/")
    problems = json.loads((folder / "refs" / "toppra_durations.json").read_text())
    rows = [row_of(problem) for problem in problems]
    ratios = {key: float(np.exp(np.mean(np.log([row[key] for row in rows])))) for key in rows[0] if "×" in key}
    ratios |= {key: max((row[key] for row in rows), key=abs) for key in rows[0] if "%" in key or "beyond" in key}
    note = (
        "ms: median of a whole call, from a ready spline to a passage; the last row has geometric means of × and the "
        "worst of the others. `%`: our duration at 1000 steps beside toppra's at 2000. `beyond`: the largest share of "
        "a limit, less 1, at ten samples a step; toppra's samples lie between its own grid points as well."
    )
    record("Time-optimal passages", "python benchmarks/planning/time_optimal.py",
           [*rows, {"problem": "all"} | ratios], note)  # fmt: skip


def row_of(problem: dict) -> dict[str, object]:
    import toppra as ta
    from toppra import algorithm, constraint

    ta.setup_logging("ERROR")
    knots, points = np.array(problem["knots"]), np.array(problem["waypoints"])
    v, a = np.array(problem["vmax"]), np.array(problem["amax"])
    path, theirs = spline_path(points, knots), ta.SplineInterpolator(knots, points)
    limits = [
        constraint.JointVelocityConstraint(np.stack((-v, v), -1)),
        constraint.JointAccelerationConstraint(np.stack((-a, a), -1)),
    ]

    def toppra(steps: int):
        grid = np.linspace(0.0, knots[-1], steps + 1)
        return algorithm.TOPPRA(limits, theirs, grid, parametrizer="ParametrizeConstAccel").compute_trajectory()

    row: dict[str, object] = {"problem": f"{problem['dof']} joints, {len(points)} points"}
    for steps in STEPS:
        ours = timed(lambda steps=steps: time_optimal(path, v, a, steps), 30)
        row[f"ms {steps}"] = ours
        if steps != 1000:
            row[f"toppra {steps}"] = timed(lambda steps=steps: toppra(steps), 3)
            row[f"× {steps}"] = row[f"toppra {steps}"] / ours
    row["× 1000 for 2000"] = row["toppra 2000"] / row["ms 1000"]
    passage, peer = time_optimal(path, v, a, 1000), toppra(2000)
    row["% longer"] = 100 * (passage.duration / peer.duration - 1)
    row["beyond"] = beyond(passage, v, a)
    t = np.linspace(0.0, peer.duration, 20001)
    row["toppra beyond"] = max((np.abs(peer(t, k + 1)) / limit).max() for k, limit in enumerate((v, a))) - 1
    print(row, file=sys.stderr, flush=True)
    return row


def beyond(passage: TimedPath, v: np.ndarray, a: np.ndarray) -> float:
    t = np.linspace(0.0, passage.duration, 10 * len(passage.clock.breaks) + 1)
    return max(float((np.abs(passage.at(t, k + 1)) / limit).max()) for k, limit in enumerate((v, a))) - 1


def timed(call: Callable[[], object], repeats: int) -> float:
    call()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return 1e3 * float(np.median(times))


if __name__ == "__main__":
    main()
