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
from plansim_envs.base import SingleView, VectorView, World, constants
from plansim_envs.maps import Room, default_map, edges, per_map, room, touches
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
        _ = self.action_space  # what it finds wrong, it says now

    def prepare(self) -> None:
        _ = self._ends  # a map may have no room

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
        x, y, heading = self.grid.origin
        (dx, dy), c, s = (point - (x, y)) / self.grid.resolution, cos(heading), sin(heading)
        return c * dx + s * dy, c * dy - s * dx

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
        _draw(state, mask, self._settings, ends.places, ends.indices)
        if self.obstacles:
            _draw_obstacles(state, mask, self._settings, ends.open, ends.samples, ends.places)
        _look(state, mask, *self._sight)

    def step(self, state: np.ndarray, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        count = len(state)
        reward, terminated, truncated = np.empty(count), np.empty(count, dtype=bool), np.empty(count, dtype=bool)
        self._drive(state, actions, *self._sight, self._distances, reward, terminated, truncated)
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
    def _ends(self) -> _Ends:
        return _ends(self.grid, room(self.grid, self.radius + self.clearance), self.start, self.goal, self.min_distance)

    @functools.cached_property
    def _observed(self) -> tuple[str, ...]:
        return tuple(self.observation_space.spaces)

    @functools.cached_property
    def _drive(self) -> Any:
        return _drive(compiled_step(self.robot)).compiled

    @functools.cached_property
    def _settings(self) -> np.ndarray:
        """All numbers that the kernels read."""
        names, lidar, (x, y, turned) = self.robot.state.names, self.lidar, map(float, self.grid.origin)
        return constants(
            origin=(x, y), turned=turned, across=(cos(turned), sin(turned)), resolution=self.grid.resolution,
            dt=self.dt, max_steps=self.max_steps, radius=self.radius, goal_radius=self.goal_radius,
            dense=self.reward == "dense",
            vehicle=(*self.robot.parameters(), 0.0), wheels=self.odometry.parameters(),
            speed=names.index("speed") if "speed" in names else -1,
            max_speed=self.max_speed, min_speed=-self.max_reverse_speed,
            max_range=lidar.max_range if lidar else 1.0, range_std=lidar.range_std if lidar else 0.0,
            mount=lidar.mount if lidar else (0.0, 0.0, 0.0),
            # NaN where drawn
            start=self.start or (np.nan, np.nan, np.nan), goal=self.goal or (np.nan, np.nan),
            start_std=self.start_std, min_distance=self.min_distance, spacing=self._ends.spacing,
            obstacle_radius=self.obstacle_radius, obstacle_distance=self.obstacle_distance,
            obstacle_reach=self.obstacle_radius + self.radius + self.clearance + self._ends.spacing / 2,
        )  # fmt: skip

    @functools.cached_property
    def _sight(self) -> tuple[np.ndarray, ...]:
        """What the lidar looks at, and along which beams (2, beams)."""
        angles = np.empty(0) if self.lidar is None else self.lidar.angles
        return self._settings, *_ground(self.grid)[:2], np.stack([np.cos(angles), np.sin(angles)])

    @functools.cached_property
    def _distances(self) -> np.ndarray:
        return _ground(self.grid)[2]


@per_map
def _ground(grid: OccupancyGrid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Occupied cells, how far rays may leap, and metres to the nearest occupied cell."""
    # copies: numba recognises an array twice as fast that is not read-only
    return grid.occupied.copy(), skip_field(grid).copy(), grid.distance_field.copy()


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
    one = places[a] if given is None else np.asarray(given, dtype=float)[:2]
    b = _farthest(places, one)
    if (i < 0 or j < 0) and np.hypot(*(one - places[b])) < min_distance:
        raise MalformedInput(f"min_distance is {min_distance} m, but no connected places of the map are so far apart")
    a, b = (b, a) if j >= 0 else (a, b)
    return _Ends(space.spacing, space.open, cells, places, np.array([i, j, a, b]))


def _nearest(places: np.ndarray, point: Any) -> int:
    return int(np.argmin(np.hypot(*(places - np.asarray(point, dtype=float)[:2]).T)))


def _farthest(places: np.ndarray, point: np.ndarray) -> int:
    return int(np.argmax(np.hypot(*(places - point).T)))


# --- kernels: `rules` are the settings, `world` is one row of the state ---------------------------------------------


@kernel
def _draw(state, mask, settings, places, indices):
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
def _draw_obstacles(state, mask, settings, places, samples, points):
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


@kernel
def _look(state, mask, settings, occupied, skip, beams):
    for i in range(state.shape[0]):
        if mask[i]:
            _scan(state[i], settings[0], occupied, skip, beams)


@kernel
def _columns_rows(rules, x, y):
    """A point of the world in cells."""
    origin, across = rules["origin"], rules["across"]
    dx, dy = (x - origin[0]) / rules["resolution"], (y - origin[1]) / rules["resolution"]
    return across[0] * dx + across[1] * dy, across[0] * dy - across[1] * dx


@kernel
def _scan(world, rules, occupied, skip, beams):
    """Fills the world's lidar readings: exact ranges to cells and obstacles, with noise where something returned."""
    if beams.shape[1] == 0:
        return
    robot, obstacles, ranges, stream = world["x"], world["obstacles"], world["lidar"], world["random"]
    max_range, resolution, mount, across = rules["max_range"], rules["resolution"], rules["mount"], rules["across"]
    c, s = cos(robot[2]), sin(robot[2])
    x, y = robot[0] + c * mount[0] - s * mount[1], robot[1] + s * mount[0] + c * mount[1]
    u, v = _columns_rows(rules, x, y)
    heading = robot[2] + mount[2] - rules["turned"]
    c, s = cos(heading), sin(heading)
    spare = 0.0
    for j in range(beams.shape[1]):
        dx, dy = c * beams[0, j] - s * beams[1, j], s * beams[0, j] + c * beams[1, j]
        distance = min(resolution * cast_ray(occupied, skip, u, v, dx, dy, max_range / resolution), max_range)
        world_x, world_y = across[0] * dx - across[1] * dy, across[1] * dx + across[0] * dy
        distance = range_to_obstacles(obstacles, rules["obstacle_radius"], x, y, world_x, world_y, distance)
        noise = spare
        if j % 2 == 0:
            noise, spare = normal_pair(stream)
        ranges[j] = max_range
        if distance < max_range:
            ranges[j] = min(max(distance + rules["range_std"] * noise, 0.0), max_range)


@kernel
def _measure(world, rules, before_x, before_y, before_heading):
    """The world's odometry (3,): the increment since the pose before, with noise."""
    x, wheels, out, stream = world["x"], rules["wheels"], world["odometry"], world["random"]
    c, s = cos(before_heading), sin(before_heading)
    dx, dy = x[0] - before_x, x[1] - before_y
    forward, left, turn = c * dx + s * dy, c * dy - s * dx, wrap_angle(x[2] - before_heading)
    spread = increment_spread(forward, left, turn, (wheels[0], wheels[1], wheels[2], wheels[3]))
    a, b = normal_pair(stream)
    c, _ = normal_pair(stream)
    out[0], out[1] = forward + spread[0] * a, left + spread[0] * b
    out[2] = wrap_angle(turn + spread[1] * c)


@kernel
def _collides(world, rules, before_x, before_y, distance_field, occupied):
    """Whether the robot's disc touches something on the straight way from where it was, looked at every half radius."""
    x, radius, resolution = world["x"], rules["radius"], rules["resolution"]
    rows, columns = occupied.shape
    margin = radius / resolution
    looks = int(hypot(x[0] - before_x, x[1] - before_y) / (0.5 * radius)) + 1
    for k in range(1, looks + 1):
        px, py = before_x + (x[0] - before_x) * k / looks, before_y + (x[1] - before_y) * k / looks
        if hits_obstacle(world["obstacles"], px, py, radius + rules["obstacle_radius"]):
            return True
        u, v = _columns_rows(rules, px, py)
        if not (margin <= u <= columns - margin and margin <= v <= rows - margin):
            return True
        # points of two cells are at most two half diagonals nearer than their centres
        if distance_field[min(int(v), rows - 1), min(int(u), columns - 1)] > radius + 1.5 * resolution:
            continue
        if touches(occupied, u, v, margin):
            return True
    return False


@functools.cache
def _drive(step: Kernel) -> Kernel:
    """The kernel that moves worlds whose robot moves by `step`."""

    @kernel
    def drive(state, actions, settings, occupied, skip, beams, distance_field, reward, terminated, truncated):
        rules = settings[0]
        dt, speed = rules["dt"], int(rules["speed"])
        for i in range(state.shape[0]):
            world = state[i]
            x, goal = world["x"], world["goal"]
            before_x, before_y, before_heading, before = x[0], x[1], x[2], world["distance"]
            step(x, actions[i], rules["vehicle"], dt, x)
            x[2] = wrap_angle(x[2])
            if speed >= 0:
                x[speed] = min(max(x[speed], rules["min_speed"]), rules["max_speed"])
            world["steps"] += 1
            _measure(world, rules, before_x, before_y, before_heading)
            world["distance"] = hypot(goal[0] - x[0], goal[1] - x[1])
            hit = _collides(world, rules, before_x, before_y, distance_field, occupied)
            arrived = not hit and world["distance"] <= rules["goal_radius"]
            late = not (hit or arrived) and world["steps"] >= rules["max_steps"]
            world["outcome"] = COLLISION if hit else ARRIVED if arrived else OUT_OF_TIME if late else RUNNING
            shaped = before - world["distance"] - TIME_COST * dt - (COLLISION_COST if hit else 0.0)
            reward[i] = (1.0 if arrived else 0.0) + (shaped if rules["dense"] > 0.0 else 0.0)
            terminated[i], truncated[i] = hit or arrived, late
            appear(world["obstacles"], x[0], x[1])
            _scan(world, rules, occupied, skip, beams)

    return drive
