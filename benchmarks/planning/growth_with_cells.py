"""How searches grow with the map: 10^4 to 10^7 cells, plansim beside scipy, rustworkx and networkx.

One path across a square with a fifth of its cells blocked at random. networkx ends at 10^5 cells, and those that are
not installed are left out; their graphs are built before the clock starts, ours from the map. With matplotlib the
figures become docs/pictures/growth_with_cells.png.
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
from plansim.planning import AStar, BidirectionalAStar, BreadthFirst, Dijkstra, GridSpace, Problem, distance_map
from plansim.planning.peers.networkx_peer import NetworkX, grid_graph

SIDES = (100, 316, 1000, 3162)
PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "growth_with_cells.png"
OURS = {
    "A*": AStar(),
    "bidirectional A*": BidirectionalAStar(),
    "Dijkstra": Dijkstra(),
    "breadth-first": BreadthFirst(),
}
REPEATS = {100: 9, 316: 5, 1000: 3, 3162: 1}


def main() -> None:
    times: dict[str, dict[int, float]] = {}
    rows = []
    for side in SIDES:
        problem = problem_of(side)
        row: dict[str, object] = {"cells": side**2}
        for name, (seconds, cost) in measured(problem, side).items():
            times.setdefault(name, {})[side**2] = seconds
            row[name] = 1e3 * seconds
            assert cost is None or abs(cost - AStar().plan(problem).cost) < 1e-6, name
        rows.append(row)
        print(row, file=sys.stderr, flush=True)
    note = (
        "Median ms of one path from corner to corner (distance map: to every cell), set-up of the peers' graphs not "
        "included. The costs are equal, but for breadth-first search, which counts moves."
    )
    record("Growth with cells", "python benchmarks/planning/growth_with_cells.py", rows, note)
    if importlib.util.find_spec("matplotlib") is not None:
        draw(times)


def problem_of(side: int) -> Problem:
    cells = np.random.default_rng(1).random((side, side)) < 0.2
    cells[:9, :9] = cells[-9:, -9:] = False
    return Problem(GridSpace(OccupancyGrid(cells)), np.full(2, 0.5), np.full(2, side - 0.5))


def measured(problem: Problem, side: int) -> dict[str, tuple[float, float | None]]:
    """Seconds, and the path's cost where it is the least."""
    repeats, space = REPEATS[side], problem.space
    found: dict[str, tuple[float, float | None]] = {}
    for name, planner in OURS.items():
        seconds, plan = timed(lambda planner=planner: planner.plan(problem), repeats)
        found[name] = seconds, None if name == "breadth-first" else plan.cost
    seconds, distances = timed(lambda: distance_map(space, problem.goal), repeats)
    found["distance map"] = seconds, float(distances[0, 0])
    if side <= 1000:
        found["scipy Dijkstra"] = scipy_dijkstra(space, repeats)
    if side <= 1000 and importlib.util.find_spec("rustworkx") is not None:
        found["rustworkx A*"] = rustworkx_astar(space, repeats)
    if side <= 316:
        grid_graph(space)
        seconds, plan = timed(lambda: NetworkX().plan(problem), min(repeats, 3))
        found["networkx A*"] = seconds, plan.cost
        grid_graph.cache_clear()
    return found


def timed(run: Callable[[], object], repeats: int) -> tuple[float, object]:
    times = []
    for k in range(repeats + 1):  # the first one warms up
        began = time.perf_counter()
        answer = run()
        if k:
            times.append(time.perf_counter() - began)
    return float(np.median(times)), answer


def edges_of(space: GridSpace) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Flat indices of both ends, and lengths, of all moves in one direction."""
    free, index = ~space.blocked, np.arange(space.blocked.size).reshape(space.blocked.shape)
    beside = free[:-1, :-1] & free[1:, 1:] & free[:-1, 1:] & free[1:, :-1]
    moves = [
        (index[:, :-1], index[:, 1:], free[:, :-1] & free[:, 1:], 1.0),
        (index[:-1], index[1:], free[:-1] & free[1:], 1.0),
        (index[:-1, :-1], index[1:, 1:], beside, np.sqrt(2)),
        (index[:-1, 1:], index[1:, :-1], beside, np.sqrt(2)),
    ]
    a, b, lengths = zip(*((a[legal], b[legal], np.full(legal.sum(), s)) for a, b, legal, s in moves), strict=True)
    return np.concatenate(a), np.concatenate(b), np.concatenate(lengths)


def scipy_dijkstra(space: GridSpace, repeats: int) -> tuple[float, float]:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    a, b, lengths = edges_of(space)
    graph = csr_array((lengths, (a, b)), shape=(space.blocked.size,) * 2)
    graph = (graph + graph.T).tocsr()
    seconds, distances = timed(lambda: dijkstra(graph, indices=0, return_predecessors=True)[0], repeats)
    return seconds, float(distances[-1])


def rustworkx_astar(space: GridSpace, repeats: int) -> tuple[float, float]:
    import rustworkx

    a, b, lengths = edges_of(space)
    graph, columns = rustworkx.PyGraph(), space.blocked.shape[1]
    graph.add_nodes_from(range(space.blocked.size))
    graph.add_edges_from(list(zip(a.tolist(), b.tolist(), lengths.tolist(), strict=True)))
    goal = space.blocked.size - 1

    def octile(node: int) -> float:
        rows, across = columns - 1 - node // columns, columns - 1 - node % columns
        return max(rows, across) + (2**0.5 - 1) * min(rows, across)

    seconds, path = timed(
        lambda: rustworkx.astar_shortest_path(graph, 0, lambda node: node == goal, lambda length: length, octile),
        repeats,
    )
    rows, across = np.divmod(np.array(path), columns)
    return seconds, float(np.hypot(np.diff(rows), np.diff(across)).sum())


def draw(times: dict[str, dict[int, float]]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.4))
    for name, points in times.items():
        ours = name in OURS or name == "distance map"
        axes.loglog(list(points), [1e3 * t for t in points.values()], "o-" if ours else "s--", label=name, markersize=4)
    axes.set(xlabel="cells of the map", ylabel="ms a query")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, frameon=False)
    figure.tight_layout()
    figure.savefig(PICTURE, dpi=110)


if __name__ == "__main__":
    main()
