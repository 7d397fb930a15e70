"""A* through the blocks of a quadtree (a map) or an octree (voxels): few large steps where there is much room."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from plansim.core.arrays import Array, numbers
from plansim.core.errors import MalformedInput
from plansim.core.occupancy_tree import OccupancyTree
from plansim.planning.base import Budget, Plan, Problem, Stats, Status, Stopwatch, no_plan
from plansim.planning.grid.search import cell_of, plain_grid_space
from plansim.planning.grid.space import GridSpace
from plansim.planning.trajectory.shortcut import shortcut
from plansim.planning.tree import leaf_astar
from plansim.planning.tree.leaf_graph import LeafGraph
from plansim.planning.tree.voxels import VoxelSpace

_BETWEEN_CLOCKS = 4096  # blocks expanded
_TREES: WeakKeyDictionary = WeakKeyDictionary()  # building a tree takes longer than searching it


@dataclass(frozen=True)
class TreeAStar:
    """A path through the free blocks of a quadtree or octree, then drawn straight where one point sees another.

    Samet 1988, "An overview of quadtrees, octrees, and related hierarchical data structures"; Hart et al. 1968.
    It finds a path where the grid has one, since blocks are exact to the cell; the path is short but not the shortest:
    a bound is the straight line. Its cost is the Euclidean length in metres, for a `GridSpace` or a `VoxelSpace`.
    The tree is built once for a space.

    >>> blocked = np.zeros((4, 4, 8), dtype=bool)
    >>> blocked[:, :3, 4] = True
    >>> plan = TreeAStar().plan(Problem(VoxelSpace(blocked), np.array([0.5, 0.5, 0.5]), np.array([7.5, 0.5, 0.5])))
    >>> plan.status.name, 9.0 < plan.cost < 10.0
    ('SOLVED', True)
    """

    straighten: bool = True  # leave out the points of the path that are not needed
    keep_expanded: bool = False  # hand out the centres of the blocks that were looked at, for pictures

    def plan(self, problem: Problem, budget: Budget = Budget(), rng: np.random.Generator | None = None) -> Plan:
        watch = Stopwatch()
        space, start, goal = _ends(problem)
        for point, status in ((start, Status.INVALID_START), (goal, Status.INVALID_GOAL)):
            if not space.is_free(point):
                return no_plan(status, len(start), Stats(seconds=watch.seconds))
        tree, graph = _tree_of(space)
        first, last = (int(tree.leaf_of(_cells(space, point))) for point in (start, goal))
        outcome, passages, expanded = _search(graph, first, last, budget)
        stats = Stats(expanded=len(expanded), seconds=watch.seconds, engine=f"a tree of {len(tree.leaves)} blocks")
        looked_at = _points(space, graph.centre[expanded]) if self.keep_expanded else None
        bound = float(np.linalg.norm(start - goal))
        if outcome == leaf_astar.NO_WAY:
            return no_plan(Status.NO_PATH, len(start), stats)._replace(lower_bound=float("inf"), expanded=looked_at)
        if outcome == leaf_astar.SPENT:
            return Plan(Status.BUDGET_SPENT, start[None], 0.0, None, stats, bound, looked_at)
        states = np.concatenate((start[None], _points(space, _inner(graph, first, passages)), goal[None]))
        states = states[np.append(True, (np.diff(states, axis=0) != 0).any(-1))]
        states = shortcut(space, states) if self.straighten else states
        cost = float(np.linalg.norm(np.diff(states, axis=0), axis=-1).sum())
        return Plan(Status.SOLVED, states, cost, None, stats, min(bound, cost), looked_at)


def _ends(problem: Problem) -> tuple[GridSpace | VoxelSpace, Array, Array]:
    if not isinstance(problem.space, VoxelSpace):
        space = plain_grid_space(problem)
        start, goal = (space.grid.points(cell_of(space, name, getattr(problem, name))) for name in ("start", "goal"))
        return space, start, goal
    if problem.is_free is not None:
        raise MalformedInput("a VoxelSpace knows its obstacles: the problem's is_free must be None")
    ends = []
    for name in ("start", "goal"):
        point = numbers(name, getattr(problem, name))
        if point.shape != (3,) or not np.isfinite(point).all():
            raise MalformedInput(f"{name} is {point.tolist()}, but must be three finite numbers x, y, z")
        ends.append(point)
    return problem.space, ends[0], ends[1]


def _tree_of(space: GridSpace | VoxelSpace) -> tuple[OccupancyTree, LeafGraph]:
    if space not in _TREES:
        tree = space.tree if isinstance(space, VoxelSpace) else OccupancyTree.of(space.blocked)
        _TREES[space] = tree, LeafGraph.of(tree)
    return _TREES[space]


def _search(graph: LeafGraph, start: int, goal: int, budget: Budget) -> tuple[int, list[int], Array]:
    """The outcome, the passages on the way, and the leaves expanded."""
    count, passages = len(graph.centre), len(graph.to)
    cost, came_by = np.full(count, np.inf), np.full(count, -1)
    room = np.empty(passages + 1), np.empty(passages + 1, dtype=np.int64), np.empty(count, dtype=np.int64)
    limit = count if budget.iterations is None else budget.iterations
    arrays, state, watch = (graph.first, graph.to, graph.length, graph.centre), np.zeros(2, dtype=np.int64), Stopwatch()
    outcome = leaf_astar.SPENT
    while outcome == leaf_astar.SPENT and (budget.seconds is None or watch.seconds < budget.seconds):
        until = limit if budget.seconds is None else min(int(state[1]) + _BETWEEN_CLOCKS, limit)
        outcome = leaf_astar.search(*arrays, start, goal, until, cost, came_by, *room, state)
        if state[1] >= limit:
            break
    way: list[int] = []
    leaf = goal
    while outcome == leaf_astar.FOUND and leaf != start:
        way.append(int(came_by[leaf]))
        leaf = int(np.searchsorted(graph.first, came_by[leaf], side="right")) - 1
    return outcome, way[::-1], room[2][: state[1]]


def _inner(graph: LeafGraph, first: int, passages: list[int]) -> Array:
    """From block to block by their centres: a line from face to face could run along a wall."""
    if not passages:
        return np.empty((0, graph.centre.shape[1]))
    steps = np.stack((graph.portal[passages], graph.centre[graph.to[passages]]), axis=1)
    return np.concatenate((graph.centre[first][None], steps.reshape(-1, graph.centre.shape[1])))


def _cells(space: GridSpace | VoxelSpace, point: Array) -> Array:
    return space.cells(point) if isinstance(space, VoxelSpace) else space.grid.cells(point)


def _points(space: GridSpace | VoxelSpace, coordinates: Array) -> Array:
    """Coordinates in the order of the tree's axes, as points in the world."""
    flipped = np.asarray(coordinates, dtype=float)[..., ::-1]
    if isinstance(space, VoxelSpace):
        return space.points(flipped)
    return space.grid.points(coordinates - 0.5)
