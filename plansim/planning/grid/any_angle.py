"""Any-angle search: the shortest path in the plane among a map's blocked cells, not bound to eight directions."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from math import inf

import numpy as np

from plansim.core.arrays import Array, readonly
from plansim.core.errors import MalformedInput
from plansim.planning.base import Budget, Plan, Problem, Stats, Status, Stopwatch, no_plan
from plansim.planning.grid import any_angle_kernels as kernels
from plansim.planning.grid.any_angle_kernels import EXPANDED, GOAL_PARENT, ORIGIN, SEARCH
from plansim.planning.grid.kernels import FULL, SPENT
from plansim.planning.grid.search import free_ends, grid_space
from plansim.planning.grid.space import GridSpace

ENGINE = "sweeps of sight from corner to corner"
CLEARANCE = 2.0**-13  # cells by which a path keeps off the corners around which it turns
_NO_LIMIT, _BETWEEN_CLOCKS = 1 << 60, 256  # expansions


@dataclass(frozen=True)
class AnyAngle:
    """The shortest path over free cells in any direction, from the very point of the start to that of the goal.

    Harabor, Grastien, Oez & Aksakalli 2016, "Optimal any-angle pathfinding in practice" (Anya), as a search over the
    corners that are in sight. States are the few points where the path turns; every straight edge between them is free
    by `GridSpace.edge_free`. The shortest path would touch the corners of blocked cells; this one passes them at 2^-13
    of a cell. `lower_bound` is the length of the one that touches: at most about 0.0003 of a cell a turn is lost.
    Inflate the map by the robot's footprint first. The budget's iterations are corners expanded.

    >>> from plansim.core.grid import OccupancyGrid
    >>> from plansim.planning.grid.space import GridSpace
    >>> space = GridSpace(OccupancyGrid([[0, 0, 0], [0, 1, 0]]))
    >>> plan = AnyAngle().plan(Problem(space, np.array([0.5, 1.5]), np.array([2.5, 1.5])))
    >>> round(plan.cost, 3), plan.states.round(2).tolist()
    (2.414, [[0.5, 1.5], [1.0, 1.0], [2.0, 1.0], [2.5, 1.5]])
    """

    keep_expanded: bool = False  # hand out the corners that were looked from, for pictures

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        watch = Stopwatch()
        space = grid_space(problem)
        if space.terrain is not None:
            raise MalformedInput("any-angle paths are of one cost everywhere, but the space has terrain")
        *_, refused = free_ends(problem, space)
        if refused is not None:
            return no_plan(refused, 2, Stats(seconds=watch.seconds, engine=ENGINE))
        ends = space.grid.columns_rows(np.array([problem.start[:2], problem.goal[:2]], dtype=float))
        search = _kept(space.grid.shape)
        spent = search.run(space.bits[0], tuple(ends.ravel().tolist()), budget, watch)
        stats = Stats(expanded=int(search.state[EXPANDED]), seconds=watch.seconds, engine=ENGINE)
        expanded = _points(space, search.looked_from()) if self.keep_expanded else None
        found, metres = search.costs[0] < inf, space.grid.resolution
        bound = float(search.costs[1]) * metres if spent else float(search.costs[0]) * metres
        if not (found or spent):
            return no_plan(Status.NO_PATH, 2, stats)._replace(lower_bound=inf, expanded=expanded)
        corners, last = search.corners(found)
        world = np.array([problem.start[:2], problem.goal[:2]], dtype=float)[: 1 + last]
        states = _clear_of_corners(space, ends[: 1 + last], world, corners)
        if len(states) == 2 and np.array_equal(states[0], states[1]):
            states = states[:1]
        cost = float(np.linalg.norm(np.diff(states, axis=0), axis=-1).sum())
        status = Status.SOLVED if found else Status.BUDGET_SPENT
        stats = stats._replace(seconds=watch.seconds)
        return Plan(status, states, cost, stats=stats, lower_bound=min(bound, cost), expanded=expanded)


class _Search:
    """Corners, heap and beams for one size of map, kept from one search to the next."""

    def __init__(self, shape: tuple[int, int]):
        self.stride, corners = shape[1] + 1, (shape[0] + 1) * (shape[1] + 1)
        self.values, self.marks = np.zeros((corners, 3)), np.zeros((corners, 2), dtype=np.int64)
        self.beams, self.number, self.room = np.empty((2 * sum(shape) + 64, 3)), 0, 4096

    def run(self, rows: Array, ends: tuple[float, ...], budget: Budget, watch: Stopwatch) -> bool:
        """Searches to the end, or to the end of the budget: whether it was spent."""
        self.ends = ends
        most = _NO_LIMIT if budget.iterations is None else budget.iterations
        outcome = FULL
        while True:
            if outcome == FULL:
                self._begin()
            limit = most if budget.seconds is None else min(int(self.state[EXPANDED]) + _BETWEEN_CLOCKS, most)
            if limit <= 0:
                return True
            room = self.values, self.marks, self.heap, self.entries, self.beams, self.state, self.costs
            outcome = kernels.search_corners(rows, ends, self.number, limit, self.stride, *room)
            if outcome == FULL:
                self.room, self.beams = 2 * self.room, np.empty((2 * len(self.beams), 3))
            elif outcome != SPENT:
                return False
            elif limit >= most or (budget.seconds is not None and watch.seconds >= budget.seconds):
                return True

    def _begin(self) -> None:
        self.number += 1
        self.state, self.costs = np.zeros(5, dtype=np.int64), np.array([inf, 0.0])
        self.costs[1] = np.hypot(self.ends[2] - self.ends[0], self.ends[3] - self.ends[1])
        self.heap, self.entries = np.empty((self.room, 2)), np.empty(self.room, dtype=np.int64)

    def corners(self, found: bool) -> tuple[Array, bool]:
        """Corners (K, 2) x, y from the start on to the goal, or else to the one nearest to it; whether to the goal."""
        corner = int(self.state[GOAL_PARENT]) if found else self._nearest()
        backwards = []
        while corner >= 0:
            backwards.append((corner % self.stride, corner // self.stride))
            corner = int(self.marks[corner, ORIGIN]) >> 2
        return np.array(backwards[::-1], dtype=float).reshape(-1, 2), found

    def _nearest(self) -> int:
        corners = np.flatnonzero(self.marks[:, SEARCH] == self.number)
        rows, columns = np.divmod(corners, self.stride)
        distances = np.hypot(columns - self.ends[2], rows - self.ends[3])
        far = np.hypot(self.ends[2] - self.ends[0], self.ends[3] - self.ends[1])
        return int(corners[np.argmin(distances)]) if len(corners) and distances.min() < far else -1

    def looked_from(self) -> Array:
        """The corners (N, 2) x, y that were expanded, by what a path through them would be long."""
        corners = np.flatnonzero(self.marks[:, SEARCH] == self.number)
        rows, columns = np.divmod(corners, self.stride)
        f = self.values[corners, 0] + np.hypot(columns - self.ends[2], rows - self.ends[3])
        order = np.argsort(f)[: int(self.state[EXPANDED]) - 1]
        return np.stack((columns, rows), axis=-1)[order].astype(float)


def _points(space: GridSpace, cells: Array) -> Array:
    """Points (..., 2) in the world of columns and rows (..., 2)."""
    return readonly(space.grid.points(cells[..., ::-1] - 0.5))


def _clear_of_corners(space: GridSpace, ends: Array, world: Array, corners: Array) -> Array:
    """States (T + 1, 2): corners, moved off what they are corners of, and those that an edge between them touches.

    ends, world: (1 or 2, 2) the start, and the goal where it is reached, in cells and in metres
    """
    points = np.concatenate((ends[:1], corners, ends[1:]))
    moved = points.copy()
    moved[1 : len(corners) + 1] += _away(space.blocked, corners)
    states = np.array(_points(space, moved))
    states[0], states[len(corners) + 1 :] = world[0], world[1:]
    touching = np.flatnonzero(~space.edge_free(states[:-1], states[1:]))
    for i in touching[::-1].tolist():
        between = _touched(points[i], points[i + 1], i == 0, i == len(corners) and len(ends) > 1)
        away = _away(space.blocked, between)
        beside = away.any(-1)
        states = np.insert(states, i + 1, _points(space, between + away)[beside], axis=0)
    return states


def _away(blocked: Array, corners: Array) -> Array:
    """By what (K, 2) to move whole points (K, 2) x, y off the one cell of the four around them that is blocked."""
    padded = np.pad(blocked, 1, constant_values=True)
    column, row = corners.astype(np.int64).T + 1
    around = {(x, y): padded[row + min(y, 0), column + min(x, 0)].astype(float) for x in (-1, 1) for y in (-1, 1)}
    off = sum(np.outer(wall, (-x, -y)) for (x, y), wall in around.items())
    return CLEARANCE * np.clip(off, -1, 1)


def _touched(a: Array, b: Array, from_a: bool, to_b: bool) -> Array:
    """Whole points (K, 2) that the line from a to b passes so closely that it has to be bent there, in its order.

    from_a, to_b: whether that end, which stays where it is, may be such a point as well
    """
    along = int(abs(b[1] - a[1]) > abs(b[0] - a[0]))
    (low, with_low), (high, with_high) = sorted(((a[along], from_a), (b[along], to_b)))
    near = 2 * CLEARANCE
    first = np.ceil(low - near) if with_low else np.floor(low) + 1
    last = np.floor(high + near) if with_high else np.ceil(high) - 1
    at = np.arange(first, last + 1)
    other = a[1 - along] + (at - a[along]) * (b[1 - along] - a[1 - along]) / (b[along] - a[along])
    close = abs(other - np.rint(other)) < near
    points = np.stack((at[close], np.rint(other[close])), axis=-1)
    points = points[:, ::-1] if along else points
    return points[::-1] if b[along] < a[along] else points


class _Kept(threading.local):
    """Each thread's searches, of the last few sizes of map."""

    def __init__(self) -> None:
        self.of_size = lru_cache(maxsize=4)(_Search)


_KEPT = _Kept()


def _kept(shape: tuple[int, int]) -> _Search:
    return _KEPT.of_size(shape)
