"""How an episode of Road begins and goes on: the car moves, the others follow their lanes, and who is seen.

In kernels `rules` are the settings, `world` is one row of the state; a row of its traffic is s, offset, speed, wanted
speed, direction (1 with the line, -1 against it, 0 for nobody), length, width.
"""

from __future__ import annotations

import functools
from math import atan2, cos, pi, sin

import numpy as np

from plansim.core.boxes import in_sight, vehicles_overlap
from plansim.core.kernel import Kernel, kernel
from plansim.core.random import uniform
from plansim.core.reference_line import line_frame, project_on_line
from plansim.core.scalar import wrap_angle

START = 20.0  # m
COLLISION_COST = 10.0
STANDSTILL_GAP, TIME_GAP = 2.0, 1.2  # m, s, that a driver keeps
BRAKING, ACCELERATION, RESPONSE = 6.0, 2.0, 0.5  # m/s^2, m/s^2, s, of the others
RUNNING, ARRIVED, COLLISION, OFF_ROAD, OUT_OF_TIME = range(5)
OUTCOMES = np.array(["", "arrived", "collision", "off road", "out of time"], dtype=object)


@kernel
def begin(state, mask, settings, lanes, oncoming_lanes, pieces):
    rules, last = settings[0], pieces.shape[0] - 1
    length = pieces[last, 0] + pieces[last, 1]
    for i in range(state.shape[0]):
        if not mask[i]:
            continue
        world = state[i]
        x, goal, offset = world["x"], world["goal"], lanes[int(rules["lane"])]
        frame = line_frame(pieces, START)
        x[0], x[1], x[2] = frame[0] - offset * frame[3], frame[1] + offset * frame[2], atan2(frame[3], frame[2])
        x[3] = rules["start_speed"]
        frame = line_frame(pieces, length)
        goal[0], goal[1] = frame[0] - offset * frame[3], frame[1] + offset * frame[2]
        ahead = 0.5 * rules["wheelbase"]
        world["s"], _ = project_on_line(pieces, x[0] + ahead * cos(x[2]), x[1] + ahead * sin(x[2]))
        world["progress"], world["passed"], world["steps"], world["outcome"] = 0.0, 0, 0, RUNNING
        _populate(world, rules, lanes, oncoming_lanes)
        _place(world, pieces)
        _look(world, rules)


@kernel
def _populate(world, rules, lanes, oncoming_lanes):
    """Draws the others: trucks, cars of the car's direction, oncoming cars."""
    traffic, stream = world["traffic"], world["random"]
    trucks, cars = int(rules["trucks"]), int(rules["cars"])
    oncoming, count = int(rules["oncoming"]), traffic.shape[0]
    own, against = START, START
    for q in range(count):
        row = traffic[q]
        row[5], row[6], row[4] = rules["length"], rules["width"], 1.0
        if q < trucks + cars:
            own += uniform(stream, rules["spacing"][0], rules["spacing"][1])
            row[0], lane = own, int(uniform(stream, 0.0, lanes.shape[0]))
            row[3] = uniform(stream, rules["car_speeds"][0], rules["car_speeds"][1])
            if q < trucks:
                lane, row[3], row[5], row[6] = (
                    int(rules["lane"]),
                    rules["truck_speed"],
                    rules["truck_length"],
                    rules["truck_width"],
                )
            row[1] = lanes[lane]
        elif q < trucks + cars + oncoming:
            against += uniform(stream, rules["oncoming_spacing"][0], rules["oncoming_spacing"][1])
            row[0], row[4] = against, -1.0
            row[1] = oncoming_lanes[int(uniform(stream, 0.0, oncoming_lanes.shape[0]))]
            row[3] = uniform(stream, rules["oncoming_speeds"][0], rules["oncoming_speeds"][1])
        else:
            for k in range(7):
                row[k] = 0.0
        row[2] = row[3]


@kernel
def _place(world, pieces):
    """Where the others are in the plane."""
    traffic, vehicles = world["traffic"], world["vehicles"]
    for q in range(traffic.shape[0]):
        row, vehicle = traffic[q], vehicles[q]
        frame = line_frame(pieces, row[0])
        vehicle[0], vehicle[1] = frame[0] - row[1] * frame[3], frame[1] + row[1] * frame[2]
        vehicle[2] = wrap_angle(atan2(frame[3], frame[2]) + (pi if row[4] < 0.0 else 0.0))
        vehicle[3], vehicle[4], vehicle[5] = row[2], row[5], row[6]
        if row[4] == 0.0:
            for k in range(6):
                vehicle[k] = 0.0


@kernel
def _look(world, rules):
    """Who is seen from the middle of the car."""
    x, vehicles, shown, seen = world["x"], world["vehicles"], world["shown"], world["seen"]
    ahead = 0.5 * rules["wheelbase"]
    eye_x, eye_y = x[0] + ahead * cos(x[2]), x[1] + ahead * sin(x[2])
    for q in range(vehicles.shape[0]):
        sighted = vehicles[q, 4] > 0.0 and in_sight(eye_x, eye_y, rules["sensor_range"], vehicles[q], vehicles, q)
        seen[q] = 1 if sighted else 0
        for k in range(6):
            shown[q, k] = vehicles[q, k] if sighted else 0.0


@kernel
def _follow(world, rules, s, offset, speed):
    """The others move on: each by its wanted speed, or by the gap to whoever is in front of it in its direction.

    s, offset, speed: the car's, for which those behind it slow down.
    """
    traffic, dt = world["traffic"], rules["dt"]
    for q in range(traffic.shape[0]):
        row = traffic[q]
        direction, gap = row[4], np.inf
        if direction == 0.0:
            continue
        for p in range(traffic.shape[0]):
            other = traffic[p]
            ahead = direction * (other[0] - row[0])
            if p != q and other[4] == direction and other[1] == row[1] and (ahead > 0.0 or (ahead == 0.0 and p < q)):
                gap = min(gap, ahead - 0.5 * (row[5] + other[5]))
        if direction > 0.0 and s > row[0] and abs(offset - row[1]) < 0.5 * (row[6] + rules["width"]):
            gap = min(gap, s - row[0] - 0.5 * (row[5] + rules["length"]))
        wanted = min(row[3], max(gap - STANDSTILL_GAP, 0.0) / TIME_GAP)
        change = min(max((wanted - row[2]) / RESPONSE, -BRAKING), ACCELERATION)
        row[2] = max(row[2] + change * dt, 0.0)
        row[0] += direction * row[2] * dt


@kernel
def _leaves(me, rules, pieces, offset):
    """Whether a corner of the car (6,), which is `offset` beside the line, lies beyond the road's edges."""
    reach = 0.5 * (me[4] + me[5])
    right, left = rules["edges"][0], rules["edges"][1]
    if right + reach < offset < left - reach:
        return False
    c, s = cos(me[2]), sin(me[2])
    for forward in (0.5, -0.5):
        for side in (0.5, -0.5):
            dx, dy = forward * me[4], side * me[5]
            _, beside = project_on_line(pieces, me[0] + c * dx - s * dy, me[1] + s * dx + c * dy)
            if not right <= beside <= left:
                return True
    return False


@functools.cache
def compiled_drive(step: Kernel) -> Kernel:
    """The kernel that moves worlds whose car moves by `step`."""

    @kernel
    def drive(state, actions, settings, pieces, reward, terminated, truncated):
        rules, last = settings[0], pieces.shape[0] - 1
        length, ahead = pieces[last, 0] + pieces[last, 1], 0.5 * rules["wheelbase"]
        me = np.empty(6)
        for i in range(state.shape[0]):
            world = state[i]
            x, before = world["x"], world["s"]
            # the others cannot know what the car is about to do
            middle_s, offset = project_on_line(pieces, x[0] + ahead * cos(x[2]), x[1] + ahead * sin(x[2]))
            _follow(world, rules, middle_s, offset, x[3])
            _place(world, pieces)
            step(x, actions[i], (rules["wheelbase"],), rules["dt"], x)
            x[2] = wrap_angle(x[2])
            x[3] = min(max(x[3], 0.0), rules["top_speed"])
            me[0], me[1], me[2] = x[0] + ahead * cos(x[2]), x[1] + ahead * sin(x[2]), x[2]
            me[3], me[4], me[5] = x[3], rules["length"], rules["width"]
            world["s"], offset = project_on_line(pieces, me[0], me[1])
            world["s"] = min(max(world["s"], before - 5.0), before + 5.0)
            hit, passed = False, 0
            for q in range(world["vehicles"].shape[0]):
                hit = hit or (world["vehicles"][q, 4] > 0.0 and vehicles_overlap(me, world["vehicles"][q]))
                passed += 1 if world["traffic"][q, 4] > 0.0 and world["traffic"][q, 0] < world["s"] else 0
            world["passed"] = passed
            world["progress"] += world["s"] - before
            world["steps"] += 1
            off = not hit and _leaves(me, rules, pieces, offset)
            arrived = not (hit or off) and world["s"] >= length
            late = not (hit or off or arrived) and world["steps"] >= rules["max_steps"]
            world["outcome"] = (
                COLLISION if hit else OFF_ROAD if off else ARRIVED if arrived else OUT_OF_TIME if late else RUNNING
            )
            reward[i] = (world["s"] - before) / rules["top_speed"] - (COLLISION_COST if hit or off else 0.0)
            terminated[i], truncated[i] = hit or off or arrived, late
            _look(world, rules)

    return drive
