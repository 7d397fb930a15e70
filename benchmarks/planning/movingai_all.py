"""Every problem of every MovingAI scenario file: published optimum, legal path, and how long all of them take.

`python benchmarks/planning/movingai_all.py [engine] [every]`: a-star, dijkstra, jump-point-search,
bidirectional-a-star, d-star-lite or jump-point-search-plus, which is the default; with `every`, each so many-th problem
of a file. The data folder is PLANSIM_DATA. The time of an index is that of its building as well.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.record import record
from plansim.core.map_files import read_movingai_map, read_movingai_problems
from plansim.planning.grid.space import GridSpace
from tests.conftest import data_folder
from tests.golden.test_movingai import ENGINES, PRECISION, legal, map_of


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else "jump-point-search-plus"
    every = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    rows, folder = [], data_folder()
    if folder is None:
        sys.exit("the MovingAI maps are absent: set PLANSIM_DATA to the folder that holds movingai/")
    for scenario in sorted((folder / "movingai").rglob("*.scen")):
        began = time.perf_counter()
        space, problems = GridSpace(read_movingai_map(map_of(scenario))), read_movingai_problems(scenario)[::every]
        reading, searching, wrong, expanded = time.perf_counter() - began, 0.0, 0, 0
        for problem in problems:
            began = time.perf_counter()
            path = ENGINES[name](space, problem)
            searching += time.perf_counter() - began
            expanded += path.expanded
            right = abs(path.cost - problem.optimal_length) <= PRECISION and legal(space.blocked, path.cells)
            wrong += not right
        rows.append(
            {
                "map": scenario.parent.name + "/" + map_of(scenario).stem,
                "problems": len(problems),
                "wrong": wrong,
                "reading s": reading,
                "searching s": searching,
                "ms a problem": 1e3 * searching / len(problems),
                "ns an expansion": 1e9 * searching / expanded,
            }
        )
    total = {"map": "all", "ms a problem": 1e3 * sum(row["searching s"] for row in rows)}
    total |= {key: sum(row[key] for row in rows) for key in ("problems", "wrong", "reading s", "searching s")}
    total["ms a problem"] /= total["problems"]
    which = "All problems" if every == 1 else f"Every {every}th problem"
    title = f"{which} of {len(rows)} MovingAI files: {name}"
    note = f"wrong: cost off the published one by more than {PRECISION}, or a path that is not legal. One core."
    record(title, f"python benchmarks/planning/movingai_all.py {name} {every}", [*rows, total], note)


if __name__ == "__main__":
    main()
