"""Best-first search over the cells of a grid, compiled.

Moves go to the 8 neighbours, k * 45 degrees counter-clockwise from +column; a diagonal one needs both cells beside it
to be free. Four ideas carry the speed and the proof:

- Costs are integers: STRAIGHT and DIAGONAL are a convergent of sqrt(2), so that sums order as the true costs
  a + b sqrt(2) do, for all paths of fewer than STRAIGHT diagonal moves (grids of up to 38 million cells).
- The queue is an array of stacks ("buckets") over f = g + weight * h. A bucket is narrower than any move is long and
  holds several f, so a cell that is improved after its expansion is expanded again; the search ends when nothing is
  left that could be better than the goal found.
- Canonical ordering (Harabor & Grastien 2011; Sturtevant & Rabin 2016): of the equally short paths to a cell, those
  that turn from straight to diagonal where they could have gone diagonally first are not followed. All directions by
  which a cell is reached at its best cost are kept, so that no canonical shortest path is ever lost.
- Nothing is cleared between searches: each one counts its costs from a `base` below all costs of the one before.

Grids are padded by a ring of blocked cells; `cell` is the flat index in the padded grid.
"""

from __future__ import annotations

import numpy as np

from plansim.core.kernel import kernel

STRAIGHT, DIAGONAL = 38613965, 54608393  # 1 and sqrt(2), to 3e-16
SPAN = 1 << 51  # above every cost of a path
WEIGHT_BITS = 10  # weights are whole multiples of 2^-10
ENDED, SPENT, FULL = 0, 1, 2

# cells and indices are unsigned where that saves numba the question whether they count from the end
ROWS = np.array([0, 1, 1, 1, 0, -1, -1, -1])
COLUMNS = np.array([1, 1, 0, -1, -1, -1, 0, 1])
LENGTHS = np.array([STRAIGHT, DIAGONAL] * 4)
REACHED_BY = np.array([257 << k for k in range(8)])  # direction k in both halves of `ways`
LOWEST = np.array([0] + [(i & -i).bit_length() - 1 for i in range(1, 256)], dtype=np.uint64)  # lowest bit that is set


@kernel
def fill_neighbours(free, neighbours):
    """neighbours (H + 2, W + 2) of free (H + 2, W + 2), both uint8: bit k says whether neighbour k is free."""
    for r in range(1, free.shape[0] - 1):
        below, here, above, out = free[r - 1], free[r], free[r + 1], neighbours[r]
        for c in range(1, free.shape[1] - 1):
            upper = above[c + 1] << 1 | above[c] << 2 | above[c - 1] << 3
            lower = below[c - 1] << 5 | below[c] << 6 | below[c + 1] << 7
            out[c] = here[c + 1] | upper | here[c - 1] << 4 | lower


@kernel
def octile(rows, columns):
    """The cost of the shortest path over so many rows and columns where all is free."""
    rows, columns = abs(rows), abs(columns)
    return STRAIGHT * max(rows, columns) + (DIAGONAL - STRAIGHT) * min(rows, columns)


@kernel
def search(neighbours, width, successors, costs, ways, goal, frame, limit, heads, entries, links, state):
    """Expands cells until the goal's cost is proven, or nothing is left (ENDED), or `limit` cells (SPENT).

    FULL asks the caller for longer arrays; after that and after SPENT, the same arguments continue the search.

    neighbours, costs, ways: one value a cell. ways: directions by which a cell was reached at its cost, the upper
        eight bits, and those of them that are still to be expanded, the lower eight
    successors: (256, 256) bits of the moves to try, by the directions to expand and the neighbours that are free
    goal: row, column. frame: base of the costs, weight, f of the first bucket, log2 of a bucket's width
    heads, entries, links: buckets as linked lists; entries hold row << 32 | column; unused ones are a list as well
    state: lowest bucket, highest bucket, first unused entry, length of the queue, cells expanded, cost of the goal
    """
    base, weight, first, shift = frame
    goal_row, goal_column = goal
    goal_cell = np.uint64(goal_row * width + goal_column)
    lowest, highest, unused, queued, expanded, best = state[0], state[1], state[2], state[3], state[4], state[5]
    reach = ((DIAGONAL + (DIAGONAL * weight >> WEIGHT_BITS)) >> shift) + 2  # most buckets that one move can rise
    while True:
        while lowest <= highest and heads[lowest] < 0:
            lowest += 1
        if lowest > highest or lowest > (best - base - first) >> shift:
            outcome = ENDED
            break
        if queued + 8 > entries.shape[0] or highest + reach >= heads.shape[0]:
            outcome = FULL
            break
        if expanded >= limit:
            outcome = SPENT
            break

        i = np.uint64(heads[lowest])
        heads[lowest] = links[i]
        links[i] = unused
        unused = np.int64(i)
        queued -= 1
        row, column = entries[i] >> 32, entries[i] & 0xFFFFFFFF
        cell = np.uint64(row * width + column)
        reached = ways[cell]
        if reached & 255 == 0:
            continue  # expanded since it was put here
        cost = costs[cell]
        if best < base + SPAN:
            h = octile(row - goal_row, column - goal_column)
            if cost + (h * weight >> WEIGHT_BITS) >= best:
                continue
        ways[cell] = reached & 0xFF00
        expanded += 1

        moves = np.int64(successors[reached & 255, neighbours[cell]])
        while moves:
            k = LOWEST[moves]
            moves &= moves - 1
            to_row, to_column = row + ROWS[k], column + COLUMNS[k]
            to = np.uint64(to_row * width + to_column)
            new = cost + LENGTHS[k]
            if new > costs[to]:
                continue
            if new < costs[to]:
                costs[to] = new
                ways[to] = REACHED_BY[k]
            else:
                reached = np.int64(ways[to])
                if reached & REACHED_BY[k] > 255:
                    continue
                ways[to] = reached | REACHED_BY[k]
                if reached & 255:
                    continue  # waits in the queue already
            if to == goal_cell:
                best = new
                continue
            f = new - base + (octile(to_row - goal_row, to_column - goal_column) * weight >> WEIGHT_BITS)
            bucket = (f - first) >> shift
            i = np.uint64(unused)
            unused = links[i]
            queued += 1
            entries[i] = to_row << 32 | to_column
            links[i] = heads[bucket]
            heads[bucket] = i
            highest = max(highest, bucket)
            lowest = min(lowest, bucket)
    state[0], state[1], state[2], state[3], state[4], state[5] = lowest, highest, unused, queued, expanded, best
    return outcome


@kernel
def walk_back(neighbours, width, costs, row, column, base, out):
    """Writes the cells from (row, column) back to the start into out (T, 2), as many as fit; returns their count."""
    count = 0
    while True:
        if count < out.shape[0]:
            out[count, 0], out[count, 1] = row, column
        count += 1
        cell = row * width + column
        if costs[cell] == base:
            return count
        free = np.int64(neighbours[cell])
        best, move = costs[cell] + 1, -1
        for k in range(8):
            if not free >> k & 1 or (k & 1 and not (free >> (k - 1) & 1 and free >> ((k + 1) & 7) & 1)):
                continue
            through = costs[cell + ROWS[k] * width + COLUMNS[k]] + LENGTHS[k]
            if through < best:
                best, move = through, k
        row, column = row + ROWS[move], column + COLUMNS[move]


@kernel
def nearest_reached(width, costs, base, goal_row, goal_column):
    """Row and column of the cell reached whose octile distance to the goal is least; of equals, the cheapest."""
    row, column, least, cost = 0, 0, SPAN, SPAN
    for cell in range(costs.shape[0]):
        if costs[cell] < base + SPAN:
            r, c = cell // width, cell % width
            h = octile(r - goal_row, c - goal_column)
            if h < least or (h == least and costs[cell] < cost):
                row, column, least, cost = r, c, h, costs[cell]
    return row, column


@kernel
def write_centres(cells, resolution, frame, out):
    """The centres (T, 2) of cells (T, 2), number by number as `OccupancyGrid.points` reckons them.

    frame: x and y of the origin, cosine and sine of its heading
    """
    x, y, c, s = frame
    for i in range(cells.shape[0]):
        u, v = (cells[i, 1] + 0.5) * resolution, (cells[i, 0] + 0.5) * resolution
        out[i, 0], out[i, 1] = x + c * u - s * v, y + s * u + c * v


def canonical_successors() -> np.ndarray:
    """(256, 256) uint8: the moves to try from a cell reached by a set of directions, by its free neighbours.

    A diagonal arrival goes on diagonally or to either side of that; a straight one goes straight on, and turns only
    where the cell behind that side is blocked, since otherwise a diagonal move came there earlier.
    """
    bits = np.arange(256)
    free = [(bits >> k & 1).astype(bool) for k in range(8)]
    moves = np.zeros((256, 256), dtype=np.uint8)
    for arrival in range(8):
        for k in range(8):
            turn = (k - arrival + 4) % 8 - 4
            side = 3 if turn > 0 else -3
            if arrival % 2:
                followed = np.full(256, abs(turn) <= 1)
            else:
                followed = (turn == 0) | ((abs(turn) in (1, 2)) & ~free[(arrival + side) % 8])
            legal = free[k] & ((k % 2 == 0) | (free[(k - 1) % 8] & free[(k + 1) % 8]))
            moves[1 << arrival] |= (followed & legal).astype(np.uint8) << k
    for arrivals in range(1, 256):
        single = arrivals & -arrivals
        moves[arrivals] = moves[single] | moves[arrivals ^ single]
    return moves
