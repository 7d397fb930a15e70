"""Runs the loop of a planner over samples: in pieces under a budget, with room for its trees when they need it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.planning.base import Budget
from plansim.planning.sampling.task import Task
from plansim.planning.sampling.tree import Tree

# how a piece of a search ended
SPENT, FULL, FOUND = 0, 1, 2
FIRST_PIECE, PIECE_SECONDS = 16, 1e-3  # samples before the clock is first looked at; between two looks, about


def grow_trees(
    search: Callable, trees: list[Tree], state: Array, task: Task, budget: Budget, most: int, *more: float
) -> None:
    """Lets `search` go on until it has found a path, or until the budget or `most` samples are spent.

    search: (arrays of the trees, state, stream, scratch (2, n), frame, arrays of the space, limit) -> outcome;
        state[0] counts the samples, and frame is (bounds, metric, step, goal, goal_radius, *more)
    """
    limit = most if budget.iterations is None else min(budget.iterations, most)
    piece = FIRST_PIECE
    frame = task.bounds, task.metric, task.step, task.goal, task.goal_radius, *more
    scratch = np.empty((2, len(task.start)))
    while state[0] < limit and (budget.seconds is None or task.watch.seconds < budget.seconds):
        until = limit if budget.seconds is None else min(int(state[0]) + piece, limit)
        began = task.watch.seconds
        outcome = search(tuple(tree.arrays for tree in trees), state, task.stream, scratch, frame, task.arrays, until)
        if outcome == FOUND:
            return
        if outcome == FULL:
            for tree in trees:
                tree.grow()
        piece = next_piece(piece, task.watch.seconds - began)


def next_piece(piece: int, seconds: float) -> int:
    """How much to do until the next look at the clock, where as much as `piece` took so long: samples may be dear."""
    if seconds > 2 * PIECE_SECONDS:
        return max(piece // 2, 1)
    return min(2 * piece, 1 << 30) if seconds < 0.5 * PIECE_SECONDS else piece


def positive(planner: Any, *names: str) -> None:
    for name in names:
        value = getattr(planner, name)
        if value is not None and not 0 < value < np.inf:
            raise MalformedInput(f"{name} is {value}, but must be above 0")


def share(planner: Any, *names: str) -> None:
    for name in names:
        if not 0.0 <= getattr(planner, name) <= 1.0:
            raise MalformedInput(f"{name} is {getattr(planner, name)}, but must lie in [0, 1]")
