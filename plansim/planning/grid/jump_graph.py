"""The jump points of a map as a graph: found once, searched many times.

An edge leads from a jump point to what `scan` finds from it: JPS+ (Harabor & Grastien 2014) with its tables replaced by
lists, so that a search looks at nothing but jump points. Only moves that a shortest path may take after an arrival at
the jump point have edges. What a map's queries share:

corners (L, words) uint64: which cells are jump points; ranks (L, words) int32: how many there are before a word
places (N, 3) int32: row, column and free neighbours of each jump point, in the order of the cells
fans (8 N + 1, 2) int32: by jump point and direction, its first edge, and the free diagonal steps
targets (E,) int32: where an edge leads << 3 | direction of arrival
"""

from __future__ import annotations

import numpy as np

from plansim.core.kernel import kernel
from plansim.planning.grid.bits import BACKWARD, BLOCKED, FORWARD, ONE, free_around, is_set, last_set, lowest, next_set
from plansim.planning.grid.jump_kernels import scan
from plansim.planning.grid.kernels import COLUMNS, ROWS

_PAIRS, _FOURS, _EIGHTS = (np.uint64(word) for word in (0x5555555555555555, 0x3333333333333333, 0x0F0F0F0F0F0F0F0F))


@kernel
def fill_corners(rows, corners, first, last):
    """Finds the jump points of the lines first <= line < last.

    They are the free cells with a blocked one diagonally beside them, past which both ways are free.
    """
    words = corners.shape[1]
    top = np.uint64(63)
    for r in range(first, last):
        for i in range(words):
            here, word = rows[BLOCKED, r, i], np.uint64(0)
            before = rows[BLOCKED, r, i - 1] >> top if i else ONE
            after = rows[BLOCKED, r, i + 1] << top if i + 1 < words else ONE << top
            left, right = here << ONE | before, here >> ONE | after
            for beside in (r - 1, r + 1):
                wall = rows[BLOCKED, beside, i]
                before = rows[BLOCKED, beside, i - 1] >> top if i else ONE
                after = rows[BLOCKED, beside, i + 1] << top if i + 1 < words else ONE << top
                word |= ~wall & ((wall << ONE | before) & ~left | (wall >> ONE | after) & ~right)
            corners[r, i] = word & ~here


@kernel
def fill_ranks(corners, ranks):
    """Counts the jump points before each word; returns their number."""
    count = 0
    for r in range(corners.shape[0]):
        for i in range(corners.shape[1]):
            ranks[r, i] = count
            if corners[r, i]:
                count += ones(corners[r, i])
    return count


@kernel
def ones(word):
    """How many bits are set (Warren 2012, "Hacker's Delight", 5-1)."""
    word = word - (word >> ONE & _PAIRS)
    word = (word & _FOURS) + (word >> np.uint64(2) & _FOURS)
    word = word + (word >> np.uint64(4)) & _EIGHTS
    word = word + (word >> np.uint64(8))
    word = word + (word >> np.uint64(16))
    return np.int64(word + (word >> np.uint64(32)) & np.uint64(127))


@kernel
def number_of(corners, ranks, row, column):
    i = column >> 6
    return ranks[row, i] + ones(corners[row, i] & ((ONE << np.uint64(column & 63)) - ONE))


@kernel
def fill_places(rows, corners, places):
    node = 0
    for r in range(corners.shape[0]):
        for i in range(corners.shape[1]):
            word = corners[r, i]
            while word:
                column = (i << 6) + lowest(word)
                word &= word - ONE
                places[node, 0], places[node, 1], places[node, 2] = r, column, free_around(rows, r, column)
                node += 1


@kernel
def fill_fans(rows, columns, corners, ranks, places, successors, found, first, last, count, fans, targets):
    """Edges of the jump points first <= node < last; returns how many there are now, -1 where targets are too short."""
    for node in range(first, last):
        row, column, free = np.int64(places[node, 0]), np.int64(places[node, 1]), places[node, 2]
        moves = 0
        for k in range(0, 8, 2):
            after = np.int64(successors[1 << k, free])
            if free >> ((k + 4) & 7) & 1 and after & ~(1 << k):
                moves |= after
        for k in range(8):
            fans[8 * node + k, 0], fans[8 * node + k, 1] = count, 0
            if not moves >> k & 1:
                continue
            size, steps = scan(rows, columns, row, column, 1 << k, -1, -1, found)
            if count + size > targets.shape[0]:
                return -1
            fans[8 * node + k, 1] = steps
            for i in range(size):
                targets[count] = number_of(corners, ranks, found[i, 0], found[i, 1]) << 3 | found[i, 2]
                count += 1
        fans[8 * node + 8, 0] = count
    return count


@kernel
def refill_fans(rows, columns, corners, ranks, places, successors, found, box, before, fans, targets):
    """The edges of an edited map: found anew where a scan may pass the edits, else copied; their number, -1: no room.

    box: first row, first column, last row, last column of the cells whose stops an edit may have changed
    before: rows, columns, places, fans, targets of the map before the edits
    """
    old_rows, old_columns, old_places, old_fans, old = before
    renumbered = np.empty(old_places.shape[0], dtype=np.int64)
    for was in range(old_places.shape[0]):
        renumbered[was] = number_of(corners, ranks, old_places[was, 0], old_places[was, 1])
    count, was = 0, 0
    for node in range(places.shape[0]):
        row, column = places[node, 0], places[node, 1]
        while was < old_places.shape[0] and (
            old_places[was, 0] < row or (old_places[was, 0] == row and old_places[was, 1] < column)
        ):
            was += 1
        kept = was < old_places.shape[0] and old_places[was, 0] == row and old_places[was, 1] == column
        if (
            not kept
            or old_places[was, 2] != places[node, 2]
            or passes(old_rows, old_columns, box, row, column, old_fans, was)
        ):
            count = fill_fans(
                rows, columns, corners, ranks, places, successors, found, node, node + 1, count, fans, targets
            )
            if count < 0:
                return -1
            continue
        first, last = old_fans[8 * was, 0], old_fans[8 * was + 8, 0]
        if count + last - first > targets.shape[0]:
            return -1
        for k in range(8):
            fans[8 * node + k, 0] = old_fans[8 * was + k, 0] - first + count
            fans[8 * node + k, 1] = old_fans[8 * was + k, 1]
        for edge in range(first, last):
            targets[count] = renumbered[old[edge] >> 3] << 3 | (old[edge] & 7)
            count += 1
        fans[8 * node + 8, 0] = count
    return count


@kernel
def passes(rows, columns, box, row, column, fans, node):
    """Whether any scan from a jump point, by the lines before the edits, looks at a cell of the box."""
    for k in range(8):
        up, right = ROWS[k], COLUMNS[k]
        steps = fans[8 * node + k, 1] + 1 if k & 1 else 0  # the last of them met a wall
        if right:
            first, last = (row - steps if up < 0 else row), (row + steps if up > 0 else row)
            for r in range(max(first, box[0]), min(last, box[2]) + 1):
                if crosses(rows, r, column + right * abs(r - row), right, box[1], box[3]):
                    return True
        if up:
            first, last = (column - steps if right < 0 else column), (column + steps if right > 0 else column)
            for c in range(max(first, box[1]), min(last, box[3]) + 1):
                if crosses(columns, c, row + up * abs(c - column), up, box[0], box[2]):
                    return True
    return False


@kernel
def crosses(lines, line, position, ahead, first, last):
    """Whether a scan along a line looks at a position from `first` to `last`."""
    if first <= position <= last:
        return True
    if is_set(lines, BLOCKED, line, position):
        return False
    if ahead > 0:
        return position < first and next_set(lines, FORWARD, line, position + 1) >= first
    return position > last and last_set(lines, BACKWARD, line, position - 1) <= last
