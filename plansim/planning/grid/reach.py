"""Searches that come to each cell once, in whatever order: what breadth-first, depth-first and greedy search share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from plansim.core.arrays import Array
from plansim.core.kernel import Kernel, kernel
from plansim.planning.base import Budget, Plan, Problem, Stats, Status, Stopwatch
from plansim.planning.grid.kernels import SPENT
from plansim.planning.grid.moves import (
    METRES,
    NOWHERE,
    START,
    ends_of,
    least_cost,
    least_factor,
    legal_moves,
    padded,
    path_to,
    plan_over,
    unpadded,
)
from plansim.planning.grid.terrain_kernels import cells_between

FOUND = 3  # outcome of a search, besides ENDED and SPENT
UNREACHED = 255  # in place of a direction
_BETWEEN_CLOCKS = 4096  # expansions


def plan_by_reaching(
    problem: Problem,
    budget: Budget,
    keep_expanded: bool,
    engine: str,
    search: Kernel,
    fewest: bool = False,
) -> Plan:
    """The plan of a compiled `search(neighbours, moves_of, width, goal, limit, came, order, keys, items, state)`.

    goal: flat index, row, column, and `aside` of `cells_between`. limit: of cells expanded
    came: (N,) uint8, the direction by which each cell was reached. order: for the cells in order of expansion
    keys, items: (N,) float64 and int64, free for a queue, the start in it
    state: cells expanded, length of the queue, and two that begin as the start and 0
    fewest: whether a path that it finds has the fewest moves there are
    """
    watch = Stopwatch()
    space, start, goal, status = ends_of(problem)
    if status is not None:
        return plan_over(space, status, NOWHERE, 0.0, Stats(seconds=watch.seconds, engine=engine))
    if start == goal:
        stats = Stats(seconds=watch.seconds, engine=engine)
        return plan_over(space, Status.SOLVED, np.array([start]), 0.0, stats, NOWHERE if keep_expanded else None)

    neighbours, width = space.neighbours.reshape(-1), space.neighbours.shape[1]
    begin, end, count = padded(start, width), padded(goal, width), neighbours.size
    came, order = np.full(count, UNREACHED, dtype=np.uint8), np.empty(count if keep_expanded else 0, dtype=np.int64)
    keys, items, state = np.empty(count), np.empty(count, dtype=np.int64), np.array([0, 1, begin, 0])
    came[begin], keys[0], items[0] = START, 0.0, begin
    aside = 1.0 if space.connectivity == 4 else METRES[1] - 1.0
    target = end, goal[0] + 1, goal[1] + 1, aside

    def advance(limit: int) -> int:
        return search(neighbours, legal_moves(space), width, target, limit, came, order, keys, items, state)

    outcome = within(budget, watch, state, advance)
    cells, least = NOWHERE, least_cost(space, start, goal)
    if outcome in (FOUND, SPENT):
        status = Status.SOLVED if outcome == FOUND else Status.BUDGET_SPENT
        cells = path_to(end if outcome == FOUND else nearest_came(width, came, *target[1:]), came, width)
        if fewest and outcome == FOUND:
            least = max(least, (len(cells) - 1) * space.grid.resolution * least_factor(space))
    else:
        status, least = Status.NO_PATH, np.inf
    stats = Stats(expanded=int(state[0]), seconds=watch.seconds, engine=engine)
    looked_at = unpadded(order[: state[0]], width) if keep_expanded else None
    return plan_over(space, status, cells, least, stats, looked_at)


def within(budget: Budget, watch: Stopwatch, state: Array, advance: Callable[[int], int]) -> int:
    """The outcome of `advance(limit)`, called until it has one or the budget is spent; state[0] counts expansions."""
    most = 1 << 62 if budget.iterations is None else budget.iterations
    while True:
        limit = most if budget.seconds is None else min(int(state[0]) + _BETWEEN_CLOCKS, most)
        outcome = advance(limit)
        if outcome != SPENT or state[0] >= most:
            return outcome
        if budget.seconds is not None and watch.seconds >= budget.seconds:
            return SPENT


@kernel
def nearest_came(width, came, row, column, aside):
    """The cell reached that is nearest to a row and column."""
    nearest, least = -1, np.inf
    for cell in range(came.shape[0]):
        if came[cell] != UNREACHED:
            distance = cells_between(cell // width - row, cell % width - column, aside)
            if distance < least:
                nearest, least = cell, distance
    return nearest
