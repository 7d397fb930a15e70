"""Acts at random: the policy that every other one must beat."""

from __future__ import annotations

import copy
from typing import Any


class RandomPolicy:
    """Any action of the environment, each as likely as the others."""

    def __init__(self, action_space: Any) -> None:
        self._space = copy.deepcopy(action_space)  # a space holds its own luck

    def reset(self, seed: int | None = None) -> None:
        self._space.seed(seed)

    def act(self, observation: Any) -> Any:
        return self._space.sample()
