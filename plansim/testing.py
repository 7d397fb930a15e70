"""Checks that anybody's environments can be held against; gymnasium is imported when they run."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

MODES = ("NextStep", "SameStep", "Disabled")


def check_vector_env(
    env: str | Callable[..., Any],
    *,
    single: Callable[[], Any] | None = None,
    num_envs: int = 3,
    steps: int = 200,
    seed: int = 0,
    modes: Sequence[str] = MODES,
    **kwargs: Any,
) -> None:
    """Holds a native vector environment against `SyncVectorEnv` of the single one, bit for bit.

    env: a registered id, whose environments are made with `kwargs`; or a function of num_envs and autoreset_mode that
        makes the vector environment, `single` then makes the single one.

    In each autoreset mode: spaces and metadata, observations, rewards, flags, infos with their masks, all with their
    dtypes; seeds (one, a list, none) and reset masks, wrong ones too; world i as it is alone; nothing that was
    returned changes later; the global random states stay untouched. Raises an AssertionError that says which mode,
    step, world, key and values differ. At least one episode must end within `steps`, or the check has seen nothing.
    """
    import gymnasium
    from gymnasium.vector import AutoresetMode, SyncVectorEnv

    if isinstance(env, str):
        identity = env

        def env(num_envs: int, autoreset_mode: AutoresetMode) -> Any:
            arguments = {**kwargs, "autoreset_mode": autoreset_mode, "vectorization_mode": "vector_entry_point"}
            try:
                return gymnasium.make_vec(identity, num_envs, **arguments)
            except TypeError as error:
                if "autoreset_mode" not in str(error):
                    raise
                raise AssertionError(f"{identity}: its vector environment takes no autoreset_mode") from error

        def single() -> Any:
            return gymnasium.make(identity, **kwargs)

    elif single is None:
        raise TypeError("check_vector_env needs single=..., a function that makes the single environment")
    for mode in (AutoresetMode(name) for name in modes):
        native, alone = (env(num_envs=count, autoreset_mode=mode) for count in (num_envs, 1))
        expected = SyncVectorEnv([single] * num_envs, autoreset_mode=mode)
        try:
            _Check(native, expected, alone, mode.value).run(seed, steps)
        finally:
            for opened in (native, expected, alone):
                opened.close()


class _Check:
    """One native environment, the one it must equal, and its last world alone."""

    def __init__(self, native: Any, expected: Any, alone: Any, mode: str):
        self.native, self.expected, self.alone, self.mode = native, expected, alone, mode
        self.count = expected.num_envs
        self.last = self.count - 1  # the world that is looked at alone
        self.where = mode
        self.kept: list[tuple[str, Any, Any]] = []  # what was returned, and what it was then

    def run(self, seed: int, steps: int) -> None:
        luck = _global_luck()
        self._form()
        self._episodes(seed, steps)
        self._again(seed)
        self._wrong_masks(seed)
        _equal(_global_luck(), luck, f"{self.mode}: the global random state", "it was")

    def _form(self) -> None:
        found = self.native.metadata.get("autoreset_mode")
        assert getattr(found, "value", None) == self.mode, (
            f"{self.mode}: metadata['autoreset_mode'] is {found!r}, but this is the mode that was asked for"
        )
        for name in (
            "num_envs",
            "single_observation_space",
            "single_action_space",
            "observation_space",
            "action_space",
        ):
            found, right = getattr(self.native, name), getattr(self.expected, name)
            assert found == right, f"{self.mode}: {name} is {found}, but SyncVectorEnv has {right}"

    def _episodes(self, seed: int, steps: int) -> None:
        self.expected.action_space.seed(seed)
        self._reset("reset(seed)", seed=seed)
        ended = np.zeros(self.count, dtype=bool)
        seen = 0
        for step in range(steps):
            if self.mode == "Disabled" and ended.any():
                self._reset(f"step {step}, reset of the ended", options={"reset_mask": ended})
            actions = self.expected.action_space.sample()
            ended = self._step(f"step {step}", actions)
            seen += int(ended.sum())
        assert seen, f"{self.mode}: no episode ended in {steps} steps, so no autoreset was seen: take more steps"

    def _again(self, seed: int) -> None:
        """Streams go on without a seed, and a list may seed some worlds only."""
        self._reset("reset() without a seed")
        self._reset("reset(seed=list)", seed=[None if i % 2 else seed + 7 * i for i in range(self.count)])
        mask = np.arange(self.count) == self.count - 1
        seeds: list[int | None] = [seed + 100 + i for i in range(self.count)]
        self._reset("reset(seed=list, reset_mask)", seed=seeds, options={"reset_mask": mask})
        self._step("step after reset_mask", self.expected.action_space.sample())

    def _wrong_masks(self, seed: int) -> None:
        count = self.count
        wrong = {
            "a list": [True] * count,
            "of another length": np.ones(count + 1, dtype=bool),
            "of integers": np.ones(count, dtype=int),
            "False everywhere": np.zeros(count, dtype=bool),
        }
        for name, mask in wrong.items():
            self._same_error(f"a reset_mask that is {name}", options={"reset_mask": mask})
        self._same_error("a list of too many seeds", seed=[seed] * (count + 1))

    def _same_error(self, name: str, **arguments: Any) -> None:
        outcomes: list[type | None] = []
        for env in (self.expected, self.native):
            try:
                env.reset(**copy.deepcopy(arguments))
                outcomes.append(None)
            except Exception as error:
                outcomes.append(type(error))
        right, found = outcomes
        fits = found is right or (found is not None and right is not None and issubclass(found, right))
        assert fits, f"{self.mode}: {name} raises {found}, but SyncVectorEnv raises {right}"

    def _reset(self, name: str, **arguments: Any) -> None:
        self._unchanged()
        # copies, since SyncVectorEnv takes the mask out of the options
        right = self.expected.reset(**copy.deepcopy(arguments))
        found = self.native.reset(**copy.deepcopy(arguments))
        self._compare(name, ("observation", "info"), found, right)
        options, seed = arguments.get("options"), arguments.get("seed")
        if options is None or options["reset_mask"][self.last]:
            own = seed[self.last] if isinstance(seed, list) else None if seed is None else seed + self.last
            self._compare_alone(name, ("observation",), found, self.alone.reset(seed=own))

    def _step(self, name: str, actions: Any) -> np.ndarray:
        self._unchanged()
        parts = ("observation", "reward", "terminated", "truncated", "info")
        right = self.expected.step(copy.deepcopy(actions))
        found = self.native.step(copy.deepcopy(actions))
        self._compare(name, parts, found, right)
        own = self.alone.step(_rows(actions, slice(self.last, None)))
        self._compare_alone(name, parts[:4], found, own)
        return np.logical_or(right[2], right[3])

    def _compare(self, name: str, parts: Sequence[str], found: Sequence[Any], right: Sequence[Any]) -> None:
        self.where = f"{self.mode}, {name}"
        assert len(found) == len(right), f"{self.where}: {len(found)} values were returned instead of {len(right)}"
        for part, a, b in zip(parts, found, right, strict=True):
            _equal(a, b, f"{self.where}: {part}", "SyncVectorEnv gives")
        for part, a in zip(parts, found, strict=True):
            self._keep(part, a)

    def _compare_alone(self, name: str, parts: Sequence[str], found: Sequence[Any], own: Sequence[Any]) -> None:
        for part, a, b in zip(parts, found, own, strict=False):
            where = f"{self.mode}, {name}: {part} of world {self.last}, seen as the only one,"
            _equal(_rows(a, slice(self.last, None)), b, where, "alone it gives")

    def _keep(self, part: str, value: Any) -> None:
        for name, before, _ in self.kept:
            if name.endswith(": " + part):
                for path, a, b in _shared(value, before, part):
                    raise AssertionError(f"{self.where}: {path} shares memory with what {name} returned: {a} and {b}")
        self.kept = [*self.kept[-9:], (f"{self.where}: {part}", value, copy.deepcopy(value))]

    def _unchanged(self) -> None:
        for name, value, before in self.kept:
            _equal(value, before, f"{name}, looked at after {self.where},", "it was")


def _global_luck() -> tuple:
    return np.random.get_state(), random.getstate()  # noqa: NPY002 - this is what nobody may touch


def _rows(batch: Any, rows: slice) -> Any:
    if isinstance(batch, dict):
        return {name: _rows(part, rows) for name, part in batch.items()}
    return tuple(_rows(part, rows) for part in batch) if isinstance(batch, tuple) else batch[rows]


def _equal(found: Any, right: Any, path: str, source: str) -> None:
    """Raises where the two differ in a type, a key, a dtype, a shape, or a bit."""
    assert type(found) is type(right), f"{path} is a {type(found).__name__}, but {source} a {type(right).__name__}"
    if isinstance(right, dict):
        for missing in right.keys() - found.keys():
            raise AssertionError(f"{path} lacks {missing!r}, but {source} {right[missing]!r}")
        for extra in found.keys() - right.keys():
            raise AssertionError(f"{path} has {extra!r}: {found[extra]!r}, but {source} no such key")
        for key in right:
            _equal(found[key], right[key], f"{path}[{key!r}]", source)
    elif isinstance(right, (tuple, list)):
        assert len(found) == len(right), f"{path} has length {len(found)}, but {source} {len(right)}"
        for i, (a, b) in enumerate(zip(found, right, strict=True)):
            _equal(a, b, f"{path}[{i}]", source)
    elif isinstance(right, np.ndarray):
        _equal_arrays(found, right, path, source)
    else:
        assert _same_bits(np.asarray(found), np.asarray(right)).all(), f"{path} is {found!r}, but {source} {right!r}"


def _equal_arrays(found: np.ndarray, right: np.ndarray, path: str, source: str) -> None:
    for name in ("dtype", "shape"):
        a, b = getattr(found, name), getattr(right, name)
        assert a == b, f"{path} has {name} {a}, but {source} {b}"
    if right.dtype == object:
        for index in np.ndindex(right.shape):
            _equal(found[index], right[index], f"{path} of world {index[0]}", source)
        return
    same = _same_bits(found, right)
    if not same.all():
        index = tuple(int(i) for i in np.argwhere(~same)[0])
        raise AssertionError(f"{path} of {_place(index)} is {found[index]!r}, but {source} {right[index]!r}")


def _place(index: tuple[int, ...]) -> str:
    if not index:
        return "all"
    return f"world {index[0]}" + (f" at {list(index[1:])}" if len(index) > 1 else "")


def _same_bits(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    if a.dtype != b.dtype or a.dtype.kind not in "fc":
        return np.asarray(a == b)
    size = a.dtype.itemsize
    a, b = (np.frombuffer(x.tobytes(), np.uint8).reshape(*x.shape, size) for x in (a, b))
    return (a == b).all(-1)


def _shared(a: Any, b: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Arrays of the same place in both that lie in the same memory."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in a.keys() & b.keys():
            yield from _shared(a[key], b[key], f"{path}[{key!r}]")
    elif isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        for i, (x, y) in enumerate(zip(a, b, strict=False)):
            yield from _shared(x, y, f"{path}[{i}]")
    elif isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        if a.dtype == object and b.dtype == object:
            for x, y in zip(a.flat, b.flat, strict=False):
                yield from _shared(x, y, path)
        elif np.shares_memory(a, b):
            yield path, a, b
