"""How an episode of SensorField begins and goes on: targets are born, move and die; sensors move and look.

In kernels `rules` are the settings and `world` is one row of the state. A sensor's row is what it reads (1: ranges and
bearings), two stds, detection probability, clutter, range, field of view, turn rate, speed,
whether it goes where actions say, number of waypoints.
"""

from __future__ import annotations

from math import atan2, cos, exp, hypot, pi, sin, sqrt

from plansim.core.kernel import kernel
from plansim.core.random import normal_pair, uniform, uniform_pair
from plansim.core.scalar import wrap_angle

RANDOM, CROSSING, PARALLEL = range(3)
WIDE = 5.0  # times as far apart as side by side are targets before and after that
MOST_TRIES = 1000  # to find a place of the field that a sensor sees


@kernel
def poisson(stream, mean):
    """A number of the Poisson distribution (Knuth 1969, 3.4.1), for means of up to 700."""
    least, product, count = exp(-mean), uniform_pair(stream)[0], 0
    while product > least:
        product *= uniform_pair(stream)[0]
        count += 1
    return count


@kernel
def begin(state, mask, settings):
    rules = settings[0]
    for i in range(state.shape[0]):
        if not mask[i]:
            continue
        world = state[i]
        x, alive, ids, turns = world["x"], world["alive"], world["ids"], world["turns"]
        x[:], alive[:], ids[:], turns[:] = 0.0, 0, 0, 0.0
        world["steps"], world["born"], world["died"] = 0, 0, 0
        world["time"][0] = 0.0
        world["course"] = uniform(world["random"], -pi, pi)
        for k in range(int(rules["targets"])):
            slot = _birth(world, rules)
            if rules["traffic"] == CROSSING:
                _set_crossing(world, rules, k, slot)
            elif rules["traffic"] == PARALLEL:
                _set_parallel(world, rules, k, slot)
        for s in range(world["sensors"].shape[0]):
            world["legs"][s] = 0
            for k in range(3):
                world["sensors"][s, k] = rules["poses"][s, k]
        _look(world, rules)


@kernel
def _birth(world, rules):
    """A target anywhere in the field; its slot, or -1 where there is no room."""
    x, stream = world["x"], world["random"]
    place_x, place_y = uniform(stream, 0.0, rules["size"][0]), uniform(stream, 0.0, rules["size"][1])
    course, speed = uniform(stream, -pi, pi), uniform(stream, rules["speeds"][0], rules["speeds"][1])
    turn = uniform(stream, -rules["turn_rate"], rules["turn_rate"])
    for slot in range(x.shape[0]):
        if world["alive"][slot] == 0:
            x[slot, 0], x[slot, 1], x[slot, 2], x[slot, 3] = place_x, place_y, speed * cos(course), speed * sin(course)
            world["born"] += 1
            world["alive"][slot], world["ids"][slot], world["turns"][slot] = 1, world["born"], turn
            return slot
    return -1


@kernel
def _set_crossing(world, rules, k, slot):
    """Target k passes the middle of the field half-way through the episode, at most `separation` beside it."""
    x, count = world["x"][slot], rules["targets"]
    half, speed = 0.5 * rules["max_steps"] * rules["dt"], hypot(x[2], x[3])
    course = world["course"] + rules["crossing_angle"] * (k / max(count - 1.0, 1.0) - 0.5)
    aside = uniform(world["random"], -rules["separation"], rules["separation"])
    x[2], x[3] = speed * cos(course), speed * sin(course)
    x[0] = 0.5 * rules["size"][0] - half * x[2] - aside * sin(course)
    x[1] = 0.5 * rules["size"][1] - half * x[3] + aside * cos(course)


@kernel
def _drift(rules, k):
    """m/s sideways with which target k of a parallel run joins the others at first, and leaves them in the end."""
    quarter = max(rules["max_steps"] // 4, 1.0) * rules["dt"]
    return -(WIDE - 1.0) * rules["separation"] * (k - 0.5 * (rules["targets"] - 1.0)) / quarter


@kernel
def _set_parallel(world, rules, k, slot):
    """All together with one velocity, but for the drift with which they approach each other."""
    x, course = world["x"][slot], world["course"]
    speed, half = 0.5 * (rules["speeds"][0] + rules["speeds"][1]), 0.5 * rules["max_steps"] * rules["dt"]
    aside, drift = WIDE * rules["separation"] * (k - 0.5 * (rules["targets"] - 1.0)), _drift(rules, k)
    c, s = cos(course), sin(course)
    x[0] = 0.5 * rules["size"][0] - half * speed * c - aside * s
    x[1] = 0.5 * rules["size"][1] - half * speed * s + aside * c
    x[2], x[3] = speed * c - drift * s, speed * s + drift * c


@kernel
def drive(state, actions, settings, reward, terminated, truncated):
    rules = settings[0]
    for i in range(state.shape[0]):
        world = state[i]
        _move_targets(world, rules)
        _move_sensors(world, rules, actions[i])
        world["steps"] += 1
        world["time"][0] = world["steps"] * rules["dt"]
        _look(world, rules)
        reward[i], terminated[i], truncated[i] = 0.0, False, world["steps"] >= rules["max_steps"]


@kernel
def _move_targets(world, rules):
    """Constant velocity, or a turn at constant speed, with white acceleration; then deaths and births."""
    x, alive, stream, dt = world["x"], world["alive"], world["random"], rules["dt"]
    roaming = rules["traffic"] == RANDOM
    quarter = max(rules["max_steps"] // 4, 1.0)
    joins = rules["traffic"] == PARALLEL and (world["steps"] == quarter or world["steps"] == 3.0 * quarter)
    # the root of the covariance of position and velocity after white acceleration: ((dt³/3, dt²/2), (dt²/2, dt))
    root = sqrt(rules["acceleration_density"] * dt)
    for k in range(x.shape[0]):
        if alive[k] == 0:
            continue
        if joins:
            drift = _drift(rules, k)
            x[k, 2] += drift * sin(world["course"])
            x[k, 3] -= drift * cos(world["course"])
        _turn(x[k], world["turns"][k], dt)
        for axis in range(2):
            a, b = normal_pair(stream)
            x[k, axis] += root * dt / sqrt(3.0) * a
            x[k, 2 + axis] += root * (0.5 * sqrt(3.0) * a + 0.5 * b)
        outside = not (0.0 <= x[k, 0] <= rules["size"][0] and 0.0 <= x[k, 1] <= rules["size"][1])
        if roaming and (uniform_pair(stream)[0] >= exp(-dt / rules["lifetime"]) or outside):
            alive[k], world["ids"][k], world["turns"][k] = 0, 0, 0.0
            x[k, 0], x[k, 1], x[k, 2], x[k, 3] = 0.0, 0.0, 0.0, 0.0
            world["died"] += 1
    if roaming:
        for _ in range(poisson(stream, rules["births"] * dt)):
            _birth(world, rules)


@kernel
def _turn(x, rate, dt):
    """dt seconds along a circle, or a line where the rate is 0."""
    angle = rate * dt
    along = sin(angle) / rate if rate != 0.0 else dt
    aside = (1.0 - cos(angle)) / rate if rate != 0.0 else 0.0
    c, s, vx, vy = cos(angle), sin(angle), x[2], x[3]
    x[0] += along * vx - aside * vy
    x[1] += aside * vx + along * vy
    x[2], x[3] = c * vx - s * vy, s * vx + c * vy


@kernel
def _move_sensors(world, rules, velocities):
    sensors, dt = world["sensors"], rules["dt"]
    for s in range(sensors.shape[0]):
        row, pose = rules["sensors"][s], sensors[s]
        pose[2] = wrap_angle(pose[2] + row[7] * dt)
        for axis in range(2):
            pose[axis] += row[9] * velocities[s, axis] * dt
        way = row[8] * dt
        while way > 0.0:
            goal = rules["paths"][s, world["legs"][s]]
            distance = hypot(goal[0] - pose[0], goal[1] - pose[1])
            share = min(way / distance, 1.0) if distance > 0.0 else 1.0
            pose[0] += share * (goal[0] - pose[0])
            pose[1] += share * (goal[1] - pose[1])
            way = way - distance if share == 1.0 and row[10] > 1.0 else 0.0
            if share == 1.0:
                world["legs"][s] = (world["legs"][s] + 1) % int(row[10])


@kernel
def _look(world, rules):
    """What every sensor reports: targets in view, then clutter, in an order that tells nothing."""
    x, alive, stream, counts = world["x"], world["alive"], world["random"], world["counts"]
    for s in range(world["sensors"].shape[0]):
        row, pose = rules["sensors"][s], world["sensors"][s]
        found, origins = world["detections"][s], world["origins"][s]
        found[:], origins[:] = 0.0, 0
        counts[s] = 0
        for k in range(x.shape[0]):
            if alive[k] == 0 or not _sees(row, pose, x[k, 0], x[k, 1]) or uniform_pair(stream)[0] >= row[3]:
                continue
            if rules["points"] == 0.0:
                _report(row, pose, x[k, 0], x[k, 1], stream, found, origins, counts, s, world["ids"][k])
                continue
            speed = max(hypot(x[k, 2], x[k, 3]), 1e-12)
            c, d = x[k, 2] / speed, x[k, 3] / speed
            for _ in range(poisson(stream, rules["points"])):
                u, v = uniform_pair(stream)
                u, v = (u - 0.5) * rules["extent"][0], (v - 0.5) * rules["extent"][1]
                place_x, place_y = x[k, 0] + c * u - d * v, x[k, 1] + d * u + c * v
                _report(row, pose, place_x, place_y, stream, found, origins, counts, s, world["ids"][k])
        for _ in range(poisson(stream, row[4])):
            _imagine(row, pose, rules["size"], stream, found, counts, s)
        for j in range(counts[s] - 1, 0, -1):  # Fisher and Yates
            k = int(uniform(stream, 0.0, j + 1.0))
            origins[j], origins[k] = origins[k], origins[j]
            for axis in range(2):
                found[j, axis], found[k, axis] = found[k, axis], found[j, axis]


@kernel
def _sees(row, pose, place_x, place_y):
    dx, dy = place_x - pose[0], place_y - pose[1]
    return hypot(dx, dy) <= row[5] and (row[6] >= 2.0 * pi or abs(wrap_angle(atan2(dy, dx) - pose[2])) <= 0.5 * row[6])


@kernel
def _report(row, pose, place_x, place_y, stream, found, origins, counts, s, identity):
    a, b = normal_pair(stream)
    j = counts[s]
    if j == found.shape[0]:
        return
    counts[s], origins[j] = j + 1, identity
    if row[0] == 0.0:
        found[j, 0], found[j, 1] = place_x + row[1] * a, place_y + row[2] * b
        return
    dx, dy = place_x - pose[0], place_y - pose[1]
    found[j, 0] = hypot(dx, dy) + row[1] * a
    found[j, 1] = wrap_angle(atan2(dy, dx) - pose[2] + row[2] * b)


@kernel
def _imagine(row, pose, size, stream, found, counts, s):
    """A false detection; none where the sensor sees nothing of the field."""
    j = counts[s]
    if j == found.shape[0]:
        return
    if row[0] == 1.0:
        a, b = uniform_pair(stream)
        found[j, 0], found[j, 1] = row[5] * a, row[6] * (b - 0.5)
        counts[s] = j + 1
        return
    narrow = 0.5 * row[6] * row[5] ** 2 < size[0] * size[1]
    for _ in range(MOST_TRIES):
        a, b = uniform_pair(stream)
        place_x, place_y = size[0] * a, size[1] * b
        if narrow:
            reach, angle = row[5] * sqrt(a), pose[2] + row[6] * (b - 0.5)
            place_x, place_y = pose[0] + reach * cos(angle), pose[1] + reach * sin(angle)
        if 0.0 <= place_x <= size[0] and 0.0 <= place_y <= size[1] and _sees(row, pose, place_x, place_y):
            found[j, 0], found[j, 1] = place_x, place_y
            counts[s] = j + 1
            return
