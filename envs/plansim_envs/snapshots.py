"""Snapshots of worlds: plain arrays from which they continue bit for bit, in memory or by way of JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from plansim.core.errors import MalformedInput, near_miss


def taken(state: np.ndarray, over: np.ndarray) -> dict[str, np.ndarray]:
    """The columns of the state (B,) and which episodes are over (B,), copied."""
    return {**{name: state[name].copy() for name in state.dtype.fields or ()}, "over": over.copy()}


def fitted(snapshot: Mapping[str, Any], state: np.ndarray, over: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A state and ends like the given ones, but with the contents of the snapshot; says what does not fit."""
    names = [*(state.dtype.fields or ()), "over"]
    for name in snapshot:
        if name not in names:
            raise MalformedInput(f"snapshot has {name!r}, which is no part of this state{near_miss(name, names)}")
    state, over = state.copy(), over.copy()
    for name in names:
        if name not in snapshot:
            raise MalformedInput(f"snapshot lacks {name!r}")
        target = over if name == "over" else state[name]
        target[...] = _fitting(name, snapshot[name], target)
    return state, over


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
