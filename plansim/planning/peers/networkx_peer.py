"""Other libraries' planners behind our protocol, so that a scenario can name one and the comparison is one command."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.planning.base import Budget, Plan, Problem, Stats, Status, Stopwatch, no_plan
from plansim.planning.grid.search import free_ends, plain_grid_space
from plansim.planning.grid.space import GridSpace

Cell = tuple[int, int]


@dataclass(frozen=True)
class NetworkX:
    """`networkx.astar_path` on the graph of a `GridSpace`: the same answers as `AStar`, through a public graph.

    networkx tells nothing of a search that was cut short: a spent budget leaves the start alone. Expansions are
    counted as the cells that it asked the distance of.
    """

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        import networkx

        watch = Stopwatch()
        space = plain_grid_space(problem)
        start, goal, refused = free_ends(problem, space)
        if refused is not None:
            return no_plan(refused, 2, Stats(seconds=watch.seconds, engine="networkx"))
        graph, asked = grid_graph(space), _Counted(budget, watch)
        metres = space.grid.resolution
        try:
            cells = networkx.astar_path(graph, start, goal, heuristic=asked.distance)
        except networkx.NetworkXNoPath:
            return no_plan(Status.NO_PATH, 2, asked.stats())._replace(lower_bound=float("inf"))
        except _Spent:
            states = space.grid.points(np.array([start]))
            least = asked.octile(start, goal) * metres
            return Plan(Status.BUDGET_SPENT, states, 0.0, stats=asked.stats(), lower_bound=least)
        cost = networkx.path_weight(graph, cells, "weight") * metres
        return Plan(Status.SOLVED, space.grid.points(np.array(cells)), cost, stats=asked.stats(), lower_bound=cost)


@lru_cache(maxsize=2)  # building it takes far longer than searching it
def grid_graph(space: GridSpace) -> Any:
    """The free cells (row, column) of a space as a networkx graph; edges weigh 1 and sqrt(2) cells."""
    import networkx

    free = ~space.blocked
    both_free = {
        (0, 1): free[:, :-1] & free[:, 1:],
        (1, 0): free[:-1] & free[1:],
        (1, 1): free[:-1, :-1] & free[1:, 1:] & free[:-1, 1:] & free[1:, :-1],
        (1, -1): free[:-1, 1:] & free[1:, :-1] & free[:-1, :-1] & free[1:, 1:],
    }
    graph = networkx.Graph()
    graph.add_nodes_from(_tuples(np.argwhere(free)))
    for (rows, columns), joined in both_free.items():
        cells = np.argwhere(joined) + np.array([0, columns < 0])
        weight = float(np.hypot(rows, columns))
        graph.add_edges_from(
            zip(_tuples(cells), _tuples(cells + np.array([rows, columns])), strict=True), weight=weight
        )
    return graph


class _Spent(Exception):
    pass


class _Counted:
    """The octile distance, that counts how often it is asked and stops the search that spends its budget."""

    def __init__(self, budget: Budget, watch: Stopwatch):
        self.budget, self.watch, self.count = budget, watch, 0

    def distance(self, a: Cell, b: Cell) -> float:
        spent = self.budget.iterations is not None and self.count >= self.budget.iterations
        if spent or (self.budget.seconds is not None and self.watch.seconds >= self.budget.seconds):
            raise _Spent
        self.count += 1
        return self.octile(a, b)

    @staticmethod
    def octile(a: Cell, b: Cell) -> float:
        rows, columns = abs(a[0] - b[0]), abs(a[1] - b[1])
        return max(rows, columns) + (2**0.5 - 1) * min(rows, columns)

    def stats(self) -> Stats:
        return Stats(expanded=self.count, seconds=self.watch.seconds, engine="networkx")


def _tuples(cells: Array) -> list[Cell]:
    return list(map(tuple, cells.tolist()))
