"""Road: a car among scripted vehicles on a road, which sees only what no vehicle hides from it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from math import pi
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces

from plansim.core.errors import MalformedInput
from plansim.core.road import Road as RoadShape
from plansim.models.bicycle import Bicycle
from plansim.models.vehicle import compiled_step
from plansim_envs.base import SingleView, StepResult, VectorView, World, constants
from plansim_envs.controls import check_numbers
from plansim_envs.road_picture import picture
from plansim_envs.road_step import ARRIVED, OUTCOMES, begin, compiled_drive

FASTEST = 60.0  # m/s, of anything on the road
_SIZES = ("truck_length", "truck_width", "sensor_range")
_NUMBERS = (
    "dt", "max_steps", "lane", "start_speed", "top_speed", "length", "width", "wheelbase", "trucks", "truck_speed",
    "cars", "car_speeds", "spacing", "oncoming", "oncoming_speeds", "oncoming_spacing", *_SIZES,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Road(World):
    """Drive a car along a road to its end, past slower vehicles, without touching anything or leaving the road.

    Action: Box (2,), float64: acceleration, -8 .. 3 m/s², and steering, ±0.3 rad, held for `dt`. The speed stays within
    0 and `top_speed`. An action outside the limits is refused.

    Observation: a dict. "state" (4,): x, y, heading, speed of the middle of the rear axle. "vehicles" (Q, 6): x, y,
    heading, speed, length, width of the others, each in its own row; zeros where it is not seen. "seen" (Q,) int8: a
    vehicle is seen where its middle or a corner is within `sensor_range` of the car's middle with no other vehicle
    between. "goal" (2,): the end of the road, in the car's lane.

    Reward: the metres of road gained, over `top_speed`: a second of unhindered driving is 1; minus 10 for a collision
    and for leaving the road.

    Begin: the car drives in `lane` (0 is the rightmost) with `start_speed`, 20 m after the beginning. Ahead of it are
    `trucks` in its lane, then cars in any lane of its direction; on the lanes against it come `oncoming` cars.
    Distances and speeds are drawn evenly from their ranges.

    The others keep their lane and their speed, and slow down for what is in front of them in their direction. Nobody
    who comes against the car brakes for it.

    End: terminated at the end of the road ("arrived"), when the car's rectangle overlaps another one ("collision") or
    a corner of it leaves the road ("off road"); truncated after `max_steps` ("out of time").

    Info: "pose" (3,), the middle of the rear axle; "vehicles" (Q, 6), all of them; "progress", metres of road gained;
    "passed", how many vehicles of its direction lie behind it that were ahead; "distance_to_goal", metres of road; at
    the end "is_success", "outcome", "collided".

    Versions: v0.
    """

    road: RoadShape = RoadShape()
    dt: float = 0.1  # s, one step
    max_steps: int = 1000
    lane: int = 0
    start_speed: float = 5.0  # m/s
    top_speed: float = 20.0  # m/s
    length: float = 4.6  # m, of every car
    width: float = 1.9  # m, likewise
    wheelbase: float = 2.8  # m; its middle is the car's
    trucks: int = 1
    truck_speed: float = 7.0  # m/s
    truck_length: float = 12.0  # m
    truck_width: float = 2.5  # m
    cars: int = 0  # in the car's direction
    car_speeds: tuple[float, float] = (6.0, 14.0)  # m/s
    spacing: tuple[float, float] = (25.0, 60.0)  # m, from the car to the first vehicle ahead, and from each to the next
    oncoming: int = 5
    oncoming_speeds: tuple[float, float] = (11.0, 14.0)  # m/s
    oncoming_spacing: tuple[float, float] = (60.0, 500.0)  # m, likewise
    sensor_range: float = 300.0  # m

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["human", "rgb_array"], "render_fps": 10}
    metrics: ClassVar[dict[str, str]] = {
        "passed": "vehicles that were ahead and are behind",
        "progress": "metres of road",
        "collided": "whether it ended in a collision",
    }
    action_names: ClassVar[tuple[str, ...]] = ("acceleration", "steering")  # type: ignore[misc]

    def __post_init__(self) -> None:
        for name in ("dt", "max_steps", "top_speed", "length", "width", "wheelbase", *_SIZES):
            if not 0 < getattr(self, name) < np.inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be positive")
        for name in ("trucks", "cars", "oncoming", "truck_speed", "start_speed"):
            if not 0 <= getattr(self, name) < np.inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be 0 or more")
        for name in ("car_speeds", "spacing", "oncoming_speeds", "oncoming_spacing"):
            check_numbers(name, getattr(self, name), 2, least=0.0)
            if getattr(self, name)[0] > getattr(self, name)[1]:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be a low and a high number")
        if not 0 <= self.lane < self.road.lanes:
            raise MalformedInput(f"lane is {self.lane}, but the road has the lanes 0 .. {self.road.lanes - 1}")
        if self.oncoming and not self.road.oncoming_lanes:
            raise MalformedInput(f"oncoming is {self.oncoming}, but the road has no oncoming_lanes")
        if (
            self.start_speed > self.top_speed
            or max(self.truck_speed, self.car_speeds[1], self.oncoming_speeds[1]) > FASTEST
        ):
            raise MalformedInput(f"start_speed lies above top_speed {self.top_speed}, or another above {FASTEST} m/s")

    @property
    def radius(self) -> float:
        """Of the car, in pictures."""
        return self.width / 2

    @property
    def others(self) -> int:
        return max(self.trucks + self.cars + self.oncoming, 1)

    @functools.cached_property
    def action_space(self) -> spaces.Box:  # type: ignore[override]
        return spaces.Box(np.array([-8.0, -0.3]), np.array([3.0, 0.3]), dtype=np.float64)

    @functools.cached_property
    def observation_space(self) -> spaces.Dict:  # type: ignore[override]
        line = self.road.line
        s = np.linspace(0.0, line.length, 1000)
        points = np.concatenate([line.beside(s, offset) for offset in (0.0, *self.road.edges)])
        low, high = points.min(0) - 10.0, points.max(0) + 10.0
        reach = self.sensor_range + 2 * self.truck_length
        far = np.minimum(np.array([*(low - reach), -pi, 0.0, 0.0, 0.0]), 0.0)
        near = np.maximum(np.array([*(high + reach), pi, FASTEST, 1e3, 1e3]), 0.0)
        box = functools.partial(spaces.Box, dtype=np.float64)
        parts: dict[str, spaces.Space] = {
            "state": box(np.array([*low, -pi, 0.0]), np.array([*high, pi, self.top_speed])),
            "vehicles": box(np.tile(far, (self.others, 1)), np.tile(near, (self.others, 1))),
            "seen": spaces.Box(0, 1, (self.others,), dtype=np.int8),
            "goal": box(low, high),
        }
        return spaces.Dict(parts)

    def fields(self) -> list[tuple]:
        return [
            ("x", "f8", (4,)), ("goal", "f8", (2,)), ("traffic", "f8", (self.others, 7)),
            ("vehicles", "f8", (self.others, 6)), ("shown", "f8", (self.others, 6)), ("seen", "i1", (self.others,)),
            ("s", "f8"), ("progress", "f8"), ("passed", "i8"), ("steps", "i8"), ("outcome", "i8"),
        ]  # fmt: skip

    def reset(self, state: np.ndarray, mask: np.ndarray) -> None:
        begin(state, mask, self._settings, *self._lanes, self.road.line.pieces)

    def step(self, state: np.ndarray, actions: np.ndarray, result: StepResult) -> None:
        self._drive(state, actions, self._settings, self.road.line.pieces, *result)

    def observe(self, state: np.ndarray) -> dict[str, np.ndarray]:
        return {"goal": state["goal"], "seen": state["seen"], "state": state["x"], "vehicles": state["shown"]}

    def info(self, state: np.ndarray) -> dict[str, np.ndarray]:
        return {
            "pose": state["x"][:, :3], "vehicles": state["vehicles"], "progress": state["progress"],
            "passed": state["passed"], "distance_to_goal": self.road.line.length - state["s"],
        }  # fmt: skip

    def final_info(self, state: np.ndarray) -> dict[str, np.ndarray]:
        outcome = OUTCOMES[state["outcome"]]
        return {"is_success": state["outcome"] == ARRIVED, "outcome": outcome, "collided": outcome == "collision"}

    def check(self, state: np.ndarray) -> None:
        for name in ("x", "goal", "traffic", "vehicles", "shown", "s", "progress"):
            if not np.isfinite(state[name]).all():
                raise MalformedInput(f"snapshot['{name}'] must be finite")
        if not ((state["outcome"] >= 0) & (state["outcome"] < len(OUTCOMES))).all():
            raise MalformedInput(f"snapshot['outcome'] must lie in 0..{len(OUTCOMES) - 1}")

    def frame(self, episode: np.ndarray) -> np.ndarray:
        return picture(self, episode)

    @functools.cached_property
    def _drive(self) -> Any:
        return compiled_drive(compiled_step(Bicycle)).compiled

    @functools.cached_property
    def _lanes(self) -> tuple[np.ndarray, np.ndarray]:
        return self.road.lane_offsets, self.road.oncoming_offsets

    @functools.cached_property
    def _settings(self) -> np.ndarray:
        return constants(**{name: getattr(self, name) for name in _NUMBERS}, edges=self.road.edges)


class RoadEnv(SingleView):
    parameters = Road


class RoadVectorEnv(VectorView):
    parameters = Road
