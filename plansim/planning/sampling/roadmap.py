"""Roadmaps: free states of a space joined by free edges, built once and asked many times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.planning.base import Plan, Problem, Status
from plansim.planning.sampling.checking import CheckedEdges
from plansim.planning.sampling.nearest import k_nearest, new_index, shared_index
from plansim.planning.sampling.roadmap_kernels import fill_index, neighbours_of_all, shortest
from plansim.planning.sampling.task import CHECKS, Task, frame_of, space_of

TOGETHER = 1024  # edges tested between two looks at the clock


@dataclass(frozen=True, eq=False)
class Roadmap:
    """States (N, n) and edges (E, 2) between them, all free. Made by `build`.

    >>> from plansim.core.shapes import Shapes
    >>> from plansim.planning.spaces.box import BoxSpace
    >>> space = BoxSpace(Shapes([0, 0], [10, 10], boxes=[[[4, 0], [6, 8]]]))
    >>> roadmap = build(space, 200, np.random.default_rng(0))
    >>> roadmap.plan(np.array([1.0, 1.0]), np.array([9.0, 1.0])).solved, roadmap.graph().number_of_nodes()
    (True, 167)
    """

    space: Any
    states: Array
    edges: Array  # rows of states, int64, the lower one first
    lengths: Array  # (E,)
    neighbours: int  # that a start or goal is joined with, at most
    checked: CheckedEdges = field(repr=False)  # tells which edges are free
    complete: bool = True  # False where time ran out before all edges were tested

    def plan(self, start: Array, goal: Array, goal_radius: float = 0.0) -> Plan:
        """The shortest path over the roadmap, from a start and to a goal that are joined with what is near them."""
        problem = Problem(self.space, start, goal, self.checked.is_free, goal_radius)
        return self.answer(Task(problem, check_every=self.checked.check_every))

    def answer(self, task: Task, samples: int = 0) -> Plan:
        """The plan for a task in the roadmap's space."""
        refusal = task.refusal()
        if refusal is not None:
            return refusal
        if task.goal_free and self.checked.many(task.start[None], task.goal[None])[0]:
            return task.plan(Status.SOLVED, np.stack((task.start, task.goal)), samples, 0)
        joins, to_goal, N = self._near(task, task.start), np.full(len(self.states), np.inf), len(self.states)
        if task.goal_free:
            rows, lengths = self._near(task, task.goal)
            to_goal[rows] = lengths
        inside = np.zeros(N, dtype=bool)
        if task.goal_radius > 0.0:
            inside = self.space.distance(self.states, task.goal) <= task.goal_radius
            to_goal[inside] = 0.0
        costs, parents, room = np.full(N, np.inf), np.empty(N, dtype=np.int64), 2 * len(self.edges) + N + 1
        heap, goal = (np.empty(room), np.empty(room, dtype=np.int64)), (task.goal, task.goal_radius)
        found, row, expanded = shortest(
            self.links, self.states, task.metric, *goal, joins, to_goal, costs, parents, heap
        )
        last, rows = task.goal[None][: found and not inside[row]], []
        while row >= 0:
            rows.append(row)
            row = parents[row]
        states = np.concatenate((task.start[None], self.states[rows[::-1]], last))
        return task.plan(Status.SOLVED if found else Status.BUDGET_SPENT, states, samples, expanded)

    def graph(self) -> Any:
        """The roadmap as a `networkx.Graph`: its nodes are rows with their `state`, its edges have their `weight`."""
        import networkx

        graph = networkx.Graph()
        graph.add_nodes_from((row, {"state": state}) for row, state in enumerate(self.states))
        graph.add_weighted_edges_from(
            (a, b, length) for (a, b), length in zip(self.edges.tolist(), self.lengths.tolist(), strict=True)
        )
        return graph

    @cached_property
    def links(self) -> tuple[Array, Array, Array]:
        """The edges by the row that they leave: offsets (N + 1,), targets (2E,), lengths (2E,)."""
        ends = np.concatenate((self.edges, self.edges[:, ::-1]))
        order = np.argsort(ends[:, 0], kind="stable")
        offsets = np.searchsorted(ends[order, 0], np.arange(len(self.states) + 1))
        return offsets, np.ascontiguousarray(ends[order, 1]), np.concatenate((self.lengths, self.lengths))[order]

    @cached_property
    def index(self) -> tuple:
        return _index(self.states, frame_of(self.space).metric)

    def _near(self, task: Task, x: Array) -> tuple[Array, Array]:
        """Rows and distances of the nearest states that can be reached straight from x."""
        k = min(self.neighbours, len(self.states))
        rows, distances = np.empty(k, dtype=np.int64), np.empty(k)
        k_nearest(x, task.metric, shared_index(self.index), rows, distances)
        free = self.checked.many(np.broadcast_to(x, (k, len(x))), self.states[rows])
        return rows[free], distances[free]


def build(
    space: Any,
    samples: int,
    rng: np.random.Generator,
    neighbours: int | Callable[[int, int], int] = 10,
    is_free: Callable[[Array], Array] | None = None,
    check_every: float | None = None,
    out_of_time: Callable[[], bool] = lambda: False,
) -> Roadmap:
    """A roadmap of the free ones among so many uniform samples.

    neighbours: how many nearest states each is joined with where the edge is free; or a function of the number of
        states and of the dimension
    is_free, check_every: a user's own, as in `Problem`, and how far apart states are asked of it along an edge
    """
    space = space_of(space)
    frame = frame_of(space)
    if not hasattr(space, "metric") or getattr(getattr(space, "kernels", None), "distance", None) is not None:
        raise MalformedInput(
            f"a roadmap needs a space of straight ways with a metric, which {type(space).__name__} is not"
        )
    checked = CheckedEdges(space, is_free, frame.diagonal / CHECKS if check_every is None else check_every)
    states = np.asarray(space.sample(rng, samples), dtype=float)
    states = np.ascontiguousarray(states[checked.points(states)])
    N, n = states.shape
    count = neighbours if isinstance(neighbours, int) else neighbours(max(N, 2), n)
    k = min(count + 1, N)  # each state is nearest to itself
    rows, distances = np.empty((N, k), dtype=np.int64), np.empty((N, k))
    neighbours_of_all(states, frame.metric, _index(states, frame.metric), rows, distances)
    pairs = np.sort(np.stack((np.repeat(np.arange(N), k), rows.reshape(-1)), axis=-1), axis=-1)
    keys, first = np.unique(pairs[:, 0] * N + pairs[:, 1], return_index=True)
    first = first[keys // max(N, 1) != keys % max(N, 1)]
    pairs, lengths = pairs[first], distances.reshape(-1)[first]
    free, complete = np.zeros(len(pairs), dtype=bool), True
    for begin in range(0, len(pairs), TOGETHER):
        if out_of_time():
            complete = False
            break
        part = slice(begin, begin + TOGETHER)
        free[part] = checked.many(states[pairs[part, 0]], states[pairs[part, 1]])
    return Roadmap(space, states, pairs[free], lengths[free], count, checked, complete)


def _index(states: Array, metric: Array) -> tuple:
    index = new_index(states.shape[1], len(states))
    fill_index(states, metric, index)
    return index
