"""Moves between the cells of a grid, and paths of them: what all grid planners share but the order of their search."""

from __future__ import annotations

from functools import cache
from math import sqrt
from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array, readonly
from plansim.core.kernel import kernel
from plansim.planning.base import Plan, Problem, Stats, Status, no_plan
from plansim.planning.grid.kernels import COLUMNS, ROWS
from plansim.planning.grid.search import cell_of, grid_space
from plansim.planning.grid.space import GridSpace

METRES = np.array([1.0, sqrt(2)] * 4)  # cells that a move in direction k goes, k * 45 degrees from +column
START = 8  # in place of a direction: by no move
NOWHERE = np.empty((0, 2), dtype=np.int64)  # the cells of no path


class Ends(NamedTuple):
    space: GridSpace
    start: tuple[int, int]  # row, column
    goal: tuple[int, int]
    status: Status | None  # why there is nothing to search


def ends_of(problem: Problem) -> Ends:
    space = grid_space(problem)
    start, goal = (cell_of(space, name, getattr(problem, name)) for name in ("start", "goal"))
    cases = ((start, Status.INVALID_START), (goal, Status.INVALID_GOAL))
    return Ends(space, start, goal, next((status for cell, status in cases if space.blocked[cell]), None))


def plan_over(
    space: GridSpace, status: Status, cells: Array, bound: float, stats: Stats, looked_at: Array | None = None
) -> Plan:
    """The plan along cells (T + 1, 2); none where there are no cells.

    bound: cost below which there is no path, as `cost_of` counts it
    looked_at: (N, 2) cells in the order of the search
    """
    expanded = None if looked_at is None else readonly(space.grid.points(looked_at))
    if not len(cells):
        return no_plan(status, 2, stats)._replace(lower_bound=bound, expanded=expanded)
    cost = cost_of(space, cells)
    bound = min(bound, cost) if status is Status.SOLVED else bound
    return Plan(status, space.grid.points(cells), cost, stats=stats, lower_bound=bound, expanded=expanded)


def cost_of(space: GridSpace, cells: Array) -> float:
    """Of a path of moves over cells (T + 1, 2): metres, each times the mean factor of its two cells."""
    diagonal = np.diff(cells, axis=0).all(-1)
    if space.terrain is None:
        turns = int(np.count_nonzero(diagonal))
        return (len(diagonal) - turns + turns * sqrt(2)) * space.grid.resolution
    factors = space.terrain[cells[:, 0], cells[:, 1]]
    return float((np.where(diagonal, sqrt(2), 1.0) * 0.5 * (factors[1:] + factors[:-1])).sum()) * space.grid.resolution


def least_factor(space: GridSpace) -> float:
    """Of the terrain where it is free: no metre costs less."""
    return 1.0 if space.terrain is None else float(space.terrain.min())  # blocked cells hold a free one's


def least_cost(space: GridSpace, a: tuple[int, int], b: tuple[int, int]) -> float:
    """No path between the cells costs less, whatever is between them."""
    return float(space.distance(*space.grid.points(np.array([a, b])))) * least_factor(space) * (1 - 1e-15)


def legal_moves(space: GridSpace) -> Array:
    """(256,) uint8: the directions in which a cell may be left, by those of its neighbours that are free."""
    return _legal_moves(space.connectivity, space.corner_cutting)


@cache
def _legal_moves(connectivity: int, corner_cutting: bool) -> Array:
    free = np.arange(256, dtype=np.uint8)
    if connectivity == 4:
        return free & 0b01010101
    if corner_cutting:
        return free
    bits = [(free >> k & 1).astype(bool) for k in range(8)]
    legal = [bits[k] & (k % 2 == 0 or (bits[k - 1] & bits[(k + 1) % 8])) for k in range(8)]
    return np.packbits(legal, axis=0, bitorder="little")[0]


def padded(cell: tuple[int, int], width: int) -> int:
    """The flat index, in a grid padded by a ring, of a cell of the map."""
    return (cell[0] + 1) * width + cell[1] + 1


def unpadded(cells: Array, width: int) -> Array:
    """Rows and columns (..., 2) of flat indices (...) of a padded grid."""
    return np.stack(np.divmod(cells, width), axis=-1) - 1


def path_to(cell: int, came: Array, width: int) -> Array:
    """Cells (T + 1, 2) from the start to a flat index, by the directions by which cells were reached."""
    backwards = np.empty(walk_back(cell, came, width, np.empty(0, dtype=np.int64)), dtype=np.int64)
    walk_back(cell, came, width, backwards)
    return unpadded(backwards[::-1], width)


@kernel
def walk_back(cell, came, width, out):
    """Writes the cells from `cell` back to the one that was reached by no move, as many as fit; returns their count."""
    count = 0
    while True:
        if count < out.shape[0]:
            out[count] = cell
        count += 1
        k = np.int64(came[cell] & 15)
        if k == START:
            return count
        cell -= ROWS[k] * width + COLUMNS[k]
