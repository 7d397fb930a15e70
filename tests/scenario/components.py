"""Components as another package would write them: what scenarios of these tests are made of."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import gymnasium
import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.models.base import MotionModel
from plansim.models.bicycle import Bicycle
from plansim.models.lidar import Lidar
from plansim.planning.base import Planner

if TYPE_CHECKING:
    from plansim.core.map_files import GridProblem

ARENA = "test/Arena-v0"


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


def halve(x: float) -> float:
    return x / 2


@dataclass(frozen=True)
class Straight:
    """Goes straight."""

    weight: float = 1.0
    goal_bias: float = 0.05

    def __post_init__(self) -> None:
        if self.weight <= 0:
            raise MalformedInput(f"weight is {self.weight}, but must be positive")

    def plan(self, problem, budget=None, rng=None):
        raise NotImplementedError


@dataclass(frozen=True)
class Known:
    """A world model."""

    motion: MotionModel
    dt: float = 0.1


@dataclass
class Everything:
    """A parameter of every sort."""

    world: Known
    planner: Planner = Straight()
    planners: Sequence[Planner] = ()
    map: OccupancyGrid | None = None
    lidar: Lidar = Lidar(beams=4)
    robot: Bicycle = field(default_factory=lambda: Bicycle(wheelbase=2.0))
    particles: int = 100
    gain: float = 0.5
    greedy: bool = False
    label: str = "plain"
    mode: Literal["dense", "sparse"] = "dense"
    colour: Colour = Colour.RED
    pose: tuple[float, float, float] = (0.0, 0.0, 0.0)
    levels: tuple[int, ...] = ()
    tags: list[str] = field(default_factory=list)
    table: dict[str, float] = field(default_factory=dict)
    cov: Array = field(default_factory=lambda: np.eye(2))
    file: Path | None = None
    either: str | Path | None = None
    count: int | Literal["all"] = 1
    shrink: Callable[[float], float] = halve
    problems: list[GridProblem] | None = None
    anything: Any = None
    implicit: float = None  # type: ignore[assignment]
    far: float = float("inf")
    _inner: int = field(default=0, init=False)

    made: ClassVar[list[Everything]] = []

    def __post_init__(self) -> None:
        self.made.append(self)

    def reset(self, seed=None):
        pass

    def act(self, observation):
        return 0

    def metrics(self):
        return {"thoughts": 0}


class Explodes:
    def __init__(self) -> None:
        raise RuntimeError("boom")

    def reset(self, seed=None): ...
    def act(self, observation): ...


class NoPolicy:
    pass


@dataclass(frozen=True, eq=False)
class ArenaParameters:
    map: OccupancyGrid | None = None
    size: float = 10.0
    reward: Literal["dense", "sparse"] = "dense"
    dt: float = 0.1

    def __post_init__(self) -> None:
        if self.size <= 0:
            raise MalformedInput(f"size is {self.size}, but must be positive")


class Arena(gymnasium.Env):
    parameters = ArenaParameters
    metrics: ClassVar[dict[str, str]] = {"bumps": "walls touched"}
    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (2,))
    action_space = gymnasium.spaces.Discrete(3)

    def __init__(self, render_mode=None, **given):
        self.world = ArenaParameters(**given)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(2, np.float32), {}

    def step(self, action):
        return np.zeros(2, np.float32), 0.0, True, False, {}


if ARENA not in gymnasium.registry:
    gymnasium.register(ARENA, entry_point=f"{__name__}:Arena", kwargs={"dt": 0.25})
