"""What every estimator refuses: times that do not pass, and readings that no sensor can have meant."""

from __future__ import annotations

from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput


def checked_dt(dt: float) -> float:
    if not 0 < dt < np.inf:
        raise MalformedInput(f"dt is {dt}, but must be a positive number of seconds")
    return dt


def checked_control(control: Any, motion: Any, batch: tuple[int, ...], wider: bool = False) -> Array | None:
    """A control (m,) or (..., m) of finite numbers that broadcasts to a belief of leading dimensions `batch`.

    `wider`: or with it, where a batch of controls may make a batch of one belief.

    Zeros where it is None; None for a motion that heeds no control.
    """
    names = motion.control.names
    if not names:
        return None
    if control is None:
        return np.zeros(len(names))
    try:
        u = np.asarray(control, float)
    except (TypeError, ValueError) as error:
        raise MalformedInput(f"a control of {' '.join(names)} must consist of numbers: {error}") from None
    if u.shape[-1:] != (len(names),) or not _broadcasts(u.shape[:-1], batch, wider):
        raise MalformedInput(f"a control has shape {u.shape}, but must have {(*batch, len(names))}: {' '.join(names)}")
    if not np.isfinite(u).all():
        where = np.argwhere(~np.isfinite(u))[0]
        raise MalformedInput(f"the control's {names[where[-1]]!r} is {u[tuple(where)]}, but must be finite")
    return u


def finite_states(states: Array, motion: Any) -> Array:
    """States that a motion gave, or what is wrong with them."""
    if not np.isfinite(states).all():
        raise MalformedInput(
            f"a step of {type(motion).__name__} is no finite number: its equations or its noise gave NaN"
        )
    return states


def joined(name: str, shape: tuple[int, ...], batch: tuple[int, ...]) -> tuple[int, ...]:
    """The batch of what is of leading dimensions `shape` for a belief of `batch`."""
    try:
        return np.broadcast_shapes(shape, batch)
    except ValueError:
        raise MalformedInput(f"{name} is a batch {shape} for beliefs of batch {batch}: they do not broadcast") from None


def _broadcasts(shape: tuple[int, ...], to: tuple[int, ...], wider: bool = False) -> bool:
    """Whether arrays of a shape broadcast to another, which stays as it is where it may not become wider."""
    try:
        whole = np.broadcast_shapes(shape, to)
    except ValueError:
        return False
    return wider or whole == to


def checked_measurement(measurement: Any, sensor: Any, batch: tuple[int, ...]) -> Array:
    """A reading (k,) or (..., k) of finite numbers for a belief of leading dimensions `batch`."""
    names = sensor.measurement.names
    try:
        z = np.asarray(measurement, float)
    except (TypeError, ValueError) as error:
        raise MalformedInput(f"a measurement of {' '.join(names)} must consist of numbers: {error}") from None
    if z.shape[-1:] != (len(names),) or z.shape[:-1] not in ((), batch):
        raise MalformedInput(
            f"a measurement has shape {z.shape}, but must have {(*batch, len(names))}: {' '.join(names)}"
        )
    if not np.isfinite(z).all():
        where = np.argwhere(~np.isfinite(z))[0]
        raise MalformedInput(
            f"the measurement's {names[where[-1]]!r} is {z[tuple(where)]}, but must be finite: a missing one is None"
        )
    return z
