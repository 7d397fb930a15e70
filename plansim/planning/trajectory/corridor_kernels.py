"""Growth of the boxes of a corridor, compiled."""

from __future__ import annotations

import numpy as np

from plansim.core.kernel import kernel


@kernel
def fill_line(fine, cells):
    """The cells [row, column] of a polyline given as columns, rows in 65536ths (T, 2), each once; how many.

    A line through a corner goes on diagonally.
    """
    count = 1
    cells[0, 0], cells[0, 1] = fine[0, 1] >> 16, fine[0, 0] >> 16
    for i in range(fine.shape[0] - 1):
        x, y, to_x, to_y = fine[i, 0], fine[i, 1], fine[i + 1, 0], fine[i + 1, 1]
        column, row, to_column, to_row = x >> 16, y >> 16, to_x >> 16, to_y >> 16
        right, up = to_x >= x, to_y >= y
        dx, dy = abs(to_x - x), abs(to_y - y)
        border_x = ((column + 1) << 16) - x if right else x - (column << 16)
        border_y = ((row + 1) << 16) - y if up else y - (row << 16)
        while row != to_row or column != to_column:
            ahead = border_x * dy - border_y * dx
            aside = row == to_row or (column != to_column and ahead < 0)
            upward = not aside and (column == to_column or ahead > 0)
            if not upward:
                column += 1 if right else -1
                border_x += 65536
            if not aside:
                row += 1 if up else -1
                border_y += 65536
            cells[count, 0], cells[count, 1] = row, column
            count += 1
    return count


@kernel
def fill_boxes(blocked, cells, reach, boxes):
    """Boxes [row, column, last row, last column] (K, 4) that cover the cells (P, 2) in order; how many."""
    count, i, last = 0, 0, cells.shape[0] - 1
    box, best = np.empty(4, dtype=np.int64), np.empty(4, dtype=np.int64)
    while True:
        covers, area, after = -1, 0, min(i + 1, last)
        for order in range(3):
            for k in range(2):
                box[k], box[k + 2] = min(cells[i, k], cells[after, k]), max(cells[i, k], cells[after, k])
            _grow(blocked, reach, order, box)
            end = after
            while end < last and _holds(box, cells[end + 1, 0], cells[end + 1, 1]):
                end += 1
            size = (box[2] - box[0] + 1) * (box[3] - box[1] + 1)
            if end > covers or (end == covers and size > area):
                covers, area = end, size
                best[:] = box
        boxes[count] = best
        count += 1
        if covers == last:
            return count
        i = covers


@kernel
def _holds(box, row, column):
    return box[0] <= row <= box[2] and box[1] <= column <= box[3]


@kernel
def _grow(blocked, reach, order, box):
    """Adds free rows and columns until none is left; order 0: on all sides in turn, 1: rows first, 2: columns first."""
    least_row, least_column = max(box[0] - reach, 0), max(box[1] - reach, 0)
    most_row = min(box[2] + reach, blocked.shape[0] - 1)
    most_column = min(box[3] + reach, blocked.shape[1] - 1)
    grew = True
    while grew:
        grew = False
        for first in range(2):
            rows_now = (first == 0) == (order != 2)
            again = True
            while again:
                again = False
                if rows_now:
                    if box[0] > least_row and _free(blocked, box[0] - 1, box[1], box[0] - 1, box[3]):
                        box[0] -= 1
                        again = True
                    if box[2] < most_row and _free(blocked, box[2] + 1, box[1], box[2] + 1, box[3]):
                        box[2] += 1
                        again = True
                else:
                    if box[1] > least_column and _free(blocked, box[0], box[1] - 1, box[2], box[1] - 1):
                        box[1] -= 1
                        again = True
                    if box[3] < most_column and _free(blocked, box[0], box[3] + 1, box[2], box[3] + 1):
                        box[3] += 1
                        again = True
                grew = grew or again
                again = again and order != 0


@kernel
def _free(blocked, row, column, last_row, last_column):
    for r in range(row, last_row + 1):
        for c in range(column, last_column + 1):
            if blocked[r, c]:
                return False
    return True
