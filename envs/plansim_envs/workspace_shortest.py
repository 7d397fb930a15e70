"""The shortest way of a point among polygons: what a planner's path is held against."""

from __future__ import annotations

import functools

import numpy as np

from plansim.core.errors import MalformedInput
from plansim.core.shape_corners import free_corners
from plansim.core.shapes import Shapes
from plansim_envs.workspace_robot import Robot


class VisibilityGraph:
    """Shortest paths bend at corners only (Lozano-Pérez & Wesley 1979), so a graph of the corners has them all."""

    def __init__(self, world: Shapes):
        self.world, self.corners = world, free_corners(world)

    @functools.cached_property
    def _between(self) -> np.ndarray:
        """Metres between each two corners on the shortest way, (V, V); inf where there is none."""
        from scipy.sparse.csgraph import shortest_path

        edges = (
            np.stack([self._seen_from(corner) for corner in self.corners]) if len(self.corners) else np.empty((0, 0))
        )
        return shortest_path(np.where(np.isfinite(edges), edges, 0.0), directed=False) if len(edges) else edges

    def _seen_from(self, point: np.ndarray) -> np.ndarray:
        """Straight to each corner, (V,); inf where that is not free."""
        away = np.sqrt(((self.corners - point) ** 2).sum(-1))
        return np.where(self.world.segment_free(np.tile(point, (len(away), 1)), self.corners), away, np.inf)

    def joined(self, start: np.ndarray, goal: np.ndarray) -> bool:
        return bool(np.isfinite(self.length(start, goal)))

    def length(self, start: np.ndarray, goal: np.ndarray) -> float:
        """Metres of the shortest path between two points (2,); NaN where there is none."""
        if self.world.segment_free(start, goal):
            return float(np.sqrt(((goal - start) ** 2).sum()))
        ways = self._seen_from(start)[:, None] + self._between + self._seen_from(goal)
        least = float(ways.min(initial=np.inf))
        return least if np.isfinite(least) else float("nan")


def visibility_graph(robot: Robot) -> VisibilityGraph:
    """That of a point's world; says why there is none."""
    world = robot.world
    point = robot.straight and robot.dimension == 2 and not robot.polygonal and not robot.body.radius
    if not point or not isinstance(world, Shapes) or len(world.balls) or world.margin:
        raise MalformedInput("tell_shortest is for a point in a plane world of boxes and polygons alone")
    return VisibilityGraph(world)
