"""A robot in a workspace: where its parts are in a state, how far states lie apart, and which ways are free."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.layout import wrap_angle
from plansim.core.shapes import Shapes
from plansim.models.vehicle import Vehicle
from plansim_envs.workspace_ground import TOUCH, Body, Ground, body_of, ground_of, ways_free


class Robot:
    """A vehicle with its body, among the obstacles of a world; all functions take states (B, n)."""

    def __init__(self, vehicle: Vehicle, world: Shapes | OccupancyGrid, body: Any):
        names = vehicle.state.names
        self.vehicle, self.world, self.n = vehicle, world, len(names)
        self.dimension = int(getattr(vehicle, "dimension", 2))  # of its position, which comes first
        self.turns = "heading" in names
        self.straight = self.n == self.dimension  # moves on a straight line while its control is held
        if not hasattr(vehicle, "dimension") and names[:3] != ("x", "y", "heading"):
            raise MalformedInput(f"the state of the robot is '{' '.join(names)}', but must begin with 'x y heading'")
        if self.dimension != (2 if isinstance(world, OccupancyGrid) else world.dimension):
            raise MalformedInput(f"the robot moves in {self.dimension} dimensions, the world has another number")
        self.trailer = names.index("trailer_heading") if "trailer_heading" in names else None
        self.body: Body = body_of(body, 1 if self.trailer is None else 2)
        if self.dimension != 2 and self.polygonal:
            raise MalformedInput(f"body must be a radius where the world has {self.dimension} dimensions")

    @property
    def polygonal(self) -> bool:
        return self.body.corners.shape[:2] != (1, 1)

    @functools.cached_property
    def ground(self) -> Ground:
        return ground_of(self.world)

    @functools.cached_property
    def _grown(self) -> Shapes:
        """The world that a ball's centre sees, in any number of dimensions; what touches is given a nanometre."""
        world = self.world
        assert isinstance(world, Shapes)
        room = self.body.radius
        boxes = world.boxes + np.array([TOUCH, -TOUCH])[:, None]
        balls = np.concatenate((world.balls[:, :-1], world.balls[:, -1:] - TOUCH), axis=1)
        low, high = world.low + room - TOUCH, world.high - room + TOUCH
        return Shapes(low, high, boxes=boxes, balls=balls, margin=world.margin + room)

    def position(self, x: np.ndarray) -> np.ndarray:
        return x[..., : self.dimension]

    def apart(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Metres between the positions, (B,)."""
        return np.sqrt(((self.position(b) - self.position(a)) ** 2).sum(-1))

    def turned(self, x: np.ndarray, goal: np.ndarray, angle: float | None) -> np.ndarray:
        """Whether all angles are within `angle` of the goal's, (B,)."""
        indices = list(self.vehicle.state.angle_indices)
        if angle is None or not indices:
            return np.ones(len(x), dtype=bool)
        return (np.abs(wrap_angle(x[:, indices] - goal[:, indices])) <= angle).all(-1)

    def poses(self, x: np.ndarray) -> np.ndarray:
        """Where the parts of the body are, (B, K, 3): the tractor at its rear axle, the trailer at its own."""
        heading = x[:, 2] if self.turns else np.zeros(len(x))
        poses = [np.stack((x[:, 0], x[:, 1], heading), axis=-1)]
        if self.trailer is not None:
            back, length = x[:, self.trailer], self.vehicle.trailer_length  # type: ignore[attr-defined]
            offset = getattr(self.vehicle, "hitch_offset", 0.0)
            axle_x = x[:, 0] - offset * np.cos(heading) - length * np.cos(back)
            axle_y = x[:, 1] - offset * np.sin(heading) - length * np.sin(back)
            poses.append(np.stack((axle_x, axle_y, back), axis=-1))
        return np.stack(poses, axis=1)

    def is_free(self, x: np.ndarray) -> np.ndarray:
        """Whether the body overlaps nothing, (B,)."""
        if self.dimension != 2:
            return self._grown.segment_free(self.position(x), self.position(x))
        return ways_free(self.ground, self.body, self.poses(x), np.zeros((len(x), 2)))

    def way_free(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Whether the body overlaps nothing on the straight way from a to b; at b, where it turns; (B,)."""
        if self.turns:
            return self.is_free(b)
        if self.dimension != 2:
            return self._grown.segment_free(self.position(a), self.position(b))
        return ways_free(self.ground, self.body, self.poses(a), self.position(b) - self.position(a))

    def held(self, x: np.ndarray, max_speed: float) -> np.ndarray:
        """States with angles within ±pi and speeds within ±max_speed."""
        fast = [i for i, name in enumerate(self.vehicle.state.names) if _is_speed(name)]
        if fast:
            x[:, fast] = np.clip(x[:, fast], -max_speed, max_speed)
        return self.vehicle.state.wrap(x)

    def limits(self, max_speed: float, beyond: float) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest state, positions by so many metres beyond the world's bounds."""
        high = np.array([max_speed if _is_speed(name) else np.pi for name in self.vehicle.state.names])
        low = -high
        bounds = np.asarray(self.world.bounds)
        low[: self.dimension], high[: self.dimension] = bounds[0] - beyond, bounds[1] + beyond
        return low, high


def _is_speed(name: str) -> bool:
    return name == "speed" or name.endswith("_velocity")
