"""Actions are read once, at the door: an action outside its space is refused, never clipped in silence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import create_empty_array

from plansim.core.errors import MalformedInput
from plansim.core.kernel import kernel


class InvalidAction(MalformedInput):
    """An action outside its space; nothing has moved. `world` is the index of the world that it was meant for."""

    def __init__(self, message: str, world: int = 0):
        super().__init__(message)
        self.world = world


def action_reader(space: gymnasium.Space, names: Sequence[str] = ()) -> ActionReader:
    kind = {spaces.Box: BoxReader, spaces.Discrete: DiscreteReader}.get(type(space), ActionReader)
    return kind(space, names)


class ActionReader:
    """Turns what a policy says into arrays that a world may trust, for any space whose actions are arrays."""

    def __init__(self, space: gymnasium.Space, names: Sequence[str]):
        self.space = space
        self.names = names
        self.shape = space.shape or ()
        self.idle: Any = self._idle()  # for worlds that do not act in this step

    def _idle(self) -> np.ndarray:
        idle = create_empty_array(self.space, n=1)
        if not isinstance(idle, np.ndarray):
            raise TypeError(f"actions of {self.space} are no arrays")
        return (idle + getattr(self.space, "start", 0)).astype(idle.dtype)[0]

    def one(self, action: Any) -> np.ndarray:
        """The action of a single environment as a batch (1, ...), which the next call may use again."""
        return self._checked(
            self._numbers([action] if not isinstance(action, np.ndarray) else action[None], 1), "action"
        )

    def many(self, actions: Any, count: int, waiting: np.ndarray | None) -> np.ndarray:
        """The actions of a vector environment (count, ...); those of the waiting worlds may be anything."""
        actions = self._numbers(actions, count)
        if waiting is not None:
            actions = actions.copy()
            actions[waiting] = self.idle
        return self._checked(actions, "action of world {}")

    def _numbers(self, actions: Any, count: int) -> np.ndarray:
        try:
            actions = np.asarray(actions)
        except ValueError:  # rows of different lengths
            actions = np.array(None)
        if actions.dtype.kind not in "fiu":
            raise InvalidAction(f"action consists of {actions.dtype}, but must consist of numbers in {self.space}")
        if actions.shape != (count, *self.shape):
            found, right = (actions.shape[1:], self.shape) if count == 1 else (actions.shape, (count, *self.shape))
            raise InvalidAction(f"action has shape {found}, but must have {right}")
        return actions

    def _checked(self, actions: np.ndarray, where: str) -> np.ndarray:
        for i, action in enumerate(actions):
            if not self.space.contains(action):
                raise InvalidAction(f"{where.format(i)} is {action}, but must lie in {self.space}", i)
        return actions.copy()


class BoxReader(ActionReader):
    """Bounded numbers; float32 is compared with the bounds as float32 has them, and then held within them."""

    def __init__(self, space: spaces.Box, names: Sequence[str]):
        self.low, self.high = space.low.ravel().astype(float), space.high.ravel().astype(float)
        super().__init__(space, names)
        self.coarse = [bound.astype(np.float32).astype(float) for bound in (self.low, self.high)]
        self.first_outside = _first_outside.compiled
        self.short = space.shape if len(space.shape) == 1 and space.shape[0] <= 8 else None
        self.bounds = list(zip(range(len(self.low)), self.low.tolist(), self.high.tolist(), strict=True))
        self.batch = np.empty((1, *space.shape))
        self.row = self.batch[0]

    def one(self, action: Any) -> np.ndarray:
        # the usual case at once, in Python: a call of anything compiled takes longer
        if type(action) is not np.ndarray or action.shape != self.short or action.dtype.char not in "df":
            return super().one(action)
        row, numbers = self.row, action.tolist()
        for j, low, high in self.bounds:
            number = numbers[j]
            if not low <= number <= high:
                return super().one(action)
            row[j] = number
        return self.batch

    def _idle(self) -> np.ndarray:
        return np.clip(0.0, self.low, self.high).reshape(self.space.shape)

    def _checked(self, actions: np.ndarray, where: str) -> np.ndarray:
        exact = actions.dtype != np.float32
        low, high = (self.low, self.high) if exact else self.coarse
        checked = np.array(actions, dtype=float, order="C")
        flat = checked.reshape(len(checked), -1)
        bad = self.first_outside(flat, low, high)
        if bad >= 0:
            world, j = divmod(bad, flat.shape[1])
            name = self.names[j] if self.names else f"component {j}"
            raise InvalidAction(
                f"{where.format(world)}: {name} is {flat[world, j]:g}, but must lie in [{low[j]:g}, {high[j]:g}]", world
            )
        if not exact:
            np.clip(flat, self.low, self.high, out=flat)
        return checked


class DiscreteReader(ActionReader):
    """One of n whole numbers."""

    def __init__(self, space: spaces.Discrete, names: Sequence[str]):
        super().__init__(space, names)
        self.first, self.last = int(space.start), int(space.start + space.n) - 1
        self.batch = np.empty(1, dtype=np.int64)

    def one(self, action: Any) -> np.ndarray:
        if type(action) in (int, np.int64) and self.first <= action <= self.last:
            self.batch[0] = action
            return self.batch
        return super().one(action)

    def _checked(self, actions: np.ndarray, where: str) -> np.ndarray:
        whole = actions.dtype.kind in "iu"
        bad = np.flatnonzero((actions < self.first) | (actions > self.last)) if whole else np.zeros(1, dtype=int)
        if bad.size:
            right = f"a whole number from {self.first} to {self.last}"
            raise InvalidAction(f"{where.format(bad[0])} is {actions[bad[0]]}, but must be {right}", int(bad[0]))
        return actions.astype(np.int64)


@kernel
def _first_outside(actions, low, high):
    """The flat index of the first component that is not within its bounds, NaN included; -1 where all are."""
    for i in range(actions.shape[0]):
        for j in range(actions.shape[1]):
            if not low[j] <= actions[i, j] <= high[j]:
                return i * actions.shape[1] + j
    return -1
