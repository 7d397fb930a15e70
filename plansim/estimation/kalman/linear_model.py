"""The matrices of a linear motion and a linear sensor over one dt, found once, as the compiled filters read them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout, layout
from plansim.estimation.kalman.gaussian_steps import check_dt
from plansim.estimation.kalman.one_call import Entries, entries
from plansim.estimation.kalman.one_filter import workspace
from plansim.models.base import LinearMotion

NO_CONTROL = np.empty(0)
_NOTHING_MEASURED = layout("")


class LinearModel(NamedTuple):
    """x' = F x + B u + w, z = H x + offset + v over a dt.

    stack (6, s, s): F, Q, H, R, B, and the rows of the last: which components of the state are angles (1, else 0),
    which of the measurement, the offset, and the sizes n, k, m; the rest is 0.
    """

    sensor: Any  # of which it was made
    stack: Array
    n: int
    k: int
    state_square: tuple[int, int]  # (n, n), ready for the fast calls, and so on
    measured_square: tuple[int, int]
    work: tuple[int, int, int]
    calls: Entries
    m: int


def linear_model(motion: LinearMotion, sensor: Any | None, dt: float | None) -> LinearModel:
    """Asks a motion and a sensor for all that is fixed; one of them alone, where sensor or dt is None.

    The noise of a linear motion depends on neither state nor control.
    """
    if sensor is not None:
        _check_sensor(sensor)
    n, m = len(motion.state), len(motion.control)
    k = 0 if sensor is None else len(sensor.measurement)
    size = max(n, k, m, 4)
    stack = np.zeros((6, size, size))
    if dt is not None:
        check_dt(dt)
        _put(stack[0], "transition(dt)", motion.transition(dt), (n, n))
        _put(stack[1], "noise_cov(None, None, dt)", motion.noise_cov(None, None, dt), (n, n))
        _put(stack[4], "input_matrix(dt)", motion.input_matrix(dt), (n, m))
    if sensor is not None:
        H, offset = linear_sensor(sensor, n)
        _put(stack[2], "the sensor's matrix", H, (k, n))
        _put(stack[3], "the sensor's cov", sensor.cov, (k, k))
        stack[5, 2, :k] = offset
    stack[5, 0, :n] = turns(motion.state)
    stack[5, 1, :k] = turns(_NOTHING_MEASURED if sensor is None else sensor.measurement)
    stack[5, 3, :3] = n, k, m
    return LinearModel(sensor, stack, n, k, (n, n), (k, k), workspace(n, k), entries(), m)


def linear_sensor(sensor: Any, n: int) -> tuple[Array, Array]:
    """H (k, n) and offset (k,) of a sensor that reads H x + offset; refuses one that reads anything else."""
    difference, probes = sensor.measurement.difference, np.random.default_rng(0).normal(size=(4, n))
    name = type(sensor).__name__
    try:
        with np.errstate(all="ignore"):
            offset = sensor.measure(np.zeros(n))
            H = 2 * difference(sensor.measure(0.5 * np.eye(n)), offset).T  # half, so that angles do not turn around
            if hasattr(sensor, "jacobian"):
                H = sensor.jacobian(np.zeros(n))
            miss = difference(sensor.measure(probes), probes @ np.swapaxes(H, -1, -2) + offset)
    except (IndexError, ValueError) as error:
        raise MalformedInput(f"sensor {name} does not fit a state of {n} components: {error}") from error
    if not np.abs(miss).max() <= 1e-9 * (1 + np.abs(H).max() + np.abs(offset).max()):
        raise MalformedInput(
            f"sensor {name} is not linear in the state: a Kalman filter's must read H x and noise; "
            "ExtendedKalmanFilter and UnscentedKalmanFilter take this one"
        )
    return H, offset


def _check_sensor(sensor: Any) -> None:
    missing = [word for word in ("measurement", "cov", "measure") if not hasattr(sensor, word)]
    if missing:
        raise MalformedInput(
            f"sensor {type(sensor).__name__} has no {' and no '.join(missing)}, which a Kalman filter asks it for"
        )


def turns(of: Layout) -> Array:
    """1 for each component that is an angle, else 0."""
    return np.array([float(name in of.angles) for name in of.names])


def _put(where: Array, name: str, matrix: Array, shape: tuple[int, int]) -> None:
    matrix = np.asarray(matrix, float)
    if matrix.shape != shape or not np.isfinite(matrix).all():
        raise MalformedInput(f"{name} is {matrix.tolist()}, but must have the shape {shape} and be finite")
    where[: shape[0], : shape[1]] = matrix
