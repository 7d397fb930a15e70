"""Routes of a disc-shaped robot on an occupancy grid: clear of walls, of obstacles besides, and short."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np

from plansim.core.arrays import Array
from plansim.core.footprint import covered_cells
from plansim.core.grid import OccupancyGrid
from plansim.core.trajectory import arc_length, point_at
from plansim.planning.base import Plan, Planner, Problem, Status, no_plan
from plansim.planning.grid.space import GridSpace
from plansim.planning.trajectory.shortcut import shortcut


def plan_route(
    planner: Planner,
    map: OccupancyGrid,
    start: Array,
    goal: Array,
    obstacles: Array,
    clearance: float,
    obstacle_clearance: float,
    rng: np.random.Generator | None = None,
) -> Plan:
    """A shortened plan between points (2,), `clearance` metres from walls, `obstacle_clearance` from obstacles (Q, 2).

    The map's edge counts as a wall. A start that is nearer to a wall than that, and a goal that is so but free, are
    joined to the nearest cell that is not: a robot that has come too near must be able to leave. There is no path to a
    goal that would be joined through a wall. The cost is the length of the planner's own path.
    """
    space = _space_around(map, clearance, obstacles, obstacle_clearance)
    begin = nearest_free(space.grid, start)
    end = nearest_free(space.grid, goal) if map.is_free(goal) else goal
    plan = planner.plan(Problem(space, begin, end), rng=rng)
    if not plan.solved:
        return plan
    if not np.array_equal(end, goal) and not GridSpace(map).edge_free(end, goal):
        return no_plan(Status.NO_PATH, 2, plan.stats)
    # the planner's first and last states are centres of cells
    inner = shortcut(space, plan.states)[1:-1]
    before, after = (
        np.empty((0, 2)) if np.array_equal(joint, point) else joint[None]
        for joint, point in ((begin, start), (end, goal))
    )
    return plan._replace(states=np.concatenate((start[None], before, inner, after, goal[None])))


def nearest_free(grid: OccupancyGrid, point: Array) -> Array:
    """The point itself where it is free, else the centre of the nearest free cell; the point where none is."""
    if grid.is_free(point) or not grid.free.any():
        return point
    centres = grid.points(np.argwhere(grid.free))
    return centres[np.argmin(((centres - point) ** 2).sum(-1))]


def is_blocked(path: Array, along: float, obstacles: Array, clearance: float) -> bool:
    """Whether a path (T, 2), from `along` metres on, comes nearer than `clearance` to one of the obstacles (Q, 2)."""
    if not len(obstacles):
        return False
    rest = np.concatenate((point_at(path, along)[None], path[arc_length(path) > along]))
    a, d = rest[:-1, None], np.diff(rest, axis=0)[:, None]
    if not len(d):
        a, d = rest[:, None], np.zeros((1, 1, 2))
    share = ((obstacles - a) * d).sum(-1) / np.maximum((d * d).sum(-1), np.finfo(float).tiny)
    nearest = a + np.clip(share, 0.0, 1.0)[..., None] * d
    return bool((((nearest - obstacles) ** 2).sum(-1) < clearance**2).any())


# inflating a map takes longer than planning on it: all robots of a map share its spaces, for as long as it lives
_SPACES: WeakKeyDictionary[OccupancyGrid, dict[float, GridSpace]] = WeakKeyDictionary()


def _space(map: OccupancyGrid, clearance: float) -> GridSpace:
    spaces = _SPACES.setdefault(map, {})
    if clearance not in spaces:
        spaces[clearance] = _inflated(map, clearance)
    return spaces[clearance]


def _inflated(map: OccupancyGrid, clearance: float) -> GridSpace:
    edge = np.ones(map.shape, dtype=bool)
    width = max(int(np.ceil(clearance / map.resolution - 0.5)), 0)  # whose centres are nearer to the edge
    edge[width : map.shape[0] - width, width : map.shape[1] - width] = False
    return GridSpace(map.inflated(clearance).with_cells(edge, 1.0))


def _space_around(map: OccupancyGrid, clearance: float, obstacles: Array, obstacle_clearance: float) -> GridSpace:
    space = _space(map, clearance)
    if not len(obstacles):
        return space
    covered = covered_cells(obstacle_clearance, map.resolution)
    disc = np.argwhere(covered) - len(covered) // 2
    cells = np.unique((map.cells(obstacles)[:, None] + disc).reshape(-1, 2), axis=0)
    inside = ((cells >= 0) & (cells < map.shape)).all(-1)
    return GridSpace(space.grid.with_cells(cells[inside], 1.0))
