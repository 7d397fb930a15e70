"""Steps and readings together with their derivatives, found in one of several ways that agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from plansim.core import dual
from plansim.core.arrays import Array, namespace
from plansim.core.dual import Linear
from plansim.core.errors import MalformedInput, near_miss
from plansim.core.layout import Layout
from plansim.models import vehicle
from plansim.models.linearisation import linearised_reading, linearised_step

Derivative = Literal["auto", "analytic", "numeric", "dual"]
NEEDS = {"auto": None, "analytic": "jacobian", "numeric": None, "dual": "equations"}  # what the model must have


def linear_step(motion: Any, x: Array, u: Array | None, dt: float, how: Derivative = "auto") -> Linear:
    """step (..., n) and d step / dx (..., n, n); a compiled one has d step / du beside it, (..., n, n + m)."""
    if how == "auto" and type(x) is np.ndarray and (compiled := linearised_step(motion, x, u, dt)) is not None:
        return compiled
    return Linear(motion.step(x, u, dt), motion_jacobian(motion, x, u, dt, how))


def linear_reading(sensor: Any, x: Array, how: Derivative = "auto") -> Linear:
    """measure (..., k), and d measure / dx (..., k, n); angles may run on."""
    if how == "auto" and type(x) is np.ndarray and (compiled := linearised_reading(sensor, x)) is not None:
        return compiled
    return Linear(sensor.measure(x), sensor_jacobian(sensor, x, how))


def motion_jacobian(motion: Any, x: Array, u: Array | None, dt: float, how: Derivative = "auto") -> Array:
    """d step / dx, (..., n, n); of a tensor by torch."""
    if type(x) is not np.ndarray and namespace(x) is not np:
        return torch_jacobian(lambda states: motion.step(states, u, dt), x)
    way = chosen(motion, how)
    if way == "analytic":
        return motion.jacobian(x, u, dt)
    if way == "dual":
        return vehicle.jacobians(motion, x, np.empty(0) if u is None else u, dt)[0]
    held = None if u is None else np.asarray(u, float)[..., None, :]
    return numeric_jacobian(lambda states: motion.step(states, held, dt), x, motion.state)


def sensor_jacobian(sensor: Any, x: Array, how: Derivative = "auto") -> Array:
    """d measure / dx, (..., k, n); of a tensor by torch."""
    if type(x) is not np.ndarray and namespace(x) is not np:
        return torch_jacobian(sensor.measure, x)
    way = chosen(sensor, how)
    if way == "analytic":
        return sensor.jacobian(x)
    if way == "dual":
        return dual.linear(sensor.equations(dual)(dual.variables(x), sensor.parameters()), like=x).jacobian
    return numeric_jacobian(sensor.measure, x, sensor.measurement)


def chosen(model: Any, how: Derivative) -> Derivative:
    """The way that "auto" stands for: the model's own formula, else dual numbers, else differences."""
    if how not in NEEDS:
        raise MalformedInput(f"no derivative {how!r}; there are {', '.join(NEEDS)}{near_miss(how, NEEDS)}")
    if how == "auto":
        return "analytic" if hasattr(model, "jacobian") else "dual" if hasattr(model, "equations") else "numeric"
    needed = NEEDS[how]
    if needed is not None and not hasattr(model, needed):
        raise MalformedInput(f"the {how} derivative of {type(model).__name__} needs a method `{needed}`: it has none")
    return how


def numeric_jacobian(f: Callable[[Array], Array], x: Array, layout: Layout) -> Array:
    """Central differences of f: (..., n) -> (..., k), whose results are of `layout`; (..., k, n), right to 1e-8."""
    x = np.asarray(x, float)
    h = np.cbrt(np.finfo(float).eps) * np.maximum(1.0, np.abs(x))
    here, one = x[..., None, :], np.eye(x.shape[-1], dtype=bool)
    above, below = np.where(one, (x + h)[..., None, :], here), np.where(one, (x - h)[..., None, :], here)
    change = layout.difference(f(above), f(below))
    return np.swapaxes(change / ((x + h) - (x - h))[..., None], -1, -2)


def torch_jacobian(f: Callable[[Array], Array], x: Array) -> Array:
    """By torch's forward mode; (..., k, n)."""
    func = namespace(x).func  # whoever hands us tensors has loaded torch
    derivative = func.jacfwd(f)
    for _ in range(x.ndim - 1):
        derivative = func.vmap(derivative)
    return derivative(x)


def noise_parts(motion: Any, x: Array | None, u: Array | None, dt: float) -> tuple[Array, Array | None]:
    """Q (..., n, n) and variances V (m,) of the control: noise_cov = Q + G diag(V) Gᵀ; None where there are none."""
    variance = getattr(motion, "control_variance", None)
    if variance is None:
        return np.asarray(motion.noise_cov(x, u, dt), float), None
    return np.diag(motion.state_variance * abs(dt)), variance if variance.any() else None
