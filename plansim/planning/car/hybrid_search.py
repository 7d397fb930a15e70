"""One question to Hybrid A*: searches from coarse to fine, and the way that they found."""

from __future__ import annotations

from functools import partial
from math import cos, sin
from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.planning.base import Budget, Status, Stopwatch
from plansim.planning.car import hybrid_kernels as kernels
from plansim.planning.car.analytic_expansion import drive_cost, merged, shorten
from plansim.planning.car.holonomic_heuristic import FAR, distance_map
from plansim.planning.car.kinematic_heuristic import reeds_shepp_table
from plansim.planning.car.space import CarSpace
from plansim.planning.car.two_trees import EXHAUSTED, FROM, JOINED, SHOTS, TO, TwoTrees, Way
from plansim.planning.spaces.body import Body, Ground, clearance

# sides of a cell, headings, and shares of a map's cell that the body is held clear: each level sees what the one before
# may miss. Beyond the second there are only pockets left to be seen: a car wedged in needs small moves
LEVELS = ((2.0, 1, 0.05), (1.0, 1, 0.05), (0.5, 2, 0.02), (0.25, 4, 0.02), (0.125, 8, 0.005))
POCKET = 20_000  # states
SKINS = (0.05, 0.02, 0.005, 0.0)
_SHORTENINGS = 2


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
        expanded, shots = expanded + search.trees.expanded, shots + int(search.trees.state[SHOTS])
        if outcome == EXHAUSTED and (level == 0 or search.trees.expanded <= POCKET):
            continue
        if outcome == EXHAUSTED:
            break
        status = Status.SOLVED if outcome == JOINED else Status.BUDGET_SPENT
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
    """The search of one level."""

    def __init__(self, question: Question, maps: Array, scale: float, finer: int, ground: Ground, body: Body):
        q, side, headings = question, question.side * scale, question.headings * finer
        self.question, self.ground, self.body = question, ground, body
        moves = moves_of(q.radius, headings, max(1.5 * side, q.step if scale == LEVELS[0][0] else 0.0))
        shape = (ground.resolution, side, float(headings), q.radius, q.weight, q.radius)
        middle, _ = q.space.passable
        self.problem = (q.roots, moves, maps, reeds_shepp_table(), middle, shape, q.prices)
        squares = tuple(int(cells * ground.resolution / q.radius) + 1 for cells in ground.distance.shape)
        self.trees = TwoTrees(q.roots, (_room(root, ground, body) for root in q.roots), squares)

    def run(self, iterations: int | None, seconds: float | None, watch: Stopwatch) -> int:
        search = partial(kernels.search, self.problem, self.ground, self.body)
        return self.trees.run(search, iterations, seconds, watch)

    def way(self, status: Status) -> Way:
        q, trees, state = self.question, self.trees.arrays, self.trees.state
        ends = int(state[FROM]), int(state[TO])
        if status is not Status.SOLVED:
            ends = int(kernels.nearest(self.problem, trees, self.trees.size)), -1
        arcs = merged(kernels.way_between(self.problem, self.ground, self.body, trees, *ends))
        if status is Status.SOLVED:
            for _ in range(_SHORTENINGS):
                arcs = shorten(*q.roots, arcs, q.radius, q.prices, self.ground, self.body)
        cost = float(drive_cost(arcs[:, 0], arcs[:, 1], q.prices))
        return Way(status, arcs, cost, 0, 0, 0, *self.trees.seen(q.keep))
