"""One question to Hybrid A*: searches from coarse to fine, and the way that they found."""

from __future__ import annotations

from math import cos, inf, sin
from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.planning.base import Budget, Status, Stopwatch
from plansim.planning.car import hybrid_kernels as kernels
from plansim.planning.car.analytic_expansion import drive_cost, merged, shorten
from plansim.planning.car.body import Body, Ground, clearance
from plansim.planning.car.holonomic_heuristic import FAR, distance_map
from plansim.planning.car.kinematic_heuristic import reeds_shepp_table
from plansim.planning.car.space import CarSpace

# sides of a cell, headings, and shares of a map's cell that the body is held clear: each level sees what the one before
# may miss. Beyond the second there are only pockets left to be seen: a car wedged in needs small moves
LEVELS = ((2.0, 1, 0.05), (1.0, 1, 0.05), (0.5, 2, 0.02), (0.25, 4, 0.02), (0.125, 8, 0.005))
POCKET = 20_000  # states
SKINS = (0.05, 0.02, 0.005, 0.0)
_BETWEEN_CLOCKS = 1024  # expansions
_SHORTENINGS = 2


class Way(NamedTuple):
    status: Status
    arcs: Array | None = None  # (M, 2) curvature 1/m, length m
    cost: float = inf
    expanded: int = 0
    shots: int = 0
    level: int = 0  # of the search that found it
    looked_at: Array | None = None  # (N, 3) poses in the order of their expansion
    grown: Array | None = None  # (E, 2, 3) arcs of both trees, from parent to child


class Question(NamedTuple):
    """Start and goal on a ground, and what a car may do; poses are in the ground's frame."""

    space: CarSpace
    roots: Array  # (2, 3) start, goal
    radius: float  # m
    headings: int
    side: float  # m, of a cell at the middle level
    step: float  # m, of an arc at the coarsest level
    weight: float
    prices: tuple[float, float, float]  # reverse, steering, change of gear
    keep: bool  # what was looked at


def find_way(question: Question, budget: Budget) -> Way:
    """Searches at one level after the other, until a way is found, the budget is spent, or the finest is exhausted."""
    watch, ground = Stopwatch(), question.space.ground
    maps = _maps(question)
    if maps is None:
        return Way(Status.NO_PATH)
    expanded = shots = 0
    for level, (scale, finer, skin) in enumerate(LEVELS):
        body = _body_of_both(question, skin)
        search = _Search(question, maps, scale, finer, ground, body)
        left = None if budget.iterations is None else budget.iterations - expanded
        outcome = search.run(left, budget.seconds, watch)
        expanded, shots = expanded + search.expanded, shots + int(search.state[kernels.SHOTS])
        if outcome == kernels.EXHAUSTED and (level == 0 or search.expanded <= POCKET):
            continue
        if outcome == kernels.EXHAUSTED:
            break
        status = Status.SOLVED if outcome == kernels.JOINED else Status.BUDGET_SPENT
        return search.way(status)._replace(expanded=expanded, shots=shots, level=level)
    # no proof that there is none: between its cells and headings there may be a way
    return search.way(Status.NEAREST)._replace(expanded=expanded, shots=shots, level=level)


def _maps(question: Question) -> Array | None:
    """Metres to the goal and to the start, (2, H, W), around the obstacles; None where those part the two."""
    (middle, passable), resolution = question.space.passable, question.space.ground.resolution
    cells = [
        (
            int((y + sin(heading) * middle[0] + cos(heading) * middle[1]) / resolution),
            int((x + cos(heading) * middle[0] - sin(heading) * middle[1]) / resolution),
        )
        for x, y, heading in question.roots
    ]
    maps = np.empty((2, *passable.shape))
    for tree in (0, 1):
        if distance_map(passable, *cells[1 - tree], *cells[tree], resolution, maps[tree]) >= FAR:
            return None
    return maps


def _body_of_both(question: Question, skin: float) -> Body:
    """The body with the thickest skin, up to `skin`, that is free at the start and at the goal."""
    for share in SKINS:
        body = question.space.with_skin(share)
        if share <= skin and all(_room(root, question.space.ground, body) >= 0.0 for root in question.roots):
            break
    return body


def _room(pose: Array, ground: Ground, body: Body) -> float:
    return float(clearance(pose[0], pose[1], cos(pose[2]), sin(pose[2]), ground, body))


def moves_of(radius: float, headings: int, least: float) -> Array:
    """Curvature, length and whole bins turned (6, 3): ahead, left and right, forwards and backwards.

    As long as it takes to drive `least` metres and to turn by whole bins.
    """
    bin_angle = 2 * np.pi / headings
    bins = max(int(np.ceil(least / (radius * bin_angle) - 1e-9)), 1)
    length = radius * bins * bin_angle
    return np.array([(k / radius, d * length, k * d * bins) for d in (1.0, -1.0) for k in (0.0, 1.0, -1.0)])


class _Search:
    """Both trees of one level, in arrays that grow."""

    def __init__(self, question: Question, maps: Array, scale: float, finer: int, ground: Ground, body: Body):
        q, side, headings = question, question.side * scale, question.headings * finer
        self.question, self.ground, self.body = question, ground, body
        moves = moves_of(q.radius, headings, max(1.5 * side, q.step if scale == LEVELS[0][0] else 0.0))
        shape = (ground.resolution, side, float(headings), q.radius, q.weight, q.radius)
        middle, _ = q.space.passable
        self.problem = (q.roots, moves, maps, reeds_shepp_table(), middle, shape, q.prices)
        count = 4096
        nodes, links = np.empty((count, 5)), np.empty((count, 5), dtype=np.int64)
        keys, ids = np.zeros((2, count)), np.empty((2, count), dtype=np.int64)
        for tree in (0, 1):
            nodes[tree] = *q.roots[tree], 0.0, _room(q.roots[tree], ground, body)
            links[tree] = 0, -1, -1, tree, 0
            ids[tree, 0] = tree
        cells = np.full((4 * count, 2), -1, dtype=np.int64)
        self.trees: tuple[Array, ...] = (nodes, links, keys, ids, np.empty(count, dtype=np.int64), cells)
        squares = (int(cells * ground.resolution / q.radius) + 1 for cells in ground.distance.shape)
        self.near = np.full((2, *squares), -1, dtype=np.int64)
        self.state = np.array([2, 0, 1, 1, 0, 0, 0])

    def run(self, iterations: int | None, seconds: float | None, watch: Stopwatch) -> int:
        most, last = 1 << 60 if iterations is None else iterations, inf if seconds is None else seconds
        while True:
            limit = most if seconds is None else min(self.expanded + _BETWEEN_CLOCKS, most)
            outcome = kernels.search(self.problem, self.ground, self.body, self.trees, self.near, self.state, limit)
            if outcome == kernels.FULL:
                self.grow()
            elif outcome != kernels.SPENT or self.expanded >= most or watch.seconds >= last:
                return int(outcome)

    def grow(self) -> None:
        *lists, cells = self.trees
        longer = np.full((2 * len(cells), 2), -1, dtype=np.int64)
        kernels.rehash(cells, longer)
        axes = (0, 0, 1, 1, 0)
        lists = [np.concatenate((a, np.empty_like(a)), axis) for a, axis in zip(lists, axes, strict=True)]
        self.trees = (*lists, longer)

    @property
    def expanded(self) -> int:
        return int(self.state[kernels.EXPANDED])

    def way(self, status: Status) -> Way:
        q, ends = self.question, (int(self.state[kernels.FROM]), int(self.state[kernels.TO]))
        if status is not Status.SOLVED:
            ends = int(kernels.nearest(self.problem, self.trees, int(self.state[kernels.NODES]))), -1
        arcs = merged(kernels.way_between(self.problem, self.ground, self.body, self.trees, *ends))
        if status is Status.SOLVED:
            for _ in range(_SHORTENINGS):
                arcs = shorten(*q.roots, arcs, q.radius, q.prices, self.ground, self.body)
        cost = float(drive_cost(arcs[:, 0], arcs[:, 1], q.prices))
        return Way(status, arcs, cost, looked_at=self.seen()[0], grown=self.seen()[1])

    def seen(self) -> tuple[Array | None, Array | None]:
        if not self.question.keep:
            return None, None
        nodes, links, *_, order, _ = self.trees
        count = int(self.state[kernels.NODES])
        child = np.flatnonzero(links[:count, kernels.PARENT] >= 0)
        parent = links[child, kernels.PARENT]
        return nodes[order[: self.expanded], :3], np.stack((nodes[parent, :3], nodes[child, :3]), axis=1)
