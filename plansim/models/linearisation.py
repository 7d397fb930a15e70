"""Motions and sensors as compiled programs that give a step or a reading together with its derivatives.

Made of the one text of equations that a model has, or of the matrices of a linear one; a model that is neither has no
such program, and None says so.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.derivatives import compiled_jacobian
from plansim.core.dual import Linear
from plansim.core.errors import MalformedInput
from plansim.core.kernel import Kernel, kernel
from plansim.models import vehicle


def compiled_motion(motion: Any, by: tuple[str, ...] = ("x", "u")) -> Kernel | None:
    """The kernel `fill(x (n,), u (m,), p, dt, y (n,), J (n, n + m))`, with F beside G in J; by () leaves J alone."""
    n, m = len(motion.state.names), len(motion.control.names)
    if hasattr(motion, "equations"):
        return _compiled_motion(motion.equations, motion.integrator, by, n, m, len(motion.parameters()))
    if hasattr(motion, "transition"):
        return compiled_jacobian(_linear_motion, by, x=n, u=m, p=n * (n + m), dt=None)
    return None


def motion_parameters(motion: Any, dt: float) -> Array:
    """The p of `compiled_motion`."""
    if hasattr(motion, "equations"):
        return np.array(motion.parameters(), float)
    n = len(motion.state.names)
    rows = np.empty((n, n + len(motion.control.names)))
    rows[:, :n], rows[:, n:] = motion.transition(dt), motion.input_matrix(dt)
    return rows.ravel()


def compiled_sensor(sensor: Any, n: int, by: tuple[str, ...] = ("x",)) -> Kernel | None:
    """The kernel `fill(x (n,), p, y (k,), J (k, d))`; angles run on."""
    if hasattr(sensor, "equations"):
        try:
            return compiled_jacobian(sensor.equations, by, x=n, p=len(sensor.parameters()))
        except (IndexError, ValueError) as error:
            raise MalformedInput(f"{type(sensor).__name__} cannot read a state of {n} components: {error}") from None
    if hasattr(sensor, "matrix"):
        return compiled_jacobian(_linear_sensor, by, x=n, p=np.size(sensor.matrix))
    return None


def sensor_parameters(sensor: Any) -> Array:
    """The p of `compiled_sensor`."""
    return np.array(sensor.parameters(), float) if hasattr(sensor, "equations") else sensor.matrix.ravel()


def linearised_step(motion: Any, x: Array, u: Array | None, dt: float) -> Linear | None:
    """The step from states (..., n), and F beside G (..., n, n + m)."""
    fill = compiled_motion(motion)
    if fill is None:
        return None
    x, u, batch = _rows(motion, x, u)
    n = x.shape[1]
    y, J = np.empty(x.shape), np.empty((len(x), n, n + u.shape[1]))
    _fill_each(fill)(x, u, motion_parameters(motion, dt), float(dt), y, J)
    return Linear(y.reshape(*batch, n), J.reshape(*batch, *J.shape[1:]))


def linearised_reading(sensor: Any, x: Array) -> Linear | None:
    """The reading of states (..., n), angles running on, and H (..., k, n)."""
    x = np.array(x, float, order="C")
    n, batch = x.shape[-1], x.shape[:-1]
    fill = compiled_sensor(sensor, n)
    if fill is None:
        return None
    x, k = x.reshape(-1, n), len(sensor.measurement.names)
    y, J = np.empty((len(x), k)), np.empty((len(x), k, n))
    _read_each(fill)(x, sensor_parameters(sensor), y, J)
    return Linear(y.reshape(*batch, k), J.reshape(*batch, k, n))


def steps(motion: Any, x: Array, u: Array | None, dt: float) -> Array:
    """`motion.step` of several states (..., N, n) under one control (m,) or (..., m), compiled where it can be."""
    m = len(motion.control.names)
    if u is not None or m:
        u = np.zeros(m) if u is None else np.asarray(u, float)
        if m and u.shape[-1:] != (m,):
            raise _misshapen("control", u, m)
    held = u if u is None or u.ndim < 2 else u[..., None, :]
    fill = compiled_motion(motion, ())
    if fill is None:
        return motion.step(x, held, dt)
    x, held, batch = _rows(motion, x, held)
    y = np.empty(x.shape)
    _fill_each(fill)(x, held, motion_parameters(motion, dt), float(dt), y, np.empty((len(x), 0, 0)))
    return y.reshape(*batch, x.shape[1])


def readings(sensor: Any, x: Array) -> Array:
    """`sensor.measure`, compiled where it can be; angles run on."""
    n, batch = x.shape[-1], x.shape[:-1]
    fill = compiled_sensor(sensor, n, ())
    if fill is None:
        return sensor.measure(x)
    x, k = np.array(x, order="C").reshape(-1, n), len(sensor.measurement.names)
    y = np.empty((len(x), k))
    _read_each(fill)(x, sensor_parameters(sensor), y, np.empty((len(x), 0, 0)))
    return y.reshape(*batch, k)


def _rows(motion: Any, x: Array, u: Array | None) -> tuple[Array, Array, tuple[int, ...]]:
    """Copies of states (B, n) and of controls (1 or B, m), and the batch."""
    n, m = len(motion.state.names), len(motion.control.names)
    x, u = np.array(x, float, order="C"), np.zeros(m) if u is None else np.array(u, float, order="C")
    for what, a, size in (("state", x, n), ("control", u, m)):
        if a.ndim == 0 or a.shape[-1] != size:
            raise _misshapen(what, a, size)
    if u.ndim > 1:
        try:
            batch = np.broadcast_shapes(x.shape[:-1], u.shape[:-1])
        except ValueError:
            raise MalformedInput(f"states {x.shape} and controls {u.shape} are batches of different shapes") from None
        x, u = (np.array(np.broadcast_to(a, (*batch, a.shape[-1])), order="C") for a in (x, u))
    batch = x.shape[:-1]
    return x.reshape(-1, n), u.reshape(math.prod(u.shape[:-1]), m), batch


def _misshapen(what: str, a: Array, size: int) -> MalformedInput:
    return MalformedInput(f"the {what} has shape {a.shape}, but must have (..., {size})")


@functools.cache
def _fill_each(fill: Kernel) -> Kernel:
    @kernel
    def fill_each(x, u, p, dt, y, J):
        for b in range(len(x)):
            fill(x[b], u[b % len(u)], p, dt, y[b], J[b])

    return fill_each


@functools.cache
def _read_each(fill: Kernel) -> Kernel:
    @kernel
    def read_each(x, p, y, J):
        for b in range(len(x)):
            fill(x[b], p, y[b], J[b])

    return read_each


@functools.cache
def _compiled_motion(equations: Any, integrator: str, by: tuple[str, ...], n: int, m: int, k: int) -> Kernel:
    name = f"{equations.__module__} {equations.__qualname__} {integrator}"
    moved = _moved(equations, n, integrator)
    return compiled_jacobian(moved, by, name, x=n, u=m, p=k, dt=None)


@functools.cache
def _moved(equations: Callable, n: int, integrator: str) -> Callable:
    """The equations of a step, in the words of a namespace."""
    return lambda m: vehicle._move(equations, n, integrator, m)


def _linear_motion(m):
    """x' = F x + B u; p holds the rows of F beside those of B."""

    def move(x, u, p, dt):
        both = (*x, *u)
        rows = (p[i * len(both) : (i + 1) * len(both)] for i in range(len(x)))
        return tuple(_dot(row, both) for row in rows)

    return move


def _linear_sensor(m):
    """z = H x; p holds the rows of H."""
    return lambda x, p: tuple(_dot(p[i : i + len(x)], x) for i in range(0, len(p), len(x)))


def _dot(a: tuple, b: tuple):
    return functools.reduce(lambda total, product: total + product, (x * y for x, y in zip(a, b, strict=True)))
