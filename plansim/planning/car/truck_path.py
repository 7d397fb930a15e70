"""What a truck drives: dense states, shortened by docking curves, and the controls that follow them."""

from __future__ import annotations

from math import atan, ceil, cos, fabs, hypot, sin, tan

import numpy as np

from plansim.core.kernel import kernel
from plansim.core.scalar import wrap_angle
from plansim.planning.car.truck_motion import dock, room_of, state_on, turned
from plansim.planning.curves.words import advance

SHORT = 1e-9


@kernel
def along_arc(begin, curvature, length, truck, out):
    """Fills out (T, 4) with states along an arc of the tractor, equally far apart, without the begin."""
    count = out.shape[0]
    x, y, heading, trailer = begin[0], begin[1], begin[2], begin[3]
    for i in range(count):
        trailer = turned(heading, trailer, curvature, length / count, truck[0])
        x, y, heading = advance(x, y, heading, curvature, length / count)
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = x, y, wrap_angle(heading), wrap_angle(trailer)


@kernel
def along_curve(curve, gear, spacing, truck):
    """States (T, 4) along a docking curve, equally far apart for the tractor, without the begin."""
    fine = 400
    lengths = np.zeros(fine + 1)
    for i in range(fine):
        lengths[i + 1] = lengths[i] + state_on(curve, gear, (i + 0.5) / fine, truck)[5] / fine
    count = max(ceil(lengths[fine] / spacing), 1)
    out, at = np.empty((count, 4)), 0
    for i in range(count):
        wanted = lengths[fine] * (i + 1) / count
        while at < fine - 1 and lengths[at + 1] < wanted:
            at += 1
        p = (at + (wanted - lengths[at]) / (lengths[at + 1] - lengths[at])) / fine
        x, y, heading, trailer, _, _ = state_on(curve, gear, min(p, 1.0), truck)
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = x, y, wrap_angle(heading), wrap_angle(trailer)
    return out


@kernel
def path_costs(states, prices):
    """What it costs to drive up to each of dense states (T, 4): metres of the tractor, dearer backwards, and cusps."""
    reverse, change = prices
    costs, gear = np.zeros(states.shape[0]), 0.0
    for i in range(states.shape[0] - 1):
        dx, dy = states[i + 1, 0] - states[i, 0], states[i + 1, 1] - states[i, 1]
        along = dx * cos(states[i, 2]) + dy * sin(states[i, 2])
        now = 1.0 if along >= 0.0 else -1.0
        costs[i + 1] = (
            costs[i] + hypot(dx, dy) * (reverse if now < 0.0 else 1.0) + (change if gear * now < 0.0 else 0.0)
        )
        gear = now
    return costs


@kernel
def shorten_truck(states, spacing, stride, truck, rig, prices):
    """Dense states (T, 4) with whatever a docking curve replaces at a lower cost.

    From every `stride`-th state, the farthest one is taken that a cheaper curve reaches, as found by halving.
    """
    costs, curve = path_costs(states, prices), np.empty((2, 6))
    last, at, used = states.shape[0] - 1, 0, 1
    out = np.empty((4 * states.shape[0], 4))
    out[0] = states[0]
    while at < last:
        to, found = last, False
        room = room_of(states[at, 0], states[at, 1], states[at, 2], states[at, 3], truck, rig)
        while to > at + stride and not found:
            limit = costs[to] - costs[at] - 0.01
            cost, gear = dock(states[at], states[to], room, truck, rig, prices, limit, curve)
            found = cost < 1e300
            if found:
                piece = along_curve(curve, gear, spacing, truck)
                if used + piece.shape[0] + last - to > out.shape[0]:
                    found = False
                    break
                out[used : used + piece.shape[0]] = piece
                used += piece.shape[0]
            else:
                to = at + (to - at) // 2
        if not found:
            to = min(at + stride, last)
            out[used : used + to - at] = states[at + 1 : to + 1]
            used += to - at
        at = to
    return out[:used].copy()


@kernel
def follow(states, wheelbase, dt, truck):
    """Controls (T, 2), speed and steering, of arcs between dense states (T + 1, 4), from where the truck has got to.

    Each arc leads the tractor as near to the next state as an arc can; the trailer follows.
    """
    controls = np.empty((states.shape[0] - 1, 2))
    x, y, heading, trailer = states[0, 0], states[0, 1], states[0, 2], states[0, 3]
    for i in range(controls.shape[0]):
        turn = wrap_angle(states[i + 1, 2] - heading)
        middle = heading + 0.5 * turn
        chord = (states[i + 1, 0] - x) * cos(middle) + (states[i + 1, 1] - y) * sin(middle)
        half = 0.5 * turn
        length = chord * (half / sin(half) if fabs(half) > 1e-6 else 1.0)
        curvature = turn / length if fabs(length) > SHORT else 0.0
        trailer = turned(heading, trailer, curvature, length, truck[0])
        x, y, heading = advance(x, y, heading, curvature, length)
        controls[i, 0], controls[i, 1] = length / dt, atan(wheelbase * curvature)
    return controls


@kernel
def end_of(start, controls, wheelbase, dt, truck):
    """The state after controls (T, 2) from a state (4,)."""
    x, y, heading, trailer = start[0], start[1], start[2], start[3]
    for i in range(controls.shape[0]):
        curvature, length = tan(controls[i, 1]) / wheelbase, controls[i, 0] * dt
        trailer = turned(heading, trailer, curvature, length, truck[0])
        x, y, heading = advance(x, y, heading, curvature, length)
    return np.array([x, y, heading, trailer])
