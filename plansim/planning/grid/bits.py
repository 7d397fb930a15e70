"""Maps as bits, 64 cells a word, along rows and along columns: a scan of any length takes a few instructions.

Lines are padded by a ring of blocked cells: position c of a row is bit c + 1 of line r + 1. `lines` (3, L, words)
uint64 hold for each row (or column) BLOCKED cells, and where a scan has to stop on its way FORWARD and BACKWARD: at
blocked cells and at jump points.

A jump point (Harabor & Grastien 2011, for moves that cut no corner) is a free cell where a straight path may have to
turn since the cell diagonally behind it is blocked, and the one beside it is free.
"""

from __future__ import annotations

import numpy as np

from plansim.core.arrays import Array
from plansim.core.kernel import kernel

BLOCKED, FORWARD, BACKWARD = 0, 1, 2
ONE, ALL = np.uint64(1), np.uint64(0xFFFFFFFFFFFFFFFF)
_HALVES = np.array([0x00000000FFFFFFFF] * 33, dtype=np.uint64)  # by the half's width: its bits in each pair of halves
for _width in (16, 8, 4, 2, 1):
    _HALVES[_width] = _HALVES[2 * _width] ^ (_HALVES[2 * _width] << np.uint64(_width))


def bit_lines(free: Array) -> tuple[Array, Array]:
    """`lines` of the rows and of the columns of a mask (H, W) of free cells."""
    height, width = free.shape
    packed = np.packbits(free, axis=1, bitorder="little")
    words = np.zeros((height + 2, (width + 65) // 64 * 8), dtype=np.uint8)
    words[1:-1, : packed.shape[1]] = packed
    rows = np.empty((3, height + 2, (width + 65) // 64), dtype=np.uint64)
    columns = np.empty((3, width + 2, (height + 65) // 64), dtype=np.uint64)
    fill_blocked(words.view(np.uint64), rows, columns)
    for lines in (rows, columns):
        lines[FORWARD:, [0, -1]] = ALL
        fill_stops(lines, 1, lines.shape[1] - 1)
    return rows, columns


def edited_lines(rows: Array, columns: Array, edits: Array, blocked: Array) -> tuple[Array, Array]:
    """Copies of `lines` where the cells edits (E, 2) are blocked (E,) or not; only what they touch is found anew."""
    rows, columns = rows.copy(), columns.copy()
    for lines, line, position in ((rows, edits[:, 0], edits[:, 1]), (columns, edits[:, 1], edits[:, 0])):
        set_bits(lines, line + 1, position + 1, blocked)
        touched = np.unique(line[:, None] + (0, 1, 2))
        for k in touched[(touched > 0) & (touched < lines.shape[1] - 1)].tolist():
            fill_stops(lines, k, k + 1)
    return rows, columns


@kernel
def set_bits(lines, line, position, blocked):
    for k in range(line.shape[0]):
        bit = ONE << np.uint64(position[k] & 63)
        word = lines[BLOCKED, line[k], position[k] >> 6]
        lines[BLOCKED, line[k], position[k] >> 6] = word | bit if blocked[k] else word & ~bit


@kernel
def fill_blocked(free, rows, columns):
    """BLOCKED lines of rows and columns from words of free cells that are not shifted into their ring yet."""
    lines, words = free.shape
    for r in range(lines):
        carry = np.uint64(0)
        for i in range(words):
            rows[BLOCKED, r, i] = ~(free[r, i] << ONE | carry)
            carry = free[r, i] >> np.uint64(63)
    block = np.empty(64, dtype=np.uint64)
    for above in range(0, lines, 64):
        for i in range(words):
            for k in range(64):
                block[k] = rows[BLOCKED, above + k, i] if above + k < lines else ALL
            transpose_block(block)
            for k in range(min(64, columns.shape[1] - 64 * i)):
                columns[BLOCKED, 64 * i + k, above >> 6] = block[k]


@kernel
def transpose_block(block):
    """Swaps rows and columns of 64 x 64 bits (Warren 2012, "Hacker's Delight", 7-3)."""
    width = 32
    while width:
        shift, low = np.uint64(width), _HALVES[width]
        k = 0
        while k < 64:
            swap = (block[k] >> shift ^ block[k + width]) & low
            block[k + width] ^= swap
            block[k] ^= swap << shift
            k = (k + width + 1) & ~width
        width >>= 1


@kernel
def fill_stops(lines, first, last):
    """FORWARD and BACKWARD of the lines first <= line < last."""
    words = lines.shape[2]
    for r in range(first, last):
        for i in range(words):
            here, turns, back = lines[BLOCKED, r, i], np.uint64(0), np.uint64(0)
            for beside in (r - 1, r + 1):
                wall = lines[BLOCKED, beside, i]
                before = lines[BLOCKED, beside, i - 1] >> np.uint64(63) if i else ONE
                after = lines[BLOCKED, beside, i + 1] << np.uint64(63) if i + 1 < words else ONE << np.uint64(63)
                turns |= ~wall & (wall << ONE | before)
                back |= ~wall & (wall >> ONE | after)
            lines[FORWARD, r, i] = here | turns
            lines[BACKWARD, r, i] = here | back


@kernel
def lowest(word):
    """The position of the lowest bit that is set, of those of a word that is not 0."""
    return (np.float64(word & (~word + ONE)).view(np.int64) >> 52) - 1023


@kernel
def highest(word):
    """The position of the highest bit that is set; the bit below it is cleared, lest it be rounded up."""
    return (np.float64(word & ~(word >> ONE)).view(np.int64) >> 52) - 1023


@kernel
def is_set(lines, layer, line, position):
    return lines[layer, line, position >> 6] >> np.uint64(position & 63) & ONE != 0


@kernel
def next_set(lines, layer, line, position):
    """The first position that is set in a line, at `position` or after it; there is one: the ring."""
    i = position >> 6
    word = lines[layer, line, i] >> np.uint64(position & 63)
    if word:
        return position + lowest(word)
    i += 1
    while not lines[layer, line, i]:
        i += 1
    return (i << 6) + lowest(lines[layer, line, i])


@kernel
def last_set(lines, layer, line, position):
    """The last position that is set in a line, at `position` or before it; there is one: the ring."""
    i = position >> 6
    word = lines[layer, line, i] << np.uint64(63 - (position & 63))
    if word:
        return position - 63 + highest(word)
    i -= 1
    while not lines[layer, line, i]:
        i -= 1
    return (i << 6) + highest(lines[layer, line, i])


@kernel
def free_around(rows, row, column):
    """Which of the 8 neighbours of a cell are free, as `neighbours_of` numbers them."""
    below, here, above = three(rows, row - 1, column), three(rows, row, column), three(rows, row + 1, column)
    wall = here >> 2 | (above & 4) >> 1 | (above & 2) << 1 | (above & 1) << 3
    return ~(wall | (here & 1) << 4 | below << 5) & 255


@kernel
def three(rows, row, column):
    """Three BLOCKED bits of a row, `column` in their middle."""
    i, shift = (column - 1) >> 6, (column - 1) & 63
    word = rows[BLOCKED, row, i] >> np.uint64(shift)
    if shift > 61:
        word |= rows[BLOCKED, row, i + 1] << np.uint64(64 - shift)
    return np.int64(word & np.uint64(7))
