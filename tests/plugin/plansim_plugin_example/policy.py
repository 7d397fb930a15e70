"""Follows the plan of any planner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from plansim.planning.base import Plan, Planner, Problem


@dataclass
class FollowPlan:
    """Plans once around the rock that it sees, and goes from corner to corner."""

    planner: Planner
    margin: float = 0.2  # m, kept from the rock
    _plan: Plan | None = field(default=None, init=False, repr=False)
    _corner: int = field(default=0, init=False, repr=False)
    _rng: np.random.Generator = field(default_factory=np.random.default_rng, init=False, repr=False)

    def reset(self, seed: int | None = None) -> None:
        self._plan, self._corner, self._rng = None, 1, np.random.default_rng(seed)

    def act(self, observation: Mapping[str, np.ndarray]) -> np.ndarray:
        state, goal, (x, y, radius) = observation["state"], observation["goal"], observation["rock"]
        if self._plan is None:

            def is_free(points):  # (..., 2) -> (...)
                return np.hypot(points[..., 0] - x, points[..., 1] - y) > radius + self.margin

            self._plan = self.planner.plan(Problem(None, state, goal, is_free), rng=self._rng)
        if not self._plan.solved:
            return np.zeros(2)
        corners = self._plan.states
        if np.hypot(*(corners[self._corner] - state)) < 1e-9 and self._corner + 1 < len(corners):
            self._corner += 1
        return corners[self._corner] - state

    def metrics(self) -> dict[str, float]:
        return {"corners": float("nan") if self._plan is None else len(self._plan.states) - 2}

    def trace(self) -> dict[str, np.ndarray]:
        return {"path": self._plan.states if self._plan else np.empty((0, 2))}
