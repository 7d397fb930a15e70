"""A sensor that sees where the robot is, such as satellite navigation or motion capture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from plansim.core.arrays import Array, readonly
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout, layout


@dataclass(frozen=True)
class Position:
    """Measures x and y of any state that begins with x and y.

    >>> Position(std=0.5).measure(np.array([1.0, 2.0, 0.3])).tolist()
    [1.0, 2.0]
    """

    std: float = 0.1  # m, along each axis

    measurement: ClassVar[Layout] = layout("x y")

    def __post_init__(self) -> None:
        if not self.std > 0:
            raise MalformedInput(f"std is {self.std}, but must be a positive number of metres")

    @cached_property
    def cov(self) -> Array:
        return readonly(self.std**2 * np.eye(2))

    def measure(self, x: Array) -> Array:
        return x[..., :2]

    def jacobian(self, x: Array) -> Array:
        """d measure / dx, (..., 2, n)."""
        return np.broadcast_to(np.eye(2, x.shape[-1]), (*x.shape[:-1], 2, x.shape[-1]))
