"""BIT*: batches of samples that are searched as A* searches a graph, edges in order of the paths that they promise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.core.arrays import Array
from plansim.planning.base import Budget, Plan, Problem, Status
from plansim.planning.sampling.batch_search import AGAIN, FULL, NEIGHBOURS, PATH, compiled_batches, python_batches
from plansim.planning.sampling.cost_tree import grown_links, new_links
from plansim.planning.sampling.edge_queue import grown_queue, new_queue
from plansim.planning.sampling.rrt_connect import drawn_root
from plansim.planning.sampling.running import FIRST_PIECE, next_piece, positive
from plansim.planning.sampling.task import Task
from plansim.planning.sampling.tree import Tree, add


@dataclass(frozen=True)
class BITStar:
    """The shortest path through ever more samples, found early and improved until samples or budget are spent.

    Gammell, Barfoot & Srinivasa 2020, "Batch Informed Trees (BIT*)": samples come in batches from where a better path
    can lie; edges between neighbours wait in a queue by the cost of the path that they promise, and are tested against
    obstacles only when they are first in it. With `tighten`, each better path is also pulled tight around its corners,
    which narrows where the next batch is drawn. It is the planner to take for short paths among ours.

    >>> from plansim.core.shapes import Shapes
    >>> from plansim.planning.spaces.box import BoxSpace
    >>> space = BoxSpace(Shapes([0, 0], [10, 10], boxes=[[[4, 0], [6, 8]]]))
    >>> plan = BITStar(max_samples=1000).plan(Problem(space, np.array([1.0, 1.0]), np.array([9.0, 1.0])))
    >>> round(plan.cost / float(2 * np.hypot(3, 7) + 2), 3)  # of the shortest
    1.0
    """

    batch: int = 100  # samples
    max_samples: int = 10_000  # where the budget does not end it before
    neighbour_factor: float = 1.1  # of the number of neighbours that are tried; above 1 for the optimum in the end
    corners: bool = True  # begin with those corners of obstacles at which shortest paths turn, where the space has them
    tighten: bool = True  # pull each better path tight, where ways are straight lines
    check_every: float | None = None  # distance between states asked of is_free; None: a hundredth of the diagonal
    keep_tree: bool = False  # hand out the edges of the tree, for pictures

    def __post_init__(self) -> None:
        positive(self, "batch", "max_samples", "neighbour_factor", "check_every")

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        task = Task(problem, rng, None, self.check_every)
        refusal = task.refusal()
        if refusal is not None:
            return refusal
        root = task.goal if task.goal_free else drawn_root(task, self.max_samples)
        search = _Search(self, task, root)
        if root is not None:
            search.run(budget)
        return search.plan(self.keep_tree)


class _Search:
    """One search: its states, of which some hang in the tree, its queue of edges, and its better paths."""

    def __init__(self, planner: BITStar, task: Task, root: Array | None):
        self.task, self.planner = task, planner
        n, capacity = len(task.start), 1024
        self.tree = Tree(task.start, task.metric, capacity)
        self.links, self.to_go = new_links(capacity), np.empty(capacity)
        self.queue = new_queue(PATH * NEIGHBOURS)
        self.to_go[0] = max(task.apart - task.goal_radius, 0.0)
        self.state = np.array([0, -1, 0, 1], dtype=np.int64)
        self.best, self.better = np.full(2, np.inf), np.empty((10_000, 2))
        self.seconds: list[float] = []
        straight = getattr(getattr(task.space, "kernels", None), "distance", None) is None
        periodic = bool((task.metric[:, 2] > 0).any())
        neighbours = float(np.e * (1 + 1 / n) * planner.neighbour_factor)
        numbers = neighbours, bool(planner.tighten and straight), not periodic
        self.frame = task.bounds, task.metric, task.goal, task.goal_radius, *numbers
        rows = np.empty(NEIGHBOURS, dtype=np.int64), np.empty(NEIGHBOURS)
        self.room = np.empty((2, n)), np.empty((PATH, n)), np.empty((PATH, n)), *rows
        corners = getattr(task.space, "corners", np.empty((0, n))) if planner.corners else np.empty((0, n))
        for x in () if root is None else (root, *corners):
            self._add(x)
        self.loop = (compiled_batches if task.compiled else python_batches)(*task.moves)

    def _add(self, x: Array) -> None:
        if self.tree.size == len(self.to_go):
            self._grow()
        row = add(self.tree.arrays, x, -1, 0, self.task.metric)
        self.links[0][row] = np.inf
        self.to_go[row] = max(self.task.distance(x, self.task.goal) - self.task.goal_radius, 0.0)

    def run(self, budget: Budget) -> None:
        task, planner = self.task, self.planner
        limit = planner.max_samples if budget.iterations is None else min(budget.iterations, planner.max_samples)
        piece = FIRST_PIECE
        while limit > 0 and (budget.seconds is None or task.watch.seconds < budget.seconds):
            kept = self.links, self.to_go, self.queue, self.state, self.best, self.better, task.stream
            fixed, began = (self.room, self.frame, task.arrays, int(planner.batch), int(limit)), task.watch.seconds
            outcome = self.loop(self.tree.arrays, *kept, *fixed, piece if budget.seconds is not None else 1 << 60)
            if outcome == FULL:
                self._grow()
            elif outcome != AGAIN:
                break
            piece = next_piece(piece, task.watch.seconds - began)
            self.seconds += [task.watch.seconds] * (int(self.state[2]) - len(self.seconds))

        self._note_last()

    def _note_last(self) -> None:
        """A path that got better in a batch that was cut short, or by rewiring elsewhere."""
        k, samples = len(self.seconds), int(self.state[0])
        costs = np.where(self.to_go[: self.tree.size] <= 0.0, self.links[0][: self.tree.size], np.inf)
        if self.state[1] >= 0 and costs.min() < self.best[0]:  # another state of the goal's region has become cheaper
            self.state[1], self.best[0] = np.argmin(costs), costs.min()
        if self.state[1] >= 0 and k < len(self.better) and (k == 0 or self.best[0] < self.better[k - 1, 1]):
            self.better[k] = samples, self.best[0]
            self.seconds.append(self.task.watch.seconds)

    def _grow(self) -> None:
        self.tree.grow()
        self.links = grown_links(self.links)
        self.to_go = np.concatenate((self.to_go, np.empty_like(self.to_go)))
        if len(self.queue[0]) - self.queue[2][0] < NEIGHBOURS:
            self.queue = grown_queue(self.queue)

    def plan(self, keep_tree: bool) -> Plan:
        costs, row = self.links[0][: self.tree.size], int(self.state[1])
        status = Status.SOLVED if row >= 0 else Status.BUDGET_SPENT
        if row < 0:
            row = int(np.argmin(np.where(np.isfinite(costs), self.to_go[: self.tree.size], np.inf)))
        tree = self._edges() if keep_tree else None
        better = self.better[: len(self.seconds)]
        history = np.column_stack((better[:, 0], self.seconds, better[:, 1]))
        connected = int(np.isfinite(costs).sum())
        samples = int(self.state[0])
        return self.task.plan(status, self.tree.path_to(row), samples, connected, tree=tree, history=history)

    def _edges(self) -> Array:
        """Those of the tree (E, 2, n), in the order in which their states were drawn."""
        states, parents = self.tree.states, self.tree.arrays[1][: self.tree.size]
        hanging = np.flatnonzero(parents >= 0)
        return np.stack((states[parents[hanging]], states[hanging]), axis=1)
