"""Is an action within its space? Asked at every step, so the answer is quick, and exact about what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from plansim.core.errors import MalformedInput

Check = Callable[[Any], Any]


class BadAction(MalformedInput):
    """An action that its space does not hold; `what` was returned, and `place` says where in it."""

    def __init__(self, what: str, place: str = ""):
        super().__init__(f"{what} {place}".strip())
        self.what, self.place = what, place


def action_check(space: Any) -> Check:
    """A function that gives back an action in its space's own type, or raises `BadAction`."""
    from gymnasium import spaces

    if type(space) is spaces.Box:
        return _box_check(space)
    if type(space) is spaces.Discrete:
        return _discrete_check(space)
    return lambda action: _other_check(space, action)


def _box_check(space: Any) -> Check:
    low, high, shape, dtype = space.low, space.high, space.shape, space.dtype

    def check(action: Any) -> np.ndarray:
        found = np.asarray(action)
        if found.dtype.kind not in "biuf":
            raise BadAction("an action of the wrong type", f"({_shown(action)}, must be {dtype} {shape})")
        if found.shape != shape:
            raise BadAction("an action of the wrong shape", f"({found.shape}, must be {shape})")
        if found.dtype != dtype:
            if not np.can_cast(found.dtype, dtype, "same_kind"):
                raise BadAction("an action of the wrong type", f"({found.dtype}, must be {dtype})")
            found = found.astype(dtype)  # before the bounds are held against it: 1 + 1e-16 is 1
        if not ((found >= low) & (found <= high)).all():
            raise _outside(found, low, high)
        return found

    return check


def _outside(found: np.ndarray, low: np.ndarray, high: np.ndarray) -> BadAction:
    index = tuple(int(i) for i in np.argwhere(~((found >= low) & (found <= high)))[0])
    where = f"action[{', '.join(map(str, index))}]" if index else "action"
    if np.isnan(found[index]):
        return BadAction("NaN", f"({where})")
    return BadAction(
        "an action outside its space", f"({where} = {found[index]:g} is not within [{low[index]:g}, {high[index]:g}])"
    )


def _shown(action: Any) -> str:
    text = "nothing: None" if action is None else repr(action)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _discrete_check(space: Any) -> Check:
    first, last, kind = int(space.start), int(space.start + space.n - 1), space.dtype.type

    def check(action: Any) -> np.integer:
        found = np.asarray(action)
        if found.dtype.kind not in "iu" or found.size != 1:
            nan = found.dtype.kind == "f" and np.isnan(found).any()
            raise BadAction("NaN" if nan else "an action of the wrong type", f"({_shown(action)}, must be one integer)")
        if not first <= found.item() <= last:
            raise BadAction("an action outside its space", f"({found.item()} is not one of {first} … {last})")
        return kind(found.item())

    return check


def _other_check(space: Any, action: Any) -> Any:
    dtype = getattr(space, "dtype", None)
    found = np.asarray(action).astype(dtype) if dtype is not None and not isinstance(action, str) else action
    if not space.contains(found):
        raise BadAction("an action outside its space", f"({action!r} is not in {space})")
    return found
