"""What the numbers of a vector are called, and which of them are angles.

No filter, planner or metric wraps an angle by itself: it asks the layout.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from plansim.core.arrays import Array, namespace
from plansim.core.errors import MalformedInput, near_miss


def wrap_angle(angle: Array) -> Array:
    """The same direction within [-pi, pi]; an angle that is already there is returned to the bit."""
    m = namespace(angle)
    return angle - 2 * math.pi * m.round(angle / (2 * math.pi))


@dataclass(frozen=True)
class Layout:
    """The components of vectors (..., n): their names in order, and which are angles in radians."""

    names: tuple[str, ...]
    angles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(set(self.names)) != len(self.names):
            raise MalformedInput(f"layout {' '.join(self.names)!r} has a name twice")
        for angle in self.angles:
            self.index(angle)

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str) -> int:
        if name not in self.names:
            raise MalformedInput(f"no component {name!r} in {' '.join(self.names)!r}{near_miss(name, self.names)}")
        return self.names.index(name)

    @property
    def angle_indices(self) -> tuple[int, ...]:
        return tuple(self.names.index(name) for name in self.angles)

    def wrap(self, x: Array) -> Array:
        """x with every angle within [-pi, pi]; never changes x in place."""
        if not self.angles:
            return x
        m = namespace(x)
        return m.where(self._angle_mask(x), wrap_angle(x), x)

    def difference(self, a: Array, b: Array) -> Array:
        """a - b, (..., n), the short way round for angles."""
        return self.wrap(a - b)

    def add(self, x: Array, delta: Array) -> Array:
        """x + delta, (..., n), with angles wrapped."""
        return self.wrap(x + delta)

    def mean(self, points: Array, weights: Array | None = None) -> Array:
        """Weighted mean over the points (..., N, n) -> (..., n); angles by the mean of their directions.

        weights: (..., N), summing to one; negative ones (sigma points) are allowed; uniform where None.
        """
        m = namespace(points)
        if weights is None:
            weights = m.ones_like(points[..., 0]) / points.shape[-2]
        w = weights[..., None]
        linear = (w * points).sum(-2)
        if not self.angles:
            return linear
        # by differences from the directions' mean, so that narrow clouds keep the linear mean's precision
        direction = m.arctan2((w * m.sin(points)).sum(-2), (w * m.cos(points)).sum(-2))
        centre = m.where(self._angle_mask(linear), direction, linear)
        return self.add(centre, (w * self.difference(points, centre[..., None, :])).sum(-2))

    def _angle_mask(self, like: Array) -> Array:
        mask = np.array([name in self.angles for name in self.names])
        m = namespace(like)
        return mask if m is np else m.as_tensor(mask, device=like.device)


def layout(names: str, angles: str = "") -> Layout:
    """`layout("x y heading", angles="heading")`."""
    return Layout(tuple(names.split()), tuple(angles.split()))
