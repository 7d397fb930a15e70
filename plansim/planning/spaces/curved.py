"""What spaces of poses have in common in which a car drives shortest curves: Dubins' and Reeds and Shepp's.

The functions of this module become their methods by assignment in the class body, as those of `base` do elsewhere.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from plansim.core.arrays import Array, readonly
from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.kernel import Kernel, kernel
from plansim.core.layout import wrap_angle
from plansim.core.shapes import Shapes
from plansim.planning.curves.words import check_positive, sample_words
from plansim.planning.spaces import base
from plansim.planning.spaces.base import Kernels
from plansim.planning.spaces.body import body_of, clearance, ground_of
from plansim.planning.spaces.body_among_shapes import body_among, clearance_among
from plansim.planning.spaces.curved_kernels import curve_kernels

POINT = 1e-9  # m, radius of a body that is a point


class Place(NamedTuple):
    """Where a body drives, as kernels take it."""

    frame: Array  # (3,) pose of the map's own frame; zero in a world of shapes
    ground: tuple  # a `Ground`, or the arrays of a `Shapes`
    body: tuple  # a `Body`


def place_of(world: OccupancyGrid | Shapes, body: Array) -> tuple[Place, Kernel]:
    """A body in a world, and the kernel that says by how much it is clear there."""
    outline = POINT if np.ndim(body) == 0 and body == 0 else body
    if isinstance(world, OccupancyGrid):
        margin, skin = 0.25 * world.resolution, 0.02 * world.resolution
        ground: tuple = ground_of(world.free, world.resolution)
        return Place(readonly(world.origin), ground, body_of(outline, margin, skin)), clearance
    if not isinstance(world, Shapes) or world.dimension != 2:
        raise MalformedInput(f"a car's world must be an OccupancyGrid or plane Shapes, not {type(world).__name__}")
    size = float((world.high - world.low).min())
    return Place(readonly(np.zeros(3)), world.arrays, body_among(outline, 5e-3 * size, 2e-4 * size)), clearance_among


@cache
def _kernels(shortest: Kernel, length: Kernel, room: Kernel) -> tuple[Kernel, ...]:
    return curve_kernels(shortest, length, room)


def check(self: Any) -> None:
    check_positive("turning_radius", self.turning_radius)
    place_of(self.world, self.body)


def low(self) -> Array:
    return readonly([*self.world.bounds[0], -np.pi])


def high(self) -> Array:
    return readonly([*self.world.bounds[1], np.pi])


def metric(self) -> Array:
    """No curve is shorter: it is at least as long as its chord, and as its turn times the radius."""
    share = np.sqrt(0.5)
    return base.metric(self.low, self.high, [share, share, share * self.turning_radius], [False, False, True])


def kernels(self, shortest: Kernel, length: Kernel) -> Kernels:
    place, room = place_of(self.world, self.body)
    point_free, segment_free, distance, interpolate = _kernels(shortest, length, room)
    return Kernels((float(self.turning_radius), *place), point_free, segment_free, distance, interpolate)


def is_free(self, states: Array) -> Array:
    """Where the body is clear of everything at the states (..., 3), (...) bool."""
    states = np.asarray(states, dtype=float)
    out = np.empty(states.shape[:-1], dtype=bool)
    _all_points(self.kernels.point_free)(_rows(states), self.kernels.arrays, out.reshape(-1))
    return out[()]


def edge_free(self, a: Array, b: Array) -> Array:
    """Where the body is clear all along the curves from a to b (..., 3), (...) bool."""
    a, b = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(b, dtype=float))
    out = np.empty(a.shape[:-1], dtype=bool)
    _all_segments(self.kernels.segment_free)(_rows(a), _rows(b), self.kernels.arrays, out.reshape(-1))
    return out[()]


def along(word, radius: float, a: Array, b: Array, t: Array) -> Array:
    """The states (..., 3) at shares t (...) of the curves from a to b, headings within [-pi, pi]."""
    a, b = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(b, dtype=float))
    turns, lengths = word(a, b, radius)
    batch = np.broadcast_shapes(a.shape[:-1], np.shape(t))
    distance = np.broadcast_to(np.asarray(t, dtype=float) * np.abs(lengths).sum(-1), batch)
    out = np.empty((*batch, 3))
    many = (np.broadcast_to(value, (*batch, value.shape[-1])) for value in (a, turns, lengths))
    rows = [np.require(value.reshape(-1, value.shape[-1]), requirements=("C", "W")) for value in many]
    sample_words(*rows, float(radius), distance.reshape(-1).copy(), out.reshape(-1, 3))
    out[..., 2] = wrap_angle(out[..., 2])
    return out


def _rows(states: Array) -> Array:
    if states.shape[-1:] != (3,):
        raise MalformedInput(f"states have shape {states.shape}, but must be poses (..., 3): x, y, heading")
    return np.require(states.reshape(-1, 3), requirements=("C", "W"))


@cache
def _all_points(point_free: Kernel) -> Kernel:
    @kernel
    def points_free(states, arrays, out):
        for i in range(states.shape[0]):
            out[i] = point_free(states[i], arrays)

    return points_free


@cache
def _all_segments(segment_free: Kernel) -> Kernel:
    @kernel
    def segments_free(a, b, arrays, out):
        for i in range(a.shape[0]):
            out[i] = segment_free(a[i], b[i], arrays)

    return segments_free
