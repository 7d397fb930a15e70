"""One step of Coverage: the robot drives until it touches something, and what it passed over is covered.

In kernels `rules` are the settings; u, v are columns and rows of the map, in cells.
"""

from __future__ import annotations

import functools
from math import hypot, pi

import numpy as np

from plansim.core.kernel import Kernel, kernel
from plansim.core.random import uniform, uniform_pair
from plansim.core.scalar import wrap_angle
from plansim_envs.maps import touches

RUNNING, COVERED, OUT_OF_TIME = range(3)
OUTCOMES = np.array(["", "covered", "out of time"], dtype=object)


@kernel
def _in_cells(rules, x, y):
    origin, across, resolution = rules["origin"], rules["across"], rules["resolution"]
    dx, dy = (x - origin[0]) / resolution, (y - origin[1]) / resolution
    return across[0] * dx + across[1] * dy, across[0] * dy - across[1] * dx


@kernel
def free_share(blocked, u, v, to_u, to_v, radius):
    """How much of the straight way a disc goes before it touches something, 0 .. 1; it touches nothing at its start."""
    looks = int(hypot(to_u - u, to_v - v) / (0.5 * radius)) + 1
    for k in range(1, looks + 1):
        if touches(blocked, u + (to_u - u) * k / looks, v + (to_v - v) * k / looks, radius):
            low, high = (k - 1.0) / looks, float(k) / looks
            for _ in range(20):
                middle = 0.5 * (low + high)
                if touches(blocked, u + (to_u - u) * middle, v + (to_v - v) * middle, radius):
                    high = middle
                else:
                    low = middle
            return low
    return 1.0


@kernel
def cover(covered, reachable, u, v, to_u, to_v, radius):
    """Covers the cells whose centre a disc passes over on a straight way; how many reachable ones it covers anew."""
    rows, columns = covered.shape
    du, dv = to_u - u, to_v - v
    squared, fresh = du * du + dv * dv, 0
    for row in range(max(int(min(v, to_v) - radius - 0.5), 0), min(int(max(v, to_v) + radius + 0.5), rows)):
        for column in range(max(int(min(u, to_u) - radius - 0.5), 0), min(int(max(u, to_u) + radius + 0.5), columns)):
            if covered[row, column]:
                continue
            a, b = column + 0.5 - u, row + 0.5 - v
            share = min(max((a * du + b * dv) / squared, 0.0), 1.0) if squared > 0.0 else 0.0
            a, b = a - share * du, b - share * dv
            if a * a + b * b <= radius * radius:
                covered[row, column] = 1
                fresh += 1 if reachable[row, column] else 0
    return fresh


@kernel
def begin(random, x, bump, covered, coverage, cells, bumps, steps, outcome, mask, places, settings, blocked, reachable):
    rules = settings[0]
    start, radius = rules["start"], rules["radius"] / rules["resolution"]
    for i in range(x.shape[0]):
        if not mask[i]:
            continue
        k = int(uniform_pair(random[i])[0] * places.shape[0])
        heading = uniform(random[i], -pi, pi)
        given = start[0] == start[0]
        x[i, 0], x[i, 1] = (start[0], start[1]) if given else (places[k, 0], places[k, 1])
        x[i, 2] = wrap_angle(start[2] if given else heading)
        bump[i, 0], bumps[i], steps[i], outcome[i] = 0.0, 0, 0, RUNNING
        for row in range(covered.shape[1]):
            for column in range(covered.shape[2]):
                covered[i, row, column] = 0
        u, v = _in_cells(rules, x[i, 0], x[i, 1])
        cells[i] = cover(covered[i], reachable, u, v, u, v, radius)
        coverage[i] = cells[i] / rules["count"]


@functools.cache
def compiled_drive(step: Kernel) -> Kernel:
    """The kernel that moves worlds whose robot moves by `step`."""

    @kernel
    def drive(
        x, bump, covered, coverage, cells, bumps, steps, outcome, actions, settings, blocked, reachable,
        reward, terminated, truncated,
    ):  # fmt: skip
        rules = settings[0]
        radius = rules["radius"] / rules["resolution"]
        for i in range(x.shape[0]):
            before_x, before_y = x[i, 0], x[i, 1]
            step(x[i], actions[i], rules["vehicle"], rules["dt"], x[i])
            u, v = _in_cells(rules, before_x, before_y)
            to_u, to_v = _in_cells(rules, x[i, 0], x[i, 1])
            share = free_share(blocked, u, v, to_u, to_v, radius)
            if share < 1.0:
                x[i, 0], x[i, 1] = before_x + share * (x[i, 0] - before_x), before_y + share * (x[i, 1] - before_y)
                to_u, to_v = _in_cells(rules, x[i, 0], x[i, 1])
            x[i, 2] = wrap_angle(x[i, 2])
            bump[i, 0] = 1.0 if share < 1.0 else 0.0
            bumps[i] += 1 if share < 1.0 else 0
            fresh = cover(covered[i], reachable, u, v, to_u, to_v, radius)
            cells[i] += fresh
            coverage[i] = cells[i] / rules["count"]
            steps[i] += 1
            done = coverage[i] >= rules["target"]
            late = not done and steps[i] >= rules["max_steps"]
            outcome[i] = COVERED if done else OUT_OF_TIME if late else RUNNING
            reward[i] = fresh / rules["count"]
            terminated[i], truncated[i] = done, late

    return drive
