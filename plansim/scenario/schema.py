"""A scenario: one question about a policy in an environment, as plain data."""

from __future__ import annotations

import copy
import functools
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

DEFAULT_METRICS = ("success", "return", "steps")
MOST_EPISODES = 10_000_000  # more are a slip of the pen, and would not fit in memory

Comparison = Annotated[str, "a comparison in quotes, such as '>= 0.95'"]


@dataclass(frozen=True, eq=False)
class Scenario:
    """What a scenario file says; `load` and `from_mapping` make valid ones.

    Two scenarios are equal when they are the same with every default filled in, wherever they were written.
    """

    name: str
    env: dict[str, Any]  # id, and what the environment takes
    policy: dict[str, Any]  # name, and what the policy takes
    description: str = ""
    seed: NonNegativeInt = 0  # of the first episode; the next one has the next
    episodes: Annotated[PositiveInt, Field(le=MOST_EPISODES)] = 1
    max_steps: PositiveInt | None = None  # of an episode; the environment's own limit where None
    timeout: PositiveFloat | None = None  # s an episode, wall clock
    metrics: tuple[str, ...] = DEFAULT_METRICS
    expect: dict[str, Comparison] = field(default_factory=dict)  # metric or variant.metric -> ">= 0.95"
    variants: dict[str, dict[str, Any]] = field(default_factory=dict)  # label -> {"policy.planner": ...}
    record: NonNegativeInt | Literal["all"] = 3  # so many first episodes keep their trajectories
    path: str | None = None  # of its file; its relative paths begin there, or else in the working directory
    shared: dict[str, Any] = field(default_factory=dict, init=False, repr=False)  # maps and models made so far

    @property
    def seeds(self) -> range:
        return range(self.seed, self.seed + self.episodes)

    @property
    def folder(self) -> Path:
        """Where its relative paths begin."""
        return Path(self.path).absolute().parent if self.path else Path.cwd()

    def resolved(self, folder: str | Path | None = None) -> dict[str, Any]:
        """Everything with every default filled in: plain data, and itself a valid scenario.

        folder: relative paths are written as seen from there; as they were written where None
        """
        from plansim.scenario.reading.resolve import resolve

        return copy.deepcopy(self._resolved) if folder is None else resolve(self, Path(folder).absolute())

    def written(self) -> dict[str, Any]:
        """The entries of its file: what `from_mapping` takes."""
        names = ("name", "description", "seed", "episodes", "env", "policy", "max_steps", "timeout")
        entries = {name: getattr(self, name) for name in (*names, "metrics", "expect", "variants", "record")}
        return copy.deepcopy({**entries, "metrics": list(self.metrics)})

    @functools.cached_property
    def _resolved(self) -> dict[str, Any]:
        from plansim.scenario.reading.resolve import resolve

        return resolve(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scenario) and self._resolved == other._resolved

    def __hash__(self) -> int:
        return int.from_bytes(hashlib.sha256(json.dumps(self._resolved, sort_keys=True).encode()).digest()[:7])

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "shared": {}}  # a worker makes its own
