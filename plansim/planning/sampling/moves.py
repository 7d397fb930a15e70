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
from plansim.planning.sampling.checking import CheckedEdges, checked_kernel
from plansim.planning.sampling.nearest import nearest as nearest_row
from plansim.planning.sampling.nearest import nearest_by_ways
from plansim.planning.spaces import straight
from plansim.planning.spaces.base import Kernels, Space


class Moves(NamedTuple):
    """What a loop over samples does; `forward` is False in a tree that is grown backwards, from the goal."""

    sample: Callable[..., Any]  # (stream, bounds (2, n), arrays, out): a state, uniform over the space
    nearest: Callable[..., Any]  # (x, tree, forward, metric, arrays) -> row, distance
    steer: Callable[..., Any]  # (known, target, share, forward, metric, arrays, out): a state on the way
    edge_free: Callable[..., Any]  # (known, new, forward, arrays) -> bool; known: an end that is free
    distance: Callable[..., Any]  # (a, b, metric, arrays) -> float


class Measures(NamedTuple):
    """What is asked before a search and after it."""

    is_free: Callable[..., Any]  # (x, arrays) -> bool
    survey: Callable[..., Any]  # (start, goal, metric, arrays) -> whether each is free, and how far apart they are
    length: Callable[..., Any]  # (states (T, n), metric, arrays) -> float


@lean_kernel
def sample(stream, bounds, arrays, out):
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
    space: Any, is_free: Callable | None, check_every: float, rng: np.random.Generator
) -> tuple[Moves, Measures, tuple, bool]:
    """The moves and measures of a space, the arrays that they read, and whether all of them are compiled.

    is_free: the problem's own, asked every `check_every` along an edge; compiled too, where it is a `kernel` of
        states (N, n) -> (N,) bool
    """
    kernels: Kernels | None = getattr(space, "kernels", None)
    if kernels is not None and is_free is None:
        return *compiled_moves(*kernels[1:]), kernels.arrays, True
    if kernels is not None and isinstance(is_free, Kernel) and kernels.distance is None:
        checked = checked_kernel(kernels.segment_free, is_free)
        return *compiled_moves(*checked), (kernels.arrays, space.metric, float(check_every)), True
    edges, arrays = CheckedEdges(space, is_free, check_every), () if kernels is None else kernels.arrays
    moves = _python_moves(space, rng) if kernels is None else compiled_moves(*kernels[1:])[0]

    def survey(start: Array, goal: Array, metric: Array, arrays: tuple) -> tuple[bool, bool, float]:
        return edges.point(start, arrays), edges.point(goal, arrays), moves.distance(start, goal, metric, arrays)

    measures = Measures(edges.point, survey, _length(moves.distance, as_it_is))
    return moves._replace(edge_free=edges), measures, arrays, False


@cache
def compiled_moves(
    point_free: Kernel,
    segment_free: Kernel,
    distance: Kernel | None = None,
    interpolate: Kernel | None = None,
    draw: Kernel | None = None,
) -> tuple[Moves, Measures]:
    """Moves and measures from the kernels of a space, see `Kernels`."""
    draw = draw or sample

    @lean_kernel
    def edge_free(known, new, forward, arrays):
        return segment_free(known, new, arrays) if forward else segment_free(new, known, arrays)

    if distance is None or interpolate is None:
        moves = Moves(draw, _nearest, _steer, edge_free, _distance)
    else:
        moves = Moves(draw, *_curved(distance, interpolate, edge_free))
    apart = moves.distance

    @lean_kernel
    def survey(start, goal, metric, arrays):
        return point_free(start, arrays), point_free(goal, arrays), apart(start, goal, metric, arrays)

    return moves, Measures(point_free, survey, _length(apart, lean_kernel))


def _curved(distance: Kernel, interpolate: Kernel, edge_free: Kernel) -> tuple[Kernel, ...]:
    """nearest, steer, edge_free, distance where ways are not straight, nor as long one way as the other."""

    @lean_kernel
    def steer(known, target, share, forward, metric, arrays, out):
        if forward:
            interpolate(known, target, share, arrays, out)
        else:
            interpolate(target, known, 1.0 - share, arrays, out)

    @lean_kernel
    def apart(a, b, metric, arrays):
        return distance(a, b, arrays)

    return nearest_by_ways(distance), steer, edge_free, apart


def _length(distance: Callable, make: Callable) -> Callable:
    @make
    def length(states, metric, arrays):
        total = 0.0
        for k in range(1, states.shape[0]):
            total += distance(states[k - 1], states[k], metric, arrays)
        return total

    return length


def as_it_is(function: Callable) -> Callable:
    """In the place of `lean_kernel`: a loop for Python."""
    return function


@lean_kernel
def _unknown(known, new, forward, arrays):
    """Stands where Python will be asked."""
    return False


def _python_moves(space: Space, rng: np.random.Generator) -> Moves:
    """Over the methods of any `Space`, where it has a `metric` by kernels."""
    if hasattr(space, "metric"):
        return Moves(sample, _nearest, _steer, _unknown, _distance)
    drawn: list[Array] = []

    def draw(stream: Array, bounds: Array, arrays: tuple, out: Array) -> None:
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

    return Moves(draw, nearest, steer, _unknown, distance)
