"""States of a truck with its trailer on a map: free where both bodies are, and the two are not folded together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from plansim.core.arrays import Array, readonly
from plansim.core.errors import MalformedInput
from plansim.core.geometry import compose
from plansim.core.grid import OccupancyGrid
from plansim.core.layout import wrap_angle
from plansim.planning.car.space import CarSpace, shared_space


@dataclass(frozen=True, eq=False)
class TruckSpace:
    """States (x, y, heading, trailer_heading): the tractor's rear axle, which is the hitch, and both headings.

    >>> space = TruckSpace(OccupancyGrid(np.zeros((200, 200)), 0.1))
    >>> space.is_free(np.array([[10.0, 10.0, 0.0, 0.0], [10.0, 10.0, 0.0, 2.0], [3.0, 10.0, 0.0, 0.0]]))
    array([ True, False, False])
    """

    map: OccupancyGrid
    tractor: Array = ((-0.8, -1.2), (4.2, -1.2), (4.2, 1.2), (-0.8, 1.2))  # m, corners around its rear axle
    trailer: Array = ((-1.5, -1.2), (6.5, -1.2), (6.5, 1.2), (-1.5, 1.2))  # m, corners around its axle
    trailer_length: float = 6.0  # m, hitch to trailer axle
    max_bend: float = 1.0  # rad, between the headings, before tractor and trailer touch
    turning_radius: float = 5.0  # m, of the tractor's tightest arc: for distances
    unknown_is_free: bool = False

    def __post_init__(self) -> None:
        for name, most in (("trailer_length", np.inf), ("max_bend", np.pi / 2), ("turning_radius", np.inf)):
            if not 0.0 < getattr(self, name) < most:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be above 0 and below {most:g}")
        self.spaces  # noqa: B018  malformed bodies are refused at once

    @property
    def dimension(self) -> int:
        return 4

    @cached_property
    def low(self) -> Array:
        return readonly([*self.map.bounds[0], -np.pi, -np.pi])

    @cached_property
    def high(self) -> Array:
        return readonly([*self.map.bounds[1], np.pi, np.pi])

    @cached_property
    def spaces(self) -> tuple[CarSpace, CarSpace]:
        """That of the tractor alone and that of the trailer alone."""
        bodies = (self.tractor, self.trailer)
        return tuple(shared_space(self.map, body, self.turning_radius, self.unknown_is_free) for body in bodies)  # type: ignore[return-value]

    def poses(self, states: Array) -> tuple[Array, Array]:
        """The poses (..., 3) of tractor and trailer."""
        states = np.asarray(states, dtype=float)
        if states.shape[-1:] != (4,) or not np.isfinite(states).all():
            raise MalformedInput(f"states must be finite and (..., 4): x, y and two headings, not {states.shape}")
        tractor = states[..., :3]
        back = np.stack((np.cos(states[..., 3]), np.sin(states[..., 3])), axis=-1) * self.trailer_length
        return tractor, np.concatenate((states[..., :2] - back, states[..., 3:]), axis=-1)

    def is_free(self, states: Array) -> Array:
        """Where both bodies lie on free cells only and are bent by no more than `max_bend`, (...) bool."""
        tractor, trailer = self.poses(states)
        straight = np.abs(wrap_angle(tractor[..., 2] - trailer[..., 2])) <= self.max_bend
        return straight & self.spaces[0].is_free(tractor) & self.spaces[1].is_free(trailer)

    def edge_free(self, a: Array, b: Array) -> Array:
        """Whether both bodies stay free between states (..., 4) near each other, each along its own arc."""
        (a_tractor, a_trailer), (b_tractor, b_trailer) = self.poses(a), self.poses(b)
        return (
            self.is_free(a)
            & self.is_free(b)
            & self.spaces[0].edge_free(a_tractor, b_tractor)
            & self.spaces[1].edge_free(a_trailer, b_trailer)
        )

    def distance(self, a: Array, b: Array) -> Array:
        """Metres of the shortest drive of the tractor alone between states (..., 4) where all is free, (...)."""
        return self.spaces[0].distance(self.poses(a)[0], self.poses(b)[0])

    def interpolate(self, a: Array, b: Array, t: Array) -> Array:
        """The states at shares t (...) between a and b (..., 4): the tractor on its arc, the trailer turning evenly."""
        a, b, t = np.asarray(a, dtype=float), np.asarray(b, dtype=float), np.asarray(t, dtype=float)
        tractor = self.spaces[0].interpolate(a[..., :3], b[..., :3], t)
        trailer = wrap_angle(a[..., 3] + t * wrap_angle(b[..., 3] - a[..., 3]))
        return np.concatenate((tractor, np.broadcast_to(trailer, tractor.shape[:-1])[..., None]), axis=-1)

    def sample(self, rng: np.random.Generator, count: int) -> Array:
        """States (count, 4), uniform over the map and the bends, free or not."""
        states = self.low + rng.random((count, 4)) * (self.high - self.low)
        states[:, 3] = wrap_angle(states[:, 2] + self.max_bend * (2.0 * rng.random(count) - 1.0))
        return states

    def in_map(self, states: Array) -> Array:
        """States (..., 4) of the world in the map's own frame."""
        tractor = self.spaces[0].in_map(states)
        trailer = wrap_angle(np.asarray(states, dtype=float)[..., 3:] - self.map.origin[2])
        return np.ascontiguousarray(np.concatenate((tractor, trailer), axis=-1))

    def in_world(self, states: Array) -> Array:
        tractor = compose(np.asarray(self.map.origin), states[..., :3])
        return np.concatenate((tractor, wrap_angle(states[..., 3:] + self.map.origin[2])), axis=-1)
