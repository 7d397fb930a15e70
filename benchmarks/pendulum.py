"""Gymnasium's Pendulum-v1 written as a World: what plansim's views cost, measured on equal work."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from math import cos, pi, sin
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from plansim_envs.base import SingleView, StepResult, VectorView, World

from plansim.core.kernel import kernel
from plansim.core.random import uniform_pair

ARRAY, PARTS = "benchmark/Pendulum-v0", "benchmark/PendulumParts-v0"


@dataclass(frozen=True, eq=False)
class Pendulum(World):
    """Swing up a pendulum. Action, observation, reward, equations: as Pendulum-v1, with its limit of 200 steps."""

    g: float = 10.0  # m/s²
    max_steps: int = 200

    @functools.cached_property
    def observation_space(self) -> spaces.Space:  # type: ignore[override]
        high = np.array([1.0, 1.0, 8.0], dtype=np.float32)
        return spaces.Box(-high, high)

    @functools.cached_property
    def action_space(self) -> spaces.Box:  # type: ignore[override]
        return spaces.Box(-2.0, 2.0, (1,), dtype=np.float32)

    def fields(self) -> list[tuple]:
        return [("angle", "f8"), ("speed", "f8"), ("seen", "f4", (3,)), ("steps", "i8")]

    def reset(self, state: np.ndarray, mask: np.ndarray) -> None:
        _begin(state, mask)

    def step(self, state: np.ndarray, actions: np.ndarray, result: StepResult) -> None:
        self._swing(state, actions, self.g, self.max_steps, result.reward, result.truncated)

    def observe(self, state: np.ndarray) -> Any:
        return state["seen"]

    @functools.cached_property
    def _swing(self) -> Any:
        return _swing.compiled


class PendulumParts(Pendulum):
    """The same, observed as a dict."""

    @functools.cached_property
    def observation_space(self) -> spaces.Space:  # type: ignore[override]
        return spaces.Dict({"direction": spaces.Box(-1.0, 1.0, (2,)), "speed": spaces.Box(-8.0, 8.0, (1,))})

    def observe(self, state: np.ndarray) -> Any:
        return {"direction": state["seen"][:, :2], "speed": state["seen"][:, 2:]}


@kernel
def _begin(state, mask):
    for i in range(state.shape[0]):
        if mask[i]:
            world = state[i]
            a, b = uniform_pair(world["random"])
            world["angle"], world["speed"], world["steps"] = pi * (2.0 * a - 1.0), 2.0 * b - 1.0, 0
            _look(world)


@kernel
def _look(world):
    seen = world["seen"]
    seen[0], seen[1], seen[2] = cos(world["angle"]), sin(world["angle"]), world["speed"]


@kernel
def _swing(state, actions, g, max_steps, reward, truncated):
    dt = 0.05
    for i in range(state.shape[0]):
        world = state[i]
        angle, speed, torque = world["angle"], world["speed"], actions[i, 0]
        upright = (angle + pi) % (2.0 * pi) - pi
        reward[i] = -(upright**2 + 0.1 * speed**2 + 0.001 * torque**2)
        speed = min(max(speed + (3.0 * g / 2.0 * sin(angle) + 3.0 * torque) * dt, -8.0), 8.0)
        world["speed"], world["angle"] = speed, angle + speed * dt
        world["steps"] += 1
        truncated[i] = world["steps"] >= max_steps
        _look(world)


class PendulumEnv(SingleView):
    parameters = Pendulum


class PendulumVectorEnv(VectorView):
    parameters = Pendulum


class PendulumPartsEnv(SingleView):
    parameters = PendulumParts


class PendulumPartsVectorEnv(VectorView):
    parameters = PendulumParts


gymnasium.register(ARRAY, entry_point=PendulumEnv, vector_entry_point=PendulumVectorEnv)
gymnasium.register(PARTS, entry_point=PendulumPartsEnv, vector_entry_point=PendulumPartsVectorEnv)


def check_equal(steps: int = 1000) -> None:
    """Holds every step against Pendulum-v1 from the same state; rounding errors of many steps would grow."""
    ours, theirs = gymnasium.make(ARRAY, max_steps=steps).unwrapped, gymnasium.make("Pendulum-v1").unwrapped
    ours.reset(seed=0)
    theirs.reset(seed=0)
    ours.action_space.seed(0)
    for _ in range(steps):
        action = ours.action_space.sample().astype(float)  # Pendulum-v1 would reckon partly in float32
        theirs.state = np.concatenate([ours.get_state()[name] for name in ("angle", "speed")])
        (seen, reward, *_), (right, their_reward, *_) = ours.step(action), theirs.step(action)
        assert seen.dtype == right.dtype
        np.testing.assert_allclose(seen, right, rtol=0, atol=1e-6)
        after = np.concatenate([ours.get_state()[name] for name in ("angle", "speed")])
        np.testing.assert_allclose([*after, reward], [*theirs.state, their_reward], rtol=1e-13, atol=1e-13)
