"""Workspace: a body of any shape goes from a start to a goal among obstacles, driven by its own equations of motion."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from gymnasium import spaces

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.shapes import Shapes
from plansim.models.point import Point
from plansim.models.vehicle import Vehicle, compiled_steps
from plansim_envs.base import SingleView, StepResult, VectorView, World
from plansim_envs.controls import LIMITS, control_space
from plansim_envs.grid_navigation_drive import ARRIVED, COLLISION, COLLISION_COST, OUT_OF_TIME, OUTCOMES, TIME_COST
from plansim_envs.workspace_ends import Joined, Query, check_queries, draw_ends, fill, sure_ends
from plansim_envs.workspace_picture import picture
from plansim_envs.workspace_robot import Robot
from plansim_envs.workspace_shortest import VisibilityGraph, visibility_graph


@functools.cache
def default_world() -> Shapes:
    boxes = [[[2.0, 2.0], [3.5, 8.5]], [[5.0, -1.0], [6.2, 4.0]], [[5.0, 5.5], [7.5, 6.8]]]
    return Shapes([0.0, 0.0], [10.0, 10.0], boxes=boxes, balls=[[8.4, 3.0, 0.9], [6.0, 8.7, 0.5]])


@dataclass(frozen=True, eq=False)
class Workspace(World):
    """Bring a body from its start to a goal without touching anything; its whole state is observed.

    Action: Box, float64, the robot's control in its own units (m/s, rad/s, m/s², rad), held for `dt`. A point's
    velocity is limited to `max_speed` along each axis; the others are speed -0.5 .. 1, turn rate ±1.5, acceleration
    ±1.5, steering ±0.6, unless `control_low` and `control_high` say otherwise. An action outside them is refused.

    Observation: a dict of float64: "state" (n,), the robot's, and "goal" (n,), a state, too.

    Reward: sparse: 1 on arrival. dense: in addition the metres by which the straight distance to the goal shrank, minus
    0.1 a second, minus 10 for a collision.

    Begin: one of `problems`, drawn by chance; or `start` and `goal`, each drawn from what is free where it is None,
    `min_distance` apart. Numbers that a given start or goal leaves out are 0. Whether there is a way is not known; with
    `tell_shortest` there is one wherever either was drawn.

    Body: a radius, a convex polygon, or one for the tractor and one for the trailer of a truck. A polygon has the
    robot's frame; that of a trailer has its axle for an origin. Overlaps are found exactly: for a body that does not
    turn all along its way, which is straight (for a point mass in `substeps` straight pieces), for one that does at
    `substeps` moments of each step. Cells that are not free, unknown ones too, and the world's bounds are obstacles.

    End: terminated within `goal_radius` of the goal, and within `goal_angle` of all its angles where that is given
    ("arrived"), or by an overlap ("collision"); truncated after `max_steps` ("out of time").

    Info: "path_length", metres gone; "distance_to_goal" m; "pose" (3,) where the robot has a heading; "parts" (K, 3),
    poses of the body's polygons where it has some; at the end "is_success", "outcome", and with `problems` or
    `tell_shortest` "shortest", the length in metres of the shortest path, NaN where unknown or where there is none.

    Versions: v0.
    """

    world: Shapes | OccupancyGrid | None = None  # a few boxes and discs where None
    robot: Vehicle = Point()
    body: Array = 0.0  # m, its radius; or corners (P, 2) of a convex polygon; or (K, P, 2), one for each part
    dt: float = 0.1  # s, one step
    max_steps: int = 1000
    max_speed: float = 1.0  # m/s, of a point along each axis, and wherever the speed is part of the state
    start: tuple[float, ...] | None = None  # a state; drawn where None
    goal: tuple[float, ...] | None = None  # a state; drawn where None
    problems: list[Query] | None = None  # starts and goals to draw from
    min_distance: float = 3.0  # m, from a drawn start or goal to the other
    goal_radius: float = 0.1  # m
    goal_angle: float | None = None  # rad; None: any heading will do
    tell_shortest: bool = False  # at the end, of a point among boxes and polygons
    substeps: int = 5  # moments of a step at which a body that turns is looked at
    reward: Literal["dense", "sparse"] = "dense"
    control_low: tuple[float, ...] | None = None
    control_high: tuple[float, ...] | None = None

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["human", "rgb_array"], "render_fps": 10}
    metrics: ClassVar[dict[str, str]] = {"shortest": "metres of the shortest path, where it is known"}

    def __post_init__(self) -> None:
        for name in ("dt", "max_steps", "max_speed", "goal_radius", "substeps"):
            if not 0 < getattr(self, name) < np.inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be positive")
        if not 0 <= self.min_distance < np.inf:
            raise MalformedInput(f"min_distance is {self.min_distance}, but must be 0 or more")
        if self.goal_angle is not None and not 0 < self.goal_angle < np.inf:
            raise MalformedInput(f"goal_angle is {self.goal_angle}, but must be positive radians")
        if self.reward not in ("dense", "sparse"):
            raise MalformedInput(f"reward is {self.reward!r}, but must be 'dense' or 'sparse'")
        if self.problems is not None and not (self.problems and self.start is None and self.goal is None):
            raise MalformedInput("problems must be at least one, with neither start nor goal beside them; or None")
        _ = self.action_space, self._robot  # what they find wrong, they say now

    def prepare(self) -> None:
        check_queries(self._robot, self._queries, self.start, self.goal)
        _ = self.tell_shortest and self._visible
        _ = self._sure  # there may be no room

    @functools.cached_property
    def ground(self) -> Shapes | OccupancyGrid:
        return default_world() if self.world is None else self.world

    @functools.cached_property
    def _robot(self) -> Robot:
        return Robot(self.robot, self.ground, self.body)

    # what pictures of it ask for

    @property
    def map(self) -> OccupancyGrid | None:
        return self.ground if isinstance(self.ground, OccupancyGrid) else None

    @property
    def shapes(self) -> Shapes | None:
        return self.ground if isinstance(self.ground, Shapes) else None

    @property
    def radius(self) -> float | None:
        return self._robot.body.radius or None

    @property
    def polygons(self) -> np.ndarray | None:
        """Those of the body, (K, P, 2), each to be drawn at its pose among the info's "parts"."""
        return self._robot.body.corners if self._robot.polygonal else None

    @property
    def action_names(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.robot.control.names

    @functools.cached_property
    def action_space(self) -> spaces.Box:  # type: ignore[override]
        usual = {name: high for name, (_, high) in LIMITS.items()}
        usual |= {name: self.max_speed for name in self.action_names if name.endswith("_velocity")}
        usual |= {name: usual["acceleration"] for name in self.action_names if name.endswith("_acceleration")}
        low, high = self.control_low, self.control_high
        if all(name not in LIMITS and name in usual for name in self.action_names):
            most = tuple(usual[name] for name in self.action_names)
            low, high = tuple(-v for v in most) if low is None else low, most if high is None else high
        return control_space(self.action_names, low, high)

    @functools.cached_property
    def observation_space(self) -> spaces.Dict:  # type: ignore[override]
        fastest = self.max_speed + np.abs((self.action_space.low, self.action_space.high)).sum() * max(self.dt, 1.0)
        low, high = self._robot.limits(self.max_speed, beyond=fastest * self.dt)
        return spaces.Dict({name: spaces.Box(low, high, dtype=np.float64) for name in ("state", "goal")})

    @functools.cached_property
    def _queries(self) -> tuple[np.ndarray, np.ndarray]:
        """Starts and goals to draw from, (P, n) each."""
        ends = [[fill(self._robot, end) for end in (query.start, query.goal)] for query in self.problems or ()]
        starts, goals = np.array(ends, dtype=float).reshape(-1, 2, self._robot.n).swapaxes(0, 1)
        return starts, goals

    @functools.cached_property
    def _sure(self) -> np.ndarray:
        return sure_ends(self._robot, self._queries, self.start, self.goal, self.min_distance, self._joined)

    @functools.cached_property
    def _visible(self) -> VisibilityGraph:
        return visibility_graph(self._robot)

    @property
    def _joined(self) -> Joined | None:
        return self._visible.joined if self.tell_shortest else None

    def fields(self) -> list[tuple]:
        n = len(self.robot.state)
        return [
            ("state", "f8", (n,)), ("goal", "f8", (n,)), ("start", "f8", (n,)), ("problem", "i8"), ("steps", "i8"),
            ("path_length", "f8"), ("distance", "f8"), ("outcome", "i8"),
        ]  # fmt: skip

    def reset(self, state: np.ndarray, mask: np.ndarray) -> None:
        given = self.start, self.goal, self.min_distance
        draw_ends(state, mask, self._robot, self._queries, self._sure, *given, self._joined)
        for name in ("steps", "path_length", "outcome"):
            state[name][mask] = 0
        state["start"][mask] = state["state"][mask]
        state["distance"][mask] = self._robot.apart(state["state"][mask], state["goal"][mask])

    def step(self, state: np.ndarray, actions: np.ndarray, result: StepResult) -> None:
        robot, before = self._robot, state["distance"].copy()
        pieces = 1 if robot.straight else int(self.substeps)
        x, free = state["state"].copy(), np.ones(len(state), dtype=bool)
        for _ in range(pieces):
            to = np.empty_like(x)
            compiled_steps(self.robot)(x, actions, self._parameters, self.dt / pieces, to)
            to = np.where(free[:, None], robot.held(to, self.max_speed), x)  # what has hit something stays there
            state["path_length"] += robot.apart(x, to)
            free &= robot.way_free(x, to)
            x = to
        state["state"], state["distance"] = x, robot.apart(x, state["goal"])
        state["steps"] += 1
        arrived = free & (state["distance"] <= self.goal_radius) & robot.turned(x, state["goal"], self.goal_angle)
        late = free & ~arrived & (state["steps"] >= self.max_steps)
        state["outcome"] = np.select([~free, arrived, late], [COLLISION, ARRIVED, OUT_OF_TIME])
        shaped = before - state["distance"] - TIME_COST * self.dt - COLLISION_COST * ~free
        result.reward[:] = arrived + (shaped if self.reward == "dense" else 0.0)
        result.terminated[:], result.truncated[:] = ~free | arrived, late

    @functools.cached_property
    def _parameters(self) -> np.ndarray:
        return np.array(self.robot.parameters(), dtype=float)

    def observe(self, state: np.ndarray) -> dict[str, np.ndarray]:
        return {"goal": state["goal"], "state": state["state"]}

    def info(self, state: np.ndarray) -> dict[str, np.ndarray]:
        info = {"path_length": state["path_length"], "distance_to_goal": state["distance"]}
        if "heading" in self.robot.state.names:
            info["pose"] = state["state"][:, :3]
        if self._robot.polygonal:
            info["parts"] = self._robot.poses(state["state"])
        return info

    def final_info(self, state: np.ndarray) -> dict[str, np.ndarray]:
        info = {"is_success": state["outcome"] == ARRIVED, "outcome": OUTCOMES[state["outcome"]]}
        if self.tell_shortest:
            info["shortest"] = np.array([self._visible.length(w["start"], w["goal"]) for w in state])
        elif self.problems is not None:
            info["shortest"] = np.array([self.problems[i].shortest for i in state["problem"]], dtype=float)
        return info

    def check(self, state: np.ndarray) -> None:
        for name in ("state", "goal", "start", "distance", "path_length"):
            if not np.isfinite(state[name]).all():
                raise MalformedInput(f"snapshot['{name}'] must be finite")
        if self.problems is not None and not ((state["problem"] >= 0) & (state["problem"] < len(self.problems))).all():
            raise MalformedInput(f"snapshot['problem'] must lie in 0..{len(self.problems) - 1}")
        if not ((state["outcome"] >= 0) & (state["outcome"] < len(OUTCOMES))).all():
            raise MalformedInput(f"snapshot['outcome'] must lie in 0..{len(OUTCOMES) - 1}")

    def frame(self, episode: np.ndarray) -> np.ndarray:
        return picture(self._robot, episode["state"], episode["goal"][-1], self.goal_radius)


class WorkspaceEnv(SingleView):
    parameters = Workspace


class WorkspaceVectorEnv(VectorView):
    parameters = Workspace
