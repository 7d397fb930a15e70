"""How far it is around the obstacles: the distance from one cell to all, for a disc that the vehicle contains.

The half of Hybrid A*'s heuristic that sees obstacles and no turning circle (Dolgov, Thrun, Montemerlo & Diebel 2010).
"""

from __future__ import annotations

import numpy as np

from plansim.core.kernel import kernel

STRAIGHT, DIAGONAL = 12, 17  # a move to a neighbour, in twelfths of a cell
RING = 32  # buckets of the queue; more than the longest move
FAR = 1e300


@kernel
def distance_map(passable, row, column, stop_row, stop_column, resolution, out):
    """Fills out (H, W) with metres from (row, column) over passable cells; FAR where nothing leads to.

    Dijkstra over the 8 neighbours, with buckets as its queue. Ends soon after the cell (stop_row, stop_column) is
    reached: what is farther than that has the distance of the end. Returns that of the stop cell.
    """
    rows, columns = passable.shape
    links, cells = np.empty(8 * rows * columns, dtype=np.int32), np.empty(8 * rows * columns, dtype=np.int32)
    heads = np.full(RING, -1, dtype=np.int64)
    reached = out  # in twelfths of cells, while it is filled
    reached[:, :] = FAR
    reached[row, column] = 0.0
    heads[0], links[0], cells[0] = 0, -1, row * columns + column
    used, waiting, now, last = 1, 1, 0, 1 << 60
    while waiting > 0 and now <= last:
        entry = heads[now % RING]
        if entry < 0:
            now += 1
            continue
        heads[now % RING] = links[entry]
        waiting -= 1
        r, c = cells[entry] // columns, cells[entry] % columns
        if reached[r, c] != now:
            continue
        if r == stop_row and c == stop_column:
            last = now + now // 4 + 40 * STRAIGHT
        for dr in range(-1, 2):
            for dc in range(-1, 2):
                i, j = r + dr, c + dc
                if not (0 <= i < rows and 0 <= j < columns) or passable[i, j] == 0:
                    continue
                cost = now + (DIAGONAL if dr != 0 and dc != 0 else STRAIGHT)
                if cost < reached[i, j]:
                    reached[i, j] = cost
                    links[used], cells[used] = heads[cost % RING], i * columns + j
                    heads[cost % RING] = used
                    used += 1
                    waiting += 1
    beyond = FAR if waiting == 0 else resolution * last / STRAIGHT
    for r in range(rows):
        for c in range(columns):
            d = reached[r, c]
            if d < FAR:
                reached[r, c] = d * resolution / STRAIGHT
            elif passable[r, c] > 0:
                reached[r, c] = beyond
    return reached[stop_row, stop_column]
