"""RRT-Connect: two trees, one from the start and one from the goal, that reach for each other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from plansim.core.arrays import Array
from plansim.core.kernel import lean_kernel
from plansim.core.random import uniform
from plansim.planning.base import Budget, Plan, Problem, Status
from plansim.planning.sampling.moves import as_it_is
from plansim.planning.sampling.running import FOUND, FULL, SPENT, grow_trees, positive
from plansim.planning.sampling.task import Task
from plansim.planning.sampling.tree import Tree, add, copy, edges_in_order

ROOM = 64  # states that one sample may add to a tree


@dataclass(frozen=True)
class RRTConnect:
    """The first path that two trees find; not a short one: smooth it with `shortcut`, or plan with `RRTStar`.

    Kuffner & LaValle 2000, "RRT-Connect: an efficient approach to single-query path planning". Each sample extends one
    tree by a step, and the other tree then goes towards the new state until something is in its way. Edges are tested
    exactly where the space knows its obstacles, and every `check_every` by a problem's own `is_free`.
    The budget's iterations are samples; spent, the plan leads to the state nearest the goal.

    >>> from plansim.core.shapes import Shapes
    >>> from plansim.planning.spaces.box import BoxSpace
    >>> space = BoxSpace(Shapes([0, 0], [10, 10], boxes=[[[4, 0], [6, 8]]]))
    >>> plan = RRTConnect().plan(Problem(space, np.array([1.0, 1.0]), np.array([9.0, 1.0])))
    >>> plan.status.name, bool(space.edge_free(plan.states[:-1], plan.states[1:]).all())
    ('SOLVED', True)
    """

    step: float | None = None  # longest edge, in the space's distance; None: a fifth of the space's diagonal
    max_samples: int = 1_000_000  # where the budget does not end it before
    check_every: float | None = None  # distance between states asked of is_free; None: a hundredth of the diagonal
    keep_tree: bool = False  # hand out the edges that were grown, for pictures

    def __post_init__(self) -> None:
        positive(self, "step", "check_every", "max_samples")

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        task = Task(problem, rng, self.step, self.check_every)
        refusal = task.refusal()
        if refusal is not None:
            return refusal
        root = task.goal if task.goal_free else drawn_root(task, self.max_samples)
        trees = [Tree(task.start, task.metric), Tree(task.goal if root is None else root, task.metric)]
        state = np.array([0, -1, -1], dtype=np.int64)
        search = (_compiled if task.compiled else _search)(*task.moves)
        if root is not None:
            grow_trees(search, trees, state, task, budget, self.max_samples)
        status, states = _path(trees, state, task)
        tree = edges_in_order(trees) if self.keep_tree else None
        return task.plan(status, states, int(state[0]), sum(tree.size for tree in trees), tree=tree)


def drawn_root(task: Task, tries: int) -> Array | None:
    """A free state to grow the second tree from, drawn from the goal's region, where its centre is not free."""
    drawn, x = np.empty_like(task.goal), np.empty_like(task.goal)
    for _ in range(min(tries, 10_000)):
        task.moves.sample(task.stream, task.bounds, task.arrays, drawn)
        reach = task.goal_radius * uniform(task.stream, 0.0, 1.0) ** (1.0 / len(x))
        share = min(reach / task.distance(task.goal, drawn), 1.0)
        task.moves.steer(task.goal, drawn, share, False, task.metric, task.arrays, x)
        if task.is_free(x):
            return x
    return None


def _path(trees: list[Tree], state: Array, task: Task) -> tuple[Status, Array]:
    row, other = int(state[1]), int(state[2])
    if row < 0:
        row, _ = task.moves.nearest(task.goal, trees[0].arrays, True, task.metric, task.arrays)
        return Status.BUDGET_SPENT, trees[0].path_to(row)
    states = trees[0].path_to(row)
    if other >= 0:  # both trees have the state at which they met
        states = np.concatenate((states, trees[1].path_to(other)[::-1][1:]))
    return Status.SOLVED, states


def _search(sample, nearest, steer, edge_free, distance, make=as_it_is):
    """The algorithm around the moves of a space; `make` compiles its functions, or leaves them to Python."""

    @make
    def advance(tree, row, d, target, new, forward, time, frame, arrays):
        """Adds the state one step from a row towards the target, which is d away; -1 where something is in between."""
        _, metric, step, _, _ = frame
        known = tree[0][row]
        x = target
        if d > step:
            steer(known, target, step / d, forward, metric, arrays, new)
            x = new
        return add(tree, x, row, time, metric) if edge_free(known, x, forward, arrays) else -1

    @make
    def search(trees, state, stream, scratch, frame, arrays, limit):
        bounds, metric, step, goal, _ = frame
        target, new = scratch[0], scratch[1]
        while state[0] < limit:
            if min(trees[0][0].shape[0] - trees[0][3][0], trees[1][0].shape[0] - trees[1][3][0]) < ROOM:
                return FULL
            forward = state[0] % 2 == 0
            tree, other = (trees[0], trees[1]) if forward else (trees[1], trees[0])
            sample(stream, bounds, arrays, target)
            if state[0] == 0:
                copy(goal, target)  # where nothing is in the way, there is nothing to explore
            state[0] += 1
            row, d = nearest(target, tree, forward, metric, arrays)
            row = advance(tree, row, d, target, new, forward, state[0], frame, arrays)
            if row < 0:
                continue
            copy(tree[0][row], target)
            to, d = nearest(target, other, not forward, metric, arrays)
            for _ in range(ROOM - 1):
                ahead = advance(other, to, d, target, new, not forward, state[0], frame, arrays)
                if ahead < 0:
                    break
                to = ahead
                if d <= step:
                    state[1], state[2] = (row, to) if forward else (to, row)
                    return FOUND
                d -= step
        return SPENT

    return search


_compiled = cache(partial(_search, make=lean_kernel))
