"""Pendulum: one that swings with noise, and of which only the angle or the bob's side is read."""

from __future__ import annotations

from dataclasses import dataclass, field

from plansim.models.base import MeasurementModel
from plansim.models.linear_sensor import LinearSensor
from plansim.models.pendulum import Pendulum as PendulumMotion
from plansim_envs.base import SingleView, VectorView
from plansim_envs.estimation_world import EstimationWorld


def _angle() -> dict[str, MeasurementModel]:
    return {"angle": LinearSensor("angle", [[1.0, 0.0]], [[0.01]], angles="angle")}


@dataclass(frozen=True, eq=False)
class Pendulum(EstimationWorld):
    """Know angle and rate of a pendulum that swings, from readings that come at their own rates, or not at all.

    Action: Box (1,), float64: torque over the moment of inertia, rad/s², within ±`control_limit`, held for `dt`. An
    action outside is refused.

    Observation: a dict. For each of `sensors` its reading (k,), zeros where there is none, and "<name>_seen" (1,) int8,
    whether there is one; "control" (1,), the action that was held during the last step.

    Reward: 0: there is nothing to do but to know.

    Begin: angle (rad, 0 is hanging down) and rate (rad/s) are drawn from the normal density of `start` and `start_std`.
    A small start is nearly linear; one far up is not.

    `sampling` says for each sensor how often it reads, how often a reading is lost, and how often its noise is many
    times as large.

    End: truncated after `max_steps`.

    Info: "state" (2,): angle within ±π, rate, the truth.

    Versions: v0.
    """

    motion: PendulumMotion = PendulumMotion()
    sensors: dict[str, MeasurementModel] = field(default_factory=_angle)
    dt: float = 0.05  # s, one step
    start: tuple[float, ...] = (0.2, 0.0)
    start_std: tuple[float, ...] = (0.1, 0.1)
    control_limit: tuple[float, ...] = (5.0,)


class PendulumEnv(SingleView):
    parameters = Pendulum


class PendulumVectorEnv(VectorView):
    parameters = Pendulum
