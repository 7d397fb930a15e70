"""GridNavigation: a robot with wheels, lidar and a map drives to a goal, past obstacles that are not on the map."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from math import pi
from typing import Any, ClassVar, Literal

import numpy as np
from gymnasium import spaces

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.models.lidar import Lidar
from plansim.models.odometry import WheelOdometry, increment_spread
from plansim.models.unicycle import Unicycle
from plansim.models.vehicle import Vehicle, compiled_step
from plansim_envs import rendering
from plansim_envs.base import SingleView, StepResult, VectorView, World
from plansim_envs.controls import check_numbers, control_space
from plansim_envs.grid_navigation_begin import Ends, draw_episodes, draw_obstacles, find_ends
from plansim_envs.grid_navigation_drive import ARRIVED, OUTCOMES, compiled_drive, look
from plansim_envs.grid_navigation_settings import ground, settings
from plansim_envs.maps import default_map, edges, has_room, room
from plansim_envs.obstacles import SEEN

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

    Kidnapping: after `kidnap_at` steps somebody carries the robot to another free place, at least `kidnap_distance`
    from where it was, turned anyhow. Its wheels do not notice, and the reward pays nothing for the way.

    Obstacles: up to `obstacles` discs appear on the way, at least `obstacle_distance` from robot and goal and never so
    that they cut the robot off; fewer where the ways are too narrow for that.

    End: terminated within `goal_radius` of the goal ("arrived") or when the disc of `radius` touches an occupied cell,
    an obstacle, or the map's edge ("collision"); truncated after `max_steps` ("out of time"). Unknown cells are no
    obstacle, but nothing begins there.

    Info: "pose" (3,), the true one; "distance_to_goal" m; with obstacles "obstacles" (Q, 3) of x, y, radius, zeros
    before they appear; with kidnapping "kidnapped" (bool); at the end "is_success" and "outcome".

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
    kidnap_at: int = 0  # steps, after which it is carried off; 0: never
    kidnap_distance: float = 3.0  # m
    control_low: tuple[float, ...] | None = None
    control_high: tuple[float, ...] | None = None
    max_speed: float = 1.5  # m/s, where speed is part of the robot's state
    max_reverse_speed: float = 0.5  # m/s, likewise

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["human", "rgb_array"], "render_fps": 10}

    def __post_init__(self) -> None:
        for name in ("dt", "radius", "goal_radius", "obstacle_radius", "obstacle_distance", "max_speed", "max_steps"):
            if not 0 < getattr(self, name) < np.inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be positive")
        for name in ("min_distance", "clearance", "obstacles", "kidnap_at", "kidnap_distance", "max_reverse_speed"):
            if not 0 <= getattr(self, name) < np.inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be 0 or more")
        if self.reward not in ("dense", "sparse"):
            raise MalformedInput(f"reward is {self.reward!r}, but must be 'dense' or 'sparse'")
        if self.robot.state.names[:3] != ("x", "y", "heading"):
            names = " ".join(self.robot.state.names)
            raise MalformedInput(f"the state of the robot is '{names}', but must begin with 'x y heading'")
        self._check_point("start", self.start, 3, self.radius)
        self._check_point("goal", self.goal, 2, 0.0)
        check_numbers("start_std", self.start_std, 3, least=0.0)
        _ = self.action_space  # what it finds wrong, it says now

    def prepare(self) -> None:
        _ = self._ends  # a map may have no room

    @functools.cached_property
    def grid(self) -> OccupancyGrid:
        return default_map() if self.map is None else self.map

    def _check_point(self, name: str, point: tuple[float, ...] | None, count: int, radius: float) -> None:
        if point is None:
            return
        check_numbers(name, point, count)
        if not has_room(self.grid, point, radius):
            room_for = f"{radius:g} m around it" if radius else "it"
            raise MalformedInput(f"{name} is {tuple(point)}, but the map has no room for {room_for}")

    @property
    def action_names(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.robot.control.names

    @functools.cached_property
    def action_space(self) -> spaces.Box:  # type: ignore[override]
        return control_space(self.action_names, self.control_low, self.control_high)

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
        draw_episodes(state, mask, self._settings, ends.places, ends.indices)
        if self.obstacles:
            draw_obstacles(state, mask, self._settings, ends.open, ends.samples, ends.places)
        look(state, mask, *self._sight)

    def step(self, state: np.ndarray, actions: np.ndarray, result: StepResult) -> None:
        self._drive(state, actions, *self._ground, self._ends.places, *result)

    def observe(self, state: np.ndarray) -> dict[str, np.ndarray]:
        return {name: state[name] for name in self._observed}

    def info(self, state: np.ndarray) -> dict[str, np.ndarray]:
        info = {"pose": state["x"][:, :3], "distance_to_goal": state["distance"]}
        if self.kidnap_at:
            info["kidnapped"] = state["steps"] > self.kidnap_at
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

    @functools.cached_property
    def _ends(self) -> Ends:
        space = room(self.grid, self.radius + self.clearance)
        return find_ends(self.grid, space, self.start, self.goal, self.min_distance)

    @functools.cached_property
    def _observed(self) -> tuple[str, ...]:
        return tuple(self.observation_space.spaces)

    @functools.cached_property
    def _drive(self) -> Any:
        return compiled_drive(compiled_step(self.robot)).compiled

    @functools.cached_property
    def _settings(self) -> np.ndarray:
        return settings(self, self._ends.spacing)

    @functools.cached_property
    def _sight(self) -> tuple[np.ndarray, ...]:
        """What the lidar looks at, and along which beams (2, beams)."""
        angles = np.empty(0) if self.lidar is None else self.lidar.angles
        return self._settings, *ground(self.grid)[:2], np.stack([np.cos(angles), np.sin(angles)])

    @functools.cached_property
    def _ground(self) -> tuple[np.ndarray, ...]:
        return *self._sight, ground(self.grid)[2]


class GridNavigationEnv(SingleView):
    parameters = GridNavigation


class GridNavigationVectorEnv(VectorView):
    parameters = GridNavigation
