"""One cheapest path over cells of different cost: plansim beside scikit-image, tcod and pyastar2d.

`pip install scikit-image tcod pyastar2d` for the peers; those that are absent are left out. All may cut corners here,
as the peers do. scikit-image asks the same question and gets the same answer, to 1e-9. tcod has whole numbers for
costs, and pyastar2d takes a diagonal move for as long as a straight one: they answer another question.
"""

from __future__ import annotations

import os

os.environ.update({name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")})

import importlib.util
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from scipy.ndimage import distance_transform_edt

from benchmarks.record import record
from plansim.core.grid import OccupancyGrid
from plansim.core.map_files import read_movingai_map
from plansim.core.pgm import read_pgm
from plansim.planning import AStar, GridSpace, Problem
from tests.conftest import data_folder

MAPS = {
    "ros/depot.pgm": lambda path: read_pgm(path) > 0.5,
    "ros/willow_costmap.pgm": lambda path: read_pgm(path) < 0.9,
    "movingai/cities/Boston_0_512.map": lambda path: read_movingai_map(path).free[::-1],
}
REPEATS = 5
Cell = tuple[int, int]
Search = Callable[[np.ndarray, Cell, Cell], object]  # costs, inf where blocked; start; goal


def plansim(costs, start, goal):
    """From the array of costs, all set-up included."""
    blocked = np.isinf(costs)
    return planned(GridSpace(OccupancyGrid(blocked), terrain=costs, corner_cutting=True), start, goal)


def planned(space, start, goal):
    return AStar().plan(Problem(space, *space.grid.points([start, goal])))


def skimage(costs, start, goal):
    from skimage.graph import MCP_Geometric

    search = MCP_Geometric(np.where(np.isinf(costs), -1.0, costs))
    reached, _ = search.find_costs([start], [goal])
    search.traceback(goal)
    return reached[goal]


def tcod(costs, start, goal):
    import tcod.path

    whole = np.where(np.isinf(costs), 0, np.rint(10 * np.minimum(costs, 1e6))).astype(np.int32)
    finder = tcod.path.Pathfinder(tcod.path.SimpleGraph(cost=whole, cardinal=70, diagonal=99))
    finder.add_root(start)
    return finder.path_to(goal)


def pyastar2d(costs, start, goal):
    import pyastar2d

    return pyastar2d.astar_path(costs.astype(np.float32), start, goal, allow_diagonal=True)


def main() -> None:
    folder = data_folder()
    if folder is None:
        sys.exit("the maps are absent: set PLANSIM_DATA to the folder that holds movingai/, ros/ and refs/")
    references = json.loads((folder / "refs" / "weighted_grid_skimage.json").read_text())
    rows = [row_of(name, folder, [r for r in references if r["map"] == name]) for name in MAPS]
    columns = list(dict.fromkeys(key for row in rows for key in row if key.startswith("×")))
    mean = {key: float(np.exp(np.mean([np.log(row[key]) for row in rows]))) for key in columns}
    note = (
        "Median ms of 12 queries a map; × geometric mean of how many times longer the peer takes than a plan on a "
        "ready GridSpace, and (cold) than one from the array of costs, all set-up included. Equal to scikit-image's "
        "costs to 1e-9; pyastar2d minimises another sum."
    )
    record("A* on terrain", "python benchmarks/planning/terrain.py", [*rows, {"map": "geometric mean"} | mean], note)


def row_of(name: str, folder: Path, references: list[dict]) -> dict[str, object]:
    free = MAPS[name](folder / name)
    clearance = distance_transform_edt(np.pad(free, 1))[1:-1, 1:-1] * references[0]["res"]
    costs = np.where(free, 1 + 20 * np.exp(-3 * np.maximum(clearance - 0.2, 0)), np.inf)
    space = GridSpace(OccupancyGrid(~free), terrain=costs, corner_cutting=True)
    queries = [(tuple(r["start"]), tuple(r["goal"])) for r in references]
    for (start, goal), reference in zip(queries, references, strict=True):
        assert abs(planned(space, start, goal).cost - reference["cost"]) < 1e-9

    ready = timed(lambda _, *ends: planned(space, *ends), costs, queries)
    cold = timed(plansim, costs, queries)
    row: dict[str, object] = {"map": name, "plansim": 1e3 * np.median(ready), "cold": 1e3 * np.median(cold)}
    for peer in (skimage, tcod, pyastar2d):
        if importlib.util.find_spec(peer.__name__) is not None:
            theirs = timed(peer, costs, queries)
            row[peer.__name__] = 1e3 * np.median(theirs)
            row[f"× {peer.__name__}"] = float(np.exp(np.mean(np.log(theirs / ready))))
            row[f"× {peer.__name__} cold"] = float(np.exp(np.mean(np.log(theirs / cold))))
    return row


def timed(search: Search, costs: np.ndarray, queries: list[tuple[Cell, Cell]]) -> np.ndarray:
    """Seconds of each query, the median of its repeats."""
    search(costs, *queries[0])
    times = np.empty((len(queries), REPEATS))
    for i, ends in enumerate(queries):
        for k in range(REPEATS):
            began = time.perf_counter()
            search(costs, *ends)
            times[i, k] = time.perf_counter() - began
    return np.median(times, axis=1)


if __name__ == "__main__":
    main()
