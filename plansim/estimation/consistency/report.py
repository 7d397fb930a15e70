"""Whether a filter is consistent, in words: over- or under-confident, its innovations white or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout
from plansim.estimation.consistency.bounds import chi_square_bounds
from plansim.estimation.consistency.nees import nees, nis
from plansim.estimation.consistency.whiteness import chi_square_tail, whiteness


@dataclass(frozen=True)
class ConsistencyReport:
    """What a filter said of itself, held against what happened. None: nothing to tell it by."""

    nees: float | None  # the average over runs and steps; n for a consistent filter
    nees_bounds: tuple[float, float] | None
    nis: float  # k for a consistent filter
    nis_bounds: tuple[float, float]
    white: float  # probability of innovations that depend on each other as much as these do, by chance
    log_likelihood: float  # of the measurements, averaged over runs

    @property
    def consistent(self) -> bool:
        within = self.nees is None or self.nees_bounds is None or _inside(self.nees, self.nees_bounds)
        return within and _inside(self.nis, self.nis_bounds) and self.white > 0.01

    def __str__(self) -> str:
        said = [_judged("NIS", self.nis, self.nis_bounds, "innovations")]
        if self.nees is not None and self.nees_bounds is not None:
            said.insert(0, _judged("NEES", self.nees, self.nees_bounds, "errors"))
        white = "white" if self.white > 0.01 else "not white: the model of motion or sensor is wrong"
        return "; ".join([*said, f"innovations are {white} (p = {self.white:.2g})"])


def check_consistency(
    filtered: Any, layout: Layout, truth: Array | None = None, lags: int = 10, probability: float = 0.95
) -> ConsistencyReport:
    """Of a `Filtered` log, (T, ...) of one run or (B, T, ...) of B; truth (..., T, n) where it is known.

    Errors of one run's steps depend on each other, so the bounds of NEES count each run once; innovations do not, so
    those of NIS count each step.
    """
    v, S = np.asarray(filtered.innovation, float), np.asarray(filtered.innovation_cov, float)
    squares, k = nis(v, S), v.shape[-1]
    seen = int(np.isfinite(squares).sum())
    if not seen:
        raise MalformedInput("no measurement has an innovation: there is nothing to tell consistency by")
    errors = None if truth is None else nees(Gaussian(filtered.mean, filtered.cov), truth, layout)
    test = whiteness(v, S, lags)
    return ConsistencyReport(
        nees=None if errors is None else float(np.mean(errors)),
        nees_bounds=None if errors is None else chi_square_bounds(len(layout), _runs(errors), probability),
        nis=float(np.nanmean(squares)),
        nis_bounds=chi_square_bounds(k, seen, probability),
        white=float(chi_square_tail(np.sum(test.ljung_box), lags * np.size(test.ljung_box))),
        log_likelihood=float(np.mean(log_likelihood(filtered))),
    )


def log_likelihood(filtered: Any) -> Array:
    """log p(z_1 .. z_T) of a `Filtered` log, (...): what models of the same measurements are compared by."""
    return np.asarray(filtered.log_likelihood, float).sum(-1)[()]


def _runs(errors: Array) -> int:
    return int(np.prod(errors.shape[:-1], dtype=int))


def _inside(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= value <= bounds[1]


def _judged(name: str, value: float, bounds: tuple[float, float], what: str) -> str:
    low, high = bounds
    said = f"{name} {value:.3g}"
    if value > high:
        return f"overconfident: {said} is above {high:.3g}, {what} are larger than their covariance says"
    if value < low:
        return f"underconfident: {said} is below {low:.3g}, {what} are smaller than their covariance says"
    return f"consistent: {said} lies within [{low:.3g}, {high:.3g}]"
