"""What the worlds share whose state is hidden: something moves with noise, and sensors read it now and then."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout
from plansim.models.base import MeasurementModel
from plansim.models.linear_motion import linear_step, times
from plansim.models.vehicle import compiled_steps
from plansim_envs import estimation_picture
from plansim_envs.base import StepResult, World, normals, uniforms
from plansim_envs.controls import check_numbers

LARGEST = 1e9  # bound of readings and controls in the observation space; theirs is their unit's
RESERVED = ("random", "steps", "x", "control", "over", "state", "mean", "cov")


@dataclass(frozen=True)
class Sampling:
    """When a sensor gives a reading, and how bad a bad one is."""

    every: int = 1  # steps from one reading to the next; the first is there at the beginning
    dropout: float = 0.0  # probability that a reading is missing
    outliers: float = 0.0  # probability that the noise of a reading is `outlier_scale` times as large
    outlier_scale: float = 10.0

    def __post_init__(self) -> None:
        if self.every < 1:
            raise MalformedInput(f"every is {self.every}, but must be at least 1 step")
        for name in ("dropout", "outliers"):
            if not 0 <= getattr(self, name) <= 1:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be a probability")
        if not self.outlier_scale > 0:
            raise MalformedInput(f"outlier_scale is {self.outlier_scale}, but must be positive")


@dataclass(frozen=True, eq=False)
class EstimationWorld(World):
    """x' = step(x, u, dt) + w, read by sensors with noise: subclasses say what moves, and how it begins."""

    motion: Any
    sensors: dict[str, MeasurementModel]
    sampling: dict[str, Sampling] = field(default_factory=dict)  # by the sensors' names; every step where not named
    dt: float = 0.1  # s, one step
    max_steps: int = 200
    start: tuple[float, ...] = ()  # mean of the state at the beginning
    start_std: tuple[float, ...] = ()  # and its standard deviation, of each number
    control_limit: tuple[float, ...] = ()  # of each control, to both sides

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["human", "rgb_array"], "render_fps": 10}

    def __post_init__(self) -> None:
        for name in ("dt", "max_steps"):
            if not 0 < getattr(self, name) < np.inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be positive")
        check_numbers("start", self.start, len(self.state))
        check_numbers("start_std", self.start_std, len(self.state), least=0.0)
        if len(self.control):
            check_numbers("control_limit", self.control_limit, len(self.control), least=0.0)
        if not self.sensors:
            raise MalformedInput("a world without sensors shows nothing: it needs at least one")
        for name in self.sensors:
            if name in RESERVED or name.removesuffix("_seen") in RESERVED:
                raise MalformedInput(f"a sensor is called {name!r}, which means something else here")
        for name in self.sampling:
            if name not in self.sensors:
                raise MalformedInput(f"sampling names {name!r}, but the sensors are {', '.join(self.sensors)}")

    @property
    def state(self) -> Layout:
        """Of what is hidden, as info "state" tells it."""
        return self.motion.state

    @property
    def control(self) -> Layout:
        return self.motion.control

    @property
    def action_names(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.control.names

    @functools.cached_property
    def action_space(self) -> spaces.Space:  # type: ignore[override]
        if not len(self.control):
            return spaces.Discrete(1)
        limit = np.array(self.control_limit, dtype=float)
        return spaces.Box(-limit, limit, dtype=np.float64)

    @functools.cached_property
    def observation_space(self) -> spaces.Dict:  # type: ignore[override]
        def numbers(size: int) -> spaces.Box:
            return spaces.Box(-LARGEST, LARGEST, (size,), dtype=np.float64)

        parts: dict[str, spaces.Space] = {"control": numbers(len(self.control))} if len(self.control) else {}
        for name, sensor in self.sensors.items():
            parts |= {name: numbers(len(sensor.measurement)), f"{name}_seen": spaces.Box(0, 1, (1,), dtype=np.int8)}
        return spaces.Dict(parts)

    def fields(self) -> list[tuple]:
        columns: list[tuple] = [("steps", "i8"), ("x", "f8", (len(self.state),))]
        columns += [("control", "f8", (len(self.control),))] if len(self.control) else []
        for name, sensor in self.sensors.items():
            columns += [(name, "f8", (len(sensor.measurement),)), (f"{name}_seen", "i1", (1,))]
        return columns

    def reset(self, state: np.ndarray, mask: np.ndarray) -> None:
        draws = normals(state, mask, len(self.state) + self._numbers)
        luck = uniforms(state, mask, 2 * len(self.sensors))
        begun = self.state.wrap(np.array(self.start) + np.array(self.start_std) * draws[:, : len(self.state)])
        state["x"][mask], state["steps"][mask] = begun[mask], 0
        if len(self.control):
            state["control"][mask] = 0.0
        self.read(state, mask, draws[:, len(self.state) :], luck)

    def step(self, state: np.ndarray, actions: np.ndarray, result: StepResult) -> None:
        everywhere = np.ones(len(state), dtype=bool)
        draws = normals(state, everywhere, len(self.state) + self._numbers)
        luck = uniforms(state, everywhere, 2 * len(self.sensors))
        state["x"] = self.moved(state, actions, draws[:, : len(self.state)])
        state["steps"] += 1
        if len(self.control):
            state["control"] = self.reported(state, actions)
        self.read(state, everywhere, draws[:, len(self.state) :], luck)
        result.reward[...] = 0.0
        result.truncated[...] = state["steps"] >= self.max_steps

    def moved(self, state: np.ndarray, actions: np.ndarray, draws: np.ndarray) -> np.ndarray:
        """The states (B, n) after a step, its noise made of standard normal draws (B, n)."""
        x = np.ascontiguousarray(state["x"])
        after = self.free_motion(x, np.asarray(actions, dtype=float).reshape(len(x), -1))
        return self.state.add(after, times(self._root, draws))

    def reported(self, state: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """The controls (B, m) that are shown of those that were held."""
        return actions

    def free_motion(self, x: np.ndarray, u: np.ndarray) -> np.ndarray:
        """States (B, n) after a step of the controls (B, m) without noise: compiled where the motion has equations."""
        if not hasattr(self.motion, "equations"):
            return linear_step(self.motion, x, u, self.dt)
        after = np.empty_like(x)
        self._steps(x, u, self._parameters, self.dt, after)
        return after

    def read(self, state: np.ndarray, mask: np.ndarray, draws: np.ndarray, luck: np.ndarray) -> None:
        """Fills the readings of the worlds in the mask, by standard normal draws (B, K) and luck (B, 2 S) in [0, 1)."""
        x, first = np.ascontiguousarray(state["x"]), 0
        for i, (name, sensor) in enumerate(self.sensors.items()):
            sampling, k = self.sampling.get(name, _ALWAYS), len(sensor.measurement)
            seen = (state["steps"] % sampling.every == 0) & (luck[:, 2 * i] >= sampling.dropout)
            seen &= self.in_view(sensor, x)
            scale = np.where(luck[:, 2 * i + 1] < sampling.outliers, sampling.outlier_scale, 1.0)
            noise = scale[:, None] * times(self._sensor_roots[i], draws[:, first : first + k])
            z = np.where(seen[:, None], sensor.measurement.add(sensor.measure(x), noise), 0.0)
            state[name][mask], state[f"{name}_seen"][mask] = z[mask], seen[mask, None]
            first += k

    def in_view(self, sensor: Any, x: np.ndarray) -> np.ndarray:
        """Whether the sensor can read anything at states (B, n), (B,)."""
        return np.ones(len(x), dtype=bool)

    def observe(self, state: np.ndarray) -> dict[str, np.ndarray]:
        return {name: state[name] for name in self.observation_space.spaces}

    def info(self, state: np.ndarray) -> dict[str, np.ndarray]:
        return {"state": state["x"]}

    def check(self, state: np.ndarray) -> None:
        if not (state["steps"] >= 0).all():
            raise MalformedInput("snapshot['steps'] must be 0 or more")
        for name in [name for name in state.dtype.names or () if name != "random"]:
            if not np.isfinite(state[name]).all():
                raise MalformedInput(f"snapshot['{name}'] must be finite")

    def frame(self, episode: np.ndarray) -> np.ndarray:
        return estimation_picture.courses(episode, self)

    @functools.cached_property
    def _numbers(self) -> int:
        return sum(len(sensor.measurement) for sensor in self.sensors.values())

    @functools.cached_property
    def _root(self) -> Array:
        """Of the covariance of a step's noise, which does not depend on the state."""
        return root_of(self.motion.noise_cov(np.array(self.start), np.zeros(len(self.control)), self.dt))

    @functools.cached_property
    def _sensor_roots(self) -> list[Array]:
        return [root_of(sensor.cov) for sensor in self.sensors.values()]

    @functools.cached_property
    def _steps(self) -> Any:
        return compiled_steps(self.motion).compiled

    @functools.cached_property
    def _parameters(self) -> np.ndarray:
        return np.array(self.motion.parameters(), dtype=float)


_ALWAYS = Sampling()


def root_of(cov: Array) -> Array:
    """root @ root.T = cov, which may be singular."""
    variances, axes = np.linalg.eigh(cov)
    return axes * np.sqrt(np.maximum(variances, 0.0))
