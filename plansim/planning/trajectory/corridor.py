"""Safe corridors: overlapping boxes of free space along a path, in which a trajectory may be smoothed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.geometry import transform
from plansim.planning.grid.space import GridSpace
from plansim.planning.trajectory.corridor_kernels import fill_boxes, fill_line


class Corridor(NamedTuple):
    """Boxes in a row: all of their points are free, each shares at least a cell with the next, all hold the path.

    The boxes lie along the axes of `frame`, the pose of the map's lower-left corner.
    """

    boxes: Array  # (K, 2, 2) m: lowest, highest x y of each box, in the frame
    frame: Array  # (3,) x m, y m, heading rad

    def to_frame(self, points: Array) -> Array:
        """World points (..., 2) in the frame of the boxes."""
        c, s = np.cos(self.frame[2]), np.sin(self.frame[2])
        return (np.asarray(points, dtype=float) - self.frame[:2]) @ np.array([[c, -s], [s, c]])

    def to_world(self, points: Array) -> Array:
        return transform(self.frame, points)

    def contains(self, points: Array) -> Array:
        """Which of the world points (..., 2) lie in a box, (...) bool."""
        p = self.to_frame(points)[..., None, :]
        return ((p >= self.boxes[:, 0]) & (p <= self.boxes[:, 1])).all(-1).any(-1)

    @property
    def corners(self) -> Array:
        """Of each box in the world, counter-clockwise, (K, 4, 2): for drawing."""
        (x0, y0), (x1, y1) = self.boxes[:, 0].T, self.boxes[:, 1].T
        return self.to_world(np.stack([np.stack(c, -1) for c in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))], axis=1))


def safe_corridor(space: GridSpace, states: Array, reach: float = 10.0) -> Corridor:
    """Boxes of free cells that cover a free path (T, 2+).

    From the first cell of the path that is not yet covered, and the one before it, a box grows cell by cell: on all
    sides in turn, along the columns first, and along the rows first; kept is the one that covers most of the path, the
    largest of equals. No side grows farther than `reach` metres (Liu et al. 2017, "Planning dynamically feasible
    trajectories for quadrotors using safe flight corridors", with boxes for polyhedra).

    >>> from plansim.core.grid import OccupancyGrid
    >>> space = GridSpace(OccupancyGrid([[0, 0, 0], [0, 1, 0]]))
    >>> safe_corridor(space, np.array([[0.5, 1.5], [0.5, 0.5], [2.5, 0.5]])).boxes.tolist()
    [[[0.0, 0.0], [1.0, 2.0]], [[0.0, 0.0], [3.0, 1.0]]]
    """
    if not reach > 0:
        raise MalformedInput(f"reach is {reach}, but must be a positive number of metres")
    cells = _cells_of(space, np.asarray(states, dtype=float))
    grown = np.empty((len(cells), 4), dtype=np.int64)
    count = fill_boxes(space.blocked, cells, int(np.ceil(reach / space.grid.resolution)), grown)
    low, high = grown[:count, [1, 0]], grown[:count, [3, 2]] + 1
    return Corridor(np.stack((low, high), axis=1) * space.grid.resolution, np.array(space.grid.origin))


def _cells_of(space: GridSpace, states: Array) -> Array:
    """The cells [row, column] (P, 2) that a path passes, each a neighbour of the one before."""
    if states.ndim != 2 or not len(states):
        raise MalformedInput(f"a path is rows of states (T, 2+), but it has shape {states.shape}")
    free = space.edge_free(states[:-1], states[1:]) if len(states) > 1 else space.is_free(states)
    if not free.all():
        i = int(np.argmin(free))
        raise MalformedInput(f"a corridor needs a free path, but this one leaves free space after state {i}")
    fine = space._fine(states)  # as `GridSpace.edge_free` follows them
    steps = np.abs(np.diff(fine >> 16, axis=0)).sum() + len(states)
    cells = np.empty((steps, 2), dtype=np.int64)
    return cells[: fill_line(fine, cells)]
