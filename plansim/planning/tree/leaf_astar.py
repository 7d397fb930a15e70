"""A* over the leaves of a tree, compiled: a binary heap over centre-to-centre lengths."""

from __future__ import annotations

from plansim.core.kernel import kernel

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
        state[0] -= 1
        _sift_down(heap_f, heap_leaf, state[0])
        if f > cost[leaf] + _between(centre, leaf, goal) + 1e-9:
            continue  # was reached on a shorter way since
        if state[1] < expanded.shape[0]:
            expanded[state[1]] = leaf
        state[1] += 1
        for e in range(first[leaf], first[leaf + 1]):
            other, new = to[e], cost[leaf] + length[e]
            if new < cost[other]:
                cost[other], came_by[other] = new, e
                _sift_up(heap_f, heap_leaf, state[0], new + _between(centre, other, goal), other)
                state[0] += 1
    return NO_WAY


@kernel
def _between(centre, a, b):
    total = 0.0
    for axis in range(centre.shape[1]):
        total += (centre[a, axis] - centre[b, axis]) ** 2
    return total**0.5


@kernel
def _sift_up(keys, values, i, key, value):
    while i > 0 and key < keys[(i - 1) >> 1]:
        keys[i], values[i] = keys[(i - 1) >> 1], values[(i - 1) >> 1]
        i = (i - 1) >> 1
    keys[i], values[i] = key, value


@kernel
def _sift_down(keys, values, last):
    """Puts the entry at `last` in the place of the first one, which was taken."""
    key, value, i = keys[last], values[last], 0
    while 2 * i + 1 < last:
        down = 2 * i + 1
        if down + 1 < last and keys[down + 1] < keys[down]:
            down += 1
        if not keys[down] < key:
            break
        keys[i], values[i] = keys[down], values[down]
        i = down
    keys[i], values[i] = key, value
