"""Aircraft: one that flies by itself, straight, in turns and faster or slower, for a tracker to follow."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from plansim.core.errors import MalformedInput
from plansim.core.kernel import kernel
from plansim.core.layout import Layout
from plansim.core.random import uniform
from plansim.models.aircraft import Aircraft as AircraftMotion
from plansim.models.base import MeasurementModel
from plansim.models.position import Position
from plansim_envs import estimation_picture
from plansim_envs.base import SingleView, VectorView, constants
from plansim_envs.controls import check_numbers
from plansim_envs.estimation_world import EstimationWorld

STRAIGHT, TURN, ACCELERATION = range(3)
_RANGES = ("straight_seconds", "manoeuvre_seconds", "turn_rates", "accelerations")


def _position() -> dict[str, MeasurementModel]:
    return {"position": Position(std=30.0)}


@dataclass(frozen=True, eq=False)
class Aircraft(EstimationWorld):
    """Follow an aircraft that flies straight, turns, and speeds up or slows down when its pilot likes to.

    Action: Discrete (1): it flies by itself.

    Observation: a dict. For each of `sensors` its reading (k,), zeros where there is none, and "<name>_seen" (1,) int8,
    whether there is one.

    Reward: 0: there is nothing to do but to know.

    Begin: x, y (m), vx, vy (m/s) are drawn from the normal density of `start` and `start_std`; then it flies straight.

    Flight: straight and a manoeuvre take turns, for times drawn evenly from `straight_seconds` and `manoeuvre_seconds`.
    A manoeuvre is a coordinated turn, to the left or to the right, of a rate from `turn_rates`, or with the probability
    `acceleration_share` an acceleration along the flight, or against it, from `accelerations`. Below `least_speed` it
    only speeds up, above `top_speed` it only slows down, and an acceleration ends where it reaches one of them.

    `sampling` says for each sensor how often it reads, how often a reading is lost, and how often its noise is many
    times as large.

    End: truncated after `max_steps`.

    Info: "state" (4,): x, y, vx, vy, the truth; "pose" (3,): x, y, and where it flies to; "manoeuvre": 0 straight,
    1 turn, 2 acceleration; "turn_rate" rad/s.

    Versions: v0.
    """

    motion: AircraftMotion = AircraftMotion()
    sensors: dict[str, MeasurementModel] = field(default_factory=_position)
    dt: float = 1.0  # s, one step
    start: tuple[float, ...] = (0.0, 0.0, 150.0, 0.0)
    start_std: tuple[float, ...] = (100.0, 100.0, 20.0, 20.0)
    straight_seconds: tuple[float, float] = (20.0, 40.0)
    manoeuvre_seconds: tuple[float, float] = (10.0, 25.0)
    turn_rates: tuple[float, float] = (0.05, 0.12)  # rad/s, to either side
    accelerations: tuple[float, float] = (1.0, 4.0)  # m/s², along or against
    acceleration_share: float = 0.3  # of the manoeuvres
    least_speed: float = 80.0  # m/s
    top_speed: float = 300.0  # m/s

    metrics: ClassVar[dict[str, str]] = {"manoeuvre": "at the end: 0 straight, 1 turn, 2 acceleration"}

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in _RANGES:
            check_numbers(name, getattr(self, name), 2, least=0.0)
            if getattr(self, name)[0] > getattr(self, name)[1]:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be a low and a high number")
        if not (0 <= self.acceleration_share <= 1 and 0 < self.least_speed < self.top_speed):
            raise MalformedInput(
                f"acceleration_share {self.acceleration_share} must be a share, and least_speed {self.least_speed} "
                f"positive and below top_speed {self.top_speed}"
            )

    @property
    def control(self) -> Layout:
        """Nobody outside controls it."""
        return Layout(())

    def fields(self) -> list[tuple]:
        return [*super().fields(), ("pilot", "f8", (2,)), ("manoeuvre", "i8"), ("left", "f8")]

    def reset(self, state: np.ndarray, mask: np.ndarray) -> None:
        super().reset(state, mask)
        _take_off(state, mask, self._settings)

    def moved(self, state: np.ndarray, actions: np.ndarray, draws: np.ndarray) -> np.ndarray:
        _fly(state, self._settings)
        return super().moved(state, state["pilot"], draws)

    def info(self, state: np.ndarray) -> dict[str, np.ndarray]:
        x = state["x"]
        pose = np.concatenate([x[:, :2], np.arctan2(x[:, 3], x[:, 2])[:, None]], axis=-1)
        turn_rate = np.ascontiguousarray(state["pilot"][:, 0])
        return {"state": x, "pose": pose, "manoeuvre": state["manoeuvre"], "turn_rate": turn_rate}

    def frame(self, episode: np.ndarray) -> np.ndarray:
        return estimation_picture.plane(episode, self)

    @functools.cached_property
    def _settings(self) -> np.ndarray:
        names = (*_RANGES, "dt", "acceleration_share", "least_speed", "top_speed")
        return constants(**{name: getattr(self, name) for name in names})

    @functools.cached_property
    def _root(self) -> Any:
        from plansim_envs.estimation_world import root_of

        return root_of(self.motion.noise_cov(None, None, self.dt))


@kernel
def _take_off(state, mask, settings):
    rules = settings[0]
    for i in range(state.shape[0]):
        if mask[i]:
            world = state[i]
            world["pilot"][0], world["pilot"][1], world["manoeuvre"] = 0.0, 0.0, STRAIGHT
            world["left"] = uniform(world["random"], rules["straight_seconds"][0], rules["straight_seconds"][1])


@kernel
def _fly(state, settings):
    """What the pilot does during the next step."""
    rules = settings[0]
    for i in range(state.shape[0]):
        world = state[i]
        pilot, stream, x = world["pilot"], world["random"], world["x"]
        speed = (x[2] * x[2] + x[3] * x[3]) ** 0.5
        reached = (pilot[1] > 0.0 and speed >= rules["top_speed"]) or (pilot[1] < 0.0 and speed <= rules["least_speed"])
        if world["left"] <= 0.0 or reached:
            pilot[0], pilot[1] = 0.0, 0.0
            if world["manoeuvre"] != STRAIGHT:
                world["manoeuvre"], times = STRAIGHT, rules["straight_seconds"]
            else:
                side, times = (1.0 if uniform(stream, 0.0, 1.0) < 0.5 else -1.0), rules["manoeuvre_seconds"]
                if uniform(stream, 0.0, 1.0) < rules["acceleration_share"]:
                    world["manoeuvre"] = ACCELERATION
                    side = 1.0 if speed < rules["least_speed"] else -1.0 if speed > rules["top_speed"] else side
                    pilot[1] = side * uniform(stream, rules["accelerations"][0], rules["accelerations"][1])
                else:
                    world["manoeuvre"] = TURN
                    pilot[0] = side * uniform(stream, rules["turn_rates"][0], rules["turn_rates"][1])
            world["left"] = uniform(stream, times[0], times[1])
        world["left"] -= rules["dt"]


class AircraftEnv(SingleView):
    parameters = Aircraft


class AircraftVectorEnv(VectorView):
    parameters = Aircraft
