"""GOSPA: one distance between the tracks and the targets of a moment, and what it is made of."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput


class Gospa(NamedTuple):
    """The distance, and its parts as powers: localisation + missed + false = distance ** order."""

    distance: float  # in the units of the points
    localisation: float  # of the pairs
    missed: float  # cutoff ** order / 2 for each target without a track
    false: float  # likewise for each track without a target
    pairs: Array  # (K, 2) int: which track is which target's


def gospa(tracks: Array, targets: Array, cutoff: float, order: float = 2.0) -> Gospa:
    """The generalised optimal sub-pattern assignment metric with alpha = 2, between sets of points (M, d) and (T, d).

    min over pairings of sum |track - target|^p + c^p / 2 (number of points without a partner), to the power 1 / p
    (Rahmathullah, García-Fernández and Svensson 2017, "Generalized optimal sub-pattern assignment metric", prop. 1).
    Two empty sets have distance 0.

    >>> score = gospa([[0.0, 0.0], [9.0, 9.0]], [[0.0, 3.0]], cutoff=4.0)
    >>> score.localisation, score.missed, score.false, round(score.distance, 3)
    (9.0, 0.0, 8.0, 4.123)
    """
    tracks, targets = point_sets(tracks, targets)
    check_cutoff(cutoff, order)
    costs, limit = distances(tracks, targets) ** order, cutoff**order
    rows, columns = assignment(np.minimum(costs, limit))
    near = costs[rows, columns] < limit  # a pair beyond the cutoff is no pair: it costs as much as two singles
    pairs = np.column_stack((rows[near], columns[near]))
    localisation = float(costs[rows[near], columns[near]].sum())
    missed, false = (0.5 * limit * (len(points) - len(pairs)) for points in (targets, tracks))
    return Gospa((localisation + missed + false) ** (1.0 / order), localisation, missed, false, pairs)


def point_sets(tracks: Array, targets: Array) -> tuple[Array, Array]:
    """Both as float arrays (M, d) and (T, d); an empty one may have any shape."""
    sets = [np.asarray(points, dtype=float) for points in (tracks, targets)]
    widths = {points.shape[1] for points in sets if points.size and points.ndim == 2}
    if len(widths) > 1 or any(points.size and points.ndim != 2 for points in sets):
        raise MalformedInput(f"tracks {sets[0].shape} and targets {sets[1].shape} must be (M, d) and (T, d)")
    if not all(np.isfinite(points).all() for points in sets):
        raise MalformedInput("tracks and targets must be finite: leave out what is not there")
    width = widths.pop() if widths else 1
    tracks, targets = (points if points.size else np.zeros((0, width)) for points in sets)
    return tracks, targets


def check_cutoff(cutoff: float, order: float) -> None:
    if not (0 < cutoff < np.inf and 1 <= order < np.inf):
        raise MalformedInput(f"cutoff is {cutoff} and order {order}, but must be positive, and at least 1")
    if not abs(order * np.log(cutoff)) < 600:
        raise MalformedInput(f"cutoff {cutoff} to the power of order {order} is no number that a computer can hold")


def distances(a: Array, b: Array) -> Array:
    """From each of the points (M, d) to each of (T, d), (M, T)."""
    return np.sqrt(((a[:, None, :] - b[None, :, :]) ** 2).sum(-1))


def assignment(costs: Array) -> tuple[Array, Array]:
    """Rows and columns of the cheapest pairing of all rows or all columns, whichever are fewer."""
    if not costs.size:
        return np.zeros(0, int), np.zeros(0, int)
    from scipy.optimize import linear_sum_assignment

    return linear_sum_assignment(costs)
