"""RRT: a tree from the start that samples pull into what it has not seen, until one of them is the goal."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from plansim.core.kernel import lean_kernel
from plansim.core.random import uniform
from plansim.planning.base import Budget, Plan, Problem, Status
from plansim.planning.sampling.moves import as_it_is
from plansim.planning.sampling.running import FOUND, FULL, SPENT, grow_trees, positive, share
from plansim.planning.sampling.task import Task
from plansim.planning.sampling.tree import Tree, add, copy, edges_in_order


@dataclass(frozen=True)
class RRT:
    """The first path that a tree of random samples finds; not a short one, and not found as soon as by `RRTConnect`.

    LaValle 1998, "Rapidly-exploring random trees: a new tool for path planning". Each sample, or with a chance the
    goal, extends the nearest state by a step; the goal is joined on as soon as a step reaches it. The chance that a
    path is found tends to 1 with the samples, where there is one with some room around it. Edges are tested exactly
    where the space knows its obstacles, and every `check_every` by a problem's own `is_free`.
    The budget's iterations are samples; spent, the plan leads to the state nearest the goal.

    >>> from plansim.core.shapes import Shapes
    >>> from plansim.planning.spaces.box import BoxSpace
    >>> space = BoxSpace(Shapes([0, 0], [10, 10], boxes=[[[4, 0], [6, 8]]]))
    >>> plan = RRT().plan(Problem(space, np.array([1.0, 1.0]), np.array([9.0, 1.0])))
    >>> plan.status.name, bool(space.edge_free(plan.states[:-1], plan.states[1:]).all())
    ('SOLVED', True)
    """

    step: float | None = None  # longest edge, in the space's distance; None: a fifth of the space's diagonal
    goal_bias: float = 0.05  # chance that a sample is the goal
    max_samples: int = 1_000_000  # where the budget does not end it before
    check_every: float | None = None  # distance between states asked of is_free; None: a hundredth of the diagonal
    keep_tree: bool = False  # hand out the edges that were grown, for pictures

    def __post_init__(self) -> None:
        positive(self, "step", "check_every", "max_samples")
        share(self, "goal_bias")

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        task = Task(problem, rng, self.step, self.check_every)
        refusal = task.refusal()
        if refusal is not None:
            return refusal
        trees, state = [Tree(task.start, task.metric)], np.array([0, -1], dtype=np.int64)
        search = (_compiled if task.compiled else _search)(*task.moves)
        grow_trees(search, trees, state, task, budget, self.max_samples, self.goal_bias, task.goal_free)
        status, row = Status.SOLVED, int(state[1])
        if row < 0:
            status = Status.BUDGET_SPENT
            row, _ = task.moves.nearest(task.goal, trees[0].arrays, True, task.metric, task.arrays)
        tree = edges_in_order(trees) if self.keep_tree else None
        return task.plan(status, trees[0].path_to(row), int(state[0]), trees[0].size, tree=tree)


def _search(sample, nearest, steer, edge_free, distance, make=as_it_is):
    """The algorithm around the moves of a space; `make` compiles it, or leaves it to Python."""

    @make
    def search(trees, state, stream, scratch, frame, arrays, limit):
        bounds, metric, step, goal, goal_radius, goal_bias, goal_free = frame
        target, new, tree = scratch[0], scratch[1], trees[0]
        while state[0] < limit:
            if tree[0].shape[0] - tree[3][0] < 2:
                return FULL
            # where nothing is in the way, there is nothing to explore
            if state[0] == 0 or uniform(stream, 0.0, 1.0) < goal_bias:
                copy(goal, target)
            else:
                sample(stream, bounds, arrays, target)
            state[0] += 1
            row, d = nearest(target, tree, True, metric, arrays)
            if d == 0.0:
                continue
            steer(tree[0][row], target, min(step / d, 1.0), True, metric, arrays, new)
            if not edge_free(tree[0][row], new, True, arrays):
                continue
            row = add(tree, new, row, state[0], metric)
            d = distance(new, goal, metric, arrays)
            if d <= goal_radius:
                state[1] = row
                return FOUND
            if goal_free and d <= step and edge_free(new, goal, True, arrays):
                state[1] = add(tree, goal, row, state[0], metric)
                return FOUND
        return SPENT

    return search


_compiled = cache(partial(_search, make=lean_kernel))
