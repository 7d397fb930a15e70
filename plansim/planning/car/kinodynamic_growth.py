"""How a tree of driven states grows, compiled for a vehicle and a kind of world."""

from __future__ import annotations

from functools import cache

import numpy as np

from plansim.core.kernel import Kernel, kernel
from plansim.core.random import uniform, uniform_pair
from plansim.planning.sampling.nearest import insert, nearest
from plansim.planning.spaces.straight import distance

SPENT, FULL, FOUND = 0, 1, 2
NEAREST_ROW, SAMPLES = 0, 1  # of `progress`


@cache
def growth(room: Kernel, way_room: Kernel) -> Kernel:
    """grow(tree, progress (2,), stream, task, arrays, until) -> SPENT, FULL or FOUND.

    tree: states (C, n) with angles within [-pi, pi], parents (C,), controls (C, m), steps (C,), size (1,), index
    task: bounds (2, n), metric (n, 3), control_bounds (2, m), p, goal (n,), goal_radius, goal_bias, dt, longest,
        candidates
    progress: the row nearest to the goal, which is in the goal when FOUND; samples drawn, at most `until`
    """

    @kernel
    def grow(tree, progress, stream, task, arrays, until):
        states, parents, controls, steps, size, index = tree
        bounds, metric, control_bounds, p, goal, goal_radius, goal_bias, dt, longest, candidates = task
        n, m = states.shape[1], controls.shape[1]
        target, x, scratch = np.empty(n), np.empty(n), np.empty((2, n))
        best, u, best_u = np.empty(n), np.empty(m), np.empty(m)
        nearest_to_goal = distance(states[progress[NEAREST_ROW]], goal, metric)
        while progress[SAMPLES] < until:
            if size[0] == states.shape[0]:
                return FULL
            progress[SAMPLES] += 1
            if uniform_pair(stream)[0] < goal_bias:
                target[:] = goal
            else:
                for i in range(n):
                    target[i] = uniform(stream, bounds[0, i], bounds[1, i])
            row, _ = nearest(target, metric, index)
            room_of_row = room(states[row], arrays)
            least, best_steps, arrived = np.inf, 0, False
            for _ in range(candidates):
                for j in range(m):
                    u[j] = uniform(stream, control_bounds[0, j], control_bounds[1, j])
                hold = 1 + int(uniform(stream, 0.0, float(longest)))
                x[:] = states[row]
                clear = room_of_row
                for k in range(1, hold + 1):
                    clear = way_room(x, u, p, dt, clear, arrays, scratch)
                    if clear < 0.0:
                        break
                    x[:] = scratch[1]
                    to_goal = distance(x, goal, metric)
                    arrived = to_goal <= goal_radius
                    d = -1.0 if arrived else distance(x, target, metric)
                    if d < least:
                        least, best_steps = d, k
                        best[:] = x
                        best_u[:] = u
                    if arrived:
                        break
                if arrived:
                    break
            if best_steps == 0:
                continue
            new = size[0]
            size[0] = new + 1
            for i in range(n):
                period = metric[i, 2]
                states[new, i] = best[i] - period * np.rint(best[i] / period) if period > 0.0 else best[i]
            parents[new], steps[new] = row, best_steps
            controls[new] = best_u
            insert(new, states, metric, index)
            to_goal = distance(best, goal, metric)
            if to_goal < nearest_to_goal or arrived:
                nearest_to_goal, progress[NEAREST_ROW] = to_goal, new
            if arrived:
                return FOUND
        return SPENT

    return grow
