"""How planners that draw samples move in a space: compiled where the space is, in Python where somebody's own is not.

A planner's loop is written once, over the five functions of `Moves`. For a space with `kernels` they are kernels, and
the loop is compiled around them; otherwise the same loop runs in Python, with as much compiled inside it as there is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.kernel import Kernel, lean_kernel
from plansim.core.random import uniform_pair
from plansim.planning.sampling.checking import checked_edges, checked_kernel
from plansim.planning.sampling.nearest import nearest as nearest_row
from plansim.planning.spaces import straight
from plansim.planning.spaces.base import Kernels, Space


class Moves(NamedTuple):
    """What a loop over samples does; `forward` is False in a tree that is grown backwards, from the goal."""

    sample: Callable[..., Any]  # (stream, bounds (2, n), out): a state, uniform within the bounds
    nearest: Callable[..., Any]  # (x, tree, forward, metric, arrays) -> row, distance
    steer: Callable[..., Any]  # (known, target, share, forward, metric, arrays, out): a state on the way
    edge_free: Callable[..., Any]  # (known, new, forward, arrays) -> bool; known: an end that is free
    distance: Callable[..., Any]  # (a, b, metric, arrays) -> float


@lean_kernel
def sample(stream, bounds, out):
    n = out.shape[0]
    for i in range(0, n, 2):
        u, v = uniform_pair(stream)
        out[i] = bounds[0, i] + u * (bounds[1, i] - bounds[0, i])
        if i + 1 < n:
            out[i + 1] = bounds[0, i + 1] + v * (bounds[1, i + 1] - bounds[0, i + 1])


@lean_kernel
def _nearest(x, tree, forward, metric, arrays):
    return nearest_row(x, metric, tree[4])


@lean_kernel
def _steer(known, target, share, forward, metric, arrays, out):
    straight.interpolate(known, target, share, metric, out)


@lean_kernel
def _distance(a, b, metric, arrays):
    return straight.distance(a, b, metric)


def moves_in(
    space: Space, is_free: Callable | None, check_every: float, rng: np.random.Generator
) -> tuple[Moves, tuple, bool]:
    """The moves of a space, the arrays that they read, and whether all of them are compiled.

    is_free: the problem's own, asked every `check_every` along an edge; compiled too, where it is a `kernel` of
        states (N, n) -> (N,) bool
    """
    kernels: Kernels | None = getattr(space, "kernels", None)
    if kernels is not None and is_free is None:
        return compiled_moves(*kernels[1:]), kernels.arrays, True
    if kernels is not None and isinstance(is_free, Kernel) and kernels.distance is None:
        moves = compiled_moves(kernels.point_free, checked_kernel(kernels.segment_free, is_free), None, None)
        return moves, (kernels.arrays, space.metric, float(check_every)), True
    if kernels is not None:
        moves = compiled_moves(*kernels[1:])
        return moves._replace(edge_free=checked_edges(space, is_free, check_every)), kernels.arrays, False
    return _python_moves(space, checked_edges(space, is_free, check_every), rng), (), False


@cache
def compiled_moves(
    point_free: Kernel, segment_free: Kernel, distance: Kernel | None, interpolate: Kernel | None
) -> Moves:
    """Moves from the kernels of a space, see `Kernels`."""

    @lean_kernel
    def edge_free(known, new, forward, arrays):
        return segment_free(known, new, arrays) if forward else segment_free(new, known, arrays)

    if distance is None or interpolate is None:
        return Moves(sample, _nearest, _steer, edge_free, _distance)

    @lean_kernel
    def steer(known, target, share, forward, metric, arrays, out):
        if forward:
            interpolate(known, target, share, arrays, out)
        else:
            interpolate(target, known, 1.0 - share, arrays, out)

    @lean_kernel
    def apart(a, b, metric, arrays):
        return distance(a, b, arrays)

    @lean_kernel
    def nearest(x, tree, forward, metric, arrays):
        states, _, _, size, _ = tree
        best, least = -1, np.inf
        for row in range(size[0]):
            if straight.squared_distance(x, states[row], metric) < least * least:  # no way is shorter than straight
                d = distance(states[row], x, arrays) if forward else distance(x, states[row], arrays)
                if d < least:
                    best, least = row, d
        return best, least

    return Moves(sample, nearest, steer, edge_free, apart)


def _python_moves(space: Space, edge_free: Callable, rng: np.random.Generator) -> Moves:
    """Over the methods of any `Space`; compiled ones but for the edges where it has a `metric`."""
    if hasattr(space, "metric"):
        return Moves(sample, _nearest, _steer, edge_free, _distance)
    drawn: list[Array] = []

    def draw(stream: Array, bounds: Array, out: Array) -> None:
        if not drawn:
            drawn.extend(np.asarray(space.sample(rng, 256), dtype=float)[::-1])
        out[:] = drawn.pop()

    def nearest(x: Array, tree: tuple, forward: bool, metric: Array, arrays: tuple) -> tuple[int, float]:
        states = tree[0][: tree[3][0]]
        distances = space.distance(states, x) if forward else space.distance(x, states)
        row = int(np.argmin(distances))
        return row, float(distances[row])

    def steer(known: Array, target: Array, share: float, forward: bool, metric: Array, arrays: tuple, out: Array):
        ends = (known, target, share) if forward else (target, known, 1.0 - share)
        out[:] = space.interpolate(*ends[:2], np.asarray(ends[2]))

    def distance(a: Array, b: Array, metric: Array, arrays: tuple) -> float:
        return float(space.distance(a, b))

    return Moves(draw, nearest, steer, edge_free, distance)
