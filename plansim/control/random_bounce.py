"""Random bounce: straight on until something is in the way, then on in a random direction: how floor robots began."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil, inf, pi

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput, near_miss


@dataclass
class RandomBounce:
    """Drives straight; where it bumps into something it turns on the spot by a random angle, and drives on.

    When the observation's "bump" is above 0 it turns to either side by an angle drawn evenly between `least_turn` and
    `most_turn`. Its action is speed and turn rate. It knows no map, no pose, and nothing of what it has covered. All
    its luck comes from the seed of `reset`.

    >>> policy = RandomBounce(speed=0.3)
    >>> policy.reset(seed=0)
    >>> policy.act({"bump": 0.0}).tolist(), policy.act({"bump": 1.0}).tolist()[0]
    ([0.3, 0.0], 0.0)
    """

    speed: float = 0.3  # m/s
    turn_rate: float = 1.5  # rad/s, at most
    least_turn: float = pi / 2  # rad
    most_turn: float = pi  # rad
    dt: float = 0.1  # s, for which each control is held
    _rng: np.random.Generator = field(init=False, repr=False, compare=False)
    _turns: list[float] = field(init=False, repr=False, compare=False)  # rad/s, still to be made
    _bounces: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("speed", "turn_rate", "dt", "most_turn"):
            if not 0 < getattr(self, name) < inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be positive")
        if not 0 <= self.least_turn <= self.most_turn <= pi:
            raise MalformedInput(
                f"least_turn is {self.least_turn}, most_turn {self.most_turn}, but 0 <= least_turn <= most_turn <= pi"
            )
        self.reset()

    def reset(self, seed: int | None = None) -> None:
        self._rng = np.random.default_rng(0 if seed is None else seed)
        self._turns, self._bounces = [], 0

    def act(self, observation: Mapping[str, Array]) -> Array:
        if "bump" not in observation:
            raise MalformedInput(f"the observation has no 'bump'{near_miss('bump', observation)}")
        if not self._turns and np.max(observation["bump"]) > 0:
            self._bounce()
        return np.array([0.0, self._turns.pop()] if self._turns else [self.speed, 0.0])

    def _bounce(self) -> None:
        angle = self._rng.uniform(self.least_turn, self.most_turn) * self._rng.choice((-1.0, 1.0))
        steps = max(ceil(abs(angle) / (self.turn_rate * self.dt)), 1)
        self._turns = [angle / (steps * self.dt)] * steps
        self._bounces += 1

    def metrics(self) -> dict[str, float]:
        return {"bounces": self._bounces}

    def trace(self) -> dict[str, Array]:
        return {"bounces": np.array(self._bounces)}
