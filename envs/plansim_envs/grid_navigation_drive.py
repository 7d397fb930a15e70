"""One step of GridNavigation: the robot moves, measures, scans, and may arrive or collide.

In kernels `rules` are the settings, `world` is one row of the state.
"""

from __future__ import annotations

import functools
from math import cos, hypot, pi, sin

import numpy as np

from plansim.core.kernel import Kernel, kernel
from plansim.core.random import normal_pair, uniform, uniform_pair
from plansim.core.raycast import cast_ray
from plansim.core.scalar import wrap_angle
from plansim.models.odometry import increment_spread
from plansim_envs.maps import touches
from plansim_envs.obstacles import APPEARS_WITHIN, X, Y, appear, hits_obstacle, range_to_obstacles

COLLISION_COST = 10.0
TIME_COST = 0.1  # a second
RUNNING, ARRIVED, COLLISION, OUT_OF_TIME = range(4)
OUTCOMES = np.array(["", "arrived", "collision", "out of time"], dtype=object)


@kernel
def look(state, mask, settings, occupied, skip, beams):
    for i in range(state.shape[0]):
        if mask[i]:
            _scan(state[i], settings[0], occupied, skip, beams)


@kernel
def _columns_rows(rules, x, y):
    """A point of the world in cells."""
    origin, across = rules["origin"], rules["across"]
    dx, dy = (x - origin[0]) / rules["resolution"], (y - origin[1]) / rules["resolution"]
    return across[0] * dx + across[1] * dy, across[0] * dy - across[1] * dx


@kernel
def _scan(world, rules, occupied, skip, beams):
    """Fills the world's lidar readings: exact ranges to cells and obstacles, with noise where something returned."""
    if beams.shape[1] == 0:
        return
    robot, obstacles, ranges, stream = world["x"], world["obstacles"], world["lidar"], world["random"]
    max_range, resolution, mount, across = rules["max_range"], rules["resolution"], rules["mount"], rules["across"]
    c, s = cos(robot[2]), sin(robot[2])
    x, y = robot[0] + c * mount[0] - s * mount[1], robot[1] + s * mount[0] + c * mount[1]
    u, v = _columns_rows(rules, x, y)
    heading = robot[2] + mount[2] - rules["turned"]
    c, s = cos(heading), sin(heading)
    spare = 0.0
    for j in range(beams.shape[1]):
        dx, dy = c * beams[0, j] - s * beams[1, j], s * beams[0, j] + c * beams[1, j]
        distance = min(resolution * cast_ray(occupied, skip, u, v, dx, dy, max_range / resolution), max_range)
        world_x, world_y = across[0] * dx - across[1] * dy, across[1] * dx + across[0] * dy
        distance = range_to_obstacles(obstacles, rules["obstacle_radius"], x, y, world_x, world_y, distance)
        noise = spare
        if j % 2 == 0:
            noise, spare = normal_pair(stream)
        ranges[j] = max_range
        if distance < max_range:
            ranges[j] = min(max(distance + rules["range_std"] * noise, 0.0), max_range)


@kernel
def _measure(world, rules, before_x, before_y, before_heading):
    """The world's odometry (3,): the increment since the pose before, with noise."""
    x, wheels, out, stream = world["x"], rules["wheels"], world["odometry"], world["random"]
    c, s = cos(before_heading), sin(before_heading)
    dx, dy = x[0] - before_x, x[1] - before_y
    forward, left, turn = c * dx + s * dy, c * dy - s * dx, wrap_angle(x[2] - before_heading)
    spread = increment_spread(forward, left, turn, (wheels[0], wheels[1], wheels[2], wheels[3]))
    a, b = normal_pair(stream)
    c, _ = normal_pair(stream)
    out[0], out[1] = forward + spread[0] * a, left + spread[0] * b
    out[2] = wrap_angle(turn + spread[1] * c)


@kernel
def _collides(world, rules, before_x, before_y, distance_field, occupied):
    """Whether the robot's disc touches something on the straight way from where it was, looked at every half radius."""
    x, radius, resolution = world["x"], rules["radius"], rules["resolution"]
    rows, columns = occupied.shape
    margin = radius / resolution
    looks = int(hypot(x[0] - before_x, x[1] - before_y) / (0.5 * radius)) + 1
    for k in range(1, looks + 1):
        px, py = before_x + (x[0] - before_x) * k / looks, before_y + (x[1] - before_y) * k / looks
        if hits_obstacle(world["obstacles"], px, py, radius + rules["obstacle_radius"]):
            return True
        u, v = _columns_rows(rules, px, py)
        if not (margin <= u <= columns - margin and margin <= v <= rows - margin):
            return True
        # points of two cells are at most two half diagonals nearer than their centres
        if distance_field[min(int(v), rows - 1), min(int(u), columns - 1)] > radius + 1.5 * resolution:
            continue
        if touches(occupied, u, v, margin):
            return True
    return False


@kernel
def _carry_off(world, rules, places):
    """Puts the robot to another place, turned anyhow, where no obstacle is and the goal is not yet reached."""
    x, goal, stream, spacing = world["x"], world["goal"], world["random"], rules["spacing"]
    from_x, from_y = x[0], x[1]
    for _ in range(1000):
        k = int(uniform_pair(stream)[0] * places.shape[0])
        a, b = uniform_pair(stream)
        # within half a spacing in any direction
        x[0], x[1] = places[k, 0] + 0.7 * spacing * (a - 0.5), places[k, 1] + 0.7 * spacing * (b - 0.5)
        far = hypot(x[0] - from_x, x[1] - from_y) >= rules["kidnap_distance"]
        away = hypot(x[0] - goal[0], x[1] - goal[1]) > rules["goal_radius"] + rules["keep"]
        if far and away and not _on_obstacle(world["obstacles"], x, rules["keep"] + rules["obstacle_radius"]):
            break
    x[2] = wrap_angle(uniform(stream, -pi, pi))
    x[3:] = 0.0  # it is put down at rest
    world["distance"] = hypot(goal[0] - x[0], goal[1] - x[1])


@kernel
def _on_obstacle(obstacles, x, reach):
    """Whether a place is taken by an obstacle, shown or not yet."""
    for k in range(obstacles.shape[0]):
        if obstacles[k, APPEARS_WITHIN] > 0.0 and hypot(obstacles[k, X] - x[0], obstacles[k, Y] - x[1]) < reach:
            return True
    return False


@functools.cache
def compiled_drive(step: Kernel) -> Kernel:
    """The kernel that moves worlds whose robot moves by `step`."""

    @kernel
    def drive(state, actions, settings, occupied, skip, beams, distance_field, places, reward, terminated, truncated):
        rules = settings[0]
        dt, speed = rules["dt"], int(rules["speed"])
        for i in range(state.shape[0]):
            world = state[i]
            x, goal = world["x"], world["goal"]
            if rules["kidnap_at"] > 0.0 and world["steps"] == rules["kidnap_at"]:
                _carry_off(world, rules, places)
            before_x, before_y, before_heading, before = x[0], x[1], x[2], world["distance"]
            step(x, actions[i], rules["vehicle"], dt, x)
            x[2] = wrap_angle(x[2])
            if speed >= 0:
                x[speed] = min(max(x[speed], rules["min_speed"]), rules["max_speed"])
            world["steps"] += 1
            _measure(world, rules, before_x, before_y, before_heading)
            world["distance"] = hypot(goal[0] - x[0], goal[1] - x[1])
            hit = _collides(world, rules, before_x, before_y, distance_field, occupied)
            arrived = not hit and world["distance"] <= rules["goal_radius"]
            late = not (hit or arrived) and world["steps"] >= rules["max_steps"]
            world["outcome"] = COLLISION if hit else ARRIVED if arrived else OUT_OF_TIME if late else RUNNING
            shaped = before - world["distance"] - TIME_COST * dt - (COLLISION_COST if hit else 0.0)
            reward[i] = (1.0 if arrived else 0.0) + (shaped if rules["dense"] > 0.0 else 0.0)
            terminated[i], truncated[i] = hit or arrived, late
            appear(world["obstacles"], x[0], x[1])
            _scan(world, rules, occupied, skip, beams)

    return drive
