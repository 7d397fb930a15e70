"""Grids to plan on, and slow, clear answers to compare with."""

from __future__ import annotations

import heapq
from itertools import pairwise
from math import inf, sqrt

import numpy as np

from plansim.core.grid import OccupancyGrid
from plansim.planning.base import Problem
from plansim.planning.grid.space import GridSpace

MOVES = [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)]


def random_space(seed: int, shape=(12, 17), density=0.3, resolution=0.5, origin=(1.0, -2.0, 0.3)) -> GridSpace:
    occupied = np.random.default_rng(seed).random(shape) < density
    return GridSpace(OccupancyGrid(occupied, resolution, origin))


def random_problem(space: GridSpace, rng: np.random.Generator) -> Problem:
    free = np.argwhere(~space.blocked)
    start, goal = space.grid.points(free[rng.integers(len(free), size=2)])
    return Problem(space, start, goal)


def legal(blocked, a, b) -> bool:
    """Whether a single move between the cells is one of the eight, into a free cell, past no corner."""
    (r, c), (to_r, to_c) = a, b
    inside = 0 <= to_r < blocked.shape[0] and 0 <= to_c < blocked.shape[1]
    if (to_r - r, to_c - c) not in MOVES or not inside or blocked[to_r, to_c]:
        return False
    return not blocked[r, to_c] and not blocked[to_r, c]


def legal_path(blocked, cells) -> bool:
    cells = [tuple(int(i) for i in cell) for cell in cells]
    return not blocked[cells[0]] and all(legal(blocked, a, b) for a, b in pairwise(cells))


def naive_costs(blocked, start) -> np.ndarray:
    """Cost in cells from the start to every cell, by Dijkstra's algorithm as blackboards have it; inf: no path."""
    costs = np.full(blocked.shape, inf)
    costs[start], queue = 0.0, [(0.0, start)]
    while queue:
        cost, cell = heapq.heappop(queue)
        if cost > costs[cell]:
            continue
        for dr, dc in MOVES:
            to = cell[0] + dr, cell[1] + dc
            new = cost + (sqrt(2) if dr and dc else 1.0)
            if legal(blocked, cell, to) and new < costs[to] - 1e-9:
                costs[to] = new
                heapq.heappush(queue, (new, to))
    return costs


def octile(a, b) -> float:
    d = np.abs(np.subtract(a, b))
    return float(d.max() + (sqrt(2) - 1) * d.min())
