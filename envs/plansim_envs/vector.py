"""Many worlds as a Gymnasium vector environment."""

from __future__ import annotations

import operator
from typing import Any

import gymnasium
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space

from plansim.core.errors import MalformedInput
from plansim.core.random import stream
from plansim_envs.rows import mapped
from plansim_envs.view import View
from plansim_envs.world import Observation, StepResult


class VectorView(View, gymnasium.vector.VectorEnv):
    """Many worlds as a Gymnasium vector environment, as `SyncVectorEnv` of the single one would be.

    autoreset_mode: "NextStep", "SameStep" or "Disabled" (then `reset(options={"reset_mask": mask})` begins again)
    """

    def __init__(
        self,
        num_envs: int = 1,
        *,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
        **parameters: Any,
    ):
        if num_envs < 1:
            raise MalformedInput(f"num_envs is {num_envs}, but must be at least 1")
        self._build(num_envs, render_mode, parameters)
        self.num_envs = num_envs
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {**self.metadata, "autoreset_mode": self.autoreset_mode}
        self.single_observation_space, self.single_action_space = self.world.observation_space, self.world.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._seeds: list[int | None] = [None] * num_envs

    @property
    def np_random_seed(self) -> tuple[int | None, ...]:  # type: ignore[override]
        """The seed that each world's stream began with."""
        return tuple(self._seeds)

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict]:
        """An integer seed gives world i seed + i; None, alone or in a list, lets a world's stream run on."""
        seeds = self._seed_list(seed)
        mask = self._reset_mask(options)
        if not (mask | self._begun).all():
            self._refuse(~(mask | self._begun))
        for i in np.flatnonzero(mask):
            if seeds[i] is not None or not self._begun[i]:
                self._seeds[i] = chosen = _checked_seed(seeds[i])
                self._state["random"][i] = stream(chosen)
        self._begin(mask)
        if self.render_mode:
            self._remember()
        infos: dict[str, Any] = {}
        _add_infos(infos, self.world.info(self._state[mask]), mask)
        return mapped(np.array, self.world.observe(self._state)), infos

    def step(self, actions: Any) -> tuple[Observation, np.ndarray, np.ndarray, np.ndarray, dict]:
        waiting = self._waiting()
        actions = self._actions.many(actions, self.num_envs, waiting)
        reward, terminated, truncated = result = StepResult.empty(self.num_envs)
        self._move(waiting, actions, result)
        over = np.logical_or(terminated, truncated)
        ended = over if over.any() else None
        infos: dict[str, Any] = {}
        if ended is not None and self.autoreset_mode is AutoresetMode.SAME_STEP:
            self._add_final(infos, ended)
            self._begin(ended)
            over, ended = np.zeros_like(over), None
        self._over = over
        if self.render_mode:
            self._remember()
        _add_infos(infos, self.world.info(self._state), None)
        if ended is not None:
            _add_infos(infos, self.world.final_info(self._state[ended]), ended)
        return mapped(np.array, self.world.observe(self._state)), reward, terminated, truncated, infos

    def _waiting(self) -> np.ndarray | None:
        """The worlds that this step only begins again; None where there are none."""
        if not self._begun.all():
            self._refuse(~self._begun)
        if not self._over.any():
            return None
        if self.autoreset_mode is AutoresetMode.DISABLED:
            self._refuse(self._over)
        return self._over.copy()

    def _move(self, waiting: np.ndarray | None, actions: np.ndarray, result: StepResult) -> None:
        if waiting is None:
            self.world.step(self._state, actions, result)
            return
        # stepping all and putting back the few that only begin is cheaper than stepping a part
        self._begin(waiting)
        fresh = self._rows[waiting]
        self.world.step(self._state, actions, result)
        self._rows[waiting] = fresh
        result.reward[waiting], result.terminated[waiting], result.truncated[waiting] = 0.0, False, False

    def _add_final(self, infos: dict[str, Any], ended: np.ndarray) -> None:
        last = self._state[ended]
        observations = mapped(np.array, self.world.observe(last))
        final_info: dict[str, Any] = {}
        _add_infos(final_info, {**self.world.info(last), **self.world.final_info(last)}, ended)
        final_obs = np.full(self.num_envs, None, dtype=object)
        for row, i in enumerate(np.flatnonzero(ended)):
            final_obs[i] = mapped(operator.itemgetter(row), observations)
        infos.update(final_obs=final_obs, _final_obs=ended.copy(), final_info=final_info, _final_info=ended.copy())

    def _seed_list(self, seed: int | list[int | None] | None) -> list[int | None]:
        if seed is None:
            return [None] * self.num_envs
        seeds: list[int | None] = [seed + i for i in range(self.num_envs)] if isinstance(seed, int) else list(seed)
        if len(seeds) != self.num_envs:
            raise MalformedInput(f"seed has {len(seeds)} entries, but there are {self.num_envs} worlds")
        return seeds

    def _reset_mask(self, options: dict[str, Any] | None) -> np.ndarray:
        if options is None or "reset_mask" not in options:
            return np.ones(self.num_envs, dtype=bool)
        mask = options["reset_mask"]
        if not isinstance(mask, np.ndarray):
            raise TypeError(f"options['reset_mask'] is a {type(mask).__name__}, but must be a numpy array")
        if mask.shape != (self.num_envs,):
            raise MalformedInput(f"options['reset_mask'] has shape {mask.shape}, but must have {(self.num_envs,)}")
        if mask.dtype != np.bool_:
            raise TypeError(f"options['reset_mask'] has dtype {mask.dtype}, but must have bool")
        if not mask.any():
            raise MalformedInput("options['reset_mask'] is False for every world, but must be True for at least one")
        return mask.copy()

    def render(self) -> tuple[np.ndarray, ...] | None:
        """A picture a world."""
        if self.render_mode != "rgb_array":
            gymnasium.logger.warn("render() needs gymnasium.make_vec(..., render_mode='rgb_array')")
            return None
        if not self._begun.all():
            self._refuse(~self._begun)
        return tuple(self._frame(i) for i in range(self.num_envs))


def _checked_seed(seed: int | None) -> int:
    # gymnasium's own check and its own entropy, as a single environment has them
    return seed if isinstance(seed, int) and seed >= 0 else seeding.np_random(seed)[1]


def _add_infos(infos: dict[str, Any], rows: dict[str, np.ndarray], mask: np.ndarray | None) -> None:
    """Adds what is known of the worlds in the mask (None: of all), one row each, as Gymnasium masks it."""
    for name, values in rows.items():
        if mask is None:
            infos[name], infos["_" + name] = np.array(values), np.ones(len(values), dtype=bool)
            continue
        empty = None if values.dtype == object else 0
        infos[name] = np.full((len(mask), *values.shape[1:]), empty, dtype=values.dtype)
        infos[name][mask] = values
        infos["_" + name] = mask.copy()
