"""How near an estimate was to what it estimates, and whether it knew how near: read from "mean" and "cov" of the trace.

They are held against the environment's info "state", whose components begin the estimate's, or are begun by them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from plansim.core.arrays import Array
from plansim.core.layout import Layout
from plansim.scenario.episode_log import Log, Metric

_MEANS = ("info.state", "trace.mean")
_BELIEFS = (*_MEANS, "trace.cov")
_READINGS = ("trace.nis", "trace.nis_size")
CONFIDENCE = 0.95


def differences(mean: Array, truth: Array, state: Layout | None) -> Array:
    """mean (T, n) - truth (T, m) of the components that both have, angles the short way round."""
    k = min(mean.shape[-1], truth.shape[-1])
    if state is None:
        return mean[:, :k] - truth[:, :k]
    names = state.names[:k]
    return Layout(names, tuple(a for a in state.angles if a in names)).difference(mean[:, :k], truth[:, :k])


def normalised_squares(errors: Array, covs: Array) -> Array:
    """eᵀ P⁻¹ e of errors (T, k) under covs (T, n, n), n at least k; finite also where a cov is singular."""
    k = errors.shape[-1]
    covs = covs[:, :k, :k]
    stds = np.sqrt(np.maximum(np.diagonal(covs, axis1=-2, axis2=-1), 1e-24))
    variances, axes = np.linalg.eigh(covs / (stds[:, :, None] * stds[:, None, :]))
    along = (np.swapaxes(axes, -1, -2) @ (errors / stds)[..., None])[..., 0]
    return (along**2 / np.maximum(variances, 1e-12)).sum(-1)


def chi_square_bounds(freedom: Array, confidence: float = CONFIDENCE) -> tuple[Array, Array]:
    """Between which a sum of so many squared standard normal numbers lies with this probability."""
    from scipy.special import gammaincinv

    half = np.asarray(freedom, float) / 2
    return 2 * gammaincinv(half, (1 - confidence) / 2), 2 * gammaincinv(half, (1 + confidence) / 2)


def _errors(log: Log) -> Array | None:
    """(T, k)"""
    means, truth = log.columns.get("trace.mean"), log.columns.get("info.state")
    if not means or not truth:
        return None
    return differences(np.array(means, float), np.array(truth[: len(means)], float), log.state)


def _of_errors(value: Callable[[Array], float]) -> Callable[[Log], float | None]:
    def read(log: Log) -> float | None:
        errors = _errors(log)
        return None if errors is None else value(errors)

    return read


def _rms(errors: Array) -> float:
    return math.sqrt(float((errors**2).sum(-1).mean()))


def _nees(log: Log) -> tuple[Array, Array] | None:
    errors = _errors(log)
    if errors is None or "trace.cov" not in log.columns:
        return None
    squares = normalised_squares(errors, np.array(log.columns["trace.cov"], float))
    return squares, np.full(len(squares), errors.shape[-1])


def _nis(log: Log) -> tuple[Array, Array] | None:
    if not log.columns.get("trace.nis"):
        return None
    squares, sizes = (np.array(log.columns[name], float) for name in _READINGS)
    read = np.isfinite(squares)
    return (squares[read], sizes[read]) if read.any() else None


def _mean(squares: Callable[[Log], tuple[Array, Array] | None]) -> Callable[[Log], float | None]:
    def read(log: Log) -> float | None:
        found = squares(log)
        return None if found is None else float(found[0].mean())

    return read


def _share(squares: Callable[[Log], tuple[Array, Array] | None]) -> Callable[[Log], float | None]:
    def read(log: Log) -> float | None:
        found = squares(log)
        if found is None:
            return None
        low, high = chi_square_bounds(found[1])
        return float(((found[0] >= low) & (found[0] <= high)).mean())

    return read


def _settled(log: Log) -> float | None:
    """None where the error never stays that small."""
    errors = _errors(log)
    if errors is None or not log.dt:
        return None
    lengths = np.linalg.norm(errors, axis=-1)
    large = np.flatnonzero(lengths >= 0.1 * lengths[0])
    return None if large[-1] == len(lengths) - 1 else float(large[-1] + 1) * log.dt


def _said(name: str) -> Callable[[Log], float | None]:
    return lambda log: log.policy.get(name)


ESTIMATION: dict[str, Metric] = {
    "rmse": Metric("root mean square length of the estimate's error", "", _of_errors(_rms), _MEANS),
    "final_error": Metric("length of the estimate's error at the end", "",
                          _of_errors(lambda errors: float(np.linalg.norm(errors[-1]))), _MEANS),
    "settled_after": Metric("when the estimate's error falls below a tenth of the first", "s", _settled, _MEANS),
    "nees": Metric("mean square of the error over its covariance; rightly the number of components", "",
                   _mean(_nees), _BELIEFS),
    "nees_share": Metric("steps whose NEES is where 95 % should be", "", _share(_nees), _BELIEFS),
    "nis": Metric("mean square of the innovation over its covariance; rightly the numbers of a reading", "",
                  _mean(_nis), _READINGS),
    "nis_share": Metric("steps whose NIS is where 95 % should be", "", _share(_nis), _READINGS),
    "log_likelihood": Metric("of all readings, as they were predicted", "", _said("log_likelihood")),
    "filter_seconds_per_step": Metric("wall clock of the estimator for one step", "s",
                                      _said("filter_seconds_per_step")),
}  # fmt: skip


@functools.cache
def component_metric(name: str) -> Metric | None:
    """rmse_<component>, of any component that an environment's state may have."""
    component = name.removeprefix("rmse_")
    if component == name:
        return None

    def value(log: Log) -> float | None:
        errors = _errors(log)
        if errors is None or log.state is None or component not in log.state.names[: errors.shape[-1]]:
            return None
        return math.sqrt(float((errors[:, log.state.index(component)] ** 2).mean()))

    return Metric(f"root mean square error of the estimate's {component}", "", value, _MEANS)
