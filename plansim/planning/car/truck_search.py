"""One question to Hybrid A* for trucks: searches from coarse to fine, and the states that they found."""

from __future__ import annotations

from functools import partial
from math import ceil, cos, sin, tan
from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.planning.base import Budget, Status, Stopwatch
from plansim.planning.car import truck_kernels as kernels
from plansim.planning.car.holonomic_heuristic import FAR, distance_map
from plansim.planning.car.kinematic_heuristic import reeds_shepp_table
from plansim.planning.car.truck_motion import dock, room_of
from plansim.planning.car.truck_path import along_arc, along_curve, path_costs, shorten_truck
from plansim.planning.car.truck_space import TruckSpace
from plansim.planning.car.two_trees import EXHAUSTED, FROM, JOINED, MOVE, PARENT, SHOTS, TO, TwoTrees, Way

LEVELS = ((2.0, 0.1), (1.0, 0.1), (0.5, 0.02))  # sides of a cell, shares of a map's cell that the bodies are held clear
SKINS = (0.1, 0.02, 0.005, 0.0)
STEERINGS = (0.0, 0.5, -0.5, 1.0, -1.0)  # shares of the tightest curvature
_SHORTENINGS = 2


class TruckQuestion(NamedTuple):
    """Start and goal on a ground, and what a truck may do; states are in the ground's frame."""

    space: TruckSpace
    roots: Array  # (2, 4) start, goal
    curvature: float  # 1/m, of the tractor's tightest arc
    headings: int
    side: float  # m, of a cell at the middle level
    step: float  # m, of an arc at the coarsest level
    spacing: float  # m, between the states of the answer
    weight: float
    prices: tuple[float, float]  # of metres driven backwards, of a change of gear
    keep: bool  # what was looked at

    @property
    def truck(self) -> tuple[float, float, float]:
        return float(self.space.trailer_length), float(self.space.max_bend), self.curvature

    def rig(self, skin: float) -> tuple:
        """The bodies with the thickest skin, up to `skin`, that are free at the start and at the goal."""
        for share in SKINS:
            front, rear = (space.with_skin(share) for space in self.space.spaces)
            rig = (self.space.spaces[0].ground, front, rear)
            if share <= skin and all(room_of(*root, self.truck, rig) >= 0.0 for root in self.roots):
                break
        return rig


def find_truck_way(question: TruckQuestion, budget: Budget) -> Way:
    """Searches at one level after the other, until a way is found, the budget is spent, or the finest is exhausted."""
    if np.array_equal(*question.roots):
        return Way(Status.SOLVED, question.roots[:1], 0.0)
    watch, maps = Stopwatch(), _maps(question)
    if maps is None:
        return Way(Status.NO_PATH)
    expanded = shots = 0
    for level, (scale, skin) in enumerate(LEVELS):
        search = _Search(question, maps, scale, question.rig(skin))
        left = None if budget.iterations is None else budget.iterations - expanded
        outcome = search.run(left, budget.seconds, watch)
        expanded, shots = expanded + search.trees.expanded, shots + int(search.trees.state[SHOTS])
        if outcome != EXHAUSTED:
            status = Status.SOLVED if outcome == JOINED else Status.BUDGET_SPENT
            return search.way(status)._replace(expanded=expanded, shots=shots, level=level)
    # no proof that there is none: between its cells and headings there may be a way
    return search.way(Status.NEAREST)._replace(expanded=expanded, shots=shots, level=level)


def _maps(question: TruckQuestion) -> Array | None:
    """Metres for tractor and trailer, each to the goal and to the start, (2, 2, H, W); None where those are parted."""
    spaces = question.space.spaces
    maps = np.empty((2, 2, *spaces[0].passable[1].shape))
    for body, space in enumerate(spaces):
        (middle, passable), resolution = space.passable, space.ground.resolution
        poses = [question.space.poses(root)[body] for root in question.roots]
        cells = [
            (
                int((y + sin(heading) * middle[0] + cos(heading) * middle[1]) / resolution),
                int((x + cos(heading) * middle[0] - sin(heading) * middle[1]) / resolution),
            )
            for x, y, heading in poses
        ]
        for tree in (0, 1):
            if distance_map(passable, *cells[1 - tree], *cells[tree], resolution, maps[body, tree]) >= FAR:
                return None
    return maps


class _Search:
    """The search of one level."""

    def __init__(self, question: TruckQuestion, maps: Array, scale: float, rig: tuple):
        q, side = question, question.side * scale
        self.question, self.rig = question, rig
        length = max(1.5 * side, q.step if scale == LEVELS[0][0] else 0.0)
        moves = np.array([(k * q.curvature, gear * length) for gear in (1.0, -1.0) for k in STEERINGS])
        circle = q.truck[0] / tan(q.truck[1])
        resolution, square = rig[0].resolution, q.truck[0] / 2
        middles = np.stack([space.passable[0] for space in q.space.spaces])
        shape = (resolution, side, float(q.headings), circle, q.weight, square)
        self.problem = (q.roots, moves, maps, reeds_shepp_table(), middles, shape, q.prices, q.truck)
        squares = tuple(int(cells * resolution / square) + 1 for cells in maps.shape[2:])
        self.trees = TwoTrees(q.roots, (room_of(*root, q.truck, rig) for root in q.roots), squares)

    def run(self, iterations: int | None, seconds: float | None, watch: Stopwatch) -> int:
        return self.trees.run(partial(kernels.truck_search, self.problem, self.rig), iterations, seconds, watch)

    def way(self, status: Status) -> Way:
        q = self.question
        if status is Status.SOLVED:
            states = self._joined(int(self.trees.state[FROM]), int(self.trees.state[TO]))
            stride = max(int(q.step / q.spacing), 1)
            for _ in range(_SHORTENINGS):
                states = shorten_truck(states, q.spacing, stride, q.truck, self.rig, q.prices)
        else:
            node = int(kernels.truck_nearest(self.problem, self.trees.arrays, self.trees.size))
            states = np.concatenate((q.roots[:1], *self._branch(node)[::-1]))
        return Way(status, states, float(path_costs(states, q.prices)[-1]), 0, 0, 0, *self.trees.seen(q.keep))

    def _joined(self, a: int, b: int) -> Array:
        """The states from the start to node a of its tree, along a docking curve to node b, and on to the goal."""
        q, nodes, curve = self.question, self.trees.arrays[0], np.empty((2, 6))
        _, gear = dock(nodes[a], nodes[b], nodes[a, kernels.ROOM], q.truck, self.rig, q.prices, 1e300, curve)
        onwards = [piece[-2::-1] for piece in self._branch(b)]
        ends = [nodes[parent : parent + 1, :4] for parent in self._parents(b)]
        rest = [part for pair in zip(onwards, ends, strict=True) for part in pair]
        middle = along_curve(curve, gear, q.spacing, q.truck)
        return np.concatenate((q.roots[:1], *self._branch(a)[::-1], middle, *rest))

    def _parents(self, node: int) -> list[int]:
        links, out = self.trees.arrays[1], []
        while links[node, PARENT] >= 0:
            node = int(links[node, PARENT])
            out.append(node)
        return out

    def _branch(self, node: int) -> list[Array]:
        """The arcs from a node's ancestors, its own first, as states without their begin."""
        q, (nodes, links, *_), out = self.question, self.trees.arrays, []
        for parent in self._parents(node):
            curvature, length = self.problem[1][links[node, MOVE]]
            piece = np.empty((max(ceil(abs(length) / q.spacing - 1e-9), 1), 4))
            along_arc(nodes[parent, :4], curvature, length, q.truck, piece)
            out.append(piece)
            node = parent
        return out
