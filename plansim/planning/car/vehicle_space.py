"""The states of a vehicle in a world: bodies, limits and controls, for planners that drive by its own equations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np

from plansim.core.arrays import Array, readonly
from plansim.core.errors import MalformedInput, near_miss
from plansim.core.grid import OccupancyGrid
from plansim.core.kernel import Kernel, kernel
from plansim.core.shapes import Shapes
from plansim.models.unicycle import Unicycle
from plansim.models.vehicle import Vehicle, compiled_step
from plansim.planning.car.vehicle_kernels import vehicle_kernels
from plansim.planning.spaces import base
from plansim.planning.spaces.curved import place_of


@dataclass(frozen=True, eq=False)
class VehicleSpace:
    """States (n,) of a vehicle that begin with x, y; which of them are free, and whether a held control stays so.

    Nothing lies between two states but what the vehicle drives: planners that join states by lines do not fit.

    >>> from plansim.core.shapes import Shapes
    >>> space = VehicleSpace(Shapes([0, 0], [10, 10], boxes=[[[4, 0], [6, 8]]]))
    >>> space.way_free(np.array([1.0, 1.0, 0.0]), np.array([1.0, 0.0]), dt=2.0)  # 2 m ahead
    np.True_
    """

    world: OccupancyGrid | Shapes
    motion: Vehicle = Unicycle()
    control_low: Array = (-1.0, -1.0)  # (m,)
    control_high: Array = (1.0, 1.0)
    body: Array = 0.2  # m, radius of a disc, or corners (P, 2) of a convex polygon around the vehicle's x, y
    trailer_body: Array | None = None  # likewise around the trailer's axle, of a vehicle with a trailer
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # lowest, highest of what is no angle
    weights: Array | None = None  # (n,) m, how far apart a unit of each component is; 1 for x, y and 0.5 if None
    most_bend: float = 1.2  # rad, between vehicle and trailer

    def __post_init__(self) -> None:
        names = self.motion.state.names
        if names[:2] != ("x", "y"):
            raise MalformedInput(f"a vehicle's state must begin with x, y, but that of {self.motion} is {names}")
        for name in ("control_low", "control_high"):
            object.__setattr__(self, name, readonly(getattr(self, name)))
        m = len(self.motion.control)
        if not (
            self.control_low.shape == self.control_high.shape == (m,) and (self.control_low <= self.control_high).all()
        ):
            raise MalformedInput(
                f"control_low is {self.control_low.tolist()} and control_high {self.control_high.tolist()}, but both "
                f"must have a number for each of {', '.join(self.motion.control.names)}, the low one below the high one"
            )
        for name in self.limits:
            if name not in names:
                raise MalformedInput(f"limits has {name!r}, which is no component{near_miss(name, names)}")
        self._arrays, self.metric  # noqa: B018  a malformed body is refused at once

    @property
    def dimension(self) -> int:
        return len(self.motion.state)

    @property
    def low(self) -> Array:
        return self._bounds[0]

    @property
    def high(self) -> Array:
        return self._bounds[1]

    @cached_property
    def metric(self) -> Array:
        weights = self.weights
        if weights is None:
            weights = np.array([1.0, 1.0] + [0.5] * (self.dimension - 2))
        return base.metric(self.low, self.high, weights, self._is_angle)

    distance = base.distance
    sample = base.sample
    __getstate__ = base.values

    def is_free(self, states: Array) -> Array:
        """Where the bodies are clear of everything and the state is within its limits, (..., n) -> (...) bool."""
        states = np.asarray(states, dtype=float)
        if states.shape[-1:] != (self.dimension,):
            raise MalformedInput(f"states have shape {states.shape}, but must be (..., {self.dimension})")
        out = np.empty(states.shape[:-1], dtype=bool)
        rows = np.require(states.reshape(-1, self.dimension), requirements=("C", "W"))
        _rooms(self.kernels[0])(rows, self.arrays, out.reshape(-1))
        return out[()]

    def way_free(self, x: Array, u: Array, dt: float) -> Array:
        """Whether all is free from x (..., n) on while u (..., m) is held for dt seconds, both ends included, (...)."""
        n, m = self.dimension, len(self.motion.control)
        x, u = np.asarray(x, dtype=float), np.asarray(u, dtype=float)
        batch = np.broadcast_shapes(x.shape[:-1], u.shape[:-1])
        out = np.empty(batch, dtype=bool)
        rows = [
            np.require(np.broadcast_to(a, (*batch, k)).reshape(-1, k), requirements=("C", "W"))
            for a, k in ((x, n), (u, m))
        ]
        _ways(*self.kernels)(*rows, self.parameters, float(dt), self.arrays, out.reshape(-1))
        return out[()]

    @cached_property
    def kernels(self) -> tuple[Kernel, Kernel]:
        """Those of `vehicle_kernels`."""
        return vehicle_kernels(compiled_step(self.motion), self._clearance)

    @property
    def arrays(self) -> tuple:
        """What they read."""
        return self._arrays[0]

    @cached_property
    def parameters(self) -> Array:
        return np.array(self.motion.parameters(), dtype=float)

    @property
    def _clearance(self) -> Kernel:
        return self._arrays[1]

    @cached_property
    def _is_angle(self) -> Array:
        return np.array([name in self.motion.state.angles for name in self.motion.state.names])

    @cached_property
    def _bounds(self) -> Array:
        names, low, high = self.motion.state.names, *(list(bound) for bound in self.world.bounds)
        for name, angle in list(zip(names, self._is_angle, strict=True))[2:]:
            if not angle and name not in self.limits:
                raise MalformedInput(f"limits lacks {name!r}: its lowest and highest value")
            least, most = (-np.pi, np.pi) if angle else self.limits[name]
            low.append(least)
            high.append(most)
        bounds = readonly([low, high])
        if not (bounds[0] < bounds[1]).all() or not np.isfinite(bounds).all():
            raise MalformedInput(f"limits are {dict(self.limits)}, but must be finite, the lowest below the highest")
        return bounds

    @cached_property
    def _arrays(self) -> tuple[tuple, Kernel]:
        place, clearance = place_of(self.world, self.body)
        motion: Any = self.motion
        trailer, hitch = place.body, [0.0, 0.0, float(self.most_bend)]
        if "trailer_heading" in self.motion.state.names:
            trailer = place_of(self.world, self.body if self.trailer_body is None else self.trailer_body)[0].body
            hitch[:2] = float(motion.hitch_offset), float(motion.trailer_length)
        elif self.trailer_body is not None:
            raise MalformedInput(f"there is a trailer_body, but {type(motion).__name__} has no trailer")
        names = self.motion.state.names
        angles = np.array([names.index(n) if n in names else -1 for n in ("heading", "trailer_heading")])
        bounds = np.where(self._is_angle, [[-np.inf], [np.inf]], self._bounds)
        return (place.frame, place.ground, place.body, trailer, readonly(hitch), angles, readonly(bounds)), clearance


@cache
def _rooms(room: Kernel) -> Kernel:
    @kernel
    def all_free(states, arrays, out):
        for i in range(states.shape[0]):
            out[i] = room(states[i], arrays) >= 0.0

    return all_free


@cache
def _ways(room: Kernel, way_room: Kernel) -> Kernel:
    @kernel
    def ways_free(states, controls, p, dt, arrays, out):
        scratch = np.empty((2, states.shape[1]))
        for i in range(states.shape[0]):
            clear = room(states[i], arrays)
            out[i] = clear >= 0.0 and way_room(states[i], controls[i], p, dt, clear, arrays, scratch) >= 0.0

    return ways_free
