"""Jump point search, compiled: which jump points a cell leads to, and the queue of those that wait.

Harabor & Grastien 2011, "Online graph pruning for pathfinding on grid maps"; block-wise scans and no nodes where a
diagonal merely crosses a jump point's line: Harabor & Grastien 2014, "Improving jump point search". Costs, canonical
order and the trick of the falling `base` are those of `kernels`.

A leg of a path goes diagonally first, then straight. `nodes` (N, 4) int64 hold for each place that a path may lead to
its COST, its MEMO: parent << 16 | ways (see `kernels.search`; parent -1: the start), and the nodes AFTER and BEFORE it
in its bucket. Buckets lie in a circle that is longer than any one leg raises f, and f never falls.
"""

from __future__ import annotations

import numpy as np

from plansim.core.kernel import kernel
from plansim.planning.grid.bits import BACKWARD, BLOCKED, FORWARD, free_around, is_set, last_set, next_set
from plansim.planning.grid.kernels import COLUMNS, ENDED, LOWEST, REACHED_BY, ROWS, SPAN, SPENT, octile

COST, MEMO, AFTER, BEFORE = 0, 1, 2, 3
BUCKET, QUEUED, EXPANDED, BEST, BEST_PARENT, HIGHEST = 0, 1, 2, 3, 4, 5  # of `state`
SHIFT = 24  # a bucket is 2^24 / STRAIGHT = 0.43 of a cell wide


@kernel
def scan(rows, columns, row, column, moves, goal_row, goal_column, found):
    """Writes what the moves (bits) from a cell lead to, the goal or jump points, into found (K, 3).

    Row, column, arrival. Returns their number, and how many diagonal steps were free in the last of the moves.
    """
    count, steps = 0, 0
    while moves:
        k = np.int64(LOWEST[moves])
        moves &= moves - 1
        up, right, diagonal = ROWS[k], COLUMNS[k], k & 1 == 1
        r, c, steps = row, column, 0
        while True:
            if diagonal:
                beside = is_set(rows, BLOCKED, r, c + right) or is_set(rows, BLOCKED, r + up, c)
                if beside or is_set(rows, BLOCKED, r + up, c + right):
                    break
                r, c, steps = r + up, c + right, steps + 1
                if r == goal_row and c == goal_column:
                    found[count, 0], found[count, 1], found[count, 2] = r, c, k
                    count += 1
                    break
            if right:
                to = next_set(rows, FORWARD, r, c + 1) if right > 0 else last_set(rows, BACKWARD, r, c - 1)
                if r == goal_row and (c < goal_column <= to or to <= goal_column < c):
                    to = goal_column
                if not is_set(rows, BLOCKED, r, to):
                    found[count, 0], found[count, 1], found[count, 2] = r, to, 2 - 2 * right
                    count += 1
            if up:
                to = next_set(columns, FORWARD, c, r + 1) if up > 0 else last_set(columns, BACKWARD, c, r - 1)
                if c == goal_column and (r < goal_row <= to or to <= goal_row < r):
                    to = goal_row
                if not is_set(rows, BLOCKED, to, c):
                    found[count, 0], found[count, 1], found[count, 2] = to, c, 4 - 2 * up
                    count += 1
            if not diagonal:
                break
    return count, steps


@kernel
def relax(nodes, heads, node, cost, f, arrival, parent, base):
    """Notes that a node is reached at this cost, and puts it into its bucket; returns by how many the queue grew."""
    old, memo = nodes[node, COST], nodes[node, MEMO]
    if cost > old or (cost == old and memo & 256 << arrival):
        return 0
    grown = 1
    if cost == old:
        nodes[node, MEMO] = memo | REACHED_BY[arrival]
        if memo & 255:
            return 0  # waits in the queue already
    else:
        if memo & 255 and old < base + SPAN:  # the memo of an earlier search says nothing
            unlink(nodes, heads, node)
            grown = 0
        nodes[node, COST], nodes[node, MEMO] = cost, parent << 16 | REACHED_BY[arrival]
    bucket = f >> SHIFT & (heads.shape[0] - 1)
    after = heads[bucket]
    nodes[node, AFTER], nodes[node, BEFORE] = after, ~bucket
    if after >= 0:
        nodes[after, BEFORE] = node
    heads[bucket] = node
    return grown


@kernel
def unlink(nodes, heads, node):
    after, before = nodes[node, AFTER], nodes[node, BEFORE]
    if before < 0:
        heads[~before] = after
    else:
        nodes[before, AFTER] = after
    if after >= 0:
        nodes[after, BEFORE] = before


@kernel
def clear(heads, state):
    """Empties the buckets that a search has left filled."""
    for bucket in range(state[BUCKET], state[HIGHEST] + 1):
        heads[bucket & (heads.shape[0] - 1)] = -1


@kernel
def search_online(rows, columns, successors, nodes, heads, found, ends, base, limit, state):
    """Expands jump points until the goal's cost is proven, or nothing is left (ENDED), or `limit` of them (SPENT).

    Nodes are numbered as the cells of the padded grid. successors: see `kernels.search`. found (K, 3): room for `scan`
    ends: start row, column, goal row, column. base: of the costs. state: see above; after SPENT, the same arguments
    continue the search
    """
    row, column, goal_row, goal_column = ends
    width = columns.shape[1]
    if state[BUCKET] < 0:
        least = octile(row - goal_row, column - goal_column)
        state[BUCKET], state[HIGHEST], start = least >> SHIFT, least >> SHIFT, row * width + column
        nodes[start, COST] = base + SPAN
        state[QUEUED] = relax(nodes, heads, start, base, least, 0, -1, base)
        nodes[start, MEMO] = -1 << 16 | 0xFFFF
    lowest, queued, expanded, best = state[BUCKET], state[QUEUED], state[EXPANDED], state[BEST]
    highest, outcome = state[HIGHEST], ENDED
    while queued:
        while heads[lowest & (heads.shape[0] - 1)] < 0:
            lowest += 1
        if lowest > (best - base) >> SHIFT:
            break
        if expanded >= limit:
            outcome = SPENT
            break
        node = np.int64(heads[lowest & (heads.shape[0] - 1)])
        unlink(nodes, heads, node)
        queued -= 1
        cost, memo = nodes[node, COST], nodes[node, MEMO]
        nodes[node, MEMO] = memo & ~255
        row, column = node // width, node % width
        if cost + octile(row - goal_row, column - goal_column) >= best:
            continue
        expanded += 1
        moves = np.int64(successors[memo & 255, free_around(rows, row, column)])
        count, _ = scan(rows, columns, row, column, moves, goal_row, goal_column, found)
        for i in range(count):
            to_row, to_column = found[i, 0], found[i, 1]
            new = cost + octile(to_row - row, to_column - column)
            f = new - base + octile(to_row - goal_row, to_column - goal_column)
            if base + f >= best:
                continue
            if to_row == goal_row and to_column == goal_column:
                best, state[BEST_PARENT] = new, node
            else:
                queued += relax(nodes, heads, to_row * width + to_column, new, f, found[i, 2], node, base)
                highest = max(highest, f >> SHIFT)
    state[BUCKET], state[QUEUED], state[EXPANDED], state[BEST], state[HIGHEST] = lowest, queued, expanded, best, highest
    if outcome == ENDED:
        clear(heads, state)
    return outcome


@kernel
def sign(number):
    return 1 if number > 0 else -1 if number < 0 else 0


@kernel
def write_leg(out, end, row, column, to_row, to_column):
    """Writes the cells of a leg from (row, column), which is left out, to out[end], where it ends; returns out's index
    of the cell that was left out."""
    rows, columns = to_row - row, to_column - column
    length, diagonal = max(abs(rows), abs(columns)), min(abs(rows), abs(columns))
    up, right = sign(rows), sign(columns)
    begin = end - length
    if begin < 0:
        return begin
    for i in range(1, diagonal + 1):
        out[begin + i, 0], out[begin + i, 1] = row + up * i - 1, column + right * i - 1
    rest = length - diagonal
    row, column = to_row, to_column
    up, right = (up, 0) if abs(rows) > abs(columns) else (0, right)
    for i in range(rest):
        out[end - i, 0], out[end - i, 1] = row - up * i - 1, column - right * i - 1
    return begin


@kernel
def write_path(nodes, places, width, parent, start, goal, out):
    """Writes the cells of a path's legs into the end of out (T, 2): index of the first, number of diagonal moves.

    parent: the node before the goal. places: row and column of the nodes; empty where their number says it, by `width`.
    The index is -1 where out is too short.
    """
    begin, diagonal, node = out.shape[0] - 1, 0, parent
    to_row, to_column = goal
    out[begin, 0], out[begin, 1] = to_row - 1, to_column - 1
    while True:
        if node < 0:
            row, column = start
        elif width:
            row, column = node // width, node % width
        else:
            row, column = places[node, 0], places[node, 1]
        diagonal += min(abs(to_row - row), abs(to_column - column))
        begin = write_leg(out, begin, row, column, to_row, to_column)
        if begin < 0:
            return -1, 0
        if node < 0:
            out[begin, 0], out[begin, 1] = row - 1, column - 1
            return begin, diagonal
        node, to_row, to_column = nodes[node, MEMO] >> 16, row, column
