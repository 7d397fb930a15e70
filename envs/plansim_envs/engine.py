"""Engine: it is heated, and only its shell's temperature is measured."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import numpy as np
from gymnasium import spaces

from plansim.models.base import LinearMotion, MeasurementModel
from plansim.models.engine import engine
from plansim.models.linear_sensor import LinearSensor
from plansim_envs.base import SingleView, VectorView
from plansim_envs.estimation_world import EstimationWorld


def _shell() -> dict[str, MeasurementModel]:
    return {"outer": LinearSensor("outer", [[0.0, 1.0]], [[0.25]])}


@dataclass(frozen=True, eq=False)
class Engine(EstimationWorld):
    """Know how hot an engine is inside from the temperature of its shell, and the heat that goes in.

    Action: Box (1,), float64: heat, W, from 0 to `control_limit`, held for `dt`. An action outside is refused.

    Observation: a dict. For each of `sensors` its reading (k,), zeros where there is none, and "<name>_seen" (1,) int8,
    whether there is one; "control" (1,), the heat of the last step. Temperatures are K above the surroundings.

    Reward: 0: there is nothing to do but to know.

    Begin: the inner and the outer temperature are drawn from the normal density of `start` and `start_std`.

    `sampling` says for each sensor how often it reads, how often a reading is lost, and how often its noise is many
    times as large.

    End: truncated after `max_steps`.

    Info: "state" (2,): the inner and the outer temperature, the truth.

    Versions: v0.
    """

    motion: LinearMotion = field(default_factory=engine)
    sensors: dict[str, MeasurementModel] = field(default_factory=_shell)
    dt: float = 10.0  # s, one step
    start: tuple[float, ...] = (100.0, 70.0)
    start_std: tuple[float, ...] = (20.0, 5.0)
    control_limit: tuple[float, ...] = (4000.0,)

    @functools.cached_property
    def action_space(self) -> spaces.Box:  # type: ignore[override]
        limit = np.array(self.control_limit, dtype=float)
        return spaces.Box(np.zeros_like(limit), limit, dtype=np.float64)


class EngineEnv(SingleView):
    parameters = Engine


class EngineVectorEnv(VectorView):
    parameters = Engine
