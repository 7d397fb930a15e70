"""One world as a Gymnasium environment."""

from __future__ import annotations

import functools
from typing import Any

import gymnasium
import numpy as np

from plansim.core.random import stream
from plansim_envs.rows import Read, array_row, plain_row, reader
from plansim_envs.view import View
from plansim_envs.window import Window
from plansim_envs.world import Observation, StepResult


class SingleView(View, gymnasium.Env):
    """One world as a Gymnasium environment: world 0 of the vector view, bit for bit."""

    def __init__(self, render_mode: str | None = None, **parameters: Any):
        self._build(1, render_mode, parameters)
        self.observation_space = self.world.observation_space
        self.action_space = self.world.action_space
        self._result = StepResult.empty(1)
        self._window: Window | None = None

    # made when they are first needed: a world may have nothing to show before it has begun

    @functools.cached_property
    def _observe(self) -> Read:
        return reader(self.world.observe, self._state, array_row)

    @functools.cached_property
    def _info(self) -> Read:
        return reader(self.world.info, self._state, plain_row)

    def _called(self, world: int) -> str:
        return "the episode"

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, dict]:
        super().reset(seed=seed)
        if seed is not None or not self._begun[0]:
            self._state["random"][0] = stream(self.np_random_seed)
        self._begin(np.ones(1, dtype=bool))
        self._show()
        return self._observe(), self._info()

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict]:
        if self._over[0]:
            self._refuse(self._over)
        reward, terminated, truncated = result = self._result
        self.world.step(self._state, self._actions.one(action), result)
        ended, cut = terminated.item(), truncated.item()
        info = self._info()
        if ended or cut:
            self._over[0], terminated[0], truncated[0] = True, False, False
            info.update({name: plain_row(value)() for name, value in self.world.final_info(self._state).items()})
        if self.render_mode:
            self._show()
        return self._observe(), reward.item(), ended, cut, info

    def _show(self) -> None:
        if self.render_mode:
            self._remember()
        if self.render_mode == "human":
            self.render()

    def render(self) -> np.ndarray | None:
        if self.render_mode is None:
            gymnasium.logger.warn("render() needs gymnasium.make(..., render_mode='rgb_array')")
            return None
        if not self._begun[0]:
            self._refuse(np.ones(1, dtype=bool))
        picture = self._frame(0)
        if self.render_mode != "human":
            return picture
        if self._window is None:
            self._window = Window(type(self).__name__, picture.shape, self.metadata["render_fps"])
        self._window.show(picture)
        return None

    def close(self) -> None:
        if self._window is not None:
            self._window.close()
            self._window = None
