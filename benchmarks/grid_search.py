"""One shortest path from a bool array, all set-up included: plansim beside pyastar2d, tcod, scikit-image and networkx.

`pip install pyastar2d tcod scikit-image` for the peers; those that are absent are left out. networkx is given its graph
(its set-up takes minutes), everybody else starts from the array. Hard queries: the longest of the map's scenario file.
"""

from __future__ import annotations

import os

os.environ.update({name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")})

import importlib.util
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np

from benchmarks.record import record
from plansim.core.grid import OccupancyGrid
from plansim.core.map_files import GridProblem, read_movingai_map, read_movingai_problems, read_ros_map
from plansim.planning.base import Problem
from plansim.planning.grid.astar import AStar
from plansim.planning.grid.search import search_grid
from plansim.planning.grid.space import GridSpace, neighbours_of
from plansim.planning.peers.networkx_peer import NetworkX, grid_graph
from tests.conftest import data_folder
from tests.golden.test_movingai import PRECISION, legal

MOVINGAI = ("cities/Berlin_0_1024", "bg512/AR0300SR", "dao/brc202d", "random/random512-10-0", "random/random512-35-0")
MOVINGAI += ("mazes/maze512-1-0", "mazes/maze512-32-0", "rooms/16room_000")
ROS = ("depot", "tb3_sandbox")
QUERIES, SLOW_QUERIES, REPEATS = 15, 3, 3
Search = Callable[[np.ndarray, tuple[int, int], tuple[int, int]], np.ndarray]  # free, start, goal -> cells (T, 2)


def plansim(free, start, goal):
    return search_grid(neighbours_of(free), start, goal).cells


def pyastar2d(free, start, goal):
    import pyastar2d

    costs = np.where(free, np.float32(1), np.float32(np.inf))
    return pyastar2d.astar_path(costs, start, goal, allow_diagonal=True)


def tcod(free, start, goal):
    import tcod.path

    graph = tcod.path.SimpleGraph(cost=free.astype(np.int8), cardinal=70, diagonal=99)
    finder = tcod.path.Pathfinder(graph)
    finder.add_root(start)
    return finder.path_to(goal)


def skimage(free, start, goal):
    from skimage.graph import MCP_Geometric

    search = MCP_Geometric(np.where(free, 1.0, -1.0))
    search.find_costs([start], [goal])
    return np.array(search.traceback(goal))


def main() -> None:
    folder = data_folder()
    if folder is None:
        sys.exit("the maps are absent: set PLANSIM_DATA to the folder that holds movingai/ and ros/")
    rows = [row_of(name, *movingai(folder / "movingai" / f"{name}.map")) for name in MOVINGAI]
    rows += [row_of(f"ros/{name}", *ros(folder / "ros" / f"{name}.yaml")) for name in ROS]
    ratios = {key: geometric_mean(row[key] for row in rows) for key in rows[0] if key.startswith("×")}
    note = (
        "Median ms of hard queries; × how many times longer the peer takes. `plan`: AStar().plan on a ready "
        "GridSpace. Our costs are the published optima and networkx's. In brackets: peers' paths that are legal "
        "(cut no corner) and as short; the others answer another question."
    )
    record(
        "A* from a bool array", "python benchmarks/grid_search.py", [*rows, {"map": "geometric mean"} | ratios], note
    )


def movingai(path: Path) -> tuple[OccupancyGrid, list[GridProblem]]:
    problems = read_movingai_problems(path.with_name(path.name + ".scen"))
    return read_movingai_map(path), sorted(problems, key=lambda p: -p.optimal_length)[:QUERIES]


def ros(path: Path) -> tuple[OccupancyGrid, list[GridProblem]]:
    """The longest of 300 problems between random free cells."""
    grid, rng, problems = read_ros_map(path), np.random.default_rng(0), []
    neighbours, free = neighbours_of(grid.free), np.argwhere(grid.free)
    for ends in rng.integers(len(free), size=(300, 2)):
        start, goal = (tuple(map(int, free[i])) for i in ends)
        cost = search_grid(neighbours, start, goal).cost
        if np.isfinite(cost):
            problems.append(GridProblem(0, path.name, start, goal, cost))
    return grid, sorted(problems, key=lambda p: -p.optimal_length)[:QUERIES]


def row_of(name: str, grid: OccupancyGrid, problems: list[GridProblem]) -> dict[str, object]:
    free, row = np.array(grid.free), {"map": name}
    ours, right = timed(plansim, free, problems, REPEATS)
    assert right == len(problems), name
    row["plansim"], row["plan"] = ours, planned(grid, problems)
    for peer in (pyastar2d, tcod, skimage):
        if importlib.util.find_spec(peer.__name__) is not None:
            milliseconds, right = timed(peer, free, problems, 2)
            row[peer.__name__] = f"{milliseconds:.3g} ({right}/{len(problems)})"
            row[f"× {peer.__name__}"] = milliseconds / ours
    slow = problems[:: QUERIES // SLOW_QUERIES][:SLOW_QUERIES]
    row["networkx"] = networkx(grid, slow)
    row["× networkx"] = row["networkx"] / timed(plansim, free, slow, REPEATS)[0]
    print(row, file=sys.stderr, flush=True)
    return row


def timed(search: Search, free: np.ndarray, problems: list[GridProblem], repeats: int) -> tuple[float, int]:
    """Median ms over the problems, each the best of its repeats, and how many answers are legal and as short."""
    search(free, problems[0].start, problems[0].goal)
    times, right = [], 0
    for problem in problems:
        tries = []
        for _ in range(repeats):
            began = time.perf_counter()
            cells = search(free, problem.start, problem.goal)
            tries.append(time.perf_counter() - began)
        cells = np.asarray(cells)
        cost = np.linalg.norm(np.diff(cells, axis=0), axis=-1).sum()
        right += bool(legal(~free, cells)) and abs(cost - problem.optimal_length) <= PRECISION
        times.append(min(tries))
    return 1e3 * float(np.median(times)), right


def planned(grid: OccupancyGrid, problems: list[GridProblem]) -> float:
    space = GridSpace(grid)
    ends = [(grid.points(problem.start), grid.points(problem.goal)) for problem in problems]
    AStar().plan(Problem(space, *ends[0]))
    return 1e3 * float(np.median([AStar().plan(Problem(space, *pair)).stats.seconds for pair in ends]))


def networkx(grid: OccupancyGrid, problems: list[GridProblem]) -> float:
    space, times = GridSpace(grid), []
    grid_graph(space)
    for problem in problems:
        plan = NetworkX().plan(Problem(space, grid.points(problem.start), grid.points(problem.goal)))
        assert abs(plan.cost / grid.resolution - problem.optimal_length) <= PRECISION
        times.append(plan.stats.seconds)
    grid_graph.cache_clear()
    return 1e3 * float(np.median(times))


def geometric_mean(values) -> float:
    return float(np.exp(np.mean(np.log(list(values)))))


if __name__ == "__main__":
    main()
