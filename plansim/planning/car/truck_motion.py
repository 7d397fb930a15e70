"""A truck with its trailer between obstacles, compiled: arcs of the tractor, and curves that end in an exact state.

A state is x, y, heading of the tractor's rear axle and hitch, and the trailer's heading. The trailer's axle is a flat
output (Rouchon, Fliess, Levine & Martin 1993): its path alone says all the rest. The path's direction is the trailer's
heading, its curvature k bends the two by atan(k length), and the change of k is the steering. A quintic curve of the
axle with given directions and curvatures at both ends therefore leads from any state to any other, exactly.

truck: (trailer_length, max_bend, max_curvature of the tractor)
rig: (ground, tractor's body, trailer's body), see `plansim.planning.spaces.body`
"""

from __future__ import annotations

from math import atan, atan2, cos, fabs, hypot, sin, tan

import numpy as np

from plansim.core.kernel import kernel
from plansim.core.scalar import wrap_angle
from plansim.planning.curves.words import advance
from plansim.planning.spaces.body import clearance

STRETCHES = np.array([1.0, 1.4, 0.7])  # of a curve's speed at its ends, as shares of the chord
COARSE = 12  # poses at which a curve is looked at first
BEND_STEP = 0.002  # rad of bend, between two looks at it where there is little to spare


@kernel
def room_of(x, y, heading, trailer, truck, rig):
    """Metres by which both bodies are at least clear; negative: one is not free, or they are bent too far."""
    ground, front, rear = rig
    if fabs(wrap_angle(heading - trailer)) > truck[1]:
        return -1.0
    room = clearance(x, y, cos(heading), sin(heading), ground, front)
    if room < 0.0:
        return room
    c, s = cos(trailer), sin(trailer)
    return min(room, clearance(x - truck[0] * c, y - truck[0] * s, c, s, ground, rear))


@kernel
def lever_of(curvature, truck, rig):
    """How far a corner of either body can go for a metre of the tractor."""
    return max(1.0 + fabs(curvature) * rig[1][5], 1.0 + rig[2][5] / truck[0])


@kernel
def turned(heading, trailer, curvature, length, trailer_length):
    """The trailer's heading after an arc of the tractor, by one step of rk4."""
    half = 0.5 * length
    a = sin(heading - trailer) / trailer_length
    b = sin(heading + half * curvature - trailer - half * a) / trailer_length
    c = sin(heading + half * curvature - trailer - half * b) / trailer_length
    d = sin(heading + length * curvature - trailer - length * c) / trailer_length
    return trailer + length / 6.0 * (a + 2.0 * b + 2.0 * c + d)


@kernel
def drive_arc(x, y, heading, trailer, curvature, length, room, truck, rig):
    """The state at the end of the tractor's arc and the room there: x, y, heading, trailer, room; < 0: not free."""
    lever, left = lever_of(curvature, truck, rig), fabs(length)
    longest, least = truck[0] / 12.0, min(rig[1][4], rig[2][4])
    while left > 0.0 and room >= 0.0:
        step = min(max(room, least) / lever, longest, left)
        left = left - step if left - step > 1e-12 else 0.0
        signed = step if length >= 0.0 else -step
        trailer = turned(heading, trailer, curvature, signed, truck[0])
        x, y, heading = advance(x, y, heading, curvature, signed)
        room = room_of(x, y, heading, trailer, truck, rig)
    return x, y, heading, trailer, room


@kernel
def fit_curve(a, b, gear, stretch, truck, curve):
    """Fills curve (2, 6), the coefficients of the trailer axle's quintic from state a to b (4+,), driven in a gear."""
    length = truck[0]
    ends = (a, b)
    x0, y0 = a[0] - length * cos(a[3]), a[1] - length * sin(a[3])
    x1, y1 = b[0] - length * cos(b[3]), b[1] - length * sin(b[3])
    speed = stretch * max(hypot(x1 - x0, y1 - y0), 1e-6)
    derivatives = np.empty((2, 2, 2))  # end, order, axis
    for i in range(2):
        end = ends[i]
        along, left = cos(end[3]) * gear, sin(end[3]) * gear
        bent = gear * tan(wrap_angle(end[2] - end[3])) / length * speed * speed
        derivatives[i, 0, 0], derivatives[i, 0, 1] = speed * along, speed * left
        derivatives[i, 1, 0], derivatives[i, 1, 1] = -left * bent, along * bent
    for axis in range(2):
        p, q = (x0, x1) if axis == 0 else (y0, y1)
        v, w = derivatives[0, 0, axis], derivatives[1, 0, axis]
        f, g = derivatives[0, 1, axis], derivatives[1, 1, axis]
        d = q - p
        curve[axis, 0], curve[axis, 1], curve[axis, 2] = p, v, 0.5 * f
        curve[axis, 3] = 10.0 * d - 6.0 * v - 4.0 * w - 1.5 * f + 0.5 * g
        curve[axis, 4] = -15.0 * d + 8.0 * v + 7.0 * w + 1.5 * f - g
        curve[axis, 5] = 6.0 * d - 3.0 * v - 3.0 * w - 0.5 * f + 0.5 * g


@kernel
def state_on(curve, gear, p, truck):
    """The truck at p in [0, 1] of a curve: x, y, heading, trailer, curvature of its path, metres that it goes per p."""
    cx, cy = curve[0], curve[1]
    x = cx[0] + p * (cx[1] + p * (cx[2] + p * (cx[3] + p * (cx[4] + p * cx[5]))))
    y = cy[0] + p * (cy[1] + p * (cy[2] + p * (cy[3] + p * (cy[4] + p * cy[5]))))
    vx = cx[1] + p * (2.0 * cx[2] + p * (3.0 * cx[3] + p * (4.0 * cx[4] + p * 5.0 * cx[5])))
    vy = cy[1] + p * (2.0 * cy[2] + p * (3.0 * cy[3] + p * (4.0 * cy[4] + p * 5.0 * cy[5])))
    ax = 2.0 * cx[2] + p * (6.0 * cx[3] + p * (12.0 * cx[4] + p * 20.0 * cx[5]))
    ay = 2.0 * cy[2] + p * (6.0 * cy[3] + p * (12.0 * cy[4] + p * 20.0 * cy[5]))
    jx = 6.0 * cx[3] + p * (24.0 * cx[4] + p * 60.0 * cx[5])
    jy = 6.0 * cy[3] + p * (24.0 * cy[4] + p * 60.0 * cy[5])
    speed = max(hypot(vx, vy), 1e-12)
    trailer = atan2(vy, vx) if gear > 0.0 else atan2(-vy, -vx)
    k = (vx * ay - vy * ax) / speed**3  # in the direction of travel; for the trailer's own, times the gear
    change = ((vx * jy - vy * jx) / speed**3 - 3.0 * k * (vx * ax + vy * ay) / speed**2) / speed
    length = truck[0]
    bend = atan(length * k * gear)
    curvature = cos(bend) * (k * gear + length * change / (1.0 + (length * k) ** 2))
    x, y = x + length * cos(trailer), y + length * sin(trailer)
    return x, y, trailer + bend, trailer, curvature, speed / cos(bend)


@kernel
def dock(a, b, room, truck, rig, prices, limit, curve):
    """Cost and gear of a free curve from state a to b (4+,), which it fills; 1e300 if none is below `limit`."""
    reverse, _ = prices
    best, best_gear, best_stretch = limit, 0.0, 0.0
    dx, dy = b[0] - truck[0] * cos(b[3]) - a[0], b[1] - truck[0] * sin(b[3]) - a[1]
    dx, dy = dx + truck[0] * cos(a[3]), dy + truck[0] * sin(a[3])
    for gear in (1.0, -1.0):
        # neither end may look away from the other
        if gear * (dx * cos(a[3]) + dy * sin(a[3])) <= 0.0 or gear * (dx * cos(b[3]) + dy * sin(b[3])) <= 0.0:
            continue
        for i in range(STRETCHES.shape[0]):
            price = reverse if gear < 0.0 else 1.0
            if price * hypot(b[0] - a[0], b[1] - a[1]) >= best:
                continue
            fit_curve(a, b, gear, STRETCHES[i], truck, curve)
            length = _curve_length(curve, gear, truck)
            bent = max(fabs(wrap_angle(a[2] - a[3])), fabs(wrap_angle(b[2] - b[3])), truck[1] - BEND_STEP)
            if length * price < best and _curve_free(curve, gear, room, bent, truck, rig):
                best, best_gear, best_stretch = length * price, gear, STRETCHES[i]
    if best_gear == 0.0:
        return 1e300, 0.0
    fit_curve(a, b, best_gear, best_stretch, truck, curve)
    return best, best_gear


@kernel
def _curve_length(curve, gear, truck):
    """The tractor's metres along a curve; 1e300 where it asks for too much bend or steering."""
    length = 0.0
    for i in range(2 * COARSE):
        _, _, heading, trailer, curvature, pace = state_on(curve, gear, (i + 0.5) / (2 * COARSE), truck)
        if fabs(wrap_angle(heading - trailer)) > truck[1] or fabs(curvature) > truck[2]:
            return 1e300
        length += pace / (2 * COARSE)
    return length


@kernel
def _curve_free(curve, gear, room, most_bend, truck, rig):
    """By conservative advancement, of both bodies and of the bend."""
    for i in range(1, COARSE):
        x, y, heading, trailer, _, _ = state_on(curve, gear, i / COARSE, truck)
        if room_of(x, y, heading, trailer, truck, rig) < 0.0:
            return False
    lever, least = lever_of(truck[2], truck, rig), min(rig[1][4], rig[2][4])
    fold = truck[2] + 1.0 / truck[0]  # rad of bend, at most, for a metre of the tractor
    _, _, heading, trailer, _, pace = state_on(curve, gear, 0.0, truck)
    p = 0.0
    while p < 1.0:
        spare = max(truck[1] - fabs(wrap_angle(heading - trailer)), BEND_STEP)
        p = min(p + min(max(room, least) / lever, spare / fold) / (1.2 * pace), p + 0.05, 1.0)
        x, y, heading, trailer, curvature, pace = state_on(curve, gear, p, truck)
        if fabs(curvature) > truck[2] or fabs(wrap_angle(heading - trailer)) > most_bend + 1e-9:
            return False
        room = room_of(x, y, heading, trailer, truck, rig)
        if room < 0.0:
            return False
    return True
