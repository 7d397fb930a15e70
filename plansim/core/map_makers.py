"""Maps that need no file: a warehouse, rooms, a maze, an empty floor. The same arguments give the same map."""

from __future__ import annotations

import numpy as np

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid

WALL = 0.2  # m, thickness


def empty(width: float = 10.0, height: float = 10.0, resolution: float = 0.1) -> OccupancyGrid:
    """A free floor of width x height metres without walls."""
    return _Floor(width, height, resolution).grid()


def warehouse(
    rows: int = 5, blocks: int = 3, aisle: float = 2.0, resolution: float = 0.05, seed: int = 0
) -> OccupancyGrid:
    """A warehouse: `rows` of racks in `blocks` with aisles between them, loading docks, pillars and an office.

    aisle: m, between two rows of racks
    seed: which bays of the racks stand empty

    Some 30 x 20 m as it is; no two places look alike to a lidar. Every aisle and door is 1.6 m wide or more.
    """
    _at_least(3, rows=rows)
    _at_least(1, blocks=blocks)
    _at_least(1.6, aisle=aisle)
    rng = np.random.default_rng(seed)
    bay, depth, cross, docks = 1.4, 1.2, 2.4, 7.2
    lengths = [bay * (4, 3, 5)[k % 3] for k in range(blocks)]
    starts = WALL + docks + np.cumsum([0.0, *lengths[:-1]]) + cross * np.arange(blocks)
    width = starts[-1] + lengths[-1] + cross + WALL
    height = 2 * WALL + rows * depth + (rows + 1) * aisle
    floor = _Floor(width, height, resolution)
    floor.walls()
    office = height - WALL - aisle - depth  # y of its south wall
    for row in range(rows):
        y = WALL + aisle + row * (depth + aisle)
        for k, (x, length) in enumerate(zip(starts, lengths, strict=True)):
            if (row, k) == (0, 0):  # packing tables stand here
                floor.fill(x, y, 1.6, 0.8)
                floor.fill(x + length - 1.6, y, 1.6, 0.8)
            elif (row, k) != (rows - 1, blocks - 1):
                _rack(floor, x, y, round(length / bay), bay, depth, rng)
    for x in np.arange(1, width // 6) * 6.0:
        floor.fill(x, WALL, 0.4, 0.2)
    _office(floor, starts[-1] + 0.6, office)
    _docks(floor, docks, height)
    return floor.grid()


def rooms(
    rows: int = 3,
    columns: int = 4,
    width: float = 5.0,
    height: float = 4.0,
    door: float = 1.2,
    extra_doors: float = 0.4,
    resolution: float = 0.05,
    seed: int = 0,
) -> OccupancyGrid:
    """Rooms of width x height metres with doors: each can be reached, and some in more than one way.

    extra_doors: chance of a door in a wall where none is needed
    """
    _at_least(1, rows=rows, columns=columns)
    _at_least(resolution, door=door)
    _at_least(door + WALL - 1e-9, width=width, height=height)
    rng = np.random.default_rng(seed)
    doors = _spanning_tree(rows, columns, rng)
    doors |= {wall for wall in _inner_walls(rows, columns) if rng.random() < extra_doors}
    floor = _Floor(columns * width + WALL, rows * height + WALL, resolution)
    for column in range(columns + 1):
        floor.fill(column * width, 0.0, WALL, floor.height)
    for row in range(rows + 1):
        floor.fill(0.0, row * height, floor.width, WALL)
    for (row, column), (next_row, next_column) in sorted(doors):
        if next_row == row:
            floor.fill(next_column * width, row * height + _door_at(height, door, rng), WALL, door, 0.0)
        else:
            floor.fill(column * width + _door_at(width, door, rng), next_row * height, door, WALL, 0.0)
    return floor.grid()


def maze(
    rows: int = 10, columns: int = 10, corridor: float = 1.0, resolution: float = 0.1, seed: int = 0
) -> OccupancyGrid:
    """A perfect maze: one way between any two places, by corridors `corridor` metres wide."""
    side = corridor + WALL
    return rooms(rows, columns, side, side, corridor, 0.0, resolution, seed)


def cluttered(map: OccupancyGrid, boxes: int = 30, size: float = 0.5, seed: int = 0) -> OccupancyGrid:
    """The map with square boxes, `size` metres wide, put down anywhere on it."""
    _at_least(0, boxes=boxes)
    _at_least(map.resolution, size=size)
    rng, side = np.random.default_rng(seed), round(size / map.resolution)
    if side > min(map.shape):
        raise MalformedInput(f"size is {size} m, but the map is smaller: {map.shape[0]} x {map.shape[1]} cells")
    corners = rng.integers(0, np.array(map.shape) - side + 1, size=(boxes, 2))
    cells = corners[:, None, None] + np.moveaxis(np.indices((side, side)), 0, -1)
    return map.with_cells(cells.reshape(-1, 2), 1.0)


def _door_at(wall: float, door: float, rng: np.random.Generator) -> float:
    """Where a door begins in a wall, 0.3 m from its corners where there is room."""
    slack = wall - WALL - door
    margin = min(0.3, slack / 2)
    return WALL + margin + rng.random() * (slack - 2 * margin)


def _rack(floor: _Floor, x: float, y: float, bays: int, bay: float, depth: float, rng: np.random.Generator) -> None:
    """Two racks back to back; pallets stand up to 0.15 m behind the posts, and one bay in five is empty."""
    floor.fill(x, y, bays * bay, depth)
    for k in range(bays):
        front, back = np.where(rng.random(2) < 0.2, depth / 2 - 0.1, 0.05 * rng.integers(4, size=2))
        floor.fill(x + k * bay + 0.1, y, bay - 0.2, front, 0.0)
        floor.fill(x + k * bay + 0.1, y + depth - back, bay - 0.2, back, 0.0)


def _office(floor: _Floor, x: float, y: float) -> None:
    """A room in the upper right corner, its door to the left in the south wall; a desk and a cabinet."""
    floor.fill(x, y, floor.width - x, WALL)
    floor.fill(x, y, WALL, floor.height - y)
    floor.fill(x + 0.8, y, 1.6, WALL, 0.0)
    floor.fill(floor.width - WALL - 0.8, floor.height - WALL - 1.6, 0.8, 1.6)
    floor.fill(x + WALL, floor.height - WALL - 0.5, 1.4, 0.5)


def _docks(floor: _Floor, depth: float, height: float) -> None:
    """Bumpers beside three dock doors in the west wall, pillars before them, pallets and a counter."""
    for share in (0.12, 0.36, 0.74):
        for side in (0.0, 2.8):
            floor.fill(WALL, share * height + side, 0.4, 0.3)
    pillar = WALL + 0.6 * depth
    for k, share in enumerate((0.22, 0.5, 0.78)):
        floor.fill(pillar, share * height, 0.4, 0.4)
        if k != 1:
            floor.fill(pillar - 1.2, share * height - 0.3 * k, 1.2, 1.0)
    floor.fill(WALL + 0.3 * depth, WALL, 2.4, 0.6)


class _Floor:
    """A free rectangle of metres on which rectangles are drawn."""

    def __init__(self, width: float, height: float, resolution: float):
        if not 0 < resolution <= min(width, height) < np.inf:
            raise MalformedInput(f"{width} x {height} m need a resolution above 0 and below both, not {resolution}")
        self.width, self.height, self.resolution = width, height, resolution
        self.cells = np.zeros((max(round(height / resolution), 1), max(round(width / resolution), 1)))

    def fill(self, x: float, y: float, width: float, height: float, value: float = 1.0) -> None:
        left, right = round(x / self.resolution), round((x + width) / self.resolution)
        low, high = round(y / self.resolution), round((y + height) / self.resolution)
        self.cells[low:high, left:right] = value

    def walls(self) -> None:
        self.fill(0.0, 0.0, self.width, WALL)
        self.fill(0.0, self.height - WALL, self.width, WALL)
        self.fill(0.0, 0.0, WALL, self.height)
        self.fill(self.width - WALL, 0.0, WALL, self.height)

    def grid(self) -> OccupancyGrid:
        return OccupancyGrid(self.cells, self.resolution)


Wall = tuple[tuple[int, int], tuple[int, int]]  # between the rooms (row, column), the lower one first


def _inner_walls(rows: int, columns: int) -> list[Wall]:
    sideways = [((r, c), (r, c + 1)) for r in range(rows) for c in range(columns - 1)]
    return sideways + [((r, c), (r + 1, c)) for r in range(rows - 1) for c in range(columns)]


def _spanning_tree(rows: int, columns: int, rng: np.random.Generator) -> set[Wall]:
    """The walls that a random depth-first walk through all rooms opens."""
    neighbours: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for a, b in _inner_walls(rows, columns):
        neighbours.setdefault(a, []).append(b)
        neighbours.setdefault(b, []).append(a)
    trail, seen, opened = [(0, 0)], {(0, 0)}, set()
    while trail:
        ahead = [room for room in neighbours.get(trail[-1], []) if room not in seen]
        if not ahead:
            trail.pop()
            continue
        room = ahead[rng.integers(len(ahead))]
        opened.add((min(trail[-1], room), max(trail[-1], room)))
        seen.add(room)
        trail.append(room)
    return opened


def _at_least(least: float, **sizes: float) -> None:
    for name, size in sizes.items():
        if not least <= size < np.inf:
            raise MalformedInput(f"{name} is {size}, but must be at least {least:g}")
