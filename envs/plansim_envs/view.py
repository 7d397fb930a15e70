"""What both views of a world share: its state, which episodes run, and snapshots of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from typing import Any, ClassVar

import gymnasium
import numpy as np

from plansim.core.errors import MalformedInput, near_miss
from plansim_envs import snapshots
from plansim_envs.actions import action_reader
from plansim_envs.world import World


class EpisodeOver(gymnasium.error.ResetNeeded, AssertionError):
    """A step in an episode that has ended, or that has not begun."""


class View:
    """What both views share: worlds with their streams, and snapshots of them."""

    parameters: ClassVar[type[World]]
    metadata: dict[str, Any]
    render_mode: str | None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "parameters" in cls.__dict__:
            cls.metadata = dict(cls.parameters.metadata)
            cls.__doc__ = cls.__doc__ or cls.parameters.__doc__

    def _build(self, count: int, render_mode: str | None, given: Mapping[str, Any]) -> None:
        kind, modes = self.parameters, self.parameters.metadata["render_modes"]
        names = [field.name for field in dataclass_fields(kind) if field.init]  # type: ignore[arg-type]
        for name in given:
            if name not in names:
                raise MalformedInput(f"{kind.__name__} has no parameter {name!r}{near_miss(name, names)}")
        if render_mode not in (None, *modes):
            raise MalformedInput(f"render_mode is {render_mode!r}, but {kind.__name__} has {modes}")
        self.world = kind(**given)
        self.world.prepare()
        self.render_mode = render_mode
        self._state = np.zeros(count, self.world.dtype)
        self._rows = self._state.view(f"V{self._state.itemsize}")  # the same memory: numpy copies plain bytes faster
        self._over = np.ones(count, dtype=bool)  # not begun, or ended and not begun again
        self._begun = np.zeros(count, dtype=bool)
        self._actions = action_reader(self.world.action_space, self.world.action_names)
        self._episodes: list[list[np.ndarray]] = [[] for _ in range(count)]  # kept for pictures only

    def _begin(self, mask: np.ndarray) -> None:
        self.world.reset(self._state, mask)
        self._over[mask] = False
        self._begun[mask] = True
        if self.render_mode:
            for i in np.flatnonzero(mask):
                self._episodes[i] = []

    def _remember(self) -> None:
        for i, episode in enumerate(self._episodes):
            episode.append(self._state[i : i + 1].copy())

    def _frame(self, i: int) -> np.ndarray:
        return self.world.frame(np.concatenate(self._episodes[i]))

    def _refuse(self, worlds: np.ndarray) -> None:
        which, how = self._called(int(np.flatnonzero(worlds)[0])), "ended" if self._begun.all() else "not begun"
        raise EpisodeOver(f"{which} has {how}: reset it before the next step")

    def _called(self, world: int) -> str:
        return f"the episode of world {world}"

    def get_state(self) -> dict[str, np.ndarray]:
        """A snapshot from which `set_state` continues bit for bit: plain arrays with a leading axis for the worlds."""
        if not self._begun.all():
            self._refuse(~self._begun)
        return snapshots.taken(self._state, self._over)

    def set_state(self, snapshot: Mapping[str, Any]) -> None:
        """Continues from a snapshot (arrays, or lists of them as read from JSON)."""
        state, over = snapshots.fitted(snapshot, self._state, self._over)
        self.world.check(state)
        self._state[...], self._over[...], self._begun[...] = state, over, True
        self._episodes = [[self._state[i : i + 1].copy()] for i in range(len(over))]
