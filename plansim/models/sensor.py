"""Sensors: what they read, written once as equations, for numpy, torch, compiled kernels and derivatives.

A sensor is a frozen dataclass with its `equations`; the functions `measure` and `jacobian` of this module become its
methods by assignment in the class body.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from plansim.core import derivatives
from plansim.core.arrays import Array, namespace, stack
from plansim.core.layout import Layout

Reading = Callable[[Any, Any], tuple]  # (x, p) -> z, all of them tuples of components


class EquationsOfMeasurement(Protocol):
    """What is read from a state by equations."""

    @property
    def measurement(self) -> Layout: ...
    @property
    def cov(self) -> Array: ...  # R, (k, k)
    @staticmethod
    def equations(m) -> Reading: ...  # in the words of the namespace m: numpy, torch, dual, symbolic; angles run on
    def parameters(self) -> tuple[float, ...]: ...  # the p of the equations


def measure(self: EquationsOfMeasurement, x: Array) -> Array:
    """The noise-free reading of states (..., n), numpy or torch, (..., k); angles are wrapped."""
    m = namespace(x)
    x = np.asarray(x, dtype=float) if m is np else x
    components = tuple(x[..., i] for i in range(x.shape[-1]))
    return self.measurement.wrap(stack(self.equations(m)(components, self.parameters()), like=x))


def jacobian(self: EquationsOfMeasurement, x: Array) -> Array:
    """d measure / dx, (..., k, n), exact to rounding; not a number where the reading has no derivative."""
    return derivatives.jacobian(self.equations, x, np.array(self.parameters(), float)).jacobian
