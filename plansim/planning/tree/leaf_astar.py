"""A* over the leaves of a tree, compiled: a binary heap over centre-to-centre lengths."""

from __future__ import annotations

from plansim.core.kernel import kernel
from plansim.planning.heap import pop, push

FOUND, NO_WAY, SPENT = 0, 1, 2


@kernel
def search(first, to, length, centre, start, goal, limit, cost, came_by, heap_f, heap_leaf, expanded, state):
    """Fills cost (L,) from the start leaf and came_by (L,), the passage by which each was reached.

    cost is inf and came_by -1 at first; heap_f, heap_leaf (E + 1,) and expanded (L,) are room to work in; state: length
    of the queue, leaves expanded, both 0 at first. After SPENT, the same arguments go on.
    """
    if cost[start] > 0.0:
        cost[start], state[0] = 0.0, 1
        heap_f[0], heap_leaf[0] = _between(centre, start, goal), start
    while state[0] > 0:
        leaf, f = heap_leaf[0], heap_f[0]
        if leaf == goal:
            return FOUND
        if state[1] >= limit:
            return SPENT
        state[0] = pop(heap_f, heap_leaf, state[0])
        if f > cost[leaf] + _between(centre, leaf, goal) + 1e-9:
            continue  # was reached on a shorter way since
        if state[1] < expanded.shape[0]:
            expanded[state[1]] = leaf
        state[1] += 1
        for e in range(first[leaf], first[leaf + 1]):
            other, new = to[e], cost[leaf] + length[e]
            if new < cost[other]:
                cost[other], came_by[other] = new, e
                state[0] = push(heap_f, heap_leaf, state[0], new + _between(centre, other, goal), other)
    return NO_WAY


@kernel
def _between(centre, a, b):
    total = 0.0
    for axis in range(centre.shape[1]):
        total += (centre[a, axis] - centre[b, axis]) ** 2
    return total**0.5
