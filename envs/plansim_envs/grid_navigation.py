"""GridNavigation: a robot with wheels, lidar and a map drives to a goal, past obstacles that are not on the map."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from math import cos, hypot, pi, sin
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from gymnasium import spaces

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.kernel import Kernel, kernel
from plansim.core.random import normal_pair, uniform, uniform_pair
from plansim.core.raycast import cast_ray, skip_field
from plansim.core.scalar import wrap_angle
from plansim.models.lidar import Lidar
from plansim.models.odometry import WheelOdometry, increment_spread
from plansim.models.unicycle import Unicycle
from plansim.models.vehicle import Vehicle, compiled_step
from plansim_envs import rendering
from plansim_envs.base import SingleView, VectorView, World
from plansim_envs.maps import Frame, Room, default_map, edges, room, touches
from plansim_envs.obstacles import SEEN, appear, hits_obstacle, place_obstacles, range_to_obstacles

COLLISION_COST = 10.0
TIME_COST = 0.1  # a second
LIMITS = {"speed": (-0.5, 1.0), "turn_rate": (-1.5, 1.5), "acceleration": (-1.5, 1.5), "steering": (-0.6, 0.6)}
RUNNING, ARRIVED, COLLISION, OUT_OF_TIME = range(4)
OUTCOMES = np.array(["", "arrived", "collision", "out of time"], dtype=object)
LARGEST_NORMAL = 8.6  # what `normal_pair` can draw: its uniforms are multiples of 2^-53


@dataclass(frozen=True, eq=False)
class GridNavigation(World):
    """Drive a round robot to a goal on a known map, with lidar and odometry, without touching anything.

    Action: Box, float64, the robot's control in its own units (m/s, rad/s, m/s², rad), held for `dt`. The limits are
    speed -0.5 .. 1, turn rate ±1.5, acceleration ±1.5, steering ±0.6, unless `control_low` and `control_high` say
    otherwise. An action outside them is refused.

    Observation: a dict of float64: "lidar" (beams,) m, no return reads max_range (absent where lidar is None);
    "odometry" (3,), the increment forward, left m, turn rad since the last step as the wheels measured it, in the frame
    of the previous pose; "goal" (2,) m; "start" (3,), the pose where the robot was told that it starts. The true pose
    is not observed.

    Reward: sparse: 1 on arrival. dense: in addition the metres by which the straight distance to the goal shrank (a
    potential, so the best policy is the same: Ng, Harada, Russell 1999), minus 0.1 a second, minus 10 for a collision.

    Begin: a start and a goal on free ground with `clearance` around, connected, `min_distance` apart; or where `start`
    and `goal` say. The robot stands still.

    Obstacles: up to `obstacles` discs appear on the way, at least `obstacle_distance` from robot and goal and never so
    that they cut the robot off; fewer where the ways are too narrow for that.

    End: terminated within `goal_radius` of the goal ("arrived") or when the disc of `radius` touches an occupied cell,
    an obstacle, or the map's edge ("collision"); truncated after `max_steps` ("out of time"). Unknown cells are no
    obstacle, but nothing begins there.

    Info: "pose" (3,), the true one; "distance_to_goal" m; with obstacles "obstacles" (Q, 3) of x, y, radius, zeros
    before they appear; at the end "is_success" and "outcome".

    Versions: v0.
    """

    map: OccupancyGrid | None = None  # a warehouse where None
    robot: Vehicle = Unicycle()  # any vehicle whose state begins with x, y, heading
    lidar: Lidar | None = Lidar()
    odometry: WheelOdometry = WheelOdometry()
    dt: float = 0.1  # s, one step
    max_steps: int = 1000
    radius: float = 0.25  # m, of the robot
    goal_radius: float = 0.3  # m
    reward: Literal["dense", "sparse"] = "dense"
    start: tuple[float, float, float] | None = None  # m, m, rad; drawn where None
    goal: tuple[float, float] | None = None  # m; drawn where None
    min_distance: float = 5.0  # m, from a drawn start or goal to the other
    clearance: float = 0.1  # m, between the robot's disc and the walls, on the way that is sure to exist
    start_std: tuple[float, float, float] = (0.1, 0.1, 0.05)  # m, m, rad, of the start as the robot is told it
    obstacles: int = 0  # at most, in an episode
    obstacle_radius: float = 0.3  # m
    obstacle_distance: float = 2.0  # m
    control_low: tuple[float, ...] | None = None
    control_high: tuple[float, ...] | None = None
    max_speed: float = 1.5  # m/s, where speed is part of the robot's state
    max_reverse_speed: float = 0.5  # m/s, likewise

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["human", "rgb_array"], "render_fps": 10}

    def __post_init__(self) -> None:
        for name in ("dt", "radius", "goal_radius", "obstacle_radius", "obstacle_distance", "max_speed", "max_steps"):
            if not 0 < getattr(self, name) < np.inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be positive")
        for name in ("min_distance", "clearance", "obstacles", "max_reverse_speed"):
            if not 0 <= getattr(self, name) < np.inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be 0 or more")
        if self.reward not in ("dense", "sparse"):
            raise MalformedInput(f"reward is {self.reward!r}, but must be 'dense' or 'sparse'")
        if self.robot.state.names[:3] != ("x", "y", "heading"):
            names = " ".join(self.robot.state.names)
            raise MalformedInput(f"the state of the robot is '{names}', but must begin with 'x y heading'")
        self._check_point("start", self.start, 3, self.radius)
        self._check_point("goal", self.goal, 2, 0.0)
        _check_numbers("start_std", self.start_std, 3, least=0.0)
        _ = self.action_space, self._ends  # what they find wrong, they say now

    @functools.cached_property
    def grid(self) -> OccupancyGrid:
        return default_map() if self.map is None else self.map

    def _check_point(self, name: str, point: tuple[float, ...] | None, count: int, radius: float) -> None:
        if point is None:
            return
        _check_numbers(name, point, count)
        u, v = self._columns_rows(np.array(point[:2]))
        if touches(self.grid.occupied, u, v, radius / self.grid.resolution):
            room_for = f"{radius:g} m around it" if radius else "it"
            raise MalformedInput(f"{name} is {tuple(point)}, but the map has no room for {room_for}")

    def _columns_rows(self, point: np.ndarray) -> tuple[float, float]:
        x, y, heading, resolution = self._frame
        dx, dy = point - (x, y)
        return (
            (cos(heading) * dx + sin(heading) * dy) / resolution,
            (cos(heading) * dy - sin(heading) * dx) / resolution,
        )

    @property
    def action_names(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.robot.control.names

    @functools.cached_property
    def action_space(self) -> spaces.Box:  # type: ignore[override]
        bounds = []
        for side, given in enumerate((self.control_low, self.control_high)):
            unknown = [name for name in self.action_names if name not in LIMITS]
            if given is None and unknown:
                raise MalformedInput(f"no usual limits of {unknown[0]!r} are known: give control_low and control_high")
            bounds.append(given if given is not None else [LIMITS[name][side] for name in self.action_names])
            _check_numbers(("control_low", "control_high")[side], bounds[side], len(self.action_names))
        low, high = (np.array(bound, dtype=float) for bound in bounds)
        if not (low < high).all():
            raise MalformedInput(f"control_low is {low.tolist()}, but must lie below control_high {high.tolist()}")
        return spaces.Box(low, high, dtype=np.float64)

    @functools.cached_property
    def observation_space(self) -> spaces.Dict:  # type: ignore[override]
        low, high = edges(self.grid)
        told = LARGEST_NORMAL * np.array(self.start_std)[:2]
        length = np.hypot(*self.grid.size)
        moved = length + LARGEST_NORMAL * increment_spread(length, 0.0, pi, self.odometry.parameters())[0]
        box = functools.partial(spaces.Box, dtype=np.float64)
        parts: dict[str, spaces.Space] = {
            "odometry": box(np.array([-moved, -moved, -pi]), np.array([moved, moved, pi])),
            "goal": box(low, high),
            "start": box(np.array([*(low - told), -pi]), np.array([*(high + told), pi])),
        }
        if self.lidar is not None:
            parts["lidar"] = box(0.0, self.lidar.max_range, (self.lidar.beams,))
        return spaces.Dict(parts)

    def fields(self) -> list[tuple]:
        beams = 1 if self.lidar is None else self.lidar.beams
        return [
            ("x", "f8", (len(self.robot.state),)), ("goal", "f8", (2,)), ("start", "f8", (3,)),
            ("odometry", "f8", (3,)), ("lidar", "f8", (beams,)), ("obstacles", "f8", (max(self.obstacles, 1), 4)),
            ("distance", "f8"), ("steps", "i8"), ("outcome", "i8"),
        ]  # fmt: skip

    def reset(self, state: np.ndarray, mask: np.ndarray) -> None:
        ends = self._ends
        _draw(state, mask, ends.places, ends.indices, *self._luck)
        if self.obstacles:
            reach = self.obstacle_radius + self.radius + self.clearance + ends.spacing / 2
            sizes = float(self.obstacle_radius), float(reach), float(self.obstacle_distance)
            frame = (*self._frame[:3], ends.spacing)
            _draw_obstacles(state, mask, ends.open, ends.samples, ends.places, sizes, frame)
        _look(state, mask, *self._sight)

    def step(self, state: np.ndarray, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        count = len(state)
        reward, terminated, truncated = np.empty(count), np.empty(count, dtype=bool), np.empty(count, dtype=bool)
        self._drive(state, actions, *self._body, *self._sight, reward, terminated, truncated)
        return reward, terminated, truncated

    def observe(self, state: np.ndarray) -> dict[str, np.ndarray]:
        return {name: state[name] for name in self._observed}

    def info(self, state: np.ndarray) -> dict[str, np.ndarray]:
        info = {"pose": state["x"][:, :3], "distance_to_goal": state["distance"]}
        if self.obstacles:
            discs = state["obstacles"]
            size = np.full((*discs.shape[:2], 1), float(self.obstacle_radius))
            info["obstacles"] = discs[..., SEEN:] * np.concatenate([discs[..., :2], size], axis=-1)
        return info

    def final_info(self, state: np.ndarray) -> dict[str, np.ndarray]:
        return {"is_success": state["outcome"] == ARRIVED, "outcome": OUTCOMES[state["outcome"]]}

    def check(self, state: np.ndarray) -> None:
        for name in ("x", "goal", "start", "odometry", "lidar", "obstacles", "distance"):
            if not np.isfinite(state[name]).all():
                raise MalformedInput(f"snapshot['{name}'] must be finite")
        if not ((state["outcome"] >= 0) & (state["outcome"] < len(OUTCOMES))).all():
            raise MalformedInput(f"snapshot['outcome'] must lie in 0..{len(OUTCOMES) - 1}")

    def frame(self, episode: np.ndarray) -> np.ndarray:
        now, poses = episode[-1], episode["x"][:, :3]
        canvas = rendering.Canvas(self.grid)
        for x, y, _, seen in now["obstacles"]:
            if seen:
                canvas.disc(np.array([x, y]), self.obstacle_radius, rendering.OBSTACLE)
        canvas.goal(now["goal"], self.goal_radius)
        canvas.line(poses, rendering.TRACE)
        if self.lidar is not None:
            sensor, hit = self.lidar.poses(poses[-1]), now["lidar"] < self.lidar.max_range
            angles, ranges = sensor[2] + self.lidar.angles[hit], now["lidar"][hit]
            canvas.dots(sensor[:2] + np.stack([ranges * np.cos(angles), ranges * np.sin(angles)], -1), rendering.LIDAR)
        canvas.robot(poses[-1], self.radius)
        return canvas.picture()

    # --- what the kernels need, prepared once -------------------------------------------------------------------

    @functools.cached_property
    def _frame(self) -> Frame:
        x, y, heading = map(float, self.grid.origin)
        return x, y, heading, float(self.grid.resolution)

    @functools.cached_property
    def _ends(self) -> _Ends:
        return _ends(self.grid, room(self.grid, self.radius + self.clearance), self.start, self.goal, self.min_distance)

    @functools.cached_property
    def _observed(self) -> tuple[str, ...]:
        return tuple(self.observation_space.spaces)

    @functools.cached_property
    def _luck(self) -> tuple[np.ndarray, tuple[float, ...]]:
        """The given start and goal, NaN where drawn, and how they are drawn and told."""
        given = np.array([*(self.start or [np.nan] * 3), *(self.goal or [np.nan] * 2)], dtype=float)
        return given, tuple(map(float, (*self.start_std, self.min_distance, self._ends.spacing)))

    @functools.cached_property
    def _drive(self) -> Any:
        return _drive(compiled_step(self.robot)).compiled

    @functools.cached_property
    def _body(self) -> tuple:
        """How the robot moves, and what that is worth."""
        names = self.robot.state.names
        speed = names.index("speed") if "speed" in names else -1
        dense = 1.0 if self.reward == "dense" else 0.0
        numbers = (self.dt, -self.max_reverse_speed, self.max_speed, self.radius, self.goal_radius, dense)
        return (
            tuple(map(float, self.robot.parameters())), self.odometry.parameters(), tuple(map(float, numbers)), speed,
            int(self.max_steps), self.grid.distance_field,
        )  # fmt: skip

    @functools.cached_property
    def _sight(self) -> tuple:
        """What the lidar looks at, and how."""
        lidar = self.lidar
        beams = np.empty((2, 0)) if lidar is None else np.stack([np.cos(lidar.angles), np.sin(lidar.angles)])
        optics = (1.0, 0.0, 0.0, 0.0, 0.0) if lidar is None else (lidar.max_range, lidar.range_std, *lidar.mount)
        numbers = (*optics, self.obstacle_radius)
        return self.grid.occupied, skip_field(self.grid), self._frame, beams, tuple(map(float, numbers))


class GridNavigationEnv(SingleView):
    parameters = GridNavigation


class GridNavigationVectorEnv(VectorView):
    parameters = GridNavigation


def _check_numbers(name: str, values: Any, count: int, least: float = -np.inf) -> None:
    try:
        numbers = np.array(values, dtype=float)
    except (TypeError, ValueError):
        numbers = np.array(np.nan)
    if numbers.shape != (count,) or not (np.isfinite(numbers) & (numbers >= least)).all():
        raise MalformedInput(f"{name} is {values}, but must be {count} finite numbers" + " of 0 or more" * (least == 0))


class _Ends(NamedTuple):
    """Where episodes may begin and end."""

    spacing: float  # m, between places
    open: np.ndarray  # (h, w) bool, all samples of the map where the robot fits
    samples: np.ndarray  # (N, 2) row, column of the places among them
    places: np.ndarray  # (N, 2) m, all connected with each other
    indices: np.ndarray  # (4,): places of a given start and goal, -1 where drawn; two that lie far apart


def _ends(grid: OccupancyGrid, space: Room, start: Any, goal: Any, min_distance: float) -> _Ends:
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
    b = _farthest(places, places[a])
    if (i < 0 or j < 0) and np.hypot(*(places[a] - places[b])) < min_distance:
        raise MalformedInput(f"min_distance is {min_distance} m, but no connected places of the map are so far apart")
    a, b = (b, a) if j >= 0 else (a, b)
    return _Ends(space.spacing, space.open, cells, places, np.array([i, j, a, b]))


def _nearest(places: np.ndarray, point: Any) -> int:
    return int(np.argmin(np.hypot(*(places - np.asarray(point, dtype=float)[:2]).T)))


def _farthest(places: np.ndarray, point: np.ndarray) -> int:
    return int(np.argmax(np.hypot(*(places - point).T)))


# --- kernels ------------------------------------------------------------------------------------------------------


@kernel
def _draw(state, mask, places, indices, given, numbers):
    """Draws where the worlds in the mask begin and where they are to go."""
    std_x, std_y, std_heading, min_distance, spacing = numbers
    for i in range(state.shape[0]):
        if not mask[i]:
            continue
        world = state[i]
        stream, x, goal, told = world["random"], world["x"], world["goal"], world["start"]
        x[:] = 0.0
        for attempt in range(1001):
            _draw_place(stream, places, indices[0] if attempt < 1000 else indices[2], given[0], given[1], spacing, x)
            _draw_place(stream, places, indices[1] if attempt < 1000 else indices[3], given[3], given[4], spacing, goal)
            world["distance"] = hypot(goal[0] - x[0], goal[1] - x[1])
            if world["distance"] >= min_distance or (indices[0] >= 0 and indices[1] >= 0):
                break
        x[2] = given[2] if given[2] == given[2] else uniform(stream, -pi, pi)
        x[2] = wrap_angle(x[2])
        a, b = normal_pair(stream)
        c, _ = normal_pair(stream)
        told[0], told[1], told[2] = x[0] + std_x * a, x[1] + std_y * b, wrap_angle(x[2] + std_heading * c)
        world["odometry"][:] = 0.0
        world["obstacles"][:, :] = 0.0
        world["steps"], world["outcome"] = 0, RUNNING


@kernel
def _draw_place(stream, places, index, x, y, spacing, out):
    """A given point (x not NaN), a place, or where index is -1 a random point near a random place."""
    if x == x:
        out[0], out[1] = x, y
    elif index >= 0:
        out[0], out[1] = places[index, 0], places[index, 1]
    else:
        k = int(uniform_pair(stream)[0] * places.shape[0])
        a, b = uniform_pair(stream)
        # within half a spacing in any direction
        out[0], out[1] = places[k, 0] + 0.7 * spacing * (a - 0.5), places[k, 1] + 0.7 * spacing * (b - 0.5)


@kernel
def _draw_obstacles(state, mask, places, samples, points, sizes, frame):
    radius, reach, distance = sizes
    for i in range(state.shape[0]):
        if mask[i]:
            world = state[i]
            start, goal = samples[_closest(points, world["x"])], samples[_closest(points, world["goal"])]
            place_obstacles(world["random"], world["obstacles"], places, start, goal, radius, reach, distance, frame)


@kernel
def _closest(points, x):
    best, least = 0, hypot(points[0, 0] - x[0], points[0, 1] - x[1])
    for k in range(1, points.shape[0]):
        distance = hypot(points[k, 0] - x[0], points[k, 1] - x[1])
        if distance < least:
            best, least = k, distance
    return best


@kernel
def _look(state, mask, occupied, skip, frame, beams, optics):
    for i in range(state.shape[0]):
        if mask[i]:
            _scan(state[i], occupied, skip, frame, beams, optics)


@kernel
def _scan(world, occupied, skip, frame, beams, optics):
    """Fills the world's lidar readings (beams,): exact ranges to cells and obstacles, with noise where one returned."""
    max_range, range_std, mount_x, mount_y, mount_heading, radius = optics
    origin_x, origin_y, turned, resolution = frame
    robot, obstacles, ranges, stream = world["x"], world["obstacles"], world["lidar"], world["random"]
    c, s = cos(robot[2]), sin(robot[2])
    x, y = robot[0] + c * mount_x - s * mount_y, robot[1] + s * mount_x + c * mount_y
    map_x, map_y = cos(turned), sin(turned)
    u = (map_x * (x - origin_x) + map_y * (y - origin_y)) / resolution
    v = (map_x * (y - origin_y) - map_y * (x - origin_x)) / resolution
    c, s = cos(robot[2] + mount_heading - turned), sin(robot[2] + mount_heading - turned)
    spare = 0.0
    for j in range(beams.shape[1]):
        dx, dy = c * beams[0, j] - s * beams[1, j], s * beams[0, j] + c * beams[1, j]
        distance = min(resolution * cast_ray(occupied, skip, u, v, dx, dy, max_range / resolution), max_range)
        world_x, world_y = map_x * dx - map_y * dy, map_y * dx + map_x * dy
        distance = range_to_obstacles(obstacles, radius, x, y, world_x, world_y, distance)
        if j % 2 == 0:
            noise, spare = normal_pair(stream)
        else:
            noise = spare
        ranges[j] = min(max(distance + range_std * noise, 0.0), max_range) if distance < max_range else max_range


@kernel
def _measure(world, before_x, before_y, before_heading, parameters):
    """The world's odometry (3,): the increment since the pose before, with noise."""
    x, out, stream = world["x"], world["odometry"], world["random"]
    c, s = cos(before_heading), sin(before_heading)
    dx, dy = x[0] - before_x, x[1] - before_y
    forward, left, turn = c * dx + s * dy, c * dy - s * dx, wrap_angle(x[2] - before_heading)
    translation_std, rotation_std = increment_spread(forward, left, turn, parameters)
    a, b = normal_pair(stream)
    c, _ = normal_pair(stream)
    out[0], out[1] = forward + translation_std * a, left + translation_std * b
    out[2] = wrap_angle(turn + rotation_std * c)


@kernel
def _collides(world, before_x, before_y, radius, obstacle_radius, distance_field, occupied, frame):
    """Whether the robot's disc touches something on the straight way from where it was, looked at every half radius."""
    origin_x, origin_y, turned, resolution = frame
    x, obstacles = world["x"], world["obstacles"]
    c, s = cos(turned), sin(turned)
    rows, columns = occupied.shape
    looks = int(hypot(x[0] - before_x, x[1] - before_y) / (0.5 * radius)) + 1
    for k in range(1, looks + 1):
        px, py = before_x + (x[0] - before_x) * k / looks, before_y + (x[1] - before_y) * k / looks
        if hits_obstacle(obstacles, px, py, radius + obstacle_radius):
            return True
        dx, dy = px - origin_x, py - origin_y
        u, v = (c * dx + s * dy) / resolution, (c * dy - s * dx) / resolution
        margin = radius / resolution
        if not (margin <= u <= columns - margin and margin <= v <= rows - margin):
            return True
        # between any points of two cells the distance is at most two half diagonals less than between their centres
        if distance_field[min(int(v), rows - 1), min(int(u), columns - 1)] > radius + 1.5 * resolution:
            continue
        if touches(occupied, u, v, margin):
            return True
    return False


@functools.cache
def _drive(step: Kernel) -> Kernel:
    """The kernel that moves worlds whose robot moves by `step`."""

    @kernel
    def drive(
        state, actions, vehicle, wheels, numbers, speed, max_steps, distance_field,
        occupied, skip, frame, beams, optics, reward, terminated, truncated,
    ):  # fmt: skip
        dt, min_speed, max_speed, radius, goal_radius, dense = numbers
        for i in range(state.shape[0]):
            world = state[i]
            x, goal = world["x"], world["goal"]
            before_x, before_y, before_heading, before = x[0], x[1], x[2], world["distance"]
            step(x, actions[i], vehicle, dt, x)
            x[2] = wrap_angle(x[2])
            if speed >= 0:
                x[speed] = min(max(x[speed], min_speed), max_speed)
            world["steps"] += 1
            _measure(world, before_x, before_y, before_heading, wheels)
            world["distance"] = hypot(goal[0] - x[0], goal[1] - x[1])
            hit = _collides(world, before_x, before_y, radius, optics[5], distance_field, occupied, frame)
            arrived = not hit and world["distance"] <= goal_radius
            late = not (hit or arrived) and world["steps"] >= max_steps
            world["outcome"] = COLLISION if hit else ARRIVED if arrived else OUT_OF_TIME if late else RUNNING
            shaped = before - world["distance"] - TIME_COST * dt - (COLLISION_COST if hit else 0.0)
            reward[i] = (1.0 if arrived else 0.0) + (shaped if dense > 0.0 else 0.0)
            terminated[i], truncated[i] = hit or arrived, late
            appear(world["obstacles"], x[0], x[1])
            _scan(world, occupied, skip, frame, beams, optics)

    return drive
