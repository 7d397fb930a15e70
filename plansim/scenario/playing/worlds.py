"""One face for one environment and for many in step: what the rollout plays its episodes in."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from gymnasium.vector import AutoresetMode

Info = Mapping[str, Any]


class Worlds(Protocol):
    """`size` worlds. Only those that were reset and have not ended are looked at."""

    size: int
    action_space: Any  # of one world

    def reset(self, slots: Sequence[int], seeds: Sequence[int]) -> None: ...
    def step(self, actions: Mapping[int, Any]) -> None: ...  # an action for every world that is looked at
    def observation(self, slot: int) -> Any: ...
    def info(self, slot: int) -> Info: ...
    def info_value(self, slot: int, key: str) -> Any: ...  # None where it is not said
    def outcome(self, slot: int) -> tuple[float, bool, bool]: ...  # reward, terminated, truncated
    def close(self) -> None: ...


class SingleWorld:
    size = 1

    def __init__(self, env: Any):
        self.env = env
        self.action_space = env.action_space

    def reset(self, slots: Sequence[int], seeds: Sequence[int]) -> None:
        self._observation, self._info = self.env.reset(seed=seeds[0])

    def step(self, actions: Mapping[int, Any]) -> None:
        self._observation, reward, terminated, truncated, self._info = self.env.step(actions[0])
        self._outcome = float(reward), bool(terminated), bool(truncated)

    def observation(self, slot: int) -> Any:
        return self._observation

    def info(self, slot: int) -> Info:
        return self._info

    def info_value(self, slot: int, key: str) -> Any:
        return self._info.get(key)

    def outcome(self, slot: int) -> tuple[float, bool, bool]:
        return self._outcome

    def close(self) -> None:
        self.env.close()


class VectorWorlds:
    """A vector environment that resets nothing by itself (`AutoresetMode.DISABLED`)."""

    def __init__(self, env: Any):
        self.env = env
        self.size: int = env.num_envs
        self.action_space = env.single_action_space
        self._row = _row_of(env.single_observation_space)
        self._stack = _stack_of(env.single_action_space, env.num_envs)
        self._filler = _any_action(env.single_action_space)
        self._seeds = [0] * self.size  # of idle worlds too: they are stepped along, and reset when they end
        self._over = np.zeros(self.size, bool)
        self._begun = False

    def reset(self, slots: Sequence[int], seeds: Sequence[int]) -> None:
        for slot, seed in zip(slots, seeds, strict=True):
            self._seeds[slot] = seed
        if self._begun:
            self._reset_some(slots)
        else:
            self._observations, self._infos = self.env.reset(seed=list(self._seeds))
            self._begun = True

    def _reset_some(self, slots: Sequence[int]) -> None:
        mask = np.zeros(self.size, bool)
        mask[list(slots)] = True
        self._observations, self._infos = self.env.reset(seed=list(self._seeds), options={"reset_mask": mask})

    def step(self, actions: Mapping[int, Any]) -> None:
        idle = [slot for slot in range(self.size) if self._over[slot] and slot not in actions]
        if idle:
            self._reset_some(idle)
        every = self._stack([actions.get(slot, self._filler) for slot in range(self.size)])
        self._observations, *self._outcomes, self._infos = self.env.step(every)
        self._over = np.logical_or(*self._outcomes[1:])

    def observation(self, slot: int) -> Any:
        return self._row(self._observations, slot)

    def info(self, slot: int) -> Info:
        return _info_row(self._infos, slot)

    def info_value(self, slot: int, key: str) -> Any:
        said = self._infos.get(f"_{key}")
        return self._infos[key][slot] if key in self._infos and (said is None or said[slot]) else None

    def outcome(self, slot: int) -> tuple[float, bool, bool]:
        reward, terminated, truncated = (values[slot] for values in self._outcomes)
        return float(reward), bool(terminated), bool(truncated)

    def close(self) -> None:
        self.env.close()


def make_worlds(simulation: Any, size: int) -> Worlds:
    """So many worlds in step where the environment can do that, else one."""
    vector = None
    if size > 1:
        with contextlib.suppress(TypeError):  # a vector form that takes no autoreset_mode, as Gymnasium's CartPole
            vector = simulation.make_vector_env(size)
    if vector is not None and vector.metadata.get("autoreset_mode") is not AutoresetMode.DISABLED:
        vector.close()
        vector = None
    return SingleWorld(simulation.make_env()) if vector is None else VectorWorlds(vector)


def _info_row(infos: Mapping[str, Any], slot: int) -> Info:
    """What the infos say of one world; "_key" masks who said "key"."""
    said = {}
    for key, values in infos.items():
        mask = infos.get(f"_{key}")
        if not key.startswith("_") and (mask is None or mask[slot]):
            said[key] = _info_row(values, slot) if isinstance(values, Mapping) else values[slot]
    return said


def _row_of(space: Any) -> Callable[[Any, int], Any]:
    """How the observation of one world is taken out of the observations of all."""
    from gymnasium import spaces

    if isinstance(space, spaces.Dict):
        parts = {key: _row_of(part) for key, part in space.items()}
        return lambda all_, i: {key: part(all_[key], i) for key, part in parts.items()}
    if isinstance(space, spaces.Tuple):
        rows = [_row_of(part) for part in space]
        return lambda all_, i: tuple(row(part, i) for row, part in zip(rows, all_, strict=True))
    return lambda all_, i: all_[i]


def _stack_of(space: Any, count: int) -> Callable[[list[Any]], Any]:
    from gymnasium import spaces
    from gymnasium.vector.utils import concatenate, create_empty_array

    if isinstance(space, spaces.Box | spaces.Discrete | spaces.MultiDiscrete | spaces.MultiBinary):
        return lambda actions: np.array(actions, dtype=space.dtype)
    return lambda actions: concatenate(space, actions, create_empty_array(space, count))  # type: ignore[arg-type]


def _any_action(space: Any) -> Any:
    space.seed(0)
    return space.sample()
