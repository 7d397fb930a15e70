"""How likely a measurement is at each of many states: what particles are weighed with."""

from __future__ import annotations

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.kernel import kernel
from plansim.estimation.checks import checked_measurement
from plansim.models.base import LikelihoodModel, MeasurementModel


def log_likelihood(sensor: MeasurementModel | LikelihoodModel, measurement: Array, states: Array) -> Array:
    """log p(z | x) of a measurement (k,) or (..., k) at states (..., N, n), (..., N).

    A sensor's own `log_likelihood`, which decides itself what a reading may be; else its normal noise about `measure`.
    """
    if hasattr(sensor, "log_likelihood"):
        return sensor.log_likelihood(measurement, states)
    z = checked_measurement(measurement, sensor, states.shape[:-2])
    k, batch = z.shape[-1], states.shape[:-1]
    expected = np.ascontiguousarray(sensor.measure(states), dtype=float).reshape(-1, batch[-1], k)
    turns = np.zeros(k)
    turns[list(sensor.measurement.angle_indices)] = 1.0
    out = np.empty(expected.shape[:-1])
    # a reading for each member of the batch
    z = np.ascontiguousarray(np.broadcast_to(z, (*batch[:-1], k))).reshape(-1, k)
    _weigh(z, expected, _root(sensor.cov), turns, out)
    return out.reshape(batch)


def normal_log_density(deviation: Array, cov: Array) -> Array:
    """log N(deviation; 0, cov) of deviations (..., k) that share one cov (k, k), (...)."""
    root = _root(cov)
    flat = np.ascontiguousarray(deviation, dtype=float).reshape(1, -1, len(root))
    out = np.empty(flat.shape[:-1])
    _weigh(np.zeros((1, len(root))), flat, root, np.zeros(len(root)), out)
    return out.reshape(deviation.shape[:-1])[()]


def _root(cov: Array) -> Array:
    try:
        return np.ascontiguousarray(np.linalg.cholesky(np.asarray(cov, float)))
    except np.linalg.LinAlgError:
        raise MalformedInput(f"a sensor's cov must be positive definite, but is {np.asarray(cov).tolist()}") from None


@kernel
def _weigh(z, expected, root, turns, out):
    """z: (B, k), expected: (B, N, k), out: (B, N); angles, where `turns` is not 0, by their short way round."""
    k = z.shape[1]
    log_volume = 0.5 * k * np.log(2.0 * np.pi)
    for r in range(k):
        log_volume += np.log(root[r, r])
    white = np.empty(k)
    for b in range(expected.shape[0]):
        for i in range(expected.shape[1]):
            square = 0.0
            for r in range(k):
                d = z[b, r] - expected[b, i, r]
                if turns[r] != 0.0:
                    d -= 2.0 * np.pi * np.rint(d / (2.0 * np.pi))
                for c in range(r):
                    d -= root[r, c] * white[c]
                white[r] = d / root[r, r]
                square += white[r] * white[r]
            out[b, i] = -0.5 * square - log_volume
