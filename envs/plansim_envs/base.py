"""From the rules of a world to Gymnasium's environments: one world, or many at once, bit for bit the same.

Write a `World`, a frozen dataclass whose fields are its parameters, and give it its two views:

    class DockEnv(SingleView):
        parameters = Dock          # the dataclass: what a scenario may set, with its types and defaults

    class DockVectorEnv(VectorView):
        parameters = Dock

    gymnasium.register("me/Dock-v0", entry_point="me.dock:DockEnv", vector_entry_point="me.dock:DockVectorEnv")

Both take the fields as keyword arguments. `plansim.testing.check_vector_env("me/Dock-v0")` then holds them together.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields as dataclass_fields
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space

from plansim.core.errors import MalformedInput, near_miss
from plansim.core.kernel import kernel
from plansim.core.random import normal_pair, stream, uniform_pair
from plansim_envs.actions import action_reader
from plansim_envs.window import Window

Observation = Any  # an array, or a dict or tuple of them


class EpisodeOver(gymnasium.error.ResetNeeded, AssertionError):
    """A step in an episode that has ended, or that has not begun."""


class World:
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

    def prepare(self) -> None:
        """Finds out, when an environment is made, what would else be found at its first reset; says what is wrong."""

    def fields(self) -> list[tuple]:
        """The columns of the state as numpy writes them: [("x", "f8", (3,)), ("steps", "i8")]."""
        raise NotImplementedError

    def reset(self, state: np.ndarray, mask: np.ndarray) -> None:
        """Begins an episode in the worlds where the mask (B,) is True, in place."""
        raise NotImplementedError

    def step(self, state: np.ndarray, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Moves every world, in place: reward (B,), terminated (B,), truncated (B,). The actions are valid."""
        raise NotImplementedError

    def observe(self, state: np.ndarray) -> Observation:
        """What is seen: arrays with leading B, views of the state allowed. It draws nothing: readings are state."""
        raise NotImplementedError

    def info(self, state: np.ndarray) -> dict[str, np.ndarray]:
        """What is known after each step and reset, arrays with leading B."""
        return {}

    def final_info(self, state: np.ndarray) -> dict[str, np.ndarray]:
        """What is known in addition at the end of an episode, arrays with leading B; text as an object array."""
        return {}

    def check(self, state: np.ndarray) -> None:
        """Raises MalformedInput where a snapshot cannot be a state of this world."""

    def frame(self, episode: np.ndarray) -> np.ndarray:
        """A picture (height, width, 3) uint8 of one world, from its states (T,) since the episode began."""
        raise NotImplementedError

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


class _View:
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
        self._over = np.zeros(count, dtype=bool)  # ended, and not begun again
        self._begun = np.zeros(count, dtype=bool)
        self._actions = action_reader(self.world.action_space, self.world.action_names)
        self._episodes: list[list[np.ndarray]] = [[] for _ in range(count)]  # kept for pictures only

    def _begin(self, mask: np.ndarray) -> None:
        self.world.reset(self._state, mask)
        self._over[mask] = False
        self._begun[mask] = True
        for i in np.flatnonzero(mask) if self.render_mode else ():
            self._episodes[i] = []

    def _remember(self) -> None:
        for i, episode in enumerate(self._episodes):
            episode.append(self._state[i : i + 1].copy())

    def _frame(self, i: int) -> np.ndarray:
        return self.world.frame(np.concatenate(self._episodes[i]))

    def _refuse(self, worlds: np.ndarray) -> None:
        which = "the episode" if isinstance(self, SingleView) else f"the episode of world {np.flatnonzero(worlds)[0]}"
        raise EpisodeOver(f"{which} has {'ended' if self._begun.all() else 'not begun'}: reset it before the next step")

    def get_state(self) -> dict[str, np.ndarray]:
        """A snapshot from which `set_state` continues bit for bit: plain arrays with a leading axis for the worlds."""
        if not self._begun.all():
            self._refuse(~self._begun)
        return {**{name: self._state[name].copy() for name in self._state.dtype.names}, "over": self._over.copy()}

    def set_state(self, snapshot: Mapping[str, Any]) -> None:
        """Continues from a snapshot (arrays, or lists of them as read from JSON)."""
        names = [*self._state.dtype.names, "over"]
        for name in snapshot:
            if name not in names:
                raise MalformedInput(f"snapshot has {name!r}, which is no part of this state{near_miss(name, names)}")
        state, over = self._state.copy(), self._over.copy()
        for name in names:
            if name not in snapshot:
                raise MalformedInput(f"snapshot lacks {name!r}")
            target = over if name == "over" else state[name]
            target[...] = _fitting(name, snapshot[name], target)
        self.world.check(state)
        self._state[...], self._over[...], self._begun[...] = state, over, True
        self._episodes = [[self._state[i : i + 1].copy()] for i in range(len(over))]


def _fitting(name: str, value: Any, target: np.ndarray) -> np.ndarray:
    given = value if isinstance(value, np.ndarray) else np.array(value, dtype=object)
    if given.shape != target.shape:
        raise MalformedInput(f"snapshot['{name}'] has shape {given.shape}, but this state needs {target.shape}")
    if given.dtype == object:  # not by way of the widest type: float64 would round the random streams
        given = given.astype(target.dtype) if _holds(target.dtype, given.flat) else np.array(value)
    if given.dtype.kind not in {"f": "fiu", "i": "iu", "u": "iu"}.get(target.dtype.kind, target.dtype.kind):
        raise MalformedInput(f"snapshot['{name}'] consists of {given.dtype}, but this state needs {target.dtype}")
    return given


def _holds(dtype: np.dtype, numbers: Iterable[Any]) -> bool:
    if dtype.kind in "iu":
        least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
        return all(type(number) is int and least <= number <= most for number in numbers)
    return all(type(number) in ((bool,) if dtype.kind == "b" else (int, float)) for number in numbers)


class SingleView(_View, gymnasium.Env):
    """One world as a Gymnasium environment: world 0 of the vector view, bit for bit."""

    def __init__(self, render_mode: str | None = None, **parameters: Any):
        self._build(1, render_mode, parameters)
        self.observation_space = self.world.observation_space
        self.action_space = self.world.action_space
        self._window: Window | None = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, dict]:
        super().reset(seed=seed)
        if seed is not None or not self._begun[0]:
            self._state["random"][0] = stream(self.np_random_seed)
        self._begin(np.ones(1, dtype=bool))
        self._show()
        return self._observe(), self._info(over=False)

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict]:
        if self._over[0] or not self._begun[0]:
            self._refuse(np.ones(1, dtype=bool))
        reward, terminated, truncated = self.world.step(self._state, self._actions.one(action))
        ended, cut = terminated.item(), truncated.item()
        if ended or cut:
            self._over[0] = True
        if self.render_mode:
            self._show()
        return self._observe(), reward.item(), ended, cut, self._info(ended or cut)

    def _observe(self) -> Observation:
        observation = self.world.observe(self._state)
        return observation[0].copy() if type(observation) is np.ndarray else _tree(_first, observation)

    def _info(self, over: bool) -> dict[str, Any]:
        info = {name: _plain(value) for name, value in self.world.info(self._state).items()}
        if over:
            info.update({name: _plain(value) for name, value in self.world.final_info(self._state).items()})
        return info

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


class VectorView(_View, gymnasium.vector.VectorEnv):
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
        return _tree(np.array, self.world.observe(self._state)), infos

    def step(self, actions: Any) -> tuple[Observation, np.ndarray, np.ndarray, np.ndarray, dict]:
        waiting = self._waiting()
        actions = self._actions.many(actions, self.num_envs, waiting)
        if waiting is None:
            reward, terminated, truncated = self.world.step(self._state, actions)
        else:
            reward, terminated, truncated = self._step_around(waiting, actions)
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
        return _tree(np.array, self.world.observe(self._state)), reward, terminated, truncated, infos

    def _waiting(self) -> np.ndarray | None:
        """The worlds that this step only begins again; None where there are none."""
        if not self._begun.all():
            self._refuse(~self._begun)
        if not self._over.any():
            return None
        if self.autoreset_mode is AutoresetMode.DISABLED:
            self._refuse(self._over)
        return self._over.copy()

    def _step_around(self, waiting: np.ndarray, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        # stepping all and putting back the few that only begin is cheaper than stepping a part
        self._begin(waiting)
        fresh = self._rows[waiting]
        reward, terminated, truncated = self.world.step(self._state, actions)
        self._rows[waiting] = fresh
        reward[waiting], terminated[waiting], truncated[waiting] = 0.0, False, False
        return reward, terminated, truncated

    def _add_final(self, infos: dict[str, Any], ended: np.ndarray) -> None:
        last = self._state[ended]
        observations = _tree(np.array, self.world.observe(last))
        final_info: dict[str, Any] = {}
        _add_infos(final_info, {**self.world.info(last), **self.world.final_info(last)}, ended)
        final_obs = np.full(self.num_envs, None, dtype=object)
        for row, i in enumerate(np.flatnonzero(ended)):
            final_obs[i] = _tree(operator.itemgetter(row), observations)
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


def _tree(f: Callable[[np.ndarray], Any], observation: Observation) -> Observation:
    if isinstance(observation, np.ndarray):
        return f(observation)
    if isinstance(observation, dict):
        return {name: f(part) if type(part) is np.ndarray else _tree(f, part) for name, part in observation.items()}
    return tuple(_tree(f, part) for part in observation)


def _first(batch: np.ndarray) -> Any:
    return batch[0].copy()


def _plain(batch: np.ndarray) -> Any:
    """The only entry, as Python writes it where that loses nothing."""
    if batch.ndim > 1:
        return batch[0].copy()
    return batch.item() if batch.dtype.char in "dl?" else batch[0]


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
