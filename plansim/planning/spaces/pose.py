"""SE(2): a body that moves and turns in the plane, among shapes or on a map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from plansim.core.arrays import Array, readonly
from plansim.core.errors import MalformedInput
from plansim.core.geometry import POSE
from plansim.core.grid import OccupancyGrid
from plansim.core.kernel import kernel
from plansim.core.layout import Layout
from plansim.core.shapes import Shapes
from plansim.planning.spaces import base
from plansim.planning.spaces.base import Kernels
from plansim.planning.spaces.pose_kernels import point_free, segment_free


@dataclass(frozen=True, eq=False)
class PoseSpace:
    """Poses (x, y, heading) of a body in a plane world; a way moves straight and turns evenly, the short way round.

    Edges are tested without a resolution: a way counts as free only if the body is clear at every instant of it, and
    as blocked if it comes nearer than a micrometre to something. On a map, cells that are not free are obstacles.

    >>> world = Shapes([0, 0], [10, 10], boxes=[[[4, 0], [6, 8]]])
    >>> space = PoseSpace(world, body=[[-1, -0.2], [1, -0.2], [1, 0.2], [-1, 0.2]])
    >>> space.edge_free(np.array([3.2, 5.0, np.pi / 2]), np.array([[3.2, 7.0, np.pi / 2], [3.2, 7.0, 0.0]]))
    array([ True, False])
    """

    world: Shapes | OccupancyGrid
    body: Sequence[Array] | Array  # a convex polygon (P, 2) around the robot's origin at heading 0, or several
    turn_weight: float | None = None  # m a radian counts for in the distance; None: the body's reach

    state: ClassVar[Layout] = POSE

    def __post_init__(self) -> None:
        if isinstance(self.world, Shapes) and self.world.dimension != 2:
            raise MalformedInput(f"a body moves in a plane world, but this one has {self.world.dimension} dimensions")
        if self.turn_weight is not None and not 0 < self.turn_weight < np.inf:
            raise MalformedInput(f"turn_weight is {self.turn_weight}, but must be metres a radian, above 0")
        object.__setattr__(self, "body", self._parts.polygons)

    @cached_property
    def _parts(self) -> Shapes:
        """The body's polygons, checked and counter-clockwise."""
        single = np.ndim(self.body[0]) == 1 if len(self.body) else False
        polygons = [self.body] if single else list(self.body)
        if not polygons:
            raise MalformedInput("body has no polygon; a body that is a disc is a point of a grown world")
        return Shapes([-1e9, -1e9], [1e9, 1e9], polygons=polygons)

    @property
    def dimension(self) -> int:
        return 3

    @cached_property
    def low(self) -> Array:
        return readonly([*self._shapes.low, -np.pi])

    @cached_property
    def high(self) -> Array:
        return readonly([*self._shapes.high, np.pi])

    @cached_property
    def reach(self) -> float:
        """Metres from the origin to the body's farthest corner."""
        return float(max(np.linalg.norm(polygon, axis=-1).max() for polygon in self.body))

    @cached_property
    def metric(self) -> Array:
        turn = self.reach if self.turn_weight is None else self.turn_weight
        return base.metric(self.low, self.high, [1.0, 1.0, turn], [False, False, True])

    distance = base.distance
    __getstate__ = base.values
    interpolate = base.interpolate
    sample = base.sample

    def is_free(self, states: Array) -> Array:
        """At which of the poses (..., 3) the body touches nothing, (...) bool."""
        return self.edge_free(states, states)

    def edge_free(self, a: Array, b: Array) -> Array:
        """Whether the body keeps clear between poses (..., 3), (...) bool."""
        a, b = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(b, dtype=float))
        out: Array = np.empty(a.shape[:-1], dtype=bool)
        rows = (np.require(x.reshape(-1, 3), requirements=("C", "W")) for x in (a, b))
        _segments_free(*rows, self.kernels.arrays, out.reshape(-1))
        return out[()]

    @cached_property
    def kernels(self) -> Kernels:
        parts = self._parts.arrays
        return Kernels((parts[6], parts[7], self.reach, self._shapes.arrays), point_free, segment_free)

    @cached_property
    def _shapes(self) -> Shapes:
        """The world without boxes: polygons and balls."""
        if isinstance(self.world, OccupancyGrid):
            return blocked_rectangles(self.world)
        world = self.world
        corners = [np.stack((box[[0, 1, 1, 0], 0], box[[0, 0, 1, 1], 1]), axis=-1) for box in world.boxes]
        return Shapes(world.low, world.high, (), world.balls, (*corners, *world.polygons), world.margin)


def blocked_rectangles(grid: OccupancyGrid) -> Shapes:
    """The cells of a map that are not free, as a world of rectangles, exactly; and what lies outside the map."""
    blocked, rectangles = ~grid.free, []
    rows, columns = blocked.shape
    open_runs: dict[tuple[int, int], int] = {}  # columns of a run of blocked cells -> the row it begins in
    for row in range(rows + 1):
        edges = np.flatnonzero(np.diff(np.r_[False, blocked[row], False])) if row < rows else np.empty(0, dtype=int)
        runs = set(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
        for run in [run for run in open_runs if run not in runs]:
            rectangles.append((run[0], open_runs.pop(run), run[1], row))
        for run in runs - open_runs.keys():
            open_runs[run] = row
    if grid.origin[2] != 0.0:  # a turned map leaves corners of its bounds outside
        far = rows + columns
        rectangles += [(-far, -far, 0, 2 * far), (columns, -far, 2 * far, 2 * far)]
        rectangles += [(0, -far, columns, 0), (0, rows, columns, 2 * far)]
    polygons = [grid._world(np.array([[x, y], [u, y], [u, v], [x, v]], dtype=float)) for x, y, u, v in rectangles]
    low, high = grid.bounds
    return Shapes(low, high, polygons=polygons)


@kernel
def _segments_free(a, b, arrays, out):
    for i in range(a.shape[0]):
        out[i] = segment_free(a[i], b[i], arrays)
