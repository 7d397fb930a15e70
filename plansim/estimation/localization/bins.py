"""Boxes of position and heading: which of them a cloud of poses touches, and which of these hang together."""

from __future__ import annotations

from math import floor, pi

import numpy as np

from plansim.core.kernel import kernel

_FAR = float(1 << 24)  # boxes from the origin, beyond which all is one box
_SPREAD = 0x9E3779B97F4A7C1  # odd, without a pattern: neighbours fall far apart in a table


def sectors(turn: float) -> int:
    """How many sectors of about `turn` radians a full turn has."""
    return max(1, min(round(2 * np.pi / turn), 1023))


@kernel
def box_of(x, y, heading, side, sectors):
    """The box of a pose as one number; side: m, sectors: in a full turn, at most 1023."""
    column = floor(min(max(-_FAR, x / side), _FAR) + _FAR) + 1
    row = floor(min(max(-_FAR, y / side), _FAR) + _FAR) + 1
    sector = floor((heading + pi) / (2.0 * pi) * sectors) % sectors
    return (column << 36) | (row << 10) | sector


@kernel
def slot_of(table, box):
    """Where a box stands in an open hash table (a power of 2), or would stand: there the table has -1."""
    last = table.shape[0] - 1
    slot = (((box * _SPREAD) & 0x7FFFFFFFFFFFFFFF) >> 20) & last
    while table[slot] >= 0 and table[slot] != box:
        slot = (slot + 1) & last
    return slot


@kernel
def new_table(count):
    """An empty table for so many boxes."""
    size = 16
    while size < 3 * count:
        size *= 2
    return np.full(size, -1, np.int64)


@kernel
def label(states, side, sectors, labels):
    """Numbers the poses (N, 3) by the group of touching boxes that each lies in; how many boxes, how many groups.

    Boxes touch that share a face, an edge or a corner, the last sector of a turn and its first one too.
    """
    count = states.shape[0]
    table = new_table(count)
    numbers = np.empty(table.shape[0], np.int64)  # of the boxes, beside the table
    boxes = np.empty(count, np.int64)
    found = 0
    for i in range(count):
        box = box_of(states[i, 0], states[i, 1], states[i, 2], side, sectors)
        slot = slot_of(table, box)
        if table[slot] < 0:
            table[slot], numbers[slot], boxes[found] = box, found, box
            found += 1
        labels[i] = numbers[slot]
    parents = np.arange(found)
    for b in range(found):
        sector = boxes[b] & 1023
        for d_column in range(-1, 2):
            for d_row in range(-1, 2):
                for d_sector in range(-1, 2):
                    beside = boxes[b] - sector + (sector + d_sector + sectors) % sectors
                    slot = slot_of(table, beside + (d_column << 36) + (d_row << 10))
                    if table[slot] >= 0:
                        one, other = _root(parents, b), _root(parents, numbers[slot])
                        parents[max(one, other)] = min(one, other)
    groups = 0
    renamed = np.empty(found, np.int64)
    for b in range(found):
        root = _root(parents, b)  # never after b
        if root == b:
            renamed[b] = groups
            groups += 1
        else:
            renamed[b] = renamed[root]
    for i in range(count):
        labels[i] = renamed[labels[i]]
    return found, groups


@kernel
def _root(parents, b):
    while parents[b] != b:
        parents[b] = parents[parents[b]]
        b = parents[b]
    return b
