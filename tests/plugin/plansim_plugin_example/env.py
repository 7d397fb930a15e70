"""A boat crosses a pond that has a rock in its middle."""

from __future__ import annotations

from typing import Any, ClassVar

import gymnasium
import numpy as np

from plansim.core.errors import MalformedInput


class Pond(gymnasium.Env):
    """Cross a square pond from west to east, around a rock.

    Action: Box (2,), the way to go in a step, in metres; longer ones are cut to `reach`.
    Observation: {"state": (2,), "goal": (2,), "rock": (3,)}, in metres: the boat, the goal, the rock's x, y and radius.
    Reward: minus the metres travelled. End: at the goal, or on the rock.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": []}
    metrics: ClassVar[dict[str, str]] = {"clearance": "least distance to the rock's edge, m"}

    def __init__(self, size: float = 10.0, rock: float = 2.0, reach: float = 0.5, render_mode: str | None = None):
        if not 0 <= rock < size / 2 - 1:
            raise MalformedInput(f"rock is {rock} m, but must leave a metre of water on both sides of {size} m")
        self.size, self.rock, self.reach, self.render_mode = size, rock, reach, render_mode
        point = gymnasium.spaces.Box(0.0, size, (2,), np.float64)
        rocks = gymnasium.spaces.Box(0.0, size, (3,), np.float64)
        self.observation_space = gymnasium.spaces.Dict({"state": point, "goal": point, "rock": rocks})
        self.action_space = gymnasium.spaces.Box(-size, size, (2,), np.float64)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        super().reset(seed=seed)
        west, east = self.np_random.uniform(0.3 * self.size, 0.7 * self.size, 2)
        self.state, self.goal = np.array([0.5, west]), np.array([self.size - 0.5, east])
        self.clearance = self._distance_to_rock()
        return self._observation(), {}

    def step(self, action: np.ndarray):
        length = float(np.hypot(*action))
        move = np.asarray(action) * min(1.0, self.reach / max(length, 1e-12))
        self.state = np.clip(self.state + move, 0.0, self.size)
        self.clearance = min(self.clearance, self._distance_to_rock())
        arrived, aground = bool(np.hypot(*(self.goal - self.state)) < 1e-6), self.clearance < 0
        info = {"clearance": self.clearance}
        if arrived or aground:
            info |= {"is_success": arrived and not aground, "outcome": "aground" if aground else "arrived"}
        return self._observation(), -min(length, self.reach), arrived or aground, False, info

    def _distance_to_rock(self) -> float:
        return float(np.hypot(*(self.state - self.size / 2))) - self.rock

    def _observation(self) -> dict[str, np.ndarray]:
        rock = np.array([self.size / 2, self.size / 2, self.rock])
        return {"state": self.state.copy(), "goal": self.goal.copy(), "rock": rock}
