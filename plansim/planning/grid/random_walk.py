"""A random walk on a grid: the naive baseline that every search must beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.core.errors import MalformedInput
from plansim.core.kernel import kernel
from plansim.core.random import stream, uniform_pair
from plansim.planning.base import Budget, Plan, Problem, Stats, Status, Stopwatch
from plansim.planning.grid.kernels import COLUMNS, ENDED, LOWEST, ROWS, SPENT
from plansim.planning.grid.moves import NOWHERE, ends_of, least_cost, legal_moves, padded, plan_over, unpadded
from plansim.planning.grid.reach import FOUND, within

ENGINE = "random walk"


@dataclass(frozen=True)
class RandomWalk:
    """A path on a `GridSpace` by moving at random until the goal is met, without the loops that were walked.

    Each legal move is equally likely. The loop-erased path (Lawler 1980, "A self-avoiding random walk") is the plan. A
    walk cannot know that there is no path: it stops after `steps`, or the budget's iterations, and says that its budget
    was spent.

    >>> from plansim.core.grid import OccupancyGrid
    >>> from plansim.planning.grid.space import GridSpace
    >>> space = GridSpace(OccupancyGrid([[0, 0, 0], [0, 1, 0]]))
    >>> RandomWalk().plan(Problem(space, np.array([0.5, 1.5]), np.array([2.5, 1.5]))).cost
    4.0
    """

    steps: int = 5_000_000  # moves before it gives up
    keep_expanded: bool = False  # hand out the states that were visited, in the order of their first visit

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise MalformedInput(f"steps is {self.steps}, but must be 1 or more")

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        watch = Stopwatch()
        space, start, goal, status = ends_of(problem)
        if status is not None or start == goal:
            cells = NOWHERE if status else np.array([start])
            stats, visited = Stats(seconds=watch.seconds, engine=ENGINE), NOWHERE if self.keep_expanded else None
            return plan_over(space, status or Status.SOLVED, cells, 0.0, stats, None if status else visited)

        neighbours, width = space.neighbours.reshape(-1), space.neighbours.shape[1]
        begin, end, size = padded(start, width), padded(goal, width), neighbours.size
        seed = (np.random.default_rng(0) if rng is None else rng).integers(1 << 63)
        place, path, order = np.full(size, -2), np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
        place[begin], path[0], order[0] = 0, begin, begin
        state, draws = np.array([0, 1, 1]), stream(int(seed))
        most = min(self.steps, self.steps if budget.iterations is None else budget.iterations)

        def advance(limit: int) -> int:
            return walk(neighbours, legal_moves(space), width, end, limit, place, path, order, state, draws)

        outcome = within(Budget(budget.seconds, most), watch, state, advance)
        found = {FOUND: Status.SOLVED, SPENT: Status.BUDGET_SPENT, ENDED: Status.NO_PATH}[outcome]
        cells = unpadded(path[: state[1]], width) if outcome != ENDED else NOWHERE
        visited = unpadded(order[: state[2]], width) if self.keep_expanded else None
        stats = Stats(expanded=int(state[0]), seconds=watch.seconds, engine=ENGINE)
        bound = least_cost(space, start, goal) if outcome != ENDED else np.inf
        return plan_over(space, found, cells, bound, stats, visited)


@kernel
def walk(neighbours, moves_of, width, goal, limit, place, path, order, state, draws):
    """Walks until the goal is met (FOUND), `limit` moves were made (SPENT), or there is none to make (ENDED).

    place: (N,) of each cell its index in the path, -1 where a loop through it was erased, -2 where it never was
    path, order: (N,) cells of the path without loops; cells in the order of their first visit
    state: moves made, length of the path, cells visited. draws: a stream of `plansim.core.random`
    """
    made, length, visited = state[0], state[1], state[2]
    cell = path[length - 1]
    outcome = SPENT
    while made < limit and outcome == SPENT:
        moves = np.int64(moves_of[neighbours[cell]])
        count, rest = 0, moves
        while rest:
            rest &= rest - 1
            count += 1
        if count == 0:
            outcome = ENDED
            break
        for _ in range(np.int64(uniform_pair(draws)[0] * count)):
            moves &= moves - 1
        k = LOWEST[moves]
        cell += ROWS[k] * width + COLUMNS[k]
        made += 1
        if place[cell] == -2:
            order[visited] = cell
            visited += 1
        if place[cell] >= 0:
            for i in range(place[cell] + 1, length):
                place[path[i]] = -1
            length = place[cell] + 1
        else:
            place[cell] = length
            path[length] = cell
            length += 1
        if cell == goal:
            outcome = FOUND
    state[0], state[1], state[2] = made, length, visited
    return outcome
