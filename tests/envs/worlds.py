"""A small world in plain numpy with every kind of observation, and ways to break it."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import gymnasium
import numpy as np
from gymnasium import spaces
from plansim_envs.base import SingleView, VectorView, World, normals, uniforms


@dataclass(frozen=True, eq=False)
class Drift(World):
    """A point on a line that is blown about; it ends beyond 1 or after max_steps."""

    gust: float = 0.3  # m, std a step
    max_steps: int = 15

    @functools.cached_property
    def observation_space(self):
        return spaces.Dict(
            {
                "pair": spaces.Tuple((spaces.Box(-99.0, 99.0, (2,), dtype=np.float64), spaces.Discrete(100))),
                "inner": spaces.Dict({"x": spaces.Box(-99.0, 99.0, (), dtype=np.float32)}),
            }
        )

    @functools.cached_property
    def action_space(self):
        return spaces.Box(-1.0, 1.0, (1,), dtype=np.float64)

    def fields(self):
        return [("x", "f8", (2,)), ("steps", "i8")]

    def reset(self, state, mask):
        drawn = uniforms(state, mask, 2)
        state["x"][mask] = drawn[mask] - 0.5
        state["steps"][mask] = 0

    def step(self, state, actions, result):
        state["x"][:, 0] += 0.1 * actions[:, 0]
        state["x"] += self.gust * normals(state, np.ones(len(state), dtype=bool), 2)
        state["steps"] += 1
        over = np.abs(state["x"][:, 0]) > 1
        result.reward[:] = -np.abs(state["x"][:, 0])
        result.terminated[:] = over
        result.truncated[:] = ~over & (state["steps"] >= self.max_steps)

    def observe(self, state):
        return {"pair": (state["x"], state["steps"]), "inner": {"x": state["x"][:, 1].astype(np.float32)}}

    def info(self, state):
        return {"x": state["x"], "steps": state["steps"]}

    def final_info(self, state):
        words = np.array(["out of time", "blown away"], dtype=object)
        far = np.abs(state["x"][:, 0]) > 1
        return {"is_success": ~far, "outcome": words[far.astype(int)]}


class DriftEnv(SingleView):
    parameters = Drift


class DriftVectorEnv(VectorView):
    parameters = Drift


def both(view: type[VectorView] = DriftVectorEnv, single: type[gymnasium.Env] = DriftEnv, **kwargs):
    """What check_vector_env asks for."""

    def make(num_envs, autoreset_mode):
        return view(num_envs, autoreset_mode=autoreset_mode, **kwargs)

    return {"env": make, "single": lambda: single(**kwargs)}


def broken_world(**methods) -> type[VectorView]:
    """The vector view of Drift with other methods in the world; the single view keeps the right ones."""
    kind = dataclass(frozen=True, eq=False)(type("Broken", (Drift,), methods))
    return type("BrokenVectorEnv", (VectorView,), {"parameters": kind})


def broken_view(**methods) -> type[VectorView]:
    return type("BrokenVectorEnv", (DriftVectorEnv,), methods)
