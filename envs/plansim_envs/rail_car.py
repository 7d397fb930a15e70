"""RailCar: a car on a rail, of which only what its sensors read is seen."""

from __future__ import annotations

from dataclasses import dataclass, field

from plansim.models.base import LinearMotion, MeasurementModel
from plansim.models.linear_sensor import LinearSensor
from plansim.models.rail_car import rail_car
from plansim_envs.base import SingleView, VectorView
from plansim_envs.estimation_world import EstimationWorld


def _position() -> dict[str, MeasurementModel]:
    return {"position": LinearSensor("position", [[1.0, 0.0]], [[0.25]])}


@dataclass(frozen=True, eq=False)
class RailCar(EstimationWorld):
    """Know where a car on a rail is, and how fast, from readings that come at their own rates, or not at all.

    Action: Box (1,), float64: acceleration, m/s², within ±`control_limit`, held for `dt`. An action outside is refused.

    Observation: a dict. For each of `sensors` its reading (k,), zeros where there is none, and "<name>_seen" (1,) int8,
    whether there is one; "control" (1,), the action that was held during the last step.

    Reward: 0: there is nothing to do but to know.

    Begin: position (m) and speed (m/s) are drawn from the normal density of `start` and `start_std`.

    `sampling` says for each sensor how often it reads, how often a reading is lost, and how often its noise is many
    times as large.

    End: truncated after `max_steps`.

    Info: "state" (2,): position, speed, the truth.

    Versions: v0.
    """

    motion: LinearMotion = field(default_factory=rail_car)
    sensors: dict[str, MeasurementModel] = field(default_factory=_position)
    start: tuple[float, ...] = (0.0, 0.0)
    start_std: tuple[float, ...] = (1.0, 1.0)
    control_limit: tuple[float, ...] = (2.0,)


class RailCarEnv(SingleView):
    parameters = RailCar


class RailCarVectorEnv(VectorView):
    parameters = RailCar
