"""Poses of a car that may reverse, and the shortest ways between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from plansim.core.arrays import Array
from plansim.core.grid import OccupancyGrid
from plansim.core.shapes import Shapes
from plansim.planning.curves.reeds_shepp import reeds_shepp_length, reeds_shepp_word
from plansim.planning.curves.reeds_shepp_words import reeds_shepp_distance, shortest_reeds_shepp
from plansim.planning.spaces import base, curved
from plansim.planning.spaces.base import Kernels


@dataclass(frozen=True, eq=False)
class ReedsSheppSpace:
    """x, y, heading of a body in a world; from one to another it drives Reeds and Shepp's shortest path.

    Curves are tested for the whole body, exactly; it keeps a few thousandths of the world, or of a cell, away.

    >>> import numpy as np
    >>> space = ReedsSheppSpace(Shapes([0, 0], [10, 10], boxes=[[[4, 0], [6, 8]]]), turning_radius=1.0)
    >>> space.edge_free(np.array([[1.0, 1.0, 0.0], [1.0, 9.0, 0.0]]), np.array([9.0, 9.0, 0.0]))
    array([False,  True])
    """

    world: OccupancyGrid | Shapes
    turning_radius: float = 1.0  # m, of the tightest arc
    body: Array = 0.2  # m, radius of a disc, or corners (P, 2) of a convex polygon around the middle of the rear axle

    dimension = 3
    low = cached_property(curved.low)
    high = cached_property(curved.high)
    metric = cached_property(curved.metric)
    sample = base.sample
    __getstate__ = base.values
    is_free = curved.is_free
    edge_free = curved.edge_free

    def __post_init__(self) -> None:
        curved.check(self)

    def distance(self, a: Array, b: Array) -> Array:
        """Metres of the shortest way from a to b (..., 3) where all is free, (...)."""
        return reeds_shepp_length(a, b, self.turning_radius)

    def interpolate(self, a: Array, b: Array, t: Array) -> Array:
        """The states (..., 3) at shares t (...) of the ways from a to b."""
        return curved.along(reeds_shepp_word, self.turning_radius, a, b, t)

    @cached_property
    def kernels(self) -> Kernels:
        return curved.kernels(self, shortest_reeds_shepp, reeds_shepp_distance)
