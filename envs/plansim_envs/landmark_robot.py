"""LandmarkRobot: it counts its wheels' turns, and now and then sees a landmark that it knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plansim.core.errors import MalformedInput
from plansim.models.base import MeasurementModel
from plansim.models.disturbed import Disturbed
from plansim.models.range_bearing import RangeBearing
from plansim.models.unicycle import Unicycle
from plansim_envs import estimation_picture
from plansim_envs.base import SingleView, VectorView, normals
from plansim_envs.estimation_world import EstimationWorld

PLACES = ((5.0, 5.0), (15.0, -3.0), (22.0, 8.0), (12.0, 16.0), (-2.0, 13.0), (28.0, -6.0))


def _landmarks() -> dict[str, MeasurementModel]:
    return {f"landmark_{i}": RangeBearing(place) for i, place in enumerate(PLACES)}


@dataclass(frozen=True, eq=False)
class LandmarkRobot(EstimationWorld):
    """Know where a robot is from its wheels, which err, and from the known landmarks that are within its view.

    Action: Box (2,), float64: speed, m/s, and turn rate, rad/s, within ±`control_limit`, held for `dt`; the robot does
    just that. An action outside is refused.

    Observation: a dict. "control" (2,): speed and turn rate of the last step as the wheels measured them, with a normal
    error of the motion's `control_std`, another in each step. For each of `sensors`, which are landmarks, its reading
    (k,), zeros where there is none, and "<name>_seen" (1,) int8, whether there is one.

    Reward: 0: there is nothing to do but to know.

    Begin: x, y, m, and heading, rad, are drawn from the normal density of `start` and `start_std`.

    A landmark is read within `max_range`. `sampling` says for each sensor how often it reads, how often a reading is
    lost, and how often its noise is many times as large.

    End: truncated after `max_steps`.

    Info: "state" (3,) and "pose" (3,): x, y, heading, the truth.

    Versions: v0.
    """

    motion: Disturbed = Disturbed(Unicycle(), control_std=(0.1, 0.1))
    sensors: dict[str, MeasurementModel] = field(default_factory=_landmarks)
    start: tuple[float, ...] = (0.0, 0.0, 0.0)
    start_std: tuple[float, ...] = (0.5, 0.5, 0.1)
    control_limit: tuple[float, ...] = (2.0, 1.5)
    max_range: float = 10.0  # m

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.max_range > 0:
            raise MalformedInput(f"max_range is {self.max_range}, but must be a positive number of metres")
        for name, sensor in self.sensors.items():
            if not hasattr(sensor, "landmark"):
                raise MalformedInput(f"sensor {name!r} is a {type(sensor).__name__}, which has no landmark")
        if self.motion.state.names[:3] != ("x", "y", "heading"):
            raise MalformedInput(f"the motion's state is {self.motion.state.names}, but must begin with x, y, heading")

    def moved(self, state: np.ndarray, actions: np.ndarray, draws: np.ndarray) -> np.ndarray:
        after = self.state.wrap(self.free_motion(np.ascontiguousarray(state["x"]), np.asarray(actions, dtype=float)))
        shaken = np.sqrt(self.motion.state_variance * self.dt)
        return self.state.add(after, shaken * draws)

    def reported(self, state: np.ndarray, actions: np.ndarray) -> np.ndarray:
        everywhere = np.ones(len(state), dtype=bool)
        errors = np.sqrt(self.motion.control_variance) * normals(state, everywhere, len(self.control))
        return np.asarray(actions, dtype=float) + errors

    def in_view(self, sensor: Any, x: np.ndarray) -> np.ndarray:
        away = np.array(sensor.landmark) - x[:, :2]
        return (away**2).sum(-1) <= self.max_range**2

    def info(self, state: np.ndarray) -> dict[str, np.ndarray]:
        return {"state": state["x"], "pose": state["x"][:, :3]}

    def frame(self, episode: np.ndarray) -> np.ndarray:
        return estimation_picture.plane(episode, self, self.landmarks)

    @property
    def landmarks(self) -> np.ndarray:
        """(L, 2) m."""
        return np.array([sensor.landmark for sensor in self.sensors.values()], dtype=float)  # type: ignore[attr-defined]


class LandmarkRobotEnv(SingleView):
    parameters = LandmarkRobot


class LandmarkRobotVectorEnv(VectorView):
    parameters = LandmarkRobot
