"""Smoothing a trajectory of 200 points within a corridor: plansim's banded interior-point method beside OSQP.

`pip install osqp` for the peer. All are given the same matrices and bounds; the corridors lead through random maps.
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
from plansim.planning.trajectory.corridor import Corridor, safe_corridor
from plansim.planning.trajectory.corridor_osqp import Osqp
from plansim.planning.trajectory.corridor_qp import CorridorProblem, CorridorSolver, InteriorPoint
from plansim.planning.trajectory.corridor_timing import corridor_problem
from plansim.planning.trajectory.shortcut import shortcut
from tests.planning.trajectory.test_corridor_qp import objective
from tests.planning.trajectory.worlds import paths

LIMITS = np.array([1.5, 1.0, 2.0])
POINTS, PROBLEMS, REPEATS = 200, 30, 5


class PerProblem:
    """OSQP as it is called for one problem: set up, solve, forget."""

    def __init__(self, accuracy: float):
        self.accuracy = accuracy

    def solve(self, problem: CorridorProblem):
        return Osqp(self.accuracy, tolerance=np.inf).solve(problem)


def main() -> None:
    problems = list(of_200_points(PROBLEMS))
    solvers: dict[str, CorridorSolver] = {"plansim, banded interior point": InteriorPoint()}
    for accuracy in (1e-3, 1e-5):
        solvers[f"OSQP at {accuracy:g}, set up for each"] = PerProblem(accuracy)
        solvers[f"OSQP at {accuracy:g}, workspace kept"] = Osqp(accuracy, tolerance=np.inf)
    best = [objective(problem, InteriorPoint(gap=1e-6).solve(problem).control_points) for _, problem in problems]
    rows = [row_of(name, solver, problems, best) for name, solver in solvers.items()]
    for row in rows:
        row["×"] = row["ms"] / rows[0]["ms"]
    note = (
        f"{PROBLEMS} problems of {POINTS} control points in the plane, both axes together; median of the best of "
        f"{REPEATS} calls. Cost: median of jerk and effort, as a multiple of the optimum's. Outside: the farthest that "
        "any point of a trajectory, sampled ten times a step, lies outside its corridor."
    )
    record("A smooth trajectory in a corridor", "python benchmarks/planning/corridor_qp.py", rows, note)


def of_200_points(count: int):
    for problem, path in paths(4 * count, shape=(60, 90), seed=3):
        path = shortcut(problem.space, path)
        corridor = safe_corridor(problem.space, path)
        ends = [np.concatenate((end, np.zeros(2))) for end in path[[0, -1]]]
        seconds = 0.1 * (len(corridor_problem(corridor, path, *ends, LIMITS, 0.1, 1.3).low) - 3)
        if 10.0 <= seconds <= 25.0 and count:
            made = corridor_problem(corridor, path, *ends, LIMITS, seconds / (POINTS - 2), 1.3)
            if abs(len(made.low) - POINTS) <= 3:
                count -= 1
                yield corridor, made


def row_of(name: str, solver: CorridorSolver, problems: list, best: list[float]) -> dict[str, object]:
    times, costs, outside, solved = [], [], [], 0
    solver.solve(problems[0][1])
    for (corridor, problem), least in zip(problems, best, strict=True):
        tries = []
        for _ in range(REPEATS):
            began = time.perf_counter()
            solution = solver.solve(problem)
            tries.append(time.perf_counter() - began)
        times.append(min(tries))
        solved += solution.solved
        costs.append(objective(problem, solution.control_points) / least)
        outside.append(farthest_outside(corridor, solution.states(problem.dt), problem.dt))
    row: dict[str, object] = {"solver": name, "ms": 1e3 * float(np.median(times)), "worst ms": 1e3 * max(times)}
    row |= {"×": 1.0, "solved": f"{solved}/{len(problems)}", "cost": float(np.median(costs))}
    return row | {"outside mm": 1e3 * max(outside)}


def farthest_outside(corridor: Corridor, states: np.ndarray, dt: float) -> float:
    t = np.linspace(0.0, dt, 11)[:, None, None]
    a = np.diff(states[:, 2:], axis=0) / dt
    points = (states[:-1, :2] + states[:-1, 2:] * t + a * t * t / 2).reshape(-1, 1, 2)
    off = np.maximum(np.maximum(corridor.boxes[:, 0] - points, points - corridor.boxes[:, 1]), 0.0)
    return float(np.linalg.norm(off, axis=-1).min(-1).max())


if __name__ == "__main__":
    main()
