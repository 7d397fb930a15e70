"""Edges by states: a user's own `is_free`, asked of many states of an edge at once, the telling ones first."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from math import ceil
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.kernel import Kernel, kernel, lean_kernel
from plansim.planning.spaces import straight

MOST = 512  # states of an edge, up to which they are laid out by compiled code
# states of an edge that are asked together, more and more: most edges that are blocked show it in the first few
PARTS = [(0, 2), (2, 6), (6, 14), (14, 30), (30, 1 << 30)]


class CheckedEdges:
    """`edge_free` of a space's own obstacles, where it knows any, and of a user's `is_free`; counts the states."""

    def __init__(self, space: Any, is_free: Callable[[Array], Array] | None, check_every: float):
        self.space, self.is_free, self.check_every, self.checks = space, is_free, check_every, 0
        # compiled, one edge costs a tenth of what it costs through arrays
        kernels = getattr(space, "kernels", None)
        self.point_free: Kernel | None = None if kernels is None else kernels.point_free
        self.segment_free: Kernel | None = None if kernels is None else kernels.segment_free
        self.lay_out: Callable | None = None
        if kernels is not None and kernels.distance is None and is_free is not None:
            most = ceil(float(np.linalg.norm(space.metric[:, 0] * (space.high - space.low))) / check_every) + 1
            if most <= MOST:
                self.lay_out, self.orders = _states_of(kernels.segment_free), _orders(most)
                self.states = np.empty((most, len(space.low)))

    def __reduce__(self):  # a pickle carries no kernels
        return type(self), (self.space, self.is_free, self.check_every)

    def point(self, x: Array, arrays: tuple) -> bool:
        """Whether one state (n,) is free."""
        known = self.point_free(x, arrays) if self.point_free is not None else self.space.is_free(x)
        return bool(known) and (self.is_free is None or bool(self.ask(x[None])[0]))

    def __call__(self, known: Array, new: Array, forward: bool, arrays: tuple) -> bool:
        if self.lay_out is not None:
            metric = self.space.metric
            count = self.lay_out(known, new, forward, arrays, metric, self.check_every, self.orders, self.states)
            # copies: what a user keeps of them is not written over
            parts = (self.states[begin : min(end, count)] for begin, end in PARTS if begin < count)
            return count > 0 and all(self.ask(part.copy()).all() for part in parts)
        a, b = (known, new) if forward else (new, known)
        if self.segment_free is not None:
            if not self.segment_free(a, b, arrays):
                return False
        elif not self.space.edge_free(a, b):
            return False
        if self.is_free is None:
            return True
        count = max(ceil(float(self.space.distance(a, b)) / self.check_every), 1)
        shares = spread_shares(count)
        for part in (shares[begin:end] for begin, end in PARTS if begin < count):
            # the known end is share 0, which is left out, seen from there
            states = self.space.interpolate(a, b, part if forward else 1.0 - part)
            if not self.ask(states).all():
                return False
        return True

    def points(self, states: Array) -> Array:
        """Which of the states (N, n) are free, (N,) bool; the user is asked of those that the space holds for free."""
        free = np.array(self.space.is_free(states), dtype=bool)
        if self.is_free is not None and free.any():
            free[free] = self.ask(states[free])
        return free

    def many(self, a: Array, b: Array) -> Array:
        """Which of the edges between free states (E, n) are free, (E,) bool; all their states are asked of at once."""
        free = np.array(self.space.edge_free(a, b), dtype=bool)
        if self.is_free is None or not free.any():
            return free
        known = np.flatnonzero(free)
        counts = np.maximum(np.ceil(self.space.distance(a[known], b[known]) / self.check_every), 1).astype(np.int64)
        edge = np.repeat(np.arange(len(known)), counts)
        within = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts) + 0.5
        states = self.space.interpolate(a[known[edge]], b[known[edge]], within / counts[edge])
        free[known] = np.bincount(edge, weights=~self.ask(states), minlength=len(known)) == 0
        return free

    def ask(self, states: Array) -> Array:
        """The user's answer for states (N, n), (N,) bool."""
        assert self.is_free is not None
        self.checks += len(states)
        answer = np.asarray(self.is_free(states))
        if answer.shape != (len(states),) or answer.dtype != bool:
            raise MalformedInput(
                f"is_free answered {answer.dtype} {answer.shape} for states {states.shape}, "
                f"but must answer bool ({len(states)},): True where a state is free"
            )
        return answer


@lru_cache(maxsize=4096)
def spread_shares(count: int) -> Array:
    """1/count, 2/count ... 1 spread out from the beginning on: the end first, then halves, then quarters."""
    order, seen = [count], {0, count}
    parts = 2
    while len(order) < count:
        order += [i for i in dict.fromkeys(round(k * count / parts) for k in range(1, parts, 2)) if i not in seen]
        seen.update(order)
        parts *= 2
        if parts > 4 * count:
            order += [i for i in range(1, count) if i not in seen]
    return np.array(order) / count


@lru_cache(maxsize=16)
def _orders(most: int) -> Array:
    """Row c has `spread_shares(c)`, (most + 1, most)."""
    orders = np.zeros((most + 1, most))
    for count in range(1, most + 1):
        orders[count, :count] = spread_shares(count)
    return orders


@cache
def _states_of(segment_free: Kernel) -> Kernel:
    """Lays out the states of an edge in the order in which they are to be asked; how many, 0 where it is blocked."""

    @lean_kernel
    def lay_out(known, new, forward, arrays, metric, check_every, orders, states):
        if not (segment_free(known, new, arrays) if forward else segment_free(new, known, arrays)):
            return 0
        count = max(np.int64(np.ceil(straight.distance(known, new, metric) / check_every)), 1)
        for k in range(count):
            straight.interpolate(known, new, orders[count, k], metric, states[k])
        return count

    return lay_out


@cache
def checked_kernel(segment_free: Kernel, is_free: Kernel) -> tuple[Kernel, Kernel]:
    """`point_free` and `segment_free` of a space with a compiled `is_free` of states (N, n), every so far along.

    Its arrays are (those of the space, its metric, how far).
    """

    @kernel
    def segment_and_states_free(a, b, arrays):
        own, metric, check_every = arrays
        if not segment_free(a, b, own):
            return False
        count = max(np.int64(np.ceil(straight.distance(a, b, metric) / check_every)), 1)
        states = np.empty((count + 1, a.shape[0]))
        for i in range(count + 1):
            straight.interpolate(a, b, i / count, metric, states[i])
        return is_free(states).all()

    @kernel
    def point_and_state_free(x, arrays):
        return segment_and_states_free(x, x, arrays)

    return point_and_state_free, segment_and_states_free
