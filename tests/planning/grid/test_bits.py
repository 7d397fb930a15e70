"""Maps as bits: each of them is what the definition says, and scans stop where a walk would."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.planning.grid import bits
from plansim.planning.grid.bits import BACKWARD, BLOCKED, FORWARD, bit_lines, edited_lines


def unpacked(lines, layer, size):
    return np.unpackbits(lines[layer].view(np.uint8), axis=-1, bitorder="little")[:, :size].astype(bool)


def stops(walls):
    """Where a walk along the rows of a padded mask stops: FORWARD, BACKWARD."""
    onward, back = walls.copy(), walls.copy()
    for r in range(1, walls.shape[0] - 1):
        for c in range(1, walls.shape[1] - 1):
            for beside in (r - 1, r + 1):
                onward[r, c] |= not walls[beside, c] and walls[beside, c - 1]
                back[r, c] |= not walls[beside, c] and walls[beside, c + 1]
    return onward, back


@pytest.mark.parametrize("shape", [(1, 1), (5, 62), (63, 64), (66, 131), (130, 7)])
def test_bits_are_blocked_cells_and_jump_points_of_rows_and_columns(shape):
    free = np.random.default_rng(shape[1]).random(shape) < 0.7
    walls = np.pad(~free, 1, constant_values=True)
    for lines, padded in zip(bit_lines(free), (walls, walls.T), strict=True):
        assert np.array_equal(unpacked(lines, BLOCKED, padded.shape[1]), padded)
        for layer, expected in zip((FORWARD, BACKWARD), stops(padded), strict=True):
            assert np.array_equal(unpacked(lines, layer, padded.shape[1]), expected)


def test_a_scan_finds_what_a_walk_finds():
    rng = np.random.default_rng(0)
    lines = bit_lines(rng.random((20, 200)) < 0.97)[0]
    walls = unpacked(lines, BLOCKED, 202)
    for row, position in zip(rng.integers(0, 22, 300), rng.integers(0, 202, 300), strict=True):
        set_here = np.flatnonzero(walls[row])
        assert bits.next_set(lines, BLOCKED, row, position) == set_here[set_here >= position][0]
        assert bits.last_set(lines, BLOCKED, row, position) == set_here[set_here <= position][-1]


@pytest.mark.parametrize("shift", range(64))
def test_lowest_and_highest_bit_of_a_word(shift):
    full = (1 << 64) - 1
    assert bits.lowest(np.uint64(full << shift & full)) == shift
    assert bits.highest(np.uint64(full >> shift)) == 63 - shift
    assert bits.lowest(np.uint64(1 << shift)) == bits.highest(np.uint64(1 << shift)) == shift


def test_the_neighbours_of_a_cell_are_those_of_the_bytes():
    from plansim.planning.grid.space import neighbours_of

    free = np.random.default_rng(1).random((9, 140)) < 0.6
    rows, expected = bit_lines(free)[0], neighbours_of(free)
    for r, c in np.argwhere(free) + 1:
        assert bits.free_around(rows, r, c) == expected[r, c]


def test_bits_of_an_edited_map_are_those_of_the_edited_map():
    rng = np.random.default_rng(2)
    for _ in range(30):
        free = rng.random((rng.integers(1, 40), rng.integers(1, 90))) < 0.7
        edits = np.stack([rng.integers(0, size, 3) for size in free.shape], axis=-1)
        edited = free.copy()
        edited[tuple(edits.T)] = rng.random(3) < 0.5
        found = edited_lines(*bit_lines(free), edits, ~edited[tuple(edits.T)])
        assert all(np.array_equal(a, b) for a, b in zip(found, bit_lines(edited), strict=True))
