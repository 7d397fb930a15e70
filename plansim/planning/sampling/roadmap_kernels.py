"""What a roadmap does compiled: the neighbours of all its states, and A* over its edges."""

from __future__ import annotations

import numpy as np

from plansim.core.kernel import lean_kernel
from plansim.planning.heap import pop, push
from plansim.planning.sampling.nearest import insert, k_nearest
from plansim.planning.spaces.straight import distance


@lean_kernel
def fill_index(states, metric, index):
    for row in range(states.shape[0]):
        insert(row, states, metric, index)


@lean_kernel
def neighbours_of_all(states, metric, index, rows, distances):
    """Fills (N, k) with the k states nearest to each, itself first; k is at most N."""
    for row in range(states.shape[0]):
        k_nearest(states[row], metric, index, rows[row], distances[row])


@lean_kernel
def shortest(links, states, metric, goal, goal_radius, joins, to_goal, costs, parents, heap):
    """A* from the joins to the goal: whether it was reached, the last row before it, and the number of expansions.

    links: offsets (N + 1,), targets (2E,), lengths (2E,) of the edges out of each row; joins: rows and lengths of the
    edges out of the start; to_goal (N,): lengths of the edges into the goal, inf where there is none; heap: room for
    f and row of every edge. Where the goal is not reached, the row is the reached one nearest to it, or -1.
    """
    offsets, targets, lengths = links
    first, joined = joins
    keys, items = heap
    size, expanded, nearest, least, best, last = 0, 0, -1, np.inf, np.inf, -1
    for k in range(first.shape[0]):
        row = first[k]
        costs[row], parents[row] = joined[k], -1
        size = push(keys, items, size, joined[k] + max(distance(states[row], goal, metric) - goal_radius, 0.0), row)
    while size > 0 and heap[0][0] < best:
        f, row = heap[0][0], heap[1][0]
        size = pop(keys, items, size)
        to_go = max(distance(states[row], goal, metric) - goal_radius, 0.0)
        if f > costs[row] + to_go:  # a shorter way has been found since
            continue
        expanded += 1
        if to_go < least:
            nearest, least = row, to_go
        if costs[row] + to_goal[row] < best:
            best, last = costs[row] + to_goal[row], row
        for k in range(offsets[row], offsets[row + 1]):
            to, cost = targets[k], costs[row] + lengths[k]
            if cost < costs[to]:
                costs[to], parents[to] = cost, row
                size = push(keys, items, size, cost + max(distance(states[to], goal, metric) - goal_radius, 0.0), to)
    return (True, last, expanded) if last >= 0 else (False, nearest, expanded)
