"""How noisy are motion and sensor? The values that make a log of measurements most likely, and how sure they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput, near_miss
from plansim.estimation.base import Estimator
from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.estimation.kalman.sequence import filter_sequence

Models = Callable[[dict[str, float]], tuple[Any, Any]]  # values by their names -> (motion, sensor)
REACH = 14.0  # in logarithms: values are sought up to a factor of 10^6 from where they begin
BLURRED = 2.0  # a standard error of the logarithm that tells nothing any more: a factor of seven


class NoiseFit(NamedTuple):
    """The most likely values, all positive."""

    values: dict[str, float]
    standard_errors: dict[str, float]  # of the values
    log_cov: Array  # (p, p), of the values' logarithms, in their order
    log_likelihood: float
    motion: Any  # with these values
    sensor: Any


def fit_fields(
    motion: Any, sensor: Any, fields: str, measurements: Array, belief: Gaussian, dt: float, **options: Any
) -> NoiseFit:
    """`fit_noise` by fields of the two models, "acceleration_density std", beginning with the values that they have.

    >>> from plansim.models.kinematic import ConstantVelocity
    >>> from plansim.models.linear_sensor import LinearSensor
    >>> from plansim.models.position import Position
    >>> log = np.random.default_rng(0).normal(size=(200, 2)).cumsum(0)
    >>> start = Gaussian(np.zeros(4), 10.0 * np.eye(4))
    >>> fit = fit_fields(ConstantVelocity(), Position(std=0.5), "acceleration_density std", log, start, dt=1.0)
    >>> sorted(fit.values)
    ['acceleration_density', 'std']
    """
    names = fields.split()
    owners = {name: _owner(name, motion, sensor) for name in names}

    def models(values: dict[str, float]) -> tuple[Any, Any]:
        changed = [{n: v for n, v in values.items() if owners[n] is model} for model in (motion, sensor)]
        return dataclasses.replace(motion, **changed[0]), dataclasses.replace(sensor, **changed[1])

    start = {name: _number(name, owners[name]) for name in names}
    return fit_noise(models, start, measurements, belief, dt, **options)


def fit_noise(
    models: Models,
    start: Mapping[str, float],
    measurements: Array,
    belief: Gaussian,
    dt: float,
    controls: Array | None = None,
    estimator: Callable[[Any], Estimator] = KalmanFilter,
) -> NoiseFit:
    """The maximum of log p(z_1 .. z_T | values) (Särkkä 2013, eq. 12.5), by the filter's own prediction errors.

    `models` makes motion and sensor from positive values by name; their logarithms are fitted, so that any scale will
    do. measurements: (T, k) or (B, T, k) of B logs, rows of NaN where one is missing; belief: one dt before the first.
    Errors are those of the inverse Hessian. A log that tells nothing of a value is refused.
    """
    names = list(start)
    origin = _checked(start, measurements)

    def log_likelihood(x: Array) -> float:
        motion, sensor = models(dict(zip(names, np.exp(x).tolist(), strict=True)))
        filtered = filter_sequence(estimator(motion), belief, measurements, sensor, dt, controls)
        return float(np.sum(filtered.log_likelihood))

    best = _highest(log_likelihood, origin, int(np.isfinite(measurements).sum()))
    for name, way in zip(names, best - origin, strict=True):
        if abs(way) > REACH - 0.1:
            raise MalformedInput(
                f"the measurements hold no {name!r}: the {'larger' if way > 0 else 'smaller'} it is, the more likely "
                f"they are, beyond {np.exp(origin[names.index(name)] + way):.3g}"
            )
    log_cov = _inverse_information(_curvature(log_likelihood, best), names)
    values = dict(zip(names, np.exp(best).tolist(), strict=True))
    errors = np.exp(best) * np.sqrt(np.diagonal(log_cov))
    return NoiseFit(
        values, dict(zip(names, errors.tolist(), strict=True)), log_cov, log_likelihood(best), *models(values)
    )


def _highest(f: Callable[[Array], float], origin: Array, count: int) -> Array:
    from scipy.optimize import minimize

    f(origin)  # which says what is wrong with models or log

    def cost(x: Array) -> float:
        try:
            value = f(x)
        except MalformedInput:  # with values as far off as these no filter has an answer
            return 1e9
        return -value / count if np.isfinite(value) else 1e9

    bounds = [(x - REACH, x + REACH) for x in origin]
    # simplex first: it finds the slope where the start is far off and the likelihood is flat or steep
    near = minimize(cost, origin, method="Nelder-Mead", bounds=bounds, options={"xatol": 0.05, "fatol": 1e-4})
    found = minimize(
        cost, near.x, method="L-BFGS-B", jac="3-point", bounds=bounds, options={"ftol": 1e-12, "gtol": 1e-7}
    )
    return found.x if found.fun <= near.fun else near.x


def _curvature(f: Callable[[Array], float], x: Array, h: float = 0.02) -> Array:
    """Minus the Hessian, by central differences of logarithms, (p, p)."""
    steps = h * np.eye(len(x))
    sums = [[f(x + a + b) - f(x + a - b) - f(x - a + b) + f(x - a - b) for b in steps] for a in steps]
    return -np.array(sums) / (4 * h * h)


def _inverse_information(information: Array, names: list[str]) -> Array:
    sizes, axes = np.linalg.eigh(0.5 * (information + information.T))
    if not sizes[0] > BLURRED**-2:
        blurred = [name for name, part in zip(names, np.abs(axes[:, 0]), strict=True) if part > 0.3]
        tied = " apart from each other" if len(blurred) > 1 else ""
        raise MalformedInput(
            f"the measurements say nothing of {' and '.join(map(repr, blurred))}{tied}: they are as likely with values "
            f"{np.exp(BLURRED):.0f} times as large; log for longer, or fix one of the values"
        )
    return (axes / sizes) @ axes.T


def _checked(start: Mapping[str, float], measurements: Array) -> Array:
    if not start:
        raise MalformedInput("there is nothing to fit: name at least one value to begin with")
    for name, value in start.items():
        if not 0 < value < np.inf:
            raise MalformedInput(f"{name!r} begins at {value}, but must begin at a positive number")
    seen = int(np.isfinite(np.asarray(measurements, float)).sum())
    if seen <= len(start):
        raise MalformedInput(f"the log has {seen} measured numbers: too few to say anything of {len(start)} values")
    return np.log(np.array(list(start.values()), float))


def _number(name: str, model: Any) -> float:
    """What a field is that any positive number may take the place of: a count is none."""
    fields = dataclasses.fields(model)
    given = {f.name: getattr(model, f.name) for f in fields if f.type not in ("int", int, "bool", bool)}
    numbers = {n: float(v) for n, v in given.items() if isinstance(v, (int, float, np.floating))}
    if name not in numbers:
        known = f"those of {type(model).__name__} are: {', '.join(numbers)}" if numbers else "it has none"
        raise MalformedInput(f"cannot fit {name!r}: it is {getattr(model, name)!r}, but must be a real number; {known}")
    return numbers[name]


def _owner(name: str, motion: Any, sensor: Any) -> Any:
    fields = {model: [f.name for f in dataclasses.fields(model)] for model in (motion, sensor)}
    owners = [model for model, known in fields.items() if name in known]
    if len(owners) != 1:
        known = [*fields[motion], *fields[sensor]]
        both = "both motion and sensor have it: use fit_noise" if owners else f"no field{near_miss(name, known)}"
        raise MalformedInput(f"cannot fit {name!r}: {both}")
    return owners[0]
