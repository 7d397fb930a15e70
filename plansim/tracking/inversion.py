"""Where a target is by one measurement: a sensor model turned round, with a prior for what it does not see."""

from __future__ import annotations

import numpy as np

from plansim.core.arrays import Array, symmetric, transpose
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout

DIRECTIONS, REACHES, STEPS = 12, (1.0, 10.0, 100.0, 1e3, 1e4), 60


def located(sensor, measurements: Array, state: Layout, unseen_std: Array) -> Gaussian:
    """The states (B, n) of measurements (B, k): maximum of N(z; h(x), R) N(x; 0, unseen_std²), and its covariance.

    unseen_std (n,): inf for what the sensor sees. A sensor may have `invert(z (B, k)) -> (B, j)`, the first j
    components of a state that it reads so; without it, a sensor that is not linear is inverted by Levenberg and
    Marquardt's method from points all round the origin of the components it sees, and the best end counts.
    """
    z = np.asarray(measurements, float)
    information = np.diag(1.0 / unseen_std**2)
    if not len(z):
        return Gaussian(np.empty((0, len(state))), np.empty((0, len(state), len(state))))
    if hasattr(sensor, "invert"):
        known = np.asarray(sensor.invert(z), float)
        x = np.zeros((len(z), len(state)))
        x[:, : known.shape[-1]] = known
        x = _descended(sensor, z, x, information, state)
    elif is_linear(sensor):
        x = np.zeros((len(z), len(state)))
        gain, cov = linear_start(sensor, len(state), unseen_std)
        return Gaussian(sensor.measurement.difference(z, sensor.measure(x)) @ gain.T, np.tile(cov, (len(z), 1, 1)))
    else:
        x = _searched(sensor, z, information, state, np.flatnonzero(np.isinf(unseen_std)))
    H = jacobian(sensor, x)
    curvature = transpose(H) @ np.linalg.solve(sensor.cov, H) + information
    return Gaussian(x, symmetric(_inverse(curvature, state, sensor)))


def is_linear(sensor) -> bool:
    """Whether the sensor says that it is linear: by a matrix, or by seeing positions as they are."""
    from plansim.models.position import Position

    return hasattr(sensor, "matrix") or isinstance(sensor, Position)


def linear_start(sensor, n: int, unseen_std: Array) -> tuple[Array, Array]:
    """(gain (n, k), cov (n, n)): the state of a measurement z is N(gain @ z, cov)."""
    H = np.asarray(sensor.jacobian(np.zeros(n)))
    weighted = np.linalg.solve(sensor.cov, H).T
    cov = symmetric(_inverse(weighted @ H + np.diag(1.0 / unseen_std**2), None, sensor))
    return cov @ weighted, cov


def jacobian(sensor, x: Array) -> Array:
    """d measure / dx (..., k, n): the sensor's own, or by central differences."""
    if hasattr(sensor, "jacobian"):
        return np.asarray(sensor.jacobian(x))
    step = 1e-6 * np.maximum(np.abs(x), 1.0)
    columns = []
    for i in range(x.shape[-1]):
        shift = np.where(np.arange(x.shape[-1]) == i, step, 0.0)
        difference = sensor.measurement.difference(sensor.measure(x + shift), sensor.measure(x - shift))
        columns.append(difference / (2 * step[..., i, None]))
    return np.stack(columns, -1)


def _searched(sensor, z: Array, information: Array, state: Layout, seen: Array) -> Array:
    """The best of descents from rings round the origin, for each measurement."""
    angles = 2 * np.pi * (np.arange(DIRECTIONS) + 0.5) / DIRECTIONS
    ring = np.zeros((len(REACHES), DIRECTIONS, len(state)))
    for component, wave in zip(seen, (np.cos(angles), np.sin(angles), np.cos(3 * angles)), strict=False):
        ring[..., component] = np.outer(REACHES, wave)
    starts = ring.reshape(-1, len(state))
    x = np.tile(starts, (len(z), 1))
    ends = _descended(sensor, np.repeat(z, len(starts), axis=0), x, information, state)
    price = _price(sensor, np.repeat(z, len(starts), axis=0), ends, information).reshape(len(z), -1)
    return ends.reshape(len(z), len(starts), -1)[np.arange(len(z)), np.nanargmin(price, axis=1)]


def _price(sensor, z: Array, x: Array, information: Array) -> Array:
    miss = sensor.measurement.difference(z, sensor.measure(x))
    fit = (miss * np.linalg.solve(sensor.cov, miss[..., None])[..., 0]).sum(-1)
    return fit + (x * (x @ information)).sum(-1)


def _descended(sensor, z: Array, x: Array, information: Array, state: Layout) -> Array:
    """Levenberg and Marquardt's method, each of the states by itself."""
    damping, price = np.full(len(x), 1e-3), _price(sensor, z, x, information)
    for _ in range(STEPS):
        H = jacobian(sensor, x)
        weighted = transpose(H) @ np.linalg.solve(sensor.cov, np.eye(H.shape[-2]))
        miss = sensor.measurement.difference(z, sensor.measure(x))
        slope = (weighted @ miss[..., None])[..., 0] - x @ information
        A = weighted @ H + information
        damped = A + (damping * np.trace(A, axis1=1, axis2=2) / len(state))[:, None, None] * np.eye(len(state))
        ok = np.isfinite(damped).all((1, 2)) & np.isfinite(slope).all(1)
        damped, slope = np.where(ok[:, None, None], damped, np.eye(len(state))), np.where(ok[:, None], slope, 0.0)
        try:
            change = np.linalg.solve(damped, slope[..., None])[..., 0]
        except np.linalg.LinAlgError:
            break
        tried = state.add(x, change)
        new = _price(sensor, z, tried, information)
        better = new < price
        x, price = np.where(better[:, None], tried, x), np.where(better, new, price)
        damping = np.where(better, damping / 10, damping * 10)
        if (np.abs(change) <= 1e-12 * (1 + np.abs(x))).all():
            break
    return x


def _inverse(curvature: Array, state: Layout | None, sensor) -> Array:
    # by its scale: a radian and a kilometre may stand side by side
    scale = np.sqrt(np.maximum(np.diagonal(curvature, axis1=-2, axis2=-1), 0.0))
    blind = (scale == 0).reshape(-1, scale.shape[-1]).any(0)
    normed = None if blind.any() else curvature / (scale[..., :, None] * scale[..., None, :])
    if normed is None or not np.linalg.eigvalsh(normed).min() > 1e-13:
        names = " ".join(state.names) if state is not None else "the state"
        raise MalformedInput(
            f"one measurement {' '.join(sensor.measurement.names)} does not tell all of {names}: give the std of what "
            "it does not see to the initiation, as std={'heading': 1.0}"
        )
    return np.linalg.inv(normed) / (scale[..., :, None] * scale[..., None, :])
