"""D* Lite over the cells of a grid, compiled: costs to the goal that are repaired where cells have changed.

Koenig & Likhachev 2002, "D* Lite", fig. 4 (the optimised version), in that paper's words: `g` is a cell's cost to
the goal as last expanded, `rhs` the least over its neighbours, and a cell waits in the queue while the two differ. Its
key is (min(g, rhs) + h + k_m, min(g, rhs)), h from the robot, k_m what the robot has moved since the first search.

Costs are whole numbers (see `kernels`); `cell` is the flat index in the padded grid. The queue is a binary heap whose
outdated entries are passed over: an entry counts when it is the key that `queued` holds for its cell.
"""

from __future__ import annotations

from plansim.core.kernel import kernel
from plansim.planning.grid.kernels import COLUMNS, LENGTHS, ROWS, SPAN, octile

ENDED, SPENT, FULL = 0, 1, 2


@kernel
def repair(neighbours, free, width, g, rhs, queued, heap, start, goal, state, limit, expanded):
    """Expands cells until the cost of the start (row, column) is right; the arguments are kept between calls.

    neighbours, free, g, rhs: one value a cell. queued: (cells, 2) keys, -1 where not queued
    heap: (capacity, 3) keys and cells
    state: length of the heap, k_m, cells expanded in all. expanded: (N,) cells in order, as many as fit
    FULL asks for a longer heap; after that and after SPENT, the same arguments go on.
    """
    start_cell, goal_cell = start[0] * width + start[1], goal[0] * width + goal[1]
    while True:
        while state[0] > 0 and not _current(heap, queued):
            _pop(heap, state)
        if rhs[start_cell] == g[start_cell]:
            first, second = _key(start_cell, width, g, rhs, start, state[1])
            if state[0] == 0 or not _before(heap[0, 0], heap[0, 1], first, second):
                return ENDED
        elif state[0] == 0:
            return ENDED
        if state[0] + 10 > heap.shape[0]:
            return FULL
        if state[2] >= limit:
            return SPENT
        cell, old_first, old_second = heap[0, 2], heap[0, 0], heap[0, 1]
        _pop(heap, state)
        queued[cell, 0] = -1
        first, second = _key(cell, width, g, rhs, start, state[1])
        if _before(old_first, old_second, first, second):
            _push(heap, queued, state, first, second, cell)
            continue
        if state[2] < expanded.shape[0]:
            expanded[state[2]] = cell
        state[2] += 1
        if g[cell] > rhs[cell]:
            g[cell] = rhs[cell]
        else:
            g[cell] = SPAN
            _update(cell, neighbours, free, width, g, rhs, queued, heap, start, goal_cell, state)
        around = neighbours[cell]
        for k in range(8):
            if around >> k & 1:
                to = cell + ROWS[k] * width + COLUMNS[k]
                _update(to, neighbours, free, width, g, rhs, queued, heap, start, goal_cell, state)


@kernel
def touch(cells, first, neighbours, free, width, g, rhs, queued, heap, start, goal, state):
    """Looks again at all around changed cells (C,), from the index `first` on; the index of the first not looked at."""
    goal_cell = goal[0] * width + goal[1]
    for i in range(first, cells.shape[0]):
        if state[0] + 10 > heap.shape[0]:
            return i
        _update(cells[i], neighbours, free, width, g, rhs, queued, heap, start, goal_cell, state)
        for k in range(8):
            to = cells[i] + ROWS[k] * width + COLUMNS[k]
            _update(to, neighbours, free, width, g, rhs, queued, heap, start, goal_cell, state)
    return cells.shape[0]


@kernel
def descend(neighbours, width, g, cell, goal_cell, out):
    """Writes the cells from `cell` to the goal, always to the neighbour through which it is nearest; their count."""
    count = 0
    while True:
        if count < out.shape[0]:
            out[count] = cell
        count += 1
        if cell == goal_cell:
            return count
        cell = _best(cell, neighbours, width, g)[1]


@kernel
def _best(cell, neighbours, width, g):
    """The least cost to the goal through a neighbour, and that neighbour."""
    around = neighbours[cell]
    least, nearest = SPAN, cell
    for k in range(8):
        if not around >> k & 1 or (k & 1 and not (around >> (k - 1) & 1 and around >> ((k + 1) & 7) & 1)):
            continue
        to = cell + ROWS[k] * width + COLUMNS[k]
        if g[to] + LENGTHS[k] < least:
            least, nearest = g[to] + LENGTHS[k], to
    return least, nearest


@kernel
def _update(cell, neighbours, free, width, g, rhs, queued, heap, start, goal_cell, state):
    if cell != goal_cell:
        rhs[cell] = _best(cell, neighbours, width, g)[0] if free[cell] else SPAN
    if g[cell] == rhs[cell]:
        queued[cell, 0] = -1
        return
    first, second = _key(cell, width, g, rhs, start, state[1])
    if queued[cell, 0] != first or queued[cell, 1] != second:
        _push(heap, queued, state, first, second, cell)


@kernel
def _key(cell, width, g, rhs, start, moved):
    least = min(g[cell], rhs[cell])
    return least + octile(cell // width - start[0], cell % width - start[1]) + moved, least


@kernel
def _before(a, b, c, d):
    return a < c or (a == c and b < d)


@kernel
def _current(heap, queued):
    cell = heap[0, 2]
    return queued[cell, 0] == heap[0, 0] and queued[cell, 1] == heap[0, 1]


@kernel
def _push(heap, queued, state, first, second, cell):
    queued[cell, 0], queued[cell, 1] = first, second
    i = state[0]
    state[0] += 1
    while i > 0:
        up = (i - 1) >> 1
        if not _before(first, second, heap[up, 0], heap[up, 1]):
            break
        heap[i, 0], heap[i, 1], heap[i, 2] = heap[up, 0], heap[up, 1], heap[up, 2]
        i = up
    heap[i, 0], heap[i, 1], heap[i, 2] = first, second, cell


@kernel
def _pop(heap, state):
    state[0] -= 1
    last = state[0]
    first, second, cell, i = heap[last, 0], heap[last, 1], heap[last, 2], 0
    while True:
        down = 2 * i + 1
        if down >= last:
            break
        if down + 1 < last and _before(heap[down + 1, 0], heap[down + 1, 1], heap[down, 0], heap[down, 1]):
            down += 1
        if not _before(heap[down, 0], heap[down, 1], first, second):
            break
        heap[i, 0], heap[i, 1], heap[i, 2] = heap[down, 0], heap[down, 1], heap[down, 2]
        i = down
    heap[i, 0], heap[i, 1], heap[i, 2] = first, second, cell
