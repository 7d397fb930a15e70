"""Are innovations white? What a consistent filter learns from a measurement, it could not have known before."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.estimation.consistency.nees import whitened


class Whiteness(NamedTuple):
    """How innovations of T steps depend on earlier ones; 0 for those of a consistent filter."""

    autocorrelation: Array  # (..., lags), at 1, 2, … steps
    bound: Array  # (...), within which 95 % of them lie by chance
    ljung_box: Array  # (...), the sum of their squares, as chi-square
    p_value: Array  # (...), of a statistic as large as that by chance


def whiteness(innovation: Array, innovation_cov: Array, lags: int = 10) -> Whiteness:
    """Of innovations (..., T, k), in their own standard deviations; rows of NaN are left out.

    ρ(l) = Σ ν_t · ν_t+l / Σ ν_t · ν_t, over all components, and Q = k T (T + 2) Σ ρ(l)² / (T - l) (Ljung and Box 1978),
    chi-square with `lags` degrees of freedom. The mean is not taken away: a bias is a dependence, too.

    >>> drawn = np.random.default_rng(0).normal(size=(500, 2))
    >>> bool(whiteness(drawn, np.broadcast_to(np.eye(2), (500, 2, 2))).p_value > 0.01)
    True
    """
    v = whitened(np.asarray(innovation, float), np.asarray(innovation_cov, float))
    T, k = v.shape[-2:]
    if not 1 <= lags < T:
        raise MalformedInput(f"lags is {lags}, but must lie between 1 and the number of innovations, {T}, less one")
    seen = np.isfinite(v[..., 0])
    count = seen.sum(-1)
    if not (count > lags).all():
        raise MalformedInput(f"{int(np.min(count))} of {T} innovations are there: too few for {lags} lags")
    v = np.where(seen[..., None], v, 0.0)
    variance = (v**2).sum((-2, -1)) / count
    products = [(v[..., :-lag, :] * v[..., lag:, :]).sum((-2, -1)) for lag in range(1, lags + 1)]
    pairs = np.stack([(seen[..., :-lag] & seen[..., lag:]).sum(-1) for lag in range(1, lags + 1)], axis=-1)
    rho = np.stack(products, axis=-1) / variance[..., None] / np.maximum(count[..., None], 1)
    # as Ljung and Box, T (T + 2) / (T - l) with the pairs there are in place of T - l
    squares = k * (rho**2 * (count * (count + 2.0))[..., None] / np.maximum(pairs, 1)).sum(-1)
    return Whiteness(rho, 1.959964 / np.sqrt(k * count), squares, chi_square_tail(squares, lags))


def chi_square_tail(value: Array, freedom: int) -> Array:
    from scipy.special import chdtrc

    return chdtrc(freedom, value)
