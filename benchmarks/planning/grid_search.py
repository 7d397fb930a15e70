"""Shortest paths on real maps, from a bool array and from an index: plansim beside the libraries that people use.

`pip install pyastar2d tcod scikit-image rustworkx` for the peers; those that are absent are left out. networkx, scipy
and rustworkx are given their graph (its set-up takes seconds to minutes), the others start from the array, as does our
cold query; our index is built before, and timed beside. Hard queries: the longest of the map's scenario file.
"""

from __future__ import annotations

import os

os.environ.update({name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")})

import importlib.util
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from benchmarks.record import record
from plansim.core.grid import OccupancyGrid
from plansim.core.map_files import GridProblem, read_movingai_map, read_movingai_problems, read_ros_map
from plansim.planning.base import Problem
from plansim.planning.grid.astar import AStar
from plansim.planning.grid.jump_index import JumpPointIndex
from plansim.planning.grid.one_query import shortest_path
from plansim.planning.grid.search import search_grid
from plansim.planning.grid.space import GridSpace, neighbours_of
from plansim.planning.peers.networkx_peer import NetworkX, grid_graph
from tests.conftest import data_folder
from tests.golden.test_movingai import PRECISION, legal

REAL = ("cities/Berlin_0_1024", "cities/Boston_0_512", "bg512/AR0300SR", "dao/brc202d", "sc1/Caldera")
MADE = ("random/random512-10-0", "random/random512-35-0", "mazes/maze512-1-0", "mazes/maze512-32-0", "rooms/16room_000")
ROS = ("depot", "tb3_sandbox")
QUERIES, SLOW_QUERIES, REPEATS = 15, 3, 3
Search = Callable[[np.ndarray, tuple[int, int], tuple[int, int]], np.ndarray]  # free, start, goal -> cells (T, 2)


def plansim(free, start, goal):
    return shortest_path(free, start, goal).cells


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
    maps = [(name, *movingai(folder / "movingai" / f"{name}.map")) for name in REAL]
    maps += [(f"ros/{name}", *ros(folder / "ros" / f"{name}.yaml")) for name in ROS]
    maps += [(name, *movingai(folder / "movingai" / f"{name}.map")) for name in MADE]
    cold, indexed = zip(*(rows_of(*each) for each in maps), strict=True)
    note = (
        "Median ms of hard queries; × how many times longer the peer takes. `plan`: AStar().plan on a ready "
        "GridSpace. Our costs are the published optima and networkx's. In brackets: peers' paths that are legal "
        "(cut no corner) and as short; the others answer another question."
    )
    command = "python benchmarks/planning/grid_search.py"
    record("One shortest path from a bool array", command, [*cold, means("geometric mean", cold)], note)
    note = (
        "Median µs of the same queries: `search`: JumpPointIndex.search; `plan`: AStar().plan in a space with "
        "its index. × of search, (plan): of AStar().plan. Index and repair (nine cells are blocked) in ms. Real: all "
        "but random maps, mazes and rooms."
    )
    real = indexed[: len(REAL) + len(ROS)]
    rows = [*indexed, means("geometric mean, real", real), means("geometric mean, all", indexed)]
    rows += [{"map": "least"} | {key: min(row[key] for row in indexed) for key in ratios(indexed)}]
    record("A shortest path from an index", command, rows, note)


def ratios(rows) -> list[str]:
    return [key for key in rows[0] if "×" in key]


def means(name: str, rows) -> dict[str, object]:
    return {"map": name} | {key: geometric_mean(row[key] for row in rows if key in row) for key in ratios(rows)}


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


def rows_of(name: str, grid: OccupancyGrid, problems: list[GridProblem]) -> tuple[dict, dict]:
    free, space = np.array(grid.free), GridSpace(grid)
    cold, right = timed(plansim, free, problems, REPEATS)
    assert right == len(problems), name
    row: dict[str, object] = {"map": name, "plansim": cold, "plan": planned(space, problems)}
    peers = {}
    for peer in (pyastar2d, tcod, skimage):
        if importlib.util.find_spec(peer.__name__) is not None:
            milliseconds, right = timed(peer, free, problems, 2)
            row[peer.__name__] = f"{milliseconds:.3g} ({right}/{len(problems)})"
            row[f"× {peer.__name__}"] = milliseconds / cold
            peers[peer.__name__] = milliseconds
    slow = problems[:: QUERIES // SLOW_QUERIES][:SLOW_QUERIES]
    peers["networkx"] = row["networkx"] = networkx(grid, slow)
    row["× networkx"] = row["networkx"] / timed(plansim, free, slow, REPEATS)[0]
    peers |= {"scipy": scipy(free, slow)} | ({"rustworkx": rustworkx(free, slow)} if free.sum() < 150_000 else {})
    print(row, file=sys.stderr, flush=True)
    return row, indexed(name, space, free, problems, peers)


def indexed(name: str, space: GridSpace, free: np.ndarray, problems: list[GridProblem], peers: dict) -> dict:
    edited = free.copy()
    row, column = problems[0].start
    edited[row - 1 : row + 2, column - 1 : column + 2] = False
    index = space.indexed().jump_points
    building = min(seconds(lambda: JumpPointIndex.of(free)) for _ in range(5))
    repairing = min(seconds(lambda: index.repaired(edited)) for _ in range(5))
    ours, right = timed(lambda _, *ends: index.search(*ends).cells, free, problems, 20)
    assert right == len(problems), name
    plan = planned(space, problems)
    found = {"map": name, "index": 1e3 * building, "repair": 1e3 * repairing}
    found |= {"search": 1e3 * ours, "plan": 1e3 * plan}
    found |= {f"× {peer}": milliseconds / ours for peer, milliseconds in peers.items()}
    found |= {f"(plan) × {peer}": milliseconds / plan for peer, milliseconds in peers.items()}
    print(found, file=sys.stderr, flush=True)
    return found


def seconds(call: Callable) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


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


def planned(space: GridSpace, problems: list[GridProblem]) -> float:
    asked = [Problem(space, space.grid.points(p.start), space.grid.points(p.goal)) for p in problems]
    AStar().plan(asked[0])
    return 1e3 * float(np.median([min(seconds(lambda p=p: AStar().plan(p)) for _ in range(10)) for p in asked]))


def edges(free: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """From cell to cell, with its length, each move once."""
    cell, found = np.arange(free.size).reshape(free.shape), []
    padded = np.pad(free, ((0, 1), (1, 1)))
    height, width = free.shape
    for dr, dc in ((0, 1), (1, 0), (1, 1), (1, -1)):
        to = padded[dr : dr + height, 1 + dc : 1 + dc + width]
        legal_move = free & to & padded[dr : dr + height, 1 : 1 + width] & padded[:height, 1 + dc : 1 + dc + width]
        found.append(
            (cell[legal_move], cell[legal_move] + dr * width + dc, np.full(legal_move.sum(), np.hypot(dr, dc)))
        )
    a, b, length = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return a, b, length


def scipy(free: np.ndarray, problems: list[GridProblem]) -> float:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    a, b, length = edges(free)
    graph, times, width = csr_array((length, (a, b)), shape=(free.size, free.size)), [], free.shape[1]
    for p in problems:
        (row, column), goal, began = p.start, p.goal, time.perf_counter()
        costs, _ = dijkstra(graph, directed=False, indices=row * width + column, return_predecessors=True)
        times.append(time.perf_counter() - began)
        assert abs(costs[goal[0] * width + goal[1]] - p.optimal_length) <= PRECISION
    return 1e3 * float(np.median(times))


def rustworkx(free: np.ndarray, problems: list[GridProblem]) -> float:
    if importlib.util.find_spec("rustworkx") is None:
        return float("nan")
    import rustworkx as rx

    graph, width, times = rx.PyGraph(), free.shape[1], []
    graph.add_nodes_from(range(free.size))
    graph.add_edges_from(list(zip(*(part.tolist() for part in edges(free)), strict=True)))
    for p in problems:
        (row, column), goal, began = p.start, p.goal[0] * width + p.goal[1], time.perf_counter()
        path = list(rx.dijkstra_shortest_paths(graph, row * width + column, target=goal, weight_fn=float)[goal])
        times.append(time.perf_counter() - began)
        cost = np.linalg.norm(np.diff(np.stack(np.divmod(path, width), axis=-1), axis=0), axis=-1).sum()
        assert abs(cost - p.optimal_length) <= PRECISION
    return 1e3 * float(np.median(times))


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
