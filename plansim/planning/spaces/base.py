"""What a planner must know of a space: its bounds, how far states lie apart, what lies between them, what is free.

`Space` is all that a planner needs; a user's own may be plain Python. A space with `kernels` is planned in by compiled
code. The functions `distance`, `interpolate` and `sample` of this module become the methods of spaces in which one
moves straight from state to state, by assignment in the class body.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from plansim.core.arrays import Array, readonly
from plansim.core.errors import MalformedInput
from plansim.core.kernel import Kernel


class Space(Protocol):
    """States (n,) between `low` and `high`."""

    @property
    def dimension(self) -> int: ...
    @property
    def low(self) -> Array: ...  # (n,)
    @property
    def high(self) -> Array: ...  # (n,)
    def distance(self, a: Array, b: Array) -> Array: ...  # (..., n), (..., n) -> (...)
    def interpolate(self, a: Array, b: Array, t: Array) -> Array: ...  # (..., n), (..., n), (...) -> (..., n)
    def sample(self, rng: np.random.Generator, count: int) -> Array: ...  # (count, n), whether free or not
    def is_free(self, states: Array) -> Array: ...  # (..., n) -> (...) bool
    def edge_free(self, a: Array, b: Array) -> Array: ...  # (..., n), (..., n) -> (...) bool, all of interpolate


class Kernels(NamedTuple):
    """A space as compiled planners take it: its data as one tuple of arrays, and kernels that read it.

    point_free: (x (n,), arrays) -> bool
    segment_free: (a (n,), b (n,), arrays) -> bool, whether the whole way from a to b is free, both ends included
    distance, interpolate: where ways are not straight lines under `metric`: (a, b, arrays) -> float, at least the
        straight distance, and (a, b, t, arrays, out), which fills the state at share t of the way from a to b

    sample: where states are not to be drawn evenly between `low` and `high`: (stream, bounds, arrays, out)

    The same two kernels for all spaces of a kind, so that each planner is compiled once: what differs is in the arrays.
    """

    arrays: tuple
    point_free: Kernel
    segment_free: Kernel
    distance: Kernel | None = None
    interpolate: Kernel | None = None
    sample: Kernel | None = None


def metric(low: Array, high: Array, weights: Array | float = 1.0, periodic: Array | bool = False) -> Array:
    """[weight, low, period] of each component, (n, 3): how far apart states are, for kernels and for `distance`.

    Distance is the root of the sum of squares of weight times difference; a periodic component comes round at `high`.
    Period 0: it does not.
    """
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    weights = np.broadcast_to(np.asarray(weights, dtype=float), low.shape)
    if not (np.isfinite(weights) & (weights > 0)).all():
        raise MalformedInput(f"weights are {weights.tolist()}, but must be finite and above 0")
    return readonly(np.stack((weights, low, np.where(periodic, high - low, 0.0)), axis=-1))


def values(self) -> dict[str, Any]:
    """What a pickle holds of a space, as its `__getstate__`: its fields, and no kernels."""
    return {name: getattr(self, name) for name in self.__dataclass_fields__}


def difference(self, a: Array, b: Array) -> Array:
    """b - a, (..., n), the short way round where a component is periodic."""
    d, period = np.asarray(b, dtype=float) - a, self.metric[:, 2]
    if not period.any():
        return d
    return d - period * np.rint(np.divide(d, period, out=np.zeros_like(d), where=period > 0))


def distance(self, a: Array, b: Array) -> Array:
    """How far states (..., n) lie apart, (...), by the space's `metric`."""
    return np.sqrt(((self.metric[:, 0] * difference(self, a, b)) ** 2).sum(-1))


def interpolate(self, a: Array, b: Array, t: Array) -> Array:
    """The states (..., n) at shares t (...) of the straight way from a to b; periodic components come round."""
    x = a + np.asarray(t, dtype=float)[..., None] * difference(self, a, b)
    low, period = self.metric[:, 1], self.metric[:, 2]
    return x - period * ((period > 0) & (x > low + period)) + period * ((period > 0) & (x < low))


def sample(self, rng: np.random.Generator, count: int) -> Array:
    """States (count, n), uniform between `low` and `high`."""
    return rng.uniform(self.low, self.high, size=(count, len(self.low)))
