"""A maze with an island in it: walls that do not hang together, which a hand on the wall never crosses."""

from __future__ import annotations

from collections import deque

import numpy as np

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.movingai import GridProblem

Room = tuple[int, int]  # row, column


def island_maze(
    rows: int = 10, columns: int = 10, island: int = 3, resolution: float = 0.2, seed: int = 0
) -> OccupancyGrid:
    """A maze of rows x columns rooms, in its middle a ring of corridor, and within the ring a maze of island x island.

    Rooms, corridors and walls are one cell wide. Walls outside the ring hang together, and so do those within it, but
    not the ones with the others: who follows an outer wall never comes into the island.
    """
    _check(rows, columns, island)
    rng, within, ring = np.random.default_rng(seed), _block(rows, columns, island), _ring(rows, columns, island)
    cells = np.ones((2 * rows + 1, 2 * columns + 1))
    cells[1::2, 1::2] = 0.0
    joined: dict[Room, Room] = {}
    for a, b in zip(ring, ring[1:] + ring[:1], strict=True):
        _open(cells, joined, a, b)
    walls = [((r, c), (r, c + 1)) for r in range(rows) for c in range(columns - 1)]
    walls += [((r, c), (r + 1, c)) for r in range(rows - 1) for c in range(columns)]
    doors = [(a, b) for a, b in walls if (a in within) != (b in within)]
    _open(cells, joined, *doors[rng.integers(len(doors))])
    # Kruskal's algorithm in random order: every room joins once
    for k in rng.permutation(len(walls)):
        a, b = walls[k]
        if (a in within) == (b in within) and _root(joined, a) != _root(joined, b):
            _open(cells, joined, a, b)
    return OccupancyGrid(cells, resolution)


def island_problems(
    rows: int = 10, columns: int = 10, island: int = 3, count: int = 20, seed: int = 0, maze_seed: int = 0
) -> list[GridProblem]:
    """Ways from rooms outside the ring of an island_maze to rooms of its island, drawn by chance.

    maze_seed: the seed that the maze was made with; the problems have a `seed` of their own
    """
    free = island_maze(rows, columns, island, seed=maze_seed).free
    rng, within, ring = np.random.default_rng(seed), _block(rows, columns, island), _ring(rows, columns, island)
    outside = [room for room in np.ndindex(rows, columns) if room not in within and room not in ring]
    problems = []
    for _ in range(count):
        start, goal = outside[rng.integers(len(outside))], sorted(within)[rng.integers(len(within))]
        start, goal = (2 * start[0] + 1, 2 * start[1] + 1), (2 * goal[0] + 1, 2 * goal[1] + 1)
        length = _steps(free, start, goal)
        problems.append(GridProblem(int(length) // 4, "island-maze", start, goal, length))
    return problems


def _check(rows: int, columns: int, island: int) -> None:
    if not (island >= 1 and min(rows, columns) >= island + 4):
        raise MalformedInput(
            f"rows {rows}, columns {columns}, island {island}: island must be at least 1, the others 4 more"
        )


def _block(rows: int, columns: int, island: int) -> set[Room]:
    top, left = (rows - island) // 2, (columns - island) // 2
    return {(top + row, left + column) for row in range(island) for column in range(island)}


def _ring(rows: int, columns: int, island: int) -> list[Room]:
    """The rooms around the island, counter-clockwise."""
    low, left, side = (rows - island) // 2 - 1, (columns - island) // 2 - 1, island + 1
    east = [(low, left + k) for k in range(side)] + [(low + k, left + side) for k in range(side)]
    return east + [(low + side, left + side - k) for k in range(side)] + [(low + side - k, left) for k in range(side)]


def _open(cells: np.ndarray, joined: dict[Room, Room], a: Room, b: Room) -> None:
    cells[a[0] + b[0] + 1, a[1] + b[1] + 1] = 0.0
    joined[_root(joined, a)] = _root(joined, b)


def _root(joined: dict[Room, Room], room: Room) -> Room:
    while joined.get(room, room) != room:
        room = joined[room]
    return room


def _steps(free: np.ndarray, start: Room, goal: Room) -> float:
    """Cells of the shortest way; corridors one cell wide have no diagonals."""
    lengths, waiting = {start: 0}, deque([start])
    while goal not in lengths:
        row, column = waiting.popleft()
        for to in ((row, column + 1), (row + 1, column), (row, column - 1), (row - 1, column)):
            if free[to] and to not in lengths:
                lengths[to] = lengths[row, column] + 1
                waiting.append(to)
    return float(lengths[goal])
