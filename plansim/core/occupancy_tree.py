"""Quadtrees and octrees: an occupancy map kept as few large blocks where it is uniform, and exact to the cell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput

_MIXED = 2


@dataclass(frozen=True, eq=False)
class OccupancyTree:
    """Which cells of a 2-D or 3-D array are blocked, as the leaves of a linear quadtree or octree.

    Gargantini 1982, "An effective way to represent quadtrees": only the leaves are kept, in Morton order, so that the
    leaf of a cell is found by bisection. Around the array, up to the next power of two, all is blocked.

    >>> tree = OccupancyTree.of(np.pad([[True]], ((0, 7), (0, 7))))
    >>> len(tree.leaves), tree.blocked([[0, 0], [0, 1], [7, 7], [8, 0]]).tolist()
    (10, [True, False, False, True])
    """

    shape: tuple[int, ...]  # of the array
    depth: int  # the root is 2^depth cells wide
    leaves: Array  # (L,) int64: Morton code of the lowest cell << 6 | log2 of the width << 1 | blocked

    @classmethod
    def of(cls, blocked: Array) -> OccupancyTree:
        """The tree of an array of bool, (H, W) or (D, H, W)."""
        blocked = np.asarray(blocked, dtype=bool)
        if blocked.ndim not in (2, 3) or not blocked.size:
            raise MalformedInput(f"blocked has shape {blocked.shape}, but must be (H, W) or (D, H, W), not empty")
        depth = int(np.ceil(np.log2(max(blocked.shape)))) if max(blocked.shape) > 1 else 0
        values = np.ones((1 << depth,) * blocked.ndim, dtype=np.uint8)
        values[tuple(slice(size) for size in blocked.shape)] = blocked
        found = []
        for level in range(depth + 1):
            parents = _parents(values)
            alone = values != _MIXED if level == depth else (values != _MIXED) & (_children(parents) == _MIXED)
            cells = np.argwhere(alone)
            found.append(morton(cells << level) << 6 | level << 1 | values[alone])
            values = parents
        return cls(blocked.shape, depth, _frozen(np.sort(np.concatenate(found))))

    @property
    def nbytes(self) -> int:
        return self.leaves.nbytes

    @cached_property
    def codes(self) -> Array:
        """Morton code of each leaf's lowest cell, (L,)."""
        return _frozen(self.leaves >> 6)

    @cached_property
    def is_blocked(self) -> Array:
        """(L,) bool, of the leaves."""
        return _frozen((self.leaves & 1).astype(bool))

    @cached_property
    def widths(self) -> Array:
        """Cells along each side of each leaf, (L,)."""
        return _frozen(1 << (self.leaves >> 1 & 31))

    @cached_property
    def corners(self) -> Array:
        """Lowest cell of each leaf, (L, dimension)."""
        return _frozen(unmorton(self.codes, len(self.shape)))

    def leaf_of(self, cells: Array) -> Array:
        """Index of the leaf in which cells (..., dimension) lie, (...); -1 outside the root."""
        cells = np.asarray(cells)
        inside = ((cells >= 0) & (cells < 1 << self.depth)).all(-1)
        codes = morton(np.where(inside[..., None], cells, 0))
        return np.where(inside, np.searchsorted(self.codes, codes, side="right") - 1, -1)

    def blocked(self, cells: Array) -> Array:
        """Whether cells (..., dimension) are blocked, (...) bool; outside, all are."""
        leaf = self.leaf_of(cells)
        return (leaf < 0) | self.is_blocked[leaf]

    def array(self) -> Array:
        """The array of bool that the tree stands for."""
        return self.blocked(np.moveaxis(np.indices(self.shape), 0, -1))


def morton(cells: Array) -> Array:
    """The bits of cells (..., dimension) interleaved, the last axis lowest, (...) int64."""
    cells = np.asarray(cells, dtype=np.int64)
    dimension, code = cells.shape[-1], np.zeros(cells.shape[:-1], dtype=np.int64)
    for bit in range(int(cells.max(initial=0)).bit_length()):
        for axis in range(dimension):
            code |= (cells[..., dimension - 1 - axis] >> bit & 1) << (bit * dimension + axis)
    return code


def unmorton(codes: Array, dimension: int) -> Array:
    """The cells (..., dimension) whose interleaved bits the codes (...) are."""
    cells = np.zeros((*codes.shape, dimension), dtype=np.int64)
    for bit in range(-(-int(codes.max(initial=0)).bit_length() // dimension)):
        for axis in range(dimension):
            cells[..., dimension - 1 - axis] |= (codes >> (bit * dimension + axis) & 1) << bit
    return cells


def _frozen(a: Array) -> Array:
    a.setflags(write=False)
    return a


def _parents(values: Array) -> Array:
    """One value for each block of 2 x 2 (x 2): theirs, where it is the same."""
    if values.shape[0] == 1:
        return values
    blocks = values.reshape([size for side in values.shape for size in (side // 2, 2)])
    within = tuple(range(1, blocks.ndim, 2))
    low, high = blocks.min(within), blocks.max(within)
    return np.where(low == high, low, _MIXED).astype(np.uint8)


def _children(values: Array) -> Array:
    for axis in range(values.ndim):
        values = values.repeat(2, axis)
    return values
