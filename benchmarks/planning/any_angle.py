"""Any-angle paths on real maps: how long they take, how near the shortest path in the plane they are, beside A*'s.

`lower_bound` of a plan is the length of the shortest path, which touches the corners of blocked cells; that it is so is
held to a visibility graph by tests/planning/grid/test_any_angle.py.
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
from plansim.core.map_files import GridProblem, read_movingai_map, read_movingai_problems
from plansim.planning import AnyAngle, GridSpace, Problem
from tests.conftest import data_folder

MAPS = ("bg512/AR0300SR", "bg512/AR0400SR", "dao/brc202d", "cities/Boston_0_512", "cities/Paris_0_512")
MAPS += ("rooms/16room_000", "mazes/maze512-32-0", "random/random512-10-0", "random/random512-35-0")
HARD, SAMPLE = 15, 60


def main() -> None:
    folder = data_folder()
    if folder is None:
        sys.exit("the maps are absent: set PLANSIM_DATA to the folder that holds movingai/")
    rows = [row_of(name, folder / "movingai" / f"{name}.map") for name in MAPS]
    note = (
        "Median ms: of the 15 longest problems, and of 60 over all. Gap: mean of cost / lower bound - 1. Turns: "
        "mean number. A* is longer: the published length of its path over the any-angle one, mean. All edges are free."
    )
    record("Any-angle paths", "python benchmarks/planning/any_angle.py", rows, note)


def row_of(name: str, path: Path) -> dict[str, object]:
    space, problems = GridSpace(read_movingai_map(path)), read_movingai_problems(path.with_name(path.name + ".scen"))
    problems.sort(key=lambda problem: -problem.optimal_length)
    hard, sample = answers(space, problems[:HARD]), answers(space, problems[:: max(1, len(problems) // SAMPLE)])
    gaps, turns, longer = (np.concatenate((hard[k], sample[k])).mean() for k in (1, 2, 3))
    times = {"hard ms": np.median(hard[0]), "median ms": np.median(sample[0])}
    return {"map": name} | times | {"gap": float(gaps), "turns": float(turns), "A* is longer": float(longer)}


def answers(space: GridSpace, problems: list[GridProblem]) -> np.ndarray:
    """(4, N): ms, gap, turns and how many times longer the published path is."""
    rows = []
    for p in problems:
        if p.start == p.goal:
            continue
        problem = Problem(space, space.grid.points(p.start), space.grid.points(p.goal))
        tries = []
        for _ in range(3):
            began = time.perf_counter()
            plan = AnyAngle().plan(problem)
            tries.append(time.perf_counter() - began)
        assert space.edge_free(plan.states[:-1], plan.states[1:]).all()
        gap = plan.cost / plan.lower_bound - 1
        rows.append((1e3 * min(tries), gap, len(plan.states) - 2, p.optimal_length / plan.cost))
    return np.array(rows).T


if __name__ == "__main__":
    main()
