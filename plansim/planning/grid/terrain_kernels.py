"""Best-first search over cells of different cost, compiled.

A move costs its length times the mean of the two cells' factors. The queue is ordered by f = cost + scale * distance
to the goal in cells. It is a ring of stacks ("buckets"), of which only the lowest is kept as a heap, small enough to
stay near the processor (Cherkassky, Goldberg & Silverstein 1999, "Buckets, heaps, lists, and monotone priority
queues"). A cell that is improved after its expansion is expanded again: that happens where a weight overestimates.

Grids are padded by a ring of blocked cells; `cell` is the flat index in the padded grid.
"""

from __future__ import annotations

import numpy as np

from plansim.core.kernel import kernel
from plansim.planning.grid.kernels import COLUMNS, ENDED, FULL, LOWEST, ROWS, SPENT
from plansim.planning.grid.moves import METRES
from plansim.planning.heap import pop, push

WAITS = 16  # added to the direction by which a cell was reached, while it is in the queue


@kernel
def cells_between(rows, columns, aside):
    """Cells to go over so many rows and columns where all is free; aside: what a move costs more for being diagonal."""
    rows, columns = abs(rows), abs(columns)
    return max(rows, columns) + aside * min(rows, columns)


@kernel
def search_terrain(
    neighbours, moves_of, halves, width, offsets, costs, came, goal, frame, limit, queue, order, state, best
):
    """Expands cells until the goal's cost is proven, or nothing is left (ENDED), or `limit` cells (SPENT).

    FULL asks the caller for more entries; after that and after SPENT, the same arguments continue the search.

    neighbours: one uint8 a cell. moves_of: (256,) the moves that these allow. halves: half of each cell's factor
    offsets: (8,) from a cell to its neighbours
    costs, came: of each cell reached, its cost and the direction by which it was reached, plus WAITS
    goal: row, column; outside the padded grid, to reach everything
    frame: scale of the distance to the goal, weight included; `aside` of it; f of the first bucket; buckets per cost
    queue: heads of the buckets (a power of two), entries row << 32 | column, links between entries; keys and items of
        the lowest bucket's heap
    order: filled with the cells in the order of their expansion, as many as fit
    state: lowest bucket, first unused entry, length of the queue, of the heap, cells expanded, lowest and highest row
    best: (2,) the cost of the goal, and f that every better path to it would have
    """
    scale, aside, first, per_cost = frame
    goal_row, goal_column = goal
    goal_cell = goal_row * width + goal_column
    heads, entries, links, keys, items = queue
    ring = heads.shape[0] - 1
    lowest, unused, queued, heaped, expanded = state[0], state[1], state[2], state[3], state[4]
    bottom, top = state[5], state[6]
    found, reached_f = best[0], best[1]
    outcome = ENDED
    while queued + heaped > 0:
        if heaped == 0:
            while heads[lowest & ring] < 0:
                lowest += 1
            j = heads[lowest & ring]
            heads[lowest & ring] = -1
            while j >= 0:
                i = np.uint64(j)
                row, column = entries[i] >> 32, entries[i] & 0xFFFFFFFF
                cell = np.uint64(row * width + column)
                if came[cell] >= WAITS:
                    f = costs[cell] + scale * cells_between(row - goal_row, column - goal_column, aside)
                    heaped = push(keys, items, heaped, f, entries[i])
                j = np.int64(links[i])
                links[i] = unused
                unused = np.int64(i)
                queued -= 1
            continue
        if keys[0] >= found:
            break
        if queued + 8 > entries.shape[0] or heaped + 8 > keys.shape[0]:
            outcome = FULL
            break
        if expanded >= limit:
            outcome = SPENT
            break

        reached_f = max(reached_f, keys[0])
        entry = items[0]
        heaped = pop(keys, items, heaped)
        row, column = entry >> 32, entry & 0xFFFFFFFF
        cell = np.uint64(row * width + column)
        reached = np.int64(came[cell])
        if reached < WAITS:
            continue  # expanded since it was put here
        cost, half = costs[cell], halves[cell]
        came[cell] = reached - WAITS
        if expanded < order.shape[0]:
            order[expanded] = np.int64(cell)
        expanded += 1
        bottom, top = min(bottom, row - 1), max(top, row + 1)

        moves = np.int64(moves_of[neighbours[cell]])
        while moves:
            k = LOWEST[moves]
            moves &= moves - 1
            to = np.uint64(np.int64(cell) + offsets[k])
            new = cost + METRES[k] * (half + halves[to])
            if new >= costs[to]:
                continue
            to_row, to_column = row + ROWS[k], column + COLUMNS[k]
            f = new + scale * cells_between(to_row - goal_row, to_column - goal_column, aside)
            if f >= found:
                continue
            costs[to] = new
            came[to] = np.int64(k) + WAITS
            if np.int64(to) == goal_cell:
                found = new
                continue
            bucket = np.int64((f - first) * per_cost)
            entry = to_row << 32 | to_column
            if bucket <= lowest:
                heaped = push(keys, items, heaped, f, entry)
                continue
            i = np.uint64(unused)
            unused = np.int64(links[i])
            queued += 1
            entries[i] = entry
            links[i] = heads[bucket & ring]
            heads[bucket & ring] = i
    state[0], state[1], state[2], state[3], state[4] = lowest, unused, queued, heaped, expanded
    state[5], state[6] = bottom, top
    best[0], best[1] = found, found if outcome == ENDED else max(reached_f, keys[0])
    return outcome


@kernel
def nearest_of(width, costs, bottom, top, goal_row, goal_column, aside):
    """The cell reached whose distance to the goal is least, of rows bottom to top; of equals, the cheapest."""
    cell, least, cost = -1, np.inf, np.inf
    for row in range(bottom, top + 1):
        for column in range(width):
            here = costs[row * width + column]
            if here < np.inf:
                h = cells_between(row - goal_row, column - goal_column, aside)
                if h < least or (h == least and here < cost):
                    cell, least, cost = row * width + column, h, here
    return cell
