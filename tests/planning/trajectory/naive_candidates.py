"""The same candidates judged one by one with plain numpy: clear and slow, the oracle of the compiled fan."""

from __future__ import annotations

import numpy as np

from plansim.core.layout import wrap_angle
from plansim.planning.trajectory.candidate_kernels import (
    ACCELERATION,
    COLLISION,
    CURVATURE,
    EDGE,
    FRAME,
    LATERAL,
    SPEED,
)
from plansim.planning.trajectory.frenet import to_frenet


def solve_quintic(start, end, T):
    rows = [[0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 1, 0], [0, 0, 0, 2, 0, 0]]
    rows += [[T**k for k in range(5, -1, -1)], [*(k * T ** (k - 1) for k in range(5, 0, -1)), 0]]
    rows += [[*(k * (k - 1) * T ** (k - 2) for k in range(5, 1, -1)), 0, 0]]
    return np.poly1d(np.linalg.solve(np.array(rows, dtype=float), [*start, *end]))


def solve_quartic(start, end, T):
    rows = [[0, 0, 0, 0, 1], [0, 0, 0, 1, 0], [0, 0, 2, 0, 0]]
    rows += [[*(k * T ** (k - 1) for k in range(4, 0, -1)), 0], [12 * T**2, 6 * T, 2, 0, 0]]
    return np.poly1d(np.linalg.solve(np.array(rows, dtype=float), [*start, *end]))


def sampled(motion, T, times):
    """Place, speed, acceleration (T, 3), on at constant speed after the end."""
    rows = []
    for time in times:
        t = min(time, T)
        speed = motion.deriv()(t)
        rows.append((motion(t) + speed * (time - t), speed, motion.deriv(2)(t) if time <= T else 0.0))
    return np.array(rows)


def jerk(motion, T):
    squared = (motion.deriv(3) ** 2).integ()
    return squared(T) - squared(0.0)


def overlap(a, b):
    """Whether two rectangles (4, 2) overlap: no side of either separates them."""
    for box in (a, b):
        for k in (0, 1):
            axis = box[k + 1] - box[k]
            p, q = a @ axis, b @ axis
            if p.max() <= q.min() or q.max() <= p.min():
                return False
    return True


def rectangle(x, y, heading, length, width):
    c, s = np.cos(heading), np.sin(heading)
    corners = [(length / 2, width / 2), (-length / 2, width / 2), (-length / 2, -width / 2), (length / 2, -width / 2)]
    return np.array([(x + c * f - s * g, y + s * f + c * g) for f, g in corners])


def judge(planner, problem):
    """Costs, faults and first hits (N, M), by loops over candidates, steps and obstacles."""
    p, times = planner, planner.times
    start = to_frenet(problem.line, problem.start)
    d_t, d_tt = start[4] * start[1], start[5] * start[1] ** 2 + start[4] * start[2]
    lanes = np.asarray(problem.lanes, dtype=float)[: p.offsets]
    room = p.width / 2 + p.edge_margin
    others = np.linspace(problem.edges[0] + room, problem.edges[1] - room, p.offsets - len(lanes))
    sideways = []
    for end in (*lanes, *others):
        for T in p.durations:
            motion = solve_quintic((start[3], d_t, d_tt), (end, 0, 0), T)
            astray, change = np.abs(end - np.asarray(problem.lanes)).min(), end - problem.lane
            price = p.centre_cost * astray**2 + p.lane_cost * change**2 + p.jerk_cost * jerk(motion, T)
            sideways.append((sampled(motion, T, times), price))
    along = []
    ends = [(solve_quartic, (v, 0.0), None) for v in np.linspace(0, problem.speed, p.speeds)]
    ends += [(solve_quintic, None, row) for row in np.asarray(problem.follow, dtype=float).reshape(-1, 2)]
    for solve, end, row in ends:
        for T in p.durations:
            goal = end if row is None else (row[0] + row[1] * T, row[1], 0.0)
            motion = solve(start[:3], goal, T)
            rows = sampled(motion, T, times)
            lack = ((rows[:, 1] - problem.speed) ** 2).sum() * p.dt
            along.append((rows, p.jerk_cost * jerk(motion, T) + p.speed_cost * lack))
    shape = len(along), len(sideways)
    costs, faults, hits = np.zeros(shape), np.zeros(shape, dtype=int), np.full(shape, -1)
    for i, (rows, haste) in enumerate(along):
        for j, (offsets, price) in enumerate(sideways):
            swerve, danger, fault, hit = _drive(p, problem, start, rows, offsets)
            costs[i, j] = haste + price + p.lateral_cost * swerve + p.danger_cost * danger**2
            faults[i, j], hits[i, j] = fault, hit
    return costs, faults, hits


def _drive(p, problem, start, rows, offsets):
    s, v, a = rows.T
    x, y, heading, curvature, curvature_slope = problem.line.at(s)
    d, d_t, d_tt = offsets.T
    w = 1 - curvature * d
    moving = v > 1e-6
    inverse = np.where(moving, 1 / np.where(moving, v, 1.0), 0.0)
    slope = d_t * inverse
    bend = (d_tt - slope * a) * inverse**2
    turn = np.arctan2(slope, w)  # Werling's formulas, by angles
    w_slope = -(curvature_slope * d + curvature * slope)
    own = ((bend - w_slope * np.tan(turn)) * np.cos(turn) ** 2 / w + curvature) * np.cos(turn) / w
    speed = v * w / np.cos(turn)
    push = a * w / np.cos(turn) + v**2 / np.cos(turn) * (slope * (own * w / np.cos(turn) - curvature) + w_slope)
    aside = speed**2 * own
    middle = d + p.wheelbase / 2 * np.sin(turn)
    reach = (p.width * np.cos(turn) + p.length * np.abs(np.sin(turn))) / 2
    first = np.arctan(start[4])
    first_middle = start[3] + p.wheelbase / 2 * np.sin(first)
    first_reach = (p.width * np.cos(first) + p.length * abs(np.sin(first))) / 2 + 0.05
    right = min(problem.edges[0] + p.edge_margin, first_middle - first_reach)
    left = max(problem.edges[1] - p.edge_margin, first_middle + first_reach)
    fault = 0
    fault |= SPEED * bool((v < -1e-6).any() or (speed > max(problem.speed, problem.start[3]) + 0.5 + 1e-6).any())
    fault |= ACCELERATION * bool((push > p.acceleration + 1e-6).any() or (push < -p.braking - 1e-6).any())
    fault |= CURVATURE * bool((np.abs(own) > np.tan(p.steering) / p.wheelbase + 1e-9).any())
    fault |= LATERAL * bool((np.abs(aside) > p.lateral_acceleration + 1e-6).any())
    fault |= EDGE * bool((middle - reach < right).any() or (middle + reach > left).any())
    fault |= FRAME * bool((w <= 1e-3).any() or (~moving & (np.abs(d_t) > 1e-6)).any())
    hit, danger = -1, 0.0
    for k in range(1, len(s)):
        own_heading = heading[k] + turn[k]
        px = x[k] - d[k] * np.sin(heading[k]) + p.wheelbase / 2 * np.cos(own_heading)
        py = y[k] + d[k] * np.cos(heading[k]) + p.wheelbase / 2 * np.sin(own_heading)
        mine = rectangle(px, py, own_heading, p.length, p.width)
        for q, (length, width) in enumerate(np.asarray(problem.sizes).reshape(-1, 2)):
            ox, oy, oh = problem.obstacles[q][k]
            grown = rectangle(ox, oy, oh, length + 2 * p.margin, width + 2 * p.margin)
            if hit < 0 and overlap(mine, grown):
                hit = k
            danger = max(danger, _danger(p, problem, k, q, (x[k], y[k], heading[k]), v[k], middle[k]))
    fault |= COLLISION * (hit >= 0)
    return (aside**2).sum() * p.dt, danger, fault, hit


def _danger(p, problem, k, q, frame, v, middle):
    x, y, heading = frame
    ox, oy, oh = problem.obstacles[q][k]
    last = min(k, len(problem.obstacles[q]) - 2)
    velocity = (problem.obstacles[q][last + 1][:2] - problem.obstacles[q][last][:2]) / p.dt
    c, s = np.cos(heading), np.sin(heading)
    forward, left = (ox - x) * c + (oy - y) * s - p.wheelbase / 2, (oy - y) * c - (ox - x) * s
    relative = wrap_angle(oh - heading)
    length, width = problem.sizes[q]
    half_length = (abs(np.cos(relative)) * length + abs(np.sin(relative)) * width) / 2
    half_width = (abs(np.cos(relative)) * width + abs(np.sin(relative)) * length) / 2
    if abs(left - middle) >= p.width / 2 + half_width:
        return 0.0
    gap = abs(forward) - p.length / 2 - half_length
    if gap <= 0:
        return 1.0
    other = velocity @ (c, s)
    closing = v - other if forward > 0 else other - v
    dangers = [0.0]
    if closing > 1e-9:
        dangers.append(1 - gap / closing / p.time_to_collision)
    if forward > 0 and v > 1e-9:
        dangers.append(1 - gap / v / p.headway)
    return max(dangers)
