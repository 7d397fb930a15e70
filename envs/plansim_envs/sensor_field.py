"""SensorField: targets come, cross and go; sensors report some of them, unsigned, among false detections."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from math import ceil, pi, sqrt
from typing import Any, ClassVar, Literal

import numpy as np
from gymnasium import spaces

from plansim.core.errors import MalformedInput
from plansim_envs.base import SingleView, StepResult, VectorView, World, constants
from plansim_envs.controls import check_numbers
from plansim_envs.sensor_field_picture import picture
from plansim_envs.sensor_field_sensor import MOST_ROUNDS, FieldSensor, paths
from plansim_envs.sensor_field_step import begin, drive

FAR = 1e7  # m: nothing is farther away
_TRAFFIC = ("random", "crossing", "parallel")
_NUMBERS = (
    "dt", "max_steps", "size", "targets", "births", "lifetime", "speeds", "acceleration_density", "turn_rate",
    "separation", "crossing_angle", "points", "extent",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class SensorField(World):
    """Tell from detections that nobody signs how many targets there are, where each is, and which is which.

    Action: Box (S, 2), float64: the velocity of each sensor, m/s in the world, held for `dt`; within ± its `top_speed`.
    Zeros stand still. A sensor whose `top_speed` is 0 stands or goes its own way, whatever the action (±1) says.

    Observation: a dict. "detections" (S, D, 2): of each sensor's scan x and y in the world, or range and bearing from
    its heading, in random order; zeros beyond the "counts" (S,) int64. "sensors" (S, 3): their poses. "time" (1,): s.

    Reward: 0. What a tracker is worth, the metrics say.

    Begin: `targets` anywhere in the field (0, 0) … `size`, in any direction. With traffic "crossing" they pass the
    middle half-way through the episode, at most `separation` beside it, on courses that span `crossing_angle`; with
    "parallel" they join in the first quarter, run side by side `separation` apart, and part in the last quarter.

    Motion: constant velocity, or a turn of a rate drawn for each within ±`turn_rate`, with white acceleration. In
    random traffic targets are born anywhere, a Poisson number a step, while there is room; they die after an
    exponential time, or as they leave the field.

    Detections: a target in range and view is detected with the sensor's `detection_probability`, once, or where
    `points` is positive a Poisson number of times, evenly over its rectangle. Clutter: see FieldSensor.

    End: truncated after `max_steps`.

    Info: "targets" (T, 4): x, y, vx, vy, zeros where there is none; "alive" (T,) int8; "target_ids" (T,) int64, from 1,
    0 where there is none; "origins" (S, D): whose each detection is, 0 for clutter; "cutoff": the field's
    `scoring_cutoff`.

    Versions: v0.
    """

    sensors: tuple[FieldSensor, ...] = (FieldSensor(),)
    size: tuple[float, float] = (1000.0, 1000.0)  # m
    dt: float = 1.0  # s, between scans
    max_steps: int = 60
    traffic: Literal["random", "crossing", "parallel"] = "random"
    targets: int = 5  # at the beginning
    births: float = 0.05  # a second, in random traffic
    lifetime: float = 200.0  # s, in the mean, likewise
    most_targets: int = 20  # at a time
    speeds: tuple[float, float] = (5.0, 15.0)  # m/s, evenly
    acceleration_density: float = 0.1  # m²/s³, of each axis
    turn_rate: float = 0.0  # rad/s
    separation: float = 30.0  # m, of crossing and parallel targets
    crossing_angle: float = pi / 2  # rad
    points: float = 0.0  # detections of an extended target, in the mean; 0: point targets
    extent: tuple[float, float] = (4.6, 1.9)  # m, length along the velocity and width of an extended target
    scoring_cutoff: float = 50.0  # m; a track farther from a target is not its track

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["human", "rgb_array"], "render_fps": 5}
    metrics: ClassVar[dict[str, str]] = {"born": "targets of the episode", "died": "targets that died or left"}

    def __post_init__(self) -> None:
        for name in ("dt", "max_steps", "lifetime", "most_targets", "separation", "scoring_cutoff"):
            if not 0 < getattr(self, name) < np.inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be positive")
        for name in ("births", "acceleration_density", "turn_rate", "points", "crossing_angle"):
            if not 0 <= getattr(self, name) < np.inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be 0 or more")
        for name in ("size", "extent", "speeds"):
            check_numbers(name, getattr(self, name), 2, least=0.0)
        if min(*self.size, *self.extent) <= 0 or self.speeds[0] > self.speeds[1]:
            raise MalformedInput("size and extent must be positive, speeds a low and a high number")
        if not 0 <= self.targets <= self.most_targets:
            raise MalformedInput(f"targets is {self.targets}, but must lie within 0 and most_targets")
        if self.traffic not in _TRAFFIC:
            raise MalformedInput(f"traffic is {self.traffic!r}, but must be one of {', '.join(_TRAFFIC)}")
        if not self.sensors or not all(isinstance(sensor, FieldSensor) for sensor in self.sensors):
            raise MalformedInput("sensors must be one FieldSensor or more")
        for sensor in self.sensors:
            if len(sensor.waypoints) > 1 and sensor.speed * self.dt > MOST_ROUNDS * sensor.round:
                raise MalformedInput(
                    f"speed is {sensor.speed}, but must not take a sensor round its waypoints, {sensor.round:g} m, "
                    f"more than {MOST_ROUNDS:g} times a step"
                )
        if self.births * self.dt > 500 or self.points > 500:
            raise MalformedInput("births a step and points a target must be at most 500")

    @property
    def room(self) -> int:
        """D: detections of a scan that there is room for; more than this come less often than once in 1e12 scans."""
        mean = max(sensor.clutter for sensor in self.sensors) + self.most_targets * max(self.points, 1.0)
        return ceil(mean + 8 * sqrt(mean)) + 20

    @functools.cached_property
    def action_space(self) -> spaces.Box:  # type: ignore[override]
        fastest = np.repeat([[sensor.top_speed or 1.0] for sensor in self.sensors], 2, axis=1)
        return spaces.Box(-fastest, fastest, dtype=np.float64)

    @functools.cached_property
    def observation_space(self) -> spaces.Dict:  # type: ignore[override]
        count, box = len(self.sensors), functools.partial(spaces.Box, dtype=np.float64)
        parts: dict[str, spaces.Space] = {
            "detections": box(-FAR, FAR, (count, self.room, 2)),
            "counts": spaces.Box(0, self.room, (count,), dtype=np.int64),
            "sensors": box(-FAR, FAR, (count, 3)),
            "time": box(0.0, FAR, (1,)),
        }
        return spaces.Dict(parts)

    def fields(self) -> list[tuple]:
        count, most = len(self.sensors), self.most_targets
        return [
            ("steps", "i8"), ("time", "f8", (1,)), ("born", "i8"), ("died", "i8"), ("course", "f8"),
            ("x", "f8", (most, 4)), ("turns", "f8", (most,)), ("alive", "i1", (most,)), ("ids", "i8", (most,)),
            ("sensors", "f8", (count, 3)), ("legs", "i8", (count,)), ("counts", "i8", (count,)),
            ("detections", "f8", (count, self.room, 2)), ("origins", "i8", (count, self.room)),
        ]  # fmt: skip

    def reset(self, state: np.ndarray, mask: np.ndarray) -> None:
        begin(state, mask, self._settings)

    def step(self, state: np.ndarray, actions: np.ndarray, result: StepResult) -> None:
        drive(state, actions, self._settings, *result)

    def observe(self, state: np.ndarray) -> dict[str, np.ndarray]:
        return {name: state[name] for name in ("counts", "detections", "sensors", "time")}

    def info(self, state: np.ndarray) -> dict[str, np.ndarray]:
        return {
            "targets": state["x"], "alive": state["alive"], "target_ids": state["ids"], "origins": state["origins"],
            "cutoff": np.full(len(state), self.scoring_cutoff),
        }  # fmt: skip

    def final_info(self, state: np.ndarray) -> dict[str, np.ndarray]:
        return {"born": state["born"], "died": state["died"]}

    def check(self, state: np.ndarray) -> None:
        for name in ("x", "turns", "sensors", "detections", "time", "course"):
            if not np.isfinite(state[name]).all():
                raise MalformedInput(f"snapshot['{name}'] must be finite")
        for name, most in (
            ("steps", self.max_steps),
            ("counts", self.room),
            ("legs", self._settings["paths"].shape[2]),
        ):
            if not ((state[name] >= 0) & (state[name] <= most)).all():
                raise MalformedInput(f"snapshot['{name}'] must lie in 0..{most}")

    def frame(self, episode: np.ndarray) -> np.ndarray:
        return picture(self, episode)

    @functools.cached_property
    def _settings(self) -> np.ndarray:
        return constants(
            **{name: getattr(self, name) for name in _NUMBERS},
            traffic=_TRAFFIC.index(self.traffic),
            sensors=[sensor.row for sensor in self.sensors],
            poses=[sensor.pose for sensor in self.sensors],
            paths=paths(self.sensors),
        )


class SensorFieldEnv(SingleView):
    parameters = SensorField


class SensorFieldVectorEnv(VectorView):
    parameters = SensorField
