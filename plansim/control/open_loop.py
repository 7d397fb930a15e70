"""Controls that were written down beforehand: what excites a system whose state is to be found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput


@dataclass
class OpenLoop:
    """Plays the rows of `controls` (T, m) in turn, each for `hold` steps, and begins again; it looks at nothing.

    >>> policy = OpenLoop([[1.0], [-1.0]], hold=2)
    >>> [policy.act(None).tolist() for _ in range(5)]
    [[1.0], [1.0], [-1.0], [-1.0], [1.0]]
    """

    controls: Array  # (T, m)
    hold: int = 1  # steps

    def __post_init__(self) -> None:
        self.controls = np.array(self.controls, dtype=float)
        if self.controls.ndim != 2 or not self.controls.size or not np.isfinite(self.controls).all():
            raise MalformedInput(f"controls have shape {self.controls.shape}, but must be (T, m) finite numbers")
        if self.hold < 1:
            raise MalformedInput(f"hold is {self.hold}, but must be at least 1 step")
        self.reset()

    def reset(self, seed: int | None = None) -> None:
        self._step = 0

    def act(self, observation: Any) -> Array:
        row = self._step // self.hold % len(self.controls)
        self._step += 1
        return self.controls[row].copy()
