"""What the kernels of GridNavigation read: its parameters as numbers, and its map as arrays."""

from __future__ import annotations

from math import cos, sin
from typing import TYPE_CHECKING

import numpy as np

from plansim.core.grid import OccupancyGrid
from plansim.core.raycast import skip_field
from plansim_envs.base import constants
from plansim_envs.maps import per_map

if TYPE_CHECKING:
    from plansim_envs.grid_navigation import GridNavigation


def settings(rules: GridNavigation, spacing: float) -> np.ndarray:
    """All numbers, by name; spacing: m, between the places where episodes may begin."""
    names, lidar, (x, y, turned) = rules.robot.state.names, rules.lidar, map(float, rules.grid.origin)
    return constants(
        origin=(x, y), turned=turned, across=(cos(turned), sin(turned)), resolution=rules.grid.resolution,
        dt=rules.dt, max_steps=rules.max_steps, radius=rules.radius, goal_radius=rules.goal_radius,
        dense=rules.reward == "dense",
        vehicle=(*rules.robot.parameters(), 0.0), wheels=rules.odometry.parameters(),
        speed=names.index("speed") if "speed" in names else -1,
        max_speed=rules.max_speed, min_speed=-rules.max_reverse_speed,
        max_range=lidar.max_range if lidar else 1.0, range_std=lidar.range_std if lidar else 0.0,
        mount=lidar.mount if lidar else (0.0, 0.0, 0.0),
        # NaN where drawn
        start=rules.start or (np.nan, np.nan, np.nan), goal=rules.goal or (np.nan, np.nan),
        start_std=rules.start_std, min_distance=rules.min_distance, spacing=spacing,
        kidnap_at=rules.kidnap_at, kidnap_distance=rules.kidnap_distance, keep=rules.radius + rules.clearance,
        obstacle_radius=rules.obstacle_radius, obstacle_distance=rules.obstacle_distance,
        obstacle_reach=rules.obstacle_radius + rules.radius + rules.clearance + spacing / 2,
    )  # fmt: skip


@per_map
def ground(grid: OccupancyGrid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Occupied cells, how far rays may leap, and metres to the nearest occupied cell."""
    # copies: numba recognises an array twice as fast that is not read-only
    return grid.occupied.copy(), skip_field(grid).copy(), grid.distance_field.copy()
