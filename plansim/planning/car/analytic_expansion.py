"""Reeds-Shepp shots: a whole rest of the way at once, where obstacles let the shortest curve through."""

from __future__ import annotations

from math import cos, fabs, sin

import numpy as np

from plansim.core.kernel import kernel
from plansim.planning.curves.reeds_shepp_words import shortest_reeds_shepp
from plansim.planning.curves.words import advance
from plansim.planning.spaces.body import arc_room, clearance

NO_SHOT = 1e300


@kernel
def drive_cost(curvatures, lengths, prices):
    """What arcs cost to drive: metres, dearer backwards and turning, and each change of gear."""
    reverse, steering, change = prices
    cost, gear = 0.0, 0.0
    for k in range(curvatures.shape[0]):
        if lengths[k] == 0.0:
            continue
        direction = 1.0 if lengths[k] > 0.0 else -1.0
        price = (reverse if direction < 0.0 else 1.0) * (steering if curvatures[k] != 0 else 1.0)
        cost += fabs(lengths[k]) * price + (change if gear * direction < 0.0 else 0.0)
        gear = direction
    return cost


@kernel
def shoot(a, b, room, radius, limit, prices, ground, body, turns, lengths):
    """Cost of the shortest curve from pose a to b (3+,), NO_SHOT where it is not free or costs `limit` or more.

    Fills turns (5,) and lengths (5,), see `plansim.planning.curves.words`. room: clearance at a
    """
    if shortest_reeds_shepp(a, b, radius, turns, lengths) >= limit:
        return NO_SHOT
    cost = drive_cost(turns, lengths, prices)
    if cost >= limit or not _looks_free(a, turns, lengths, radius, ground, body):
        return NO_SHOT
    x, y, heading = a[0], a[1], a[2]
    for k in range(turns.shape[0]):
        if lengths[k] != 0.0:
            x, y, heading, room = arc_room(x, y, heading, turns[k] / radius, lengths[k], room, ground, body)
            if room < 0.0:
                return NO_SHOT
    return cost


@kernel
def _looks_free(start, turns, lengths, radius, ground, body):
    """Whether a word is free at poses half a body apart: most that is not shows here already."""
    x, y, heading = start[0], start[1], start[2]
    for k in range(turns.shape[0]):
        count = int(fabs(lengths[k]) / body[5] * 2.0) + 1
        for _ in range(count if lengths[k] != 0.0 else 0):
            x, y, heading = advance(x, y, heading, turns[k] / radius, lengths[k] / count)
            if clearance(x, y, cos(heading), sin(heading), ground, body) < 0.0:
                return False
    return True


@kernel
def shorten(start, goal, arcs, radius, prices, ground, body):
    """The way along arcs (M, 2) of curvature and length, with whatever a shot replaces at a lower cost.

    From each pose on the way, the farthest one is taken that a cheaper curve reaches, as found by halving.
    """
    pieces = _pieces(arcs, 2.0 * radius)
    count = pieces.shape[0]
    poses, costs = np.empty((count + 1, 3)), np.zeros(count + 1)
    poses[0] = start
    for i in range(count):
        x, y, heading = advance(poses[i, 0], poses[i, 1], poses[i, 2], pieces[i, 0], pieces[i, 1])
        poses[i + 1, 0], poses[i + 1, 1], poses[i + 1, 2] = x, y, heading
        costs[i + 1] = drive_cost(pieces[: i + 1, 0], pieces[: i + 1, 1], prices)
    poses[count] = goal
    turns, lengths, out = np.empty(5, dtype=np.int64), np.empty(5), np.empty((5 * count, 2))
    used, at = 0, 0
    while at < count:
        to, found = count, False
        room = clearance(poses[at, 0], poses[at, 1], cos(poses[at, 2]), sin(poses[at, 2]), ground, body)
        while to > at + 1 and not found:
            limit = costs[to] - costs[at] - 1e-9
            cost = shoot(poses[at], poses[to], room, radius, limit, prices, ground, body, turns, lengths)
            found = cost < NO_SHOT
            if not found:
                to = at + (to - at) // 2
        if not found:
            to = at + 1
            out[used] = pieces[at]
            used += 1
        for k in range(5 if found else 0):
            if lengths[k] != 0.0:
                out[used, 0], out[used, 1] = turns[k] / radius, lengths[k]
                used += 1
        at = to
    return merged(out[:used])


@kernel
def merged(arcs):
    """Arcs (M, 2), those that go on as the one before joined to it."""
    out, used = np.empty_like(arcs), 0
    for i in range(arcs.shape[0]):
        if used > 0 and out[used - 1, 0] == arcs[i, 0] and out[used - 1, 1] * arcs[i, 1] > 0.0:
            out[used - 1, 1] += arcs[i, 1]
        else:
            out[used] = arcs[i]
            used += 1
    return out[:used].copy()


@kernel
def _pieces(arcs, longest):
    """The arcs in equal pieces no longer than `longest` metres, or a fiftieth of the way."""
    whole = 0.0
    for i in range(arcs.shape[0]):
        whole += fabs(arcs[i, 1])
    longest = max(longest, whole / 50.0)
    count = 0
    for i in range(arcs.shape[0]):
        count += int(fabs(arcs[i, 1]) / longest) + 1
    out, used = np.empty((count, 2)), 0
    for i in range(arcs.shape[0]):
        share = int(fabs(arcs[i, 1]) / longest) + 1
        for _ in range(share):
            out[used, 0], out[used, 1] = arcs[i, 0], arcs[i, 1] / share
            used += 1
    return out
