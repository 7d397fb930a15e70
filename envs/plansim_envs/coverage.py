"""Coverage: a round robot with a bump sensor is to pass over all of a floor, as vacuum cleaners and mowers do."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from math import pi
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.models.unicycle import Unicycle
from plansim.models.vehicle import compiled_step
from plansim_envs import rendering
from plansim_envs.base import SingleView, StepResult, VectorView, World, constants
from plansim_envs.controls import check_numbers, control_space
from plansim_envs.coverage_floor import Floor, floor
from plansim_envs.coverage_step import COVERED, OUTCOMES, begin, compiled_drive
from plansim_envs.maps import edges, touches

CLEAN = (191, 227, 200)  # colour of what is covered


@functools.cache
def default_floor() -> OccupancyGrid:
    """A room with boxes in it, made once."""
    from plansim.core.map_makers import cluttered, rooms

    return cluttered(rooms(rows=1, columns=1), boxes=5, seed=3)


@dataclass(frozen=True, eq=False)
class Coverage(World):
    """Pass over the whole floor with a disc that drives, turns on the spot, and feels what it bumps into.

    Action: Box (2,), float64: speed, m/s, and turn rate, rad/s, held for `dt`. The limits are -0.5 .. 1 and ±1.5,
    unless `control_low` and `control_high` say otherwise. An action outside them is refused.

    Observation: a dict of float64: "bump" (1,), 1 where the last step ended at something it could not pass, else 0;
    "state" (3,), the true pose x, y, heading.

    Covered is a cell of the map when the disc has passed over its centre. The reachable floor is what a disc
    covers whose centre goes from cell to cell as far as it can: corners narrower than the disc are no part of it.

    Reward: the share of the reachable floor that this step covered anew. So the return is the share covered since the
    beginning, and its curve over time is the coverage.

    Begin: at `start`, or at a random cell and heading of the largest connected part of the floor. Where the disc stands
    is covered.

    What is not free, and the map's edge, stops the robot where it touches: it turns as told, but slides along nothing.

    End: terminated when `target` of the reachable floor is covered ("covered"), truncated after `max_steps` ("out of
    time").

    Info: "pose" (3,); "coverage", the share covered; "bumps", steps that ended in one; at the end "is_success",
    "outcome".

    Versions: v0.
    """

    map: OccupancyGrid | None = None  # a room with boxes in it where None
    radius: float = 0.17  # m, of the robot: of what it covers, and of what bumps
    dt: float = 0.1  # s, one step
    max_steps: int = 10_000
    target: float = 0.95  # share of the reachable floor at which the episode ends
    start: tuple[float, float, float] | None = None  # m, m, rad; drawn where None
    control_low: tuple[float, float] | None = None
    control_high: tuple[float, float] | None = None

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["human", "rgb_array"], "render_fps": 20}
    metrics: ClassVar[dict[str, str]] = {
        "coverage": "share of the reachable floor that was passed over",
        "bumps": "steps that ended at an obstacle",
    }
    action_names: ClassVar[tuple[str, ...]] = ("speed", "turn_rate")  # type: ignore[misc]

    def __post_init__(self) -> None:
        for name in ("radius", "dt", "max_steps"):
            if not 0 < getattr(self, name) < np.inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be positive")
        if not 0 < self.target <= 1:
            raise MalformedInput(f"target is {self.target}, but must be a share above 0, at most 1")
        if self.start is not None:
            check_numbers("start", self.start, 3)
            if self._hits(np.array([self.start[:2]]))[0]:
                raise MalformedInput(
                    f"start is {self.start}, but the floor has no room for {self.radius:g} m around it"
                )
        _ = self.action_space  # what it finds wrong, it says now

    def prepare(self) -> None:
        _ = self._floor  # a map may have no room

    @functools.cached_property
    def grid(self) -> OccupancyGrid:
        return default_floor() if self.map is None else self.map

    @functools.cached_property
    def action_space(self) -> spaces.Box:  # type: ignore[override]
        return control_space(self.action_names, self.control_low, self.control_high)

    @functools.cached_property
    def observation_space(self) -> spaces.Dict:  # type: ignore[override]
        low, high = edges(self.grid)
        box = functools.partial(spaces.Box, dtype=np.float64)
        return spaces.Dict({"bump": box(0.0, 1.0, (1,)), "state": box(np.array([*low, -pi]), np.array([*high, pi]))})

    def fields(self) -> list[tuple]:
        return [
            ("x", "f8", (3,)), ("bump", "f8", (1,)), ("covered", "u1", self.grid.shape), ("coverage", "f8"),
            ("cells", "i8"), ("bumps", "i8"), ("steps", "i8"), ("outcome", "i8"),
        ]  # fmt: skip

    def reset(self, state: np.ndarray, mask: np.ndarray) -> None:
        begin(state["random"], *_columns(state), mask, self._floor.places, *self._ground)

    def step(self, state: np.ndarray, actions: np.ndarray, result: StepResult) -> None:
        self._drive(*_columns(state), actions, *self._ground, *result)

    def observe(self, state: np.ndarray) -> dict[str, np.ndarray]:
        return {"bump": state["bump"], "state": state["x"]}

    def info(self, state: np.ndarray) -> dict[str, np.ndarray]:
        return {"pose": state["x"], "coverage": state["coverage"], "bumps": state["bumps"]}

    def final_info(self, state: np.ndarray) -> dict[str, np.ndarray]:
        return {"is_success": state["outcome"] == COVERED, "outcome": OUTCOMES[state["outcome"]]}

    def check(self, state: np.ndarray) -> None:
        if not np.isfinite(state["x"]).all() or self._hits(state["x"][:, :2]).any():
            raise MalformedInput("snapshot['x'] holds a pose where the robot does not fit on this floor")
        if not ((state["covered"] <= 1).all() and ((state["bump"] == 0) | (state["bump"] == 1)).all()):
            raise MalformedInput("snapshot['covered'] and snapshot['bump'] must be 0 or 1")
        cells = (state["covered"].astype(bool) & self._floor.reachable).sum((1, 2))
        if (state["cells"] != cells).any() or (state["coverage"] != cells / self._floor.size).any():
            raise MalformedInput("snapshot['cells'] and snapshot['coverage'] must be those of snapshot['covered']")
        if not ((state["outcome"] >= 0) & (state["outcome"] < len(OUTCOMES))).all():
            raise MalformedInput(f"snapshot['outcome'] must lie in 0..{len(OUTCOMES) - 1}")

    def frame(self, episode: np.ndarray) -> np.ndarray:
        canvas = rendering.Canvas(self.grid)
        canvas.tint(episode["covered"][-1].astype(bool) & self.grid.free, CLEAN)
        canvas.line(episode["x"], rendering.TRACE)
        canvas.robot(episode["x"][-1], self.radius)
        return canvas.picture()

    def _hits(self, points: np.ndarray) -> np.ndarray:
        cells, blocked = self.grid.columns_rows(points), ~self.grid.free
        radius = self.radius / self.grid.resolution - 1e-9  # at contact, rounding must not count
        return np.array([touches(blocked, u, v, radius) for u, v in cells])

    @functools.cached_property
    def _floor(self) -> Floor:
        return floor(self.grid, float(self.radius), *([] if self.start is None else map(float, self.start[:2])))

    @functools.cached_property
    def _drive(self) -> Any:
        return compiled_drive(compiled_step(Unicycle)).compiled

    @functools.cached_property
    def _ground(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x, y, turned = map(float, self.grid.origin)
        settings = constants(
            origin=(x, y), across=(np.cos(turned), np.sin(turned)), resolution=self.grid.resolution,
            radius=self.radius, dt=self.dt, max_steps=self.max_steps, target=self.target, count=self._floor.size,
            start=self.start or (np.nan, np.nan, np.nan), vehicle=(*Unicycle().parameters(), 0.0),
        )  # fmt: skip
        return settings, self._floor.blocked, self._floor.reachable


def _columns(state: np.ndarray) -> tuple[np.ndarray, ...]:
    # a kernel that took the whole row would be compiled anew for every size of map
    return tuple(state[name] for name in ("x", "bump", "covered", "coverage", "cells", "bumps", "steps", "outcome"))


class CoverageEnv(SingleView):
    parameters = Coverage


class CoverageVectorEnv(VectorView):
    parameters = Coverage
