"""Where the episodes of GridNavigation begin and end, and which obstacles will appear.

In kernels `rules` are the settings, `world` is one row of the state.
"""

from __future__ import annotations

from math import hypot, pi
from typing import Any, NamedTuple

import numpy as np

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.kernel import kernel
from plansim.core.random import normal_pair, uniform, uniform_pair
from plansim.core.scalar import wrap_angle
from plansim_envs.grid_navigation_drive import RUNNING
from plansim_envs.maps import Room
from plansim_envs.obstacles import place_obstacles


class Ends(NamedTuple):
    """Where episodes may begin and end."""

    spacing: float  # m, between places
    open: np.ndarray  # (h, w) bool, all samples of the map where the robot fits
    samples: np.ndarray  # (N, 2) row, column of the places among them
    places: np.ndarray  # (N, 2) m, all connected with each other
    indices: np.ndarray  # (4,): places of a given start and goal, -1 where drawn; two that lie far apart


def find_ends(grid: OccupancyGrid, space: Room, start: Any, goal: Any, min_distance: float) -> Ends:
    cells, first, last = space.regions
    if not len(cells):
        raise MalformedInput("the map has no free place for a robot of this radius and clearance")
    # samples are cells of another size: points() adds half a cell of its own
    places = grid.points((cells + 0.5) * (space.spacing / grid.resolution) - 0.5)
    given = start if start is not None else goal
    inside = int(np.argmax(last - first)) if given is None else _nearest(places, given)
    region = slice(first[inside], last[inside])
    cells, places = np.ascontiguousarray(cells[region]), np.ascontiguousarray(places[region])
    i, j = (-1 if end is None else _nearest(places, end) for end in (start, goal))
    # two sweeps find places about as far apart as any
    a = i if i >= 0 else j if j >= 0 else _farthest(places, places[0])
    one = places[a] if given is None else np.asarray(given, dtype=float)[:2]
    b = _farthest(places, one)
    if (i < 0 or j < 0) and np.hypot(*(one - places[b])) < min_distance:
        raise MalformedInput(f"min_distance is {min_distance} m, but no connected places of the map are so far apart")
    a, b = (b, a) if j >= 0 else (a, b)
    return Ends(space.spacing, space.open, cells, places, np.array([i, j, a, b]))


def _nearest(places: np.ndarray, point: Any) -> int:
    return int(np.argmin(np.hypot(*(places - np.asarray(point, dtype=float)[:2]).T)))


def _farthest(places: np.ndarray, point: np.ndarray) -> int:
    return int(np.argmax(np.hypot(*(places - point).T)))


@kernel
def draw_episodes(state, mask, settings, places, indices):
    """Draws where the worlds in the mask begin and where they are to go."""
    rules = settings[0]
    for i in range(state.shape[0]):
        if not mask[i]:
            continue
        world = state[i]
        stream, x, goal, told = world["random"], world["x"], world["goal"], world["start"]
        start, std, spacing = rules["start"], rules["start_std"], rules["spacing"]
        x[:] = 0.0
        for attempt in range(1001):
            # the last attempt takes two places that are far enough apart
            last = 2 if attempt == 1000 else 0
            _draw_place(stream, places, indices[last], start, spacing, x)
            _draw_place(stream, places, indices[last + 1], rules["goal"], spacing, goal)
            world["distance"] = hypot(goal[0] - x[0], goal[1] - x[1])
            if world["distance"] >= rules["min_distance"] or (indices[0] >= 0 and indices[1] >= 0):
                break
        x[2] = wrap_angle(start[2] if start[2] == start[2] else uniform(stream, -pi, pi))
        a, b = normal_pair(stream)
        c, _ = normal_pair(stream)
        told[0], told[1], told[2] = x[0] + std[0] * a, x[1] + std[1] * b, wrap_angle(x[2] + std[2] * c)
        world["odometry"][:] = 0.0
        world["obstacles"][:, :] = 0.0
        world["steps"], world["outcome"] = 0, RUNNING


@kernel
def _draw_place(stream, places, index, point, spacing, out):
    """A given point (not NaN), a place, or where index is -1 a random point near a random place."""
    if point[0] == point[0]:
        out[0], out[1] = point[0], point[1]
    elif index >= 0:
        out[0], out[1] = places[index, 0], places[index, 1]
    else:
        k = int(uniform_pair(stream)[0] * places.shape[0])
        a, b = uniform_pair(stream)
        # within half a spacing in any direction
        out[0], out[1] = places[k, 0] + 0.7 * spacing * (a - 0.5), places[k, 1] + 0.7 * spacing * (b - 0.5)


@kernel
def draw_obstacles(state, mask, settings, places, samples, points):
    rules = settings[0]
    origin = rules["origin"]
    frame = origin[0], origin[1], rules["turned"], rules["spacing"]
    sizes = rules["obstacle_radius"], rules["obstacle_reach"], rules["obstacle_distance"]
    for i in range(state.shape[0]):
        if mask[i]:
            world = state[i]
            start, goal = samples[_closest(points, world["x"])], samples[_closest(points, world["goal"])]
            place_obstacles(world["random"], world["obstacles"], places, start, goal, sizes, frame)


@kernel
def _closest(points, x):
    best, least = 0, hypot(points[0, 0] - x[0], points[0, 1] - x[1])
    for k in range(1, points.shape[0]):
        distance = hypot(points[k, 0] - x[0], points[k, 1] - x[1])
        if distance < least:
            best, least = k, distance
    return best
