"""The rules of a world, written once for any number of worlds; and what their compiled kernels are handed."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

import gymnasium
import numpy as np

from plansim.core.errors import MalformedInput
from plansim.core.kernel import kernel
from plansim.core.random import normal_pair, uniform_pair

Observation = Any  # an array, or a dict or tuple of them


class StepResult(NamedTuple):
    """What a step of B worlds came to."""

    reward: np.ndarray  # (B,)
    terminated: np.ndarray  # (B,) bool, False until the step writes it
    truncated: np.ndarray  # (B,) bool, likewise

    @classmethod
    def empty(cls, count: int) -> StepResult:
        return cls(np.empty(count), np.zeros(count, dtype=bool), np.zeros(count, dtype=bool))


class World(ABC):
    """The rules of B worlds at once.

    Their state is one structured array (B,), a row a world, with the columns that `fields` names and, before them,
    `random` (2,) uint64: the world's own stream, the only luck there is. So state["x"] is (B, n), and a compiled kernel
    takes the whole state as one argument: `world = state[i]; world["x"][0] += dt`.

    The functions see all worlds or some of them, and no row may look at another: a batch is its members.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": [], "render_fps": 10}
    action_names: tuple[str, ...] = ()  # of a Box action's components, for messages
    observation_space: gymnasium.Space  # of one world
    action_space: gymnasium.Space

    def prepare(self) -> None:  # noqa: B027  # most worlds have nothing to find
        """Finds out, when an environment is made, what would else be found at its first reset; says what is wrong."""

    @abstractmethod
    def fields(self) -> list[tuple]:
        """The columns of the state as numpy writes them: [("x", "f8", (3,)), ("steps", "i8")]."""

    @abstractmethod
    def reset(self, state: np.ndarray, mask: np.ndarray) -> None:
        """Begins an episode in the worlds where the mask (B,) is True, in place."""

    @abstractmethod
    def step(self, state: np.ndarray, actions: np.ndarray, result: StepResult) -> None:
        """Moves every world, in place, and writes what came of it. The actions are valid.

        Neither the actions nor the result may be kept: their arrays are used again.
        """

    @abstractmethod
    def observe(self, state: np.ndarray) -> Observation:
        """What is seen: arrays with leading B. It draws nothing: readings are state.

        Columns of the state may be given as they are, and cost least; then always the same ones.
        """

    def info(self, state: np.ndarray) -> dict[str, np.ndarray]:
        """What is known after each step and reset, as `observe` gives it: a dict of arrays."""
        return {}

    def final_info(self, state: np.ndarray) -> dict[str, np.ndarray]:
        """What is known in addition at the end of an episode, arrays with leading B; text as an object array."""
        return {}

    def check(self, state: np.ndarray) -> None:  # noqa: B027
        """Raises MalformedInput where a snapshot cannot be a state of this world."""

    def frame(self, episode: np.ndarray) -> np.ndarray:
        """A picture (height, width, 3) uint8 of one world, from its states (T,) since the episode began."""
        raise MalformedInput(f"{type(self).__name__} names render_modes, but draws no pictures: it needs a `frame`")

    @functools.cached_property
    def dtype(self) -> np.dtype:
        return _dtype(tuple(self.fields()))


@functools.cache
def _dtype(fields: tuple) -> np.dtype:
    # one object for equal states: kernels recognise it by identity
    return np.dtype([("random", "u8", (2,)), *fields], align=True)


def constants(**values: Any) -> np.ndarray:
    """Numbers and small arrays that a kernel reads by name, (1,): `rules = settings[0]; rules["dt"]`.

    One argument is handed to a kernel many times faster than twenty.
    """
    arrays = {name: np.asarray(value, dtype=float) for name, value in values.items()}
    settings = np.zeros(1, _constants_dtype(tuple((name, "f8", array.shape) for name, array in arrays.items())))
    for name, array in arrays.items():
        settings[name] = array
    return settings


@functools.cache
def _constants_dtype(fields: tuple) -> np.dtype:
    return np.dtype(list(fields))


def uniforms(state: np.ndarray, mask: np.ndarray, count: int) -> np.ndarray:
    """Numbers in [0, 1) for the worlds in the mask, each from its own stream, (B, count); zeros for the others."""
    out = np.zeros((len(state), count))
    _fill_uniforms(state["random"], mask, out)
    return out


def normals(state: np.ndarray, mask: np.ndarray, count: int) -> np.ndarray:
    """Standard normal numbers for the worlds in the mask, as `uniforms` draws them, (B, count)."""
    out = np.zeros((len(state), count))
    _fill_normals(state["random"], mask, out)
    return out


@kernel
def _fill_uniforms(random, mask, out):
    for i in range(len(mask)):
        for j in range(out.shape[1] if mask[i] else 0):
            out[i, j] = uniform_pair(random[i])[0]


@kernel
def _fill_normals(random, mask, out):
    for i in range(len(mask)):
        for j in range(out.shape[1] if mask[i] else 0):
            out[i, j] = normal_pair(random[i])[0]
