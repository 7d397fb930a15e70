"""Shortest paths of a car that may reverse, between poses: lengths, words and paths, many at once (Reeds & Shepp 1990).

For use in other kernels see `reeds_shepp_words`.
"""

from __future__ import annotations

import numpy as np

from plansim.core.arrays import Array
from plansim.core.kernel import kernel
from plansim.planning.curves.reeds_shepp_words import reeds_shepp_distance, shortest_reeds_shepp
from plansim.planning.curves.words import LETTERS, Curve, check_positive, curve_along, poses_pair, seen_from


def reeds_shepp_length(a: Array, b: Array, radius: float) -> Array:
    """Metres of the shortest path from poses a to poses b (..., 3), turning no tighter than `radius` metres, (...).

    >>> float(reeds_shepp_length([0.0, 0.0, 0.0], [-3.0, 0.0, 0.0], radius=1.0))
    3.0
    """
    a, b, batch = poses_pair(a, b, radius)
    out = np.empty(len(a))
    _lengths(a, b, float(radius), out)
    return out.reshape(batch)[()]


def reeds_shepp_word(a: Array, b: Array, radius: float) -> tuple[Array, Array]:
    """The letters of the shortest paths from a to b (..., 3): turns (..., 5) in {1, 0, -1}, signed metres (..., 5)."""
    a, b, batch = poses_pair(a, b, radius)
    turns, lengths = np.empty((len(a), LETTERS), dtype=np.int64), np.empty((len(a), LETTERS))
    _words(a, b, float(radius), turns, lengths)
    return turns.reshape(*batch, LETTERS), lengths.reshape(*batch, LETTERS)


def reeds_shepp_path(a: Array, b: Array, radius: float, spacing: float) -> Curve:
    """The shortest path between two poses (3,), with a state at least every `spacing` metres and at every cusp.

    >>> path = reeds_shepp_path([0.0, 0.0, 0.0], [0.0, 1.0, 0.0], radius=1.0, spacing=0.5)
    >>> path.states[-1].round(9).tolist()
    [0.0, 1.0, 0.0]
    """
    check_positive("spacing", spacing)
    turns, lengths = reeds_shepp_word(a, b, radius)
    return curve_along(a, turns, lengths, radius, spacing)


@kernel
def _lengths(a, b, radius, out):
    for i in range(a.shape[0]):
        x, y, turn = seen_from(a[i], b[i], radius)
        out[i] = radius * reeds_shepp_distance(x, y, turn)


@kernel
def _words(a, b, radius, turns, lengths):
    for i in range(a.shape[0]):
        shortest_reeds_shepp(a[i], b[i], radius, turns[i], lengths[i])
