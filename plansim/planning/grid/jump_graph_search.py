"""A* over the graph of jump points that `jump_graph` builds, compiled."""

from __future__ import annotations

import numpy as np

from plansim.core.kernel import kernel
from plansim.planning.grid.bits import BLOCKED, is_set, last_set, next_set
from plansim.planning.grid.jump_graph import number_of
from plansim.planning.grid.jump_kernels import (
    BEST,
    BEST_PARENT,
    BUCKET,
    COST,
    EXPANDED,
    HIGHEST,
    MEMO,
    QUEUED,
    SHIFT,
    clear,
    relax,
    scan,
    sign,
    unlink,
    write_path,
)
from plansim.planning.grid.kernels import COLUMNS, ENDED, LOWEST, ROWS, SPAN, SPENT, octile

DIRECTION = np.array([5, 6, 7, 4, -1, 0, 3, 2, 1])  # by 3 * sign of rows + sign of columns + 4


@kernel
def answer(
    rows, columns, corners, ranks, places, fans, targets, successors, nodes, heads, found, ends, base, state, out
):
    """A search to its end and its path in one call: index of the path's first cell in `out`, number of diagonal moves.

    See `search_graph` and `write_path`; the index is -2 where there is no path.
    """
    state[BUCKET], state[QUEUED], state[EXPANDED], state[BEST], state[BEST_PARENT] = -1, 0, 0, base + SPAN, -1
    search_graph(
        *(rows, columns, corners, ranks, places, fans, targets, successors, nodes, heads, found),
        *(ends, base, 1 << 60, state),
    )
    if state[BEST] == base + SPAN:
        return -2, 0
    return write_path(nodes, places, 0, state[BEST_PARENT], (ends[0], ends[1]), (ends[2], ends[3]), out)


@kernel
def search_graph(
    rows, columns, corners, ranks, places, fans, targets, successors, nodes, heads, found, ends, base, limit, state
):
    """Expands jump points until the goal's cost is proven; ends: start row, column, goal row, column. See `search`."""
    goal_row, goal_column = ends[2], ends[3]
    if state[BUCKET] < 0:
        begin(rows, columns, corners, ranks, nodes, heads, found, ends, base, state)
    lowest_f, queued, expanded, best = state[BUCKET], state[QUEUED], state[EXPANDED], state[BEST]
    highest, ring, outcome = state[HIGHEST], heads.shape[0] - 1, ENDED
    while queued:
        while heads[lowest_f & ring] < 0:
            lowest_f += 1
        if lowest_f > (best - base) >> SHIFT:
            break
        if expanded >= limit:
            outcome = SPENT
            break
        node = np.int64(heads[lowest_f & ring])
        unlink(nodes, heads, node)
        queued -= 1
        cost, memo = nodes[node, COST], nodes[node, MEMO]
        nodes[node, MEMO] = memo & ~255
        row, column = np.int64(places[node, 0]), np.int64(places[node, 1])
        to_goal = cost + octile(row - goal_row, column - goal_column)
        if to_goal >= best:
            continue
        expanded += 1
        moves = np.int64(successors[memo & 255, places[node, 2]])
        k = towards(row, column, goal_row, goal_column)
        tried = k >= 0 and moves >> k & 1
        if tried and sees(rows, columns, row, column, goal_row, goal_column, k, fans[8 * node + k, 1]):
            best, state[BEST_PARENT] = to_goal, node
            continue
        while moves:
            k = np.int64(LOWEST[moves])
            moves &= moves - 1
            for edge in range(fans[8 * node + k, 0], fans[8 * node + k + 1, 0]):
                to, arrival = targets[edge] >> 3, targets[edge] & 7
                to_row, to_column = places[to, 0], places[to, 1]
                new = cost + octile(to_row - row, to_column - column)
                if new > nodes[to, COST]:
                    continue
                f = new - base + octile(to_row - goal_row, to_column - goal_column)
                if base + f < best:
                    queued += relax(nodes, heads, to, new, f, arrival, node, base)
                    highest = max(highest, f >> SHIFT)
    state[BUCKET], state[QUEUED], state[EXPANDED], state[BEST], state[HIGHEST] = (
        lowest_f,
        queued,
        expanded,
        best,
        highest,
    )
    if outcome == ENDED:
        clear(heads, state)
    return outcome


@kernel
def begin(rows, columns, corners, ranks, nodes, heads, found, ends, base, state):
    """The start's own expansion: it need not be a jump point."""
    row, column, goal_row, goal_column = ends
    least = octile(row - goal_row, column - goal_column)
    state[BUCKET], state[HIGHEST], state[EXPANDED] = least >> SHIFT, least >> SHIFT, 1
    if within_sight(rows, columns, row, column, goal_row, goal_column):
        state[BEST] = base + least
        return
    count, _ = scan(rows, columns, row, column, 255, -1, -1, found)
    for i in range(count):
        to_row, to_column = found[i, 0], found[i, 1]
        cost = octile(to_row - row, to_column - column)
        f = cost + octile(to_row - goal_row, to_column - goal_column)
        to = number_of(corners, ranks, to_row, to_column)
        state[QUEUED] += relax(nodes, heads, to, base + cost, f, found[i, 2], -1, base)
        state[HIGHEST] = max(state[HIGHEST], f >> SHIFT)


@kernel
def within_sight(rows, columns, row, column, goal_row, goal_column):
    """Whether the leg between two cells is free."""
    k = towards(row, column, goal_row, goal_column)
    if k < 0:
        return True
    steps = 0
    if k & 1:
        length = min(abs(goal_row - row), abs(goal_column - column))
        r, c, up, right = row, column, ROWS[k], COLUMNS[k]
        while steps < length and not (
            is_set(rows, BLOCKED, r, c + right)
            or is_set(rows, BLOCKED, r + up, c)
            or is_set(rows, BLOCKED, r + up, c + right)
        ):
            r, c, steps = r + up, c + right, steps + 1
    return sees(rows, columns, row, column, goal_row, goal_column, k, steps)


@kernel
def towards(row, column, goal_row, goal_column):
    """The first direction of the leg to the goal, diagonal unless the goal lies straight ahead; -1 at the goal."""
    return DIRECTION[3 * sign(goal_row - row) + sign(goal_column - column) + 4]


@kernel
def sees(rows, columns, row, column, goal_row, goal_column, k, steps):
    """Whether the leg to the goal, in direction k at first, is free; so many diagonal steps are."""
    if k & 1:
        diagonal = min(abs(goal_row - row), abs(goal_column - column))
        if diagonal > steps:
            return False
        row, column = row + ROWS[k] * diagonal, column + COLUMNS[k] * diagonal
    if row == goal_row:
        if column < goal_column:
            return next_set(rows, BLOCKED, row, column) > goal_column
        return column == goal_column or last_set(rows, BLOCKED, row, column) < goal_column
    if row < goal_row:
        return next_set(columns, BLOCKED, column, row) > goal_row
    return last_set(columns, BLOCKED, column, row) < goal_row
