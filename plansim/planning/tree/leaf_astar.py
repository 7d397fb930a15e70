"""A* over the leaves of a tree, compiled: a binary heap over centre-to-centre lengths."""

from __future__ import annotations

from plansim.core.kernel import kernel

FOUND, NO_WAY, SPENT = 0, 1, 2


@kernel
def search(first, to, length, centre, start, goal, limit, cost, came_by, heap_f, heap_leaf, expanded):
    """Fills cost (L,) from the start leaf and came_by (L,), the passage by which each was reached.

    cost is inf and came_by -1 at first; heap_f, heap_leaf (E + 1,) and expanded (L,) are room to work in.
    Returns the outcome, the number of leaves expanded, and the least f that was left in the queue.
    """
    cost[start] = 0.0
    heap_f[0], heap_leaf[0] = _between(centre, start, goal), start
    count, done = 1, 0
    while count > 0:
        leaf, f = heap_leaf[0], heap_f[0]
        count -= 1
        _sift_down(heap_f, heap_leaf, count)
        if f > cost[leaf] + _between(centre, leaf, goal) + 1e-9:
            continue  # was reached on a shorter way since
        if leaf == goal:
            return FOUND, done, f
        if done >= limit:
            return SPENT, done, f
        if done < expanded.shape[0]:
            expanded[done] = leaf
        done += 1
        for e in range(first[leaf], first[leaf + 1]):
            other, new = to[e], cost[leaf] + length[e]
            if new < cost[other]:
                cost[other], came_by[other] = new, e
                _sift_up(heap_f, heap_leaf, count, new + _between(centre, other, goal), other)
                count += 1
    return NO_WAY, done, 0.0


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
