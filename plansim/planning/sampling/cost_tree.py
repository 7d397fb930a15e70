"""A tree whose states know what it costs to come to them, and that can be hung on other parents, compiled.

Beside the arrays of a `Tree` (states, parents, ...), links = (costs, lengths, first, after, before): the cost from the
root, the length of the edge from the parent, and each row's children as a list linked both ways, -1 at its ends.
"""

from __future__ import annotations

import numpy as np

from plansim.core.arrays import Array
from plansim.core.kernel import lean_kernel


def new_links(capacity: int) -> tuple[Array, ...]:
    """For a tree with its root alone."""
    links = np.empty(capacity), np.empty(capacity), *(np.empty(capacity, dtype=np.int64) for _ in range(3))
    for values, root in zip(links, (0.0, 0.0, -1, -1, -1), strict=True):
        values[0] = root
    return links


def grown_links(links: tuple[Array, ...]) -> tuple[Array, ...]:
    return tuple(np.concatenate((values, np.empty_like(values))) for values in links)


@lean_kernel
def hang_new(row, parent, length, parents, links):
    """Makes a new row a child of `parent`, at the end of an edge of this length."""
    links[2][row] = -1
    hang(row, parent, length, parents, links)


@lean_kernel
def hang(row, parent, length, parents, links):
    costs, lengths, first, after, before = links
    parents[row], lengths[row], costs[row] = parent, length, costs[parent] + length
    following = first[parent]
    after[row], before[row], first[parent] = following, -1, row
    if following >= 0:
        before[following] = row


@lean_kernel
def hang_elsewhere(row, parent, length, parents, links):
    """Moves `row`, with all that hangs on it, to a parent that is not below it; costs follow."""
    costs, lengths, first, after, before = links
    if before[row] >= 0:
        after[before[row]] = after[row]
    else:
        first[parents[row]] = after[row]
    if after[row] >= 0:
        before[after[row]] = before[row]
    hang(row, parent, length, parents, links)
    node = first[row]
    while node >= 0:  # all below, in preorder
        costs[node] = costs[parents[node]] + lengths[node]
        if first[node] >= 0:
            node = first[node]
            continue
        while node != row and after[node] < 0:
            node = parents[node]
        node = -1 if node == row else after[node]
