"""Small worlds and policies whose every episode is known in advance."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv


class Line(gymnasium.Env):
    """Walk to the end of a line: a random start, Gaussian steps, and the info that robots leave."""

    observation_space = gymnasium.spaces.Dict(
        {"state": gymnasium.spaces.Box(-100.0, 100.0, (1,), np.float64), "time": gymnasium.spaces.Discrete(1000)}
    )
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float64)
    dt = 0.5

    def __init__(self, length: float = 5.0, bad_seed: int = -1, slow_seed: int = -1):
        self.length, self.bad_seed, self.slow_seed = length, bad_seed, slow_seed

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.seed, self.t = seed, 0
        self.x = self.np_random.uniform(-1.0, 1.0)
        return self._observation(), self._info()

    def step(self, action):
        if self.seed == self.bad_seed and self.t == 2:
            raise RuntimeError("the wheels came off")
        if self.seed == self.slow_seed:
            while True:
                time.sleep(0.01)
        self.t += 1
        self.x += float(action[0]) + 0.1 * self.np_random.standard_normal()
        over = abs(self.x) >= self.length
        info = self._info()
        if over:
            info |= {"is_success": bool(self.x > 0), "outcome": "arrived" if self.x > 0 else "fell off, backwards"}
        return self._observation(), -abs(self.length - self.x), bool(over), self.t >= 60, info

    def _observation(self):
        return {"state": np.array([self.x]), "time": np.int64(self.t)}

    def _info(self):
        return {"pose": np.array([self.x, 0.0, 0.0]), "distance_to_goal": float(self.length - self.x)}


class Walker:
    """Walks forward with a little luck of its own, and believes itself 0.1 m ahead."""

    def reset(self, seed=None):
        self.rng = np.random.default_rng(seed)
        self.steps = 0

    def act(self, observation):
        self.steps += 1
        self.x = observation["state"][0]
        return np.array([0.4 + 0.5 * self.rng.uniform(-1, 1)])

    def metrics(self):
        return {"plans": 3, "thoughts": self.steps, "plan_seconds": 0.25}

    def trace(self):
        return {
            "pose": np.array([self.x + 0.1, 0.0, 0.0]),
            "path": np.arange(2.0 * (2 + self.steps // 4)).reshape(-1, 2),
        }


class Together:
    """One object for all worlds: deterministic, rows apart."""

    batched = True

    def reset(self, seed=None):
        pass

    def act(self, observation):
        return np.where(observation["state"] > 2.0, 0.9, 0.5)


class Troubled(Walker):
    """Goes wrong in one of many ways once it stands where it must."""

    def __init__(self, way: str, when: float = 3.0):
        self.way, self.when = way, when

    def act(self, observation):
        action = super().act(observation)
        if self.x < self.when:
            return action
        return {
            "nan": lambda: np.array([np.nan]),
            "outside": lambda: np.array([1.5]),
            "shape": lambda: np.zeros(2),
            "none": lambda: None,
            "raise": lambda: 1 / 0,
            "exit": lambda: exit(0),
            "hang": _hang,
            "die": lambda: os._exit(7),
        }[self.way]()


def _hang():
    while True:
        pass


class Slow(Walker):
    """Takes its time, so that a run can be interrupted in the middle."""

    def act(self, observation):
        time.sleep(0.01)
        return super().act(observation)


@dataclass(frozen=True)
class Scenario:
    name: str = "toy"
    seed: int = 0
    episodes: int = 10
    metrics: tuple[str, ...] = ("success", "return", "steps")
    expect: dict[str, str] = field(default_factory=dict)
    variants: dict[str, Any] = field(default_factory=dict)
    max_steps: int | None = None
    timeout: float | None = None
    record: Any = 0

    @property
    def seeds(self):
        return range(self.seed, self.seed + self.episodes)

    def resolved(self, folder=None):
        return {"name": self.name, "metrics": list(self.metrics), "seed": self.seed, "episodes": self.episodes}


@dataclass(frozen=True)
class Simulation:
    """Stands in for what `plansim.scenario.build` makes."""

    scenario: Scenario = Scenario()
    policy: tuple[type, dict[str, Any]] = (Walker, {})
    env: dict[str, Any] = field(default_factory=dict)
    variant: str = ""
    vector: bool = True

    def make_env(self, render_mode=None):
        return Line(**self.env)

    def make_vector_env(self, num_envs):
        if not self.vector:
            return None
        return SyncVectorEnv([self.make_env] * num_envs, autoreset_mode=AutoresetMode.DISABLED)

    def make_policy(self):
        kind, arguments = self.policy
        return kind(**arguments)
