"""Ray casting on occupancy grids: exact distances to the first occupied cell, for lidars.

Grid traversal (Amanatides & Woo 1987, "A fast voxel traversal algorithm") that leaps over empty squares:
`skip` knows, for each cell and each quadrant of directions, the side of the largest square without obstacles that
has this cell in its corner, and a ray leaves that square where it would have left the last cell in it.

Cells own their lower and left edges. A ray exactly through a corner passes, unless both cells beside it are
occupied. Unknown cells are transparent, and nothing outside the map stops a ray.
"""

from __future__ import annotations

from math import cos, floor, inf, sin
from weakref import WeakKeyDictionary

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.kernel import kernel


def cast_rays(grid: OccupancyGrid, poses: Array, angles: Array, max_range: float = inf) -> Array:
    """Metres from poses (..., 3) along heading + angles (B,) to the border of the first occupied cell, (..., B).

    `max_range` where there is none within it; 0 from within an occupied cell.

    >>> grid = OccupancyGrid([[0, 0, 0, 1]], resolution=0.5)
    >>> cast_rays(grid, np.array([0.25, 0.25, 0.0]), np.array([0.0, np.pi / 2]), max_range=10.0)
    array([ 1.25, 10.  ])
    """
    poses, angles = np.asarray(poses, dtype=float), np.asarray(angles, dtype=float)
    if poses.shape[-1:] != (3,) or angles.ndim != 1:
        raise MalformedInput(f"poses {poses.shape} and angles {angles.shape} must have shapes (..., 3) and (B,)")
    if not (np.isfinite(poses).all() and np.isfinite(angles).all()):
        raise MalformedInput("poses and angles must be finite")
    if not max_range > 0:
        raise MalformedInput(f"max_range is {max_range}, but must be metres above 0")
    ranges = np.empty((poses.size // 3, angles.size))
    flat = np.ascontiguousarray(poses.reshape(-1, 3))
    frame = (grid.origin[0], grid.origin[1], grid.origin[2], grid.resolution)
    _cast_all(grid.occupied, skip_field(grid), frame, flat, np.cos(angles), np.sin(angles), float(max_range), ranges)
    return ranges.reshape(*poses.shape[:-1], angles.size)


_PARALLEL = 1e-300  # a part of a direction so small that its inverse is infinite
_SKIP_FIELDS: WeakKeyDictionary[OccupancyGrid, Array] = WeakKeyDictionary()


def skip_field(grid: OccupancyGrid) -> Array:
    """The side in cells of the empty square that starts at each cell, by quadrant of direction, (4, H, W) uint8.

    Quadrant 0: right and up, 1: left and up, 2: right and down, 3: left and down, each mirrored so that it is right and
    up. 0 claims nothing: a field of zeros is right for every map, and slow.
    """
    field = _SKIP_FIELDS.get(grid)
    if field is None:
        field = np.empty((4, *grid.shape), dtype=np.uint8)
        _fill_skip(grid.occupied, field)
        field.setflags(write=False)
        _SKIP_FIELDS[grid] = field
    return field


@kernel
def cast_ray(occupied, skip, x, y, dx, dy, max_cells):
    """Cells from x (columns), y (rows) along the unit vector dx, dy to the first occupied cell, at most `max_cells`."""
    rows, columns = occupied.shape
    t = 0.0
    if not (0.0 <= x < columns and 0.0 <= y < rows):
        t = _entry(x, y, dx, dy, columns, rows)
        if not t < max_cells:
            return max_cells
    column = min(max(floor(x + t * dx), 0), columns - 1)
    row = min(max(floor(y + t * dy), 0), rows - 1)
    # mirrored, every ray goes right and up
    left, down = dx < -_PARALLEL, dy < -_PARALLEL
    if left:
        x, dx, column = columns - x, -dx, columns - 1 - column
    if down:
        y, dy, row = rows - y, -dy, rows - 1 - row
    quadrant = (1 if left else 0) + (2 if down else 0)
    inverse_x = 1.0 / dx if dx > _PARALLEL else inf
    inverse_y = 1.0 / dy if dy > _PARALLEL else inf
    while t < max_cells and column < columns and row < rows:
        side = int(skip[quadrant, row, column])
        if side == 0:
            if occupied[rows - 1 - row if down else row, columns - 1 - column if left else column]:
                return t
            side = 1
        next_column, next_row = column + side, row + side
        tx, ty = (next_column - x) * inverse_x, (next_row - y) * inverse_y
        # rounding must not carry the ray out of the square by the other side, nor back
        if tx < ty:
            t = tx
            column, row = next_column, min(max(int(y + t * dy), row), next_row - 1)
        elif ty < tx:
            t = ty
            column, row = min(max(int(x + t * dx), column), next_column - 1), next_row
        else:
            t = tx
            column, row = next_column, next_row
            if column < columns and row < rows and _both_occupied(occupied, left, down, row, column):
                return min(t, max_cells)
    return max_cells


@kernel
def _both_occupied(occupied, left, down, row, column):
    """Whether the cells beside a corner, left of and below the mirrored cell, are occupied."""
    rows, columns = occupied.shape
    r0, r1 = (rows - row, rows - 1 - row) if down else (row - 1, row)
    c0, c1 = (columns - column, columns - 1 - column) if left else (column - 1, column)
    return occupied[r0, c1] and occupied[r1, c0]


@kernel
def _entry(x, y, dx, dy, columns, rows):
    """When a ray from outside enters the map, inf if it does not: the slab test."""
    enter, leave = 0.0, inf
    for position, direction, size in ((x, dx, columns), (y, dy, rows)):
        if abs(direction) > _PARALLEL:
            a, b = -position / direction, (size - position) / direction
            enter, leave = max(enter, min(a, b)), min(leave, max(a, b))
        elif not 0.0 <= position < size:
            return inf
    return enter if enter < leave else inf


@kernel
def _cast_all(occupied, skip, frame, poses, cosines, sines, max_range, ranges):
    origin_x, origin_y, origin_heading, resolution = frame
    c, s = cos(origin_heading), sin(origin_heading)
    for i in range(poses.shape[0]):
        px, py = poses[i, 0] - origin_x, poses[i, 1] - origin_y
        x, y = (c * px + s * py) / resolution, (c * py - s * px) / resolution
        hx, hy = cos(poses[i, 2] - origin_heading), sin(poses[i, 2] - origin_heading)
        for j in range(cosines.shape[0]):
            dx, dy = hx * cosines[j] - hy * sines[j], hy * cosines[j] + hx * sines[j]
            cells = cast_ray(occupied, skip, x, y, dx, dy, max_range / resolution)
            ranges[i, j] = min(cells * resolution, max_range)


@kernel
def _fill_skip(occupied, field):
    """The largest empty square at a corner is one more than the smallest of its three neighbours'."""
    rows, columns = occupied.shape
    for quadrant in range(4):
        left, down = quadrant % 2 == 1, quadrant >= 2
        for row in range(rows - 1, -1, -1):
            for column in range(columns - 1, -1, -1):
                side = 255
                if row + 1 < rows:
                    side = min(side, int(field[quadrant, row + 1, column]) + 1)
                    if column + 1 < columns:
                        side = min(side, int(field[quadrant, row + 1, column + 1]) + 1)
                if column + 1 < columns:
                    side = min(side, int(field[quadrant, row, column + 1]) + 1)
                here = occupied[rows - 1 - row if down else row, columns - 1 - column if left else column]
                field[quadrant, row, column] = 0 if here else side
