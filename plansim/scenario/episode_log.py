"""What an episode leaves behind, and what a metric is: a number read from that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from plansim.core.layout import Layout


@dataclass(slots=True)
class Log:
    """What an episode has left behind so far."""

    steps: int = 0
    total_reward: float = 0.0
    info: Mapping[str, Any] = field(default_factory=dict)  # of the last step
    columns: dict[str, list[Any]] = field(default_factory=dict)  # "info.pose": a row a step, with the reset's T + 1
    policy: Mapping[str, Any] = field(default_factory=dict)  # what the policy had to say at the end
    out_of_time: bool = False  # ended by the scenario's max_steps
    seconds: float = 0.0  # wall clock: reset, environment and policy
    act_seconds: float = 0.0  # wall clock: the policy alone
    dt: float | None = None  # s, the environment's step
    state: Layout | None = None  # of the environment's info "state"


@dataclass(frozen=True)
class Metric:
    meaning: str
    unit: str
    value: Callable[[Log], float | bool | None]  # None where this episode has no such number
    keeps: tuple[str, ...] = ()  # the columns that must be kept for it
