"""The default of a parameter as plain data, so that a resolved scenario shows what was left unsaid."""

from __future__ import annotations

import dataclasses
import enum
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from plansim.scenario import registry


class _NotPlain(Exception):
    """Nothing that a scenario could say."""


def plain_default(name: str, default: Any) -> dict[str, Any]:
    """`{name: data}`, or nothing where the default cannot be written down: the constructor will know it."""
    try:
        return {name: _plain(default)}
    except _NotPlain:
        return {}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, enum.Enum):
        return _plain(value.value)
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, int | float):
        if not math.isfinite(value):
            raise _NotPlain
        return value
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _component(value)
    return _address(value)


def _component(value: Any) -> dict[str, Any]:
    """A component by its name and its parameters."""
    kind = registry.kind_of(type(value))
    name = registry.name_of(kind, type(value)) if kind else registry.address(type(value))
    fields = [field for field in dataclasses.fields(value) if field.init]
    return {"name": name} | {field.name: _plain(getattr(value, field.name)) for field in fields}


def _address(value: Any) -> str:
    """A function or a class that can be imported."""
    if not callable(value) or not hasattr(value, "__qualname__") or "<" in value.__qualname__:
        raise _NotPlain
    return registry.address(value)
