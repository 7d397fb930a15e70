"""A whole log of measurements through an estimator in one call: what smoothers, noise fitting and replay start from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.estimation.base import Estimator, Update
from plansim.estimation.checks import joined


class Filtered(NamedTuple):
    """What a filter believed at each of T steps, before (predicted) and after that step's measurement.

    Where a measurement is missing, innovation and innovation_cov are NaN, and the log_likelihood is 0.
    """

    mean: Array  # (..., T, n)
    cov: Array  # (..., T, n, n)
    predicted_mean: Array  # (..., T, n)
    predicted_cov: Array  # (..., T, n, n)
    innovation: Array  # (..., T, k)
    innovation_cov: Array  # (..., T, k, k)
    log_likelihood: Array  # (..., T), log p(z_t | z_1 .. z_t-1); their sum is that of the whole log


def filter_sequence(
    estimator: Estimator,
    belief: Any,
    measurements: Array,
    sensor: Any,
    dt: float,
    controls: Array | None = None,
    rng: np.random.Generator | None = None,
) -> Filtered:
    """Predicts over dt and updates, T times, from a belief one step before the first measurement.

    measurements: (T, k) or (B, T, k), a row of NaN where one is missing; controls: (T, m) or (B, T, m). The belief is
    the estimator's own or a Gaussian, of one filter or of B. An estimator that has a compiled form of this says so by
    a method `filter_sequence(belief, measurements, sensor, dt, controls)`; any other goes step by step.

    >>> from plansim.estimation import KalmanFilter
    >>> from plansim.models.kinematic import ConstantVelocity
    >>> from plansim.models.position import Position
    >>> log = np.array([[1.0, 0.0], [np.nan, np.nan], [3.0, 0.0]])
    >>> start = Gaussian(np.zeros(4), 100 * np.eye(4))
    >>> filter_sequence(KalmanFilter(ConstantVelocity()), start, log, Position(), dt=1.0).mean.shape
    (3, 4)
    """
    measurements, controls = checked_log(measurements, sensor, controls)
    believed = np.shape(belief.mean)[:-1] if isinstance(belief, Gaussian) else ()
    if 0 in joined("the log", measurements.shape[:-2], believed):
        return _of_no_log(measurements.shape[-2], len(estimator.state), measurements.shape[-1])
    if isinstance(belief, Gaussian):
        belief = estimator.around(belief, rng)
    compiled = getattr(estimator, "filter_sequence", None)
    if compiled is not None:
        return compiled(belief, measurements, sensor, dt, controls)
    return step_by_step(estimator, belief, measurements, sensor, dt, controls, rng)


def _of_no_log(T: int, n: int, k: int) -> Filtered:
    """Of B = 0 logs."""
    return Filtered(*(np.empty((0, T, *shape)) for shape in ((n,), (n, n), (n,), (n, n), (k,), (k, k), ())))


def step_by_step(
    estimator: Estimator,
    belief: Any,
    measurements: Array,
    sensor: Any,
    dt: float,
    controls: Array | None = None,
    rng: np.random.Generator | None = None,
) -> Filtered:
    """`filter_sequence` by the estimator's own predict and update: for any of them; the oracle of the compiled."""
    steps = []
    for t in range(measurements.shape[-2]):
        control = None if controls is None else controls[..., t, :]
        predicted = estimator.predict(belief, control, dt, rng)
        before = predicted.gaussian(estimator.state)
        believed = before.mean.shape[:-1]
        batch = joined("the log", measurements.shape[:-2], believed)
        if batch != believed:
            predicted = _widened(predicted, len(believed), batch)
            before = predicted.gaussian(estimator.state)
        z = measurements[..., t, :]
        if z.ndim < before.mean.ndim:
            z = np.broadcast_to(z, (*before.mean.shape[:-1], len(z)))
        update = _update_seen(estimator, predicted, z, sensor, rng)
        belief = update.belief
        after = belief.gaussian(estimator.state)
        steps.append((*after, *before, *update[1:]))
    axes = (-2, -3, -2, -3, -2, -3, -1)
    return Filtered(*(np.stack(rows, axis) for rows, axis in zip(zip(*steps, strict=True), axes, strict=True)))


def _widened(belief: Any, axes: int, batch: tuple[int, ...]) -> Any:
    """A belief of as many leading axes, for a batch."""
    return mapped(lambda a: np.broadcast_to(a, (*batch, *np.shape(a)[axes:])), belief)


def checked_log(measurements: Array, sensor: Any, controls: Array | None) -> tuple[Array, Array | None]:
    """Float arrays of a log of measurements and controls that fit each other, or what is wrong with them."""
    z, k = np.asarray(measurements, float), len(sensor.measurement)
    if z.ndim not in (2, 3) or z.shape[-1] != k or not z.shape[-2]:
        raise MalformedInput(f"measurements have shape {z.shape}, but must have (T, {k}) or (B, T, {k}), T at least 1")
    wrong = (
        np.zeros(0, bool)
        if np.isfinite(z).all()
        else np.isinf(z).any(-1) | (np.isnan(z).any(-1) != np.isnan(z).all(-1))
    )
    if wrong.any():
        where = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise MalformedInput(
            f"measurement {where if len(where) > 1 else where[0]} is {z[where].tolist()}, but must be finite, or NaN in"
            " all of its components where it is missing"
        )
    if controls is None:
        return z, None
    u = np.asarray(controls, float)
    if u.ndim not in (2, 3) or u.shape[-2] != z.shape[-2] or (u.ndim == 3 and u.shape[:-2] != z.shape[:-2]):
        raise MalformedInput(f"controls have shape {u.shape}, but must have one for each of {z.shape[-2]} measurements")
    return z, u


def _update_seen(estimator: Estimator, predicted: Any, z: Array, sensor: Any, rng: Any) -> Update:
    """The update of those members of a batch whose measurement is there."""
    seen = ~np.isnan(z[..., 0])
    if seen.all():
        return _filled(estimator.update(predicted, z, sensor, rng), z)
    if not seen.any():
        return _filled(estimator.update(predicted, None, sensor, rng), z)
    part = _filled(estimator.update(mapped(lambda a: a[seen], predicted), z[seen], sensor, rng), z[seen])
    whole = _filled(Update(predicted, None, None, np.zeros(seen.shape)), z)

    def put(old: Array, new: Array) -> Array:
        merged = np.array(old, float)
        merged[seen] = new
        return merged

    return Update(merged(put, predicted, part.belief), *(put(a, b) for a, b in zip(whole[1:], part[1:], strict=True)))


def _filled(update: Update, z: Array) -> Update:
    """With NaN where a sensor has no innovation."""
    if update.innovation is None or update.innovation_cov is None:
        nothing = np.full_like(z, np.nan)
        return update._replace(innovation=nothing, innovation_cov=nothing[..., None] + nothing[..., None, :])
    return update


def mapped(f: Callable[[Array], Array], belief: Any) -> Any:
    """A belief with f of each of its arrays, those of beliefs within it too."""
    return merged(lambda a, _: f(a), belief, belief)


def merged(f: Callable[[Array, Array], Array], a: Any, b: Any) -> Any:
    """A belief with f of each pair of arrays that two beliefs have in the same place."""
    if not isinstance(a, tuple):
        return f(a, b)
    parts = [merged(f, x, y) for x, y in zip(a, b, strict=True)]
    return type(a)(*parts) if hasattr(a, "_fields") else tuple(parts)
