"""Derivatives of motions and sensors, found in one of several ways that agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from plansim.core import dual
from plansim.core.arrays import Array, namespace
from plansim.core.errors import MalformedInput, near_miss
from plansim.core.layout import Layout
from plansim.models import vehicle

Derivative = Literal["auto", "analytic", "numeric", "dual"]
DERIVATIVES = ("auto", "analytic", "numeric", "dual")


def motion_jacobian(motion: Any, x: Array, u: Array | None, dt: float, how: Derivative = "auto") -> Array:
    """d step / dx, (..., n, n)."""
    if namespace(x) is not np:
        return torch_jacobian(lambda states: motion.step(states, u, dt), x)
    way = chosen(motion, how)
    if way == "analytic":
        return motion.jacobian(x, u, dt)
    if way == "dual":
        return vehicle.jacobians(motion, x, np.empty(0) if u is None else u, dt)[0]
    held = None if u is None else np.asarray(u, float)[..., None, :]
    return numeric_jacobian(lambda states: motion.step(states, held, dt), x, motion.state)


def sensor_jacobian(sensor: Any, x: Array, how: Derivative = "auto") -> Array:
    """d measure / dx, (..., k, n)."""
    if namespace(x) is not np:
        return torch_jacobian(sensor.measure, x)
    way = chosen(sensor, how)
    if way == "analytic":
        return sensor.jacobian(x)
    if way == "dual":
        return dual.linear(sensor.equations(dual)(dual.variables(x), sensor.parameters()), like=x).jacobian
    return numeric_jacobian(sensor.measure, x, sensor.measurement)


def chosen(model: Any, how: Derivative) -> str:
    """The way that "auto" stands for: the model's own formula, else dual numbers, else differences."""
    has = {"analytic": hasattr(model, "jacobian"), "dual": hasattr(model, "equations"), "numeric": True}
    if how == "auto":
        return next(way for way in ("analytic", "dual", "numeric") if has[way])
    if how not in has:
        raise MalformedInput(f"no derivative {how!r}; there are {', '.join(DERIVATIVES)}{near_miss(how, DERIVATIVES)}")
    if not has[how]:
        needs = {"analytic": "jacobian", "dual": "equations"}[how]
        raise MalformedInput(f"the {how} derivative of {type(model).__name__} needs its `{needs}`, which it has not")
    return how


def numeric_jacobian(f: Callable[[Array], Array], x: Array, layout: Layout) -> Array:
    """Central differences of f: (..., n) -> (..., k), whose results are of `layout`; (..., k, n), right to 1e-8."""
    x = np.asarray(x, float)
    h = np.cbrt(np.finfo(float).eps) * np.maximum(1.0, np.abs(x))
    up, down = x + h, x - h
    n = x.shape[-1]
    at = np.eye(n, dtype=bool)
    above = f(np.where(at, up[..., None, :], x[..., None, :]))
    below = f(np.where(at, down[..., None, :], x[..., None, :]))
    return np.swapaxes(layout.difference(above, below) / (up - down)[..., None], -1, -2)


def torch_jacobian(f: Callable[[Array], Array], x: Array) -> Array:
    """Of tensors by torch's forward mode; (..., k, n)."""
    from torch.func import jacfwd, vmap

    derivative = jacfwd(f)
    for _ in range(x.ndim - 1):
        derivative = vmap(derivative)
    return derivative(x)
