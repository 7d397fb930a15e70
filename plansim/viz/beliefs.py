"""What an estimator believed along a recorded episode, beside the truth and the readings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.layout import Layout
from plansim.scenario.estimation_metrics import chi_square_bounds, normalised_squares
from plansim.viz.reading import Ragged, Reader


@dataclass(frozen=True)
class Beliefs:
    """At F of an episode's moments; what was not recorded is None."""

    steps: Array  # (F,) int
    truth: Array  # (F, m)
    mean: Array  # (F, n)
    cov: Array  # (F, n, n)
    prior_mean: Array | None = None  # (F, n), before the readings of the moment
    prior_cov: Array | None = None  # (F, n, n)
    nis: Array | None = None  # (F,), NaN where there was no reading
    nis_size: Array | None = None  # (F,) numbers of the readings
    modes: Array | None = None  # (F, M) probabilities
    particles: Ragged | None = None
    readings: dict[str, Array] = field(default_factory=dict)  # sensor -> (F, k), NaN where there is none

    @property
    def common(self) -> int:
        """How many components, the first, can be held against the truth."""
        return min(self.truth.shape[1], self.mean.shape[1])


def beliefs(place: Reader) -> Beliefs | None:
    """Read from a record, or None where no belief was recorded beside a true state."""
    record = place.record
    if "trace.mean" not in record or "trace.cov" not in record or "info.state" not in record:
        return None
    steps = place.steps[place.steps < len(record["trace.mean"])]
    if not len(steps) or record["info.state"].ndim != 2 or record["trace.mean"].ndim != 2:
        return None
    asked = Reader(place.record, steps)
    return Beliefs(
        steps,
        asked.rows("info.state"),
        asked.rows("trace.mean"),
        asked.rows("trace.cov"),
        asked.rows("trace.prior_mean"),
        asked.rows("trace.prior_cov"),
        asked.rows("trace.nis"),
        asked.rows("trace.nis_size"),
        asked.rows("trace.mode_probabilities"),
        asked.ragged("trace.particles"),
        _readings(asked),
    )


def _readings(place: Reader) -> dict[str, Array]:
    """Every observation that has a flag "_seen" beside it."""
    found = {}
    for key in place.record:
        name = key.removeprefix("observation.")
        seen, rows = place.rows(f"{key}_seen"), place.rows(key)
        if name != key and seen is not None and rows is not None and rows.ndim == 2:
            found[name] = np.where(seen.reshape(len(rows), -1)[:, :1] > 0, rows, np.nan)
    return found


@dataclass(frozen=True)
class Component:
    """One number of the state over time, without jumps where it is an angle."""

    name: str
    truth: Array  # (F,)
    mean: Array  # (F,)
    std: Array  # (F,)
    readings: Array  # (F,), NaN where none, or none of this number alone
    reading_std: float | None = None
    particles: tuple[Array, Array] | None = None  # (P,) frames as int, and values


def components(told: Beliefs, state: Layout | None, sensors: dict[str, Any]) -> list[Component]:
    """Those that can be held against the truth; `state` says what they are called and which are angles."""
    return [_component(told, i, state, sensors) for i in range(told.common)]


def _component(told: Beliefs, i: int, state: Layout | None, sensors: dict[str, Any]) -> Component:
    name = state.names[i] if state is not None and i < len(state) else f"state {i}"
    whole = Layout((name,), (name,) if state is not None and name in state.angles else ())

    def near(values: Array, centre: Array) -> Array:
        return centre + whole.difference(values[:, None], centre[:, None])[:, 0]

    truth = np.unwrap(told.truth[:, i]) if whole.angles else told.truth[:, i]
    readings, spread = np.full(len(truth), np.nan), None
    for sensor, rows in told.readings.items():
        model = sensors.get(sensor)
        if model is not None and name in model.measurement.names:
            column = model.measurement.names.index(name)
            readings = np.where(np.isnan(rows[:, column]), readings, near(rows[:, column], truth))
            spread = float(np.sqrt(model.cov[column, column]))
    std = np.sqrt(np.maximum(told.cov[:, i, i], 0.0))
    cloud = None
    if told.particles is not None:
        frames = np.unique(np.linspace(0, len(truth) - 1, 80).round().astype(int))
        parts = [(f, told.particles.at(f)[::4, i]) for f in frames]
        at = np.concatenate([np.full(len(values), f) for f, values in parts]).astype(int)
        cloud = at, near(np.concatenate([values for _, values in parts]), truth[at])
    return Component(name, truth, near(told.mean[:, i], truth), std, readings, spread, cloud)


def nees(told: Beliefs, state: Layout | None) -> tuple[Array, tuple[float, float]]:
    """The normalised squares of the error (F,), and between which 95 % of them should be."""
    k = told.common
    errors = told.mean[:, :k] - told.truth[:, :k]
    if state is not None and len(state) >= k:
        errors = Layout(state.names[:k], tuple(a for a in state.angles if a in state.names[:k])).wrap(errors)
    low, high = chi_square_bounds(np.array(k))
    return normalised_squares(errors, told.cov), (float(low), float(high))


def bell_moment(told: Beliefs, i: int, component: Component) -> int | None:
    """The frame of a reading about as certain as what was believed before it: where each of the two counts."""
    if told.prior_cov is None or not told.readings:
        return None
    prior = np.sqrt(np.maximum(told.prior_cov[:, i, i], 0.0))
    read = np.any([np.isfinite(rows[:, 0]) for rows in told.readings.values()], axis=0)
    read &= (prior > 0) & (component.std > 0)
    if component.reading_std is not None:
        read &= np.isfinite(component.readings)
        balance = np.abs(np.log(np.maximum(prior, 1e-12) / component.reading_std))
    else:
        balance = -np.log(np.maximum(prior, 1e-12) / np.maximum(component.std, 1e-12))
    return int(np.argmin(np.where(read, balance, np.inf))) if read[1:].any() else None
