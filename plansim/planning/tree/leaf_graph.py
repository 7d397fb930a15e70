"""Which free blocks of a quadtree or octree share a face, and where one passes from one to the other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.occupancy_tree import OccupancyTree


class LeafGraph(NamedTuple):
    """Passages between free leaves as compressed rows; coordinates in cells, in the order of the tree's axes."""

    first: Array  # (L + 1,) passages of leaf i: first[i] to first[i + 1]
    to: Array  # (E,) the leaf behind a passage
    portal: Array  # (E, dimension) middle of the face that both share
    length: Array  # (E,) from centre to centre through the portal
    centre: Array  # (L, dimension)

    @classmethod
    def of(cls, tree: OccupancyTree) -> LeafGraph:
        a, b, portal = _passages(tree)
        centre = tree.corners + tree.widths[:, None] / 2
        a, b, portal = np.concatenate((a, b)), np.concatenate((b, a)), np.concatenate((portal, portal))
        order = np.lexsort((b, a))
        a, b, portal = a[order], b[order], portal[order]
        length = np.linalg.norm(centre[a] - portal, axis=-1) + np.linalg.norm(centre[b] - portal, axis=-1)
        first = np.concatenate(([0], np.cumsum(np.bincount(a, minlength=len(tree.leaves)))))
        return cls(first, b, portal, length, centre)


def _passages(tree: OccupancyTree) -> tuple[Array, Array, Array]:
    """Each pair of free leaves with a common face once: found from the smaller one, of equals from the lower one."""
    free = np.flatnonzero(~tree.is_blocked)
    corner, width = tree.corners[free], tree.widths[free]
    a, b, portals = [], [], []
    for axis in range(len(tree.shape)):
        for side in (-1, 1):
            beyond = corner.copy()
            beyond[:, axis] += np.where(side < 0, -1, width)
            other = tree.leaf_of(beyond)
            larger = tree.widths[other] > width if side < 0 else tree.widths[other] >= width
            kept = (other >= 0) & larger & ~tree.is_blocked[other]
            portal = corner[kept] + width[kept, None] / 2
            portal[:, axis] = corner[kept, axis] + (0 if side < 0 else width[kept])
            a.append(free[kept])
            b.append(other[kept])
            portals.append(portal)
    return np.concatenate(a), np.concatenate(b), np.concatenate(portals)
