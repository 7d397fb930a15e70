"""ArmCell: an arm of seven joints goes from one posture to another among what stands around it, judged by PyBullet."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from gymnasium import spaces

from plansim.core.cell_makers import cluttered_cell
from plansim.core.errors import MalformedInput
from plansim.core.solids import Solids
from plansim.models.kuka import kuka_iiwa
from plansim_envs.arm_bullet import simulator
from plansim_envs.arm_cell_picture import picture
from plansim_envs.arm_collision import PyBulletArm, kuka_limits
from plansim_envs.base import SingleView, StepResult, VectorView, World, uniforms
from plansim_envs.grid_navigation_drive import ARRIVED, COLLISION, COLLISION_COST, OUT_OF_TIME, OUTCOMES, TIME_COST

_DRAWS = 500


@dataclass(frozen=True, eq=False)
class ArmCell(World):
    """Bring the KUKA LBR iiwa of PyBullet's data from its posture to another without touching anything.

    Action: Box (7,), float64, the joints' velocities in rad/s, held for `dt`; limits are those of the data sheet (1.3
    to 2.4) times `speed_share`. A joint stops at its limit.

    Observation: a dict of float64: "state" (7,), the joint angles in rad, and "goal" (7,).

    Reward: sparse: 1 on arrival. dense: in addition the radians by which the distance to the goal shrank, minus 0.1 a
    second, minus 10 for a collision. The distance of postures is the root of the sum of squares over the joints.

    Begin: `start` and `goal`, each drawn from the free postures where it is None, `min_distance` apart; with
    `obstructed` so that moving all joints straight to the goal would hit something. Whether there is a way is not
    known.

    End: terminated within `goal_radius` of the goal ("arrived"), or when PyBullet finds a link in contact with a solid
    of the cell or with a far link of the arm ("collision"), asked whenever a joint has turned by `check_every`;
    truncated after `max_steps` ("out of time"). The foot may stand on something.

    Info: "joint_length", radians gone; "distance_to_goal" rad; "tool" (3,), m; at the end "is_success", "outcome".

    Needs `pip install 'plansim[pybullet]'`. All worlds of a process in the same cell share one client of PyBullet.

    Versions: v0.
    """

    cell: Solids = field(default_factory=cluttered_cell)
    dt: float = 0.1  # s, one step
    max_steps: int = 500
    speed_share: float = 1.0  # of the joints' greatest speeds
    start: tuple[float, ...] | None = None  # rad, (7,); drawn where None
    goal: tuple[float, ...] | None = None  # rad, (7,); drawn where None
    min_distance: float = 2.0  # rad, from start to goal
    clearance: float = 0.0  # m, of a drawn start or goal from the solids
    obstructed: bool = False  # draw only starts and goals with something on the straight way
    goal_radius: float = 0.02  # rad
    check_every: float = 0.02  # rad
    reward: Literal["dense", "sparse"] = "dense"

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["human", "rgb_array"], "render_fps": 10}
    metrics: ClassVar[dict[str, str]] = {"joint_length": "radians that the joints went, as a vector's length"}
    action_names = tuple(f"joint_{i + 1}_speed" for i in range(7))

    def __post_init__(self) -> None:
        for name in ("dt", "max_steps", "speed_share", "goal_radius", "check_every"):
            if not 0 < getattr(self, name) < np.inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be positive")
        for name in ("min_distance", "clearance"):
            if not 0 <= getattr(self, name) < np.inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be 0 or more")
        if self.reward not in ("dense", "sparse"):
            raise MalformedInput(f"reward is {self.reward!r}, but must be 'dense' or 'sparse'")
        low, high, _ = kuka_limits()
        for name in ("start", "goal"):
            end = getattr(self, name)
            if end is not None and not (np.shape(end) == (7,) and (low <= end).all() and (end <= high).all()):
                raise MalformedInput(f"{name} is {list(end)}, but must be 7 angles, {low.tolist()} to {high.tolist()}")

    def prepare(self) -> None:
        _ = simulator(self.cell)  # or the line that installs it
        for name in ("start", "goal"):
            end = getattr(self, name)
            if end is not None and not self.judge.is_free(np.array(end, dtype=float)):
                raise MalformedInput(f"{name} is {list(end)}, but there the arm touches something")

    @functools.cached_property
    def judge(self) -> PyBulletArm:
        return PyBulletArm(self.cell, self.check_every)

    @functools.cached_property
    def action_space(self) -> spaces.Box:  # type: ignore[override]
        most = self.speed_share * kuka_limits()[2]
        return spaces.Box(-most, most, dtype=np.float64)

    @functools.cached_property
    def observation_space(self) -> spaces.Dict:  # type: ignore[override]
        low, high, _ = kuka_limits()
        return spaces.Dict({name: spaces.Box(low, high, dtype=np.float64) for name in ("state", "goal")})

    def fields(self) -> list[tuple]:
        return [
            ("state", "f8", (7,)), ("goal", "f8", (7,)), ("start", "f8", (7,)), ("steps", "i8"),
            ("joint_length", "f8"), ("distance", "f8"), ("outcome", "i8"),
        ]  # fmt: skip

    def reset(self, state: np.ndarray, mask: np.ndarray) -> None:
        pending = mask.copy()
        for _ in range(_DRAWS):
            rows = np.flatnonzero(pending)
            if not len(rows):
                break
            ends = self._ends(uniforms(state, pending, 14)[rows].reshape(-1, 2, 7))
            state["start"][rows], state["goal"][rows] = ends[:, 0], ends[:, 1]
            pending[rows] = [not self._fit(*pair) for pair in ends]
        if pending.any():
            raise MalformedInput(f"{_DRAWS} draws gave no free start and goal such as were asked for: ease the cell")
        state["state"][mask] = state["start"][mask]
        for name in ("steps", "joint_length", "outcome"):
            state[name][mask] = 0
        state["distance"][mask] = _apart(state["state"][mask], state["goal"][mask])

    def _ends(self, random: np.ndarray) -> np.ndarray:
        low, high, _ = kuka_limits()
        ends = low + random * (high - low)
        for i, end in enumerate((self.start, self.goal)):
            if end is not None:
                ends[:, i] = end
        return ends

    def _fit(self, start: np.ndarray, goal: np.ndarray) -> bool:
        if self.start is not None and self.goal is not None:
            return True
        roomy = simulator(self.cell).is_free
        far = bool(_apart(start, goal) >= self.min_distance)
        free = far and roomy(start, self.clearance) and roomy(goal, self.clearance)
        return free and not (self.obstructed and bool(self.judge.edge_free(start, goal)))

    def step(self, state: np.ndarray, actions: np.ndarray, result: StepResult) -> None:
        low, high, _ = kuka_limits()
        before = state["distance"].copy()
        to, free = np.clip(state["state"] + self.dt * actions, low, high), np.ones(len(state), dtype=bool)
        for i, (x, end) in enumerate(zip(state["state"], to, strict=True)):
            reached = self._moved(x, end)
            free[i] = np.array_equal(reached, end)
            state["joint_length"][i] += _apart(x, reached)
            state["state"][i] = reached
        state["distance"] = _apart(state["state"], state["goal"])
        state["steps"] += 1
        arrived = free & (state["distance"] <= self.goal_radius)
        late = free & ~arrived & (state["steps"] >= self.max_steps)
        state["outcome"] = np.select([~free, arrived, late], [COLLISION, ARRIVED, OUT_OF_TIME])
        shaped = before - state["distance"] - TIME_COST * self.dt - COLLISION_COST * ~free
        result.reward[:] = arrived + (shaped if self.reward == "dense" else 0.0)
        result.terminated[:], result.truncated[:] = ~free | arrived, late

    def _moved(self, x: np.ndarray, end: np.ndarray) -> np.ndarray:
        """How far the arm (7,) comes: to the end, or to the last posture before it touches something."""
        count, last = int(np.ceil(np.abs(end - x).max() / self.check_every)), x.copy()
        for i in range(1, count + 1):
            q = end if i == count else x + (i / count) * (end - x)
            if not self.judge.is_free(q):
                return last
            last = q
        return end if count else last

    def observe(self, state: np.ndarray) -> dict[str, np.ndarray]:
        return {"goal": state["goal"], "state": state["state"]}

    def info(self, state: np.ndarray) -> dict[str, np.ndarray]:
        tool = kuka_iiwa().tool_pose(state["state"])[:, :3, 3]
        return {"joint_length": state["joint_length"], "distance_to_goal": state["distance"], "tool": tool}

    def final_info(self, state: np.ndarray) -> dict[str, np.ndarray]:
        return {"is_success": state["outcome"] == ARRIVED, "outcome": OUTCOMES[state["outcome"]]}

    def check(self, state: np.ndarray) -> None:
        for name in ("state", "goal", "start"):
            low, high, _ = kuka_limits()
            if not ((state[name] >= low) & (state[name] <= high)).all():
                raise MalformedInput(f"snapshot[{name!r}] must lie within the joints' limits")
        if not (np.isfinite(state["distance"]) & np.isfinite(state["joint_length"])).all():
            raise MalformedInput("snapshot's distances must be finite")
        if not ((state["outcome"] >= 0) & (state["outcome"] < len(OUTCOMES))).all():
            raise MalformedInput(f"snapshot['outcome'] must lie in 0..{len(OUTCOMES) - 1}")

    def frame(self, episode: np.ndarray) -> np.ndarray:
        return picture(simulator(self.cell), episode["state"], episode["goal"][-1])


def _apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sqrt(((b - a) ** 2).sum(-1))


class ArmCellEnv(SingleView):
    parameters = ArmCell


class ArmCellVectorEnv(VectorView):
    parameters = ArmCell
