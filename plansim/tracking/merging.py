"""One belief for a track whose detections are not certain: the moments of the mixture over what could have happened."""

from __future__ import annotations

from typing import Any

import numpy as np

from plansim.core.arrays import Array, symmetric
from plansim.core.beliefs import Gaussian, Information, SquareRoot
from plansim.core.layout import Layout


def merged(belief: Any, weights: Array, first: Array, estimator, rng: np.random.Generator | None = None) -> Any:
    """Beliefs (Q,) weighted within each track -> one belief a track (M,), of the same kind.

    Track i has the members first[i] : first[i + 1], one at least, whose weights sum to one. A Gaussian keeps the
    mixture's mean and covariance (Bar-Shalom and Li 1995, eq. 3.4.2-10); beliefs of modes do so mode by mode, and keep
    each mode's probability; what is neither begins anew `around` those moments, by `rng` where it draws.
    """
    if hasattr(belief, "beliefs"):
        return _merged_modes(belief, weights, first, estimator, rng)
    moments = _merged_gaussian(belief.gaussian(estimator.state), weights, first, estimator.state)
    if isinstance(belief, Gaussian):
        return moments
    if isinstance(belief, SquareRoot):
        return SquareRoot(moments.mean, np.linalg.cholesky(moments.cov))
    if isinstance(belief, Information):
        matrix = symmetric(np.linalg.inv(moments.cov))
        return Information((matrix @ moments.mean[..., None])[..., 0], matrix)
    return estimator.around(moments, rng)


def _merged_gaussian(belief: Gaussian, weights: Array, first: Array, state: Layout) -> Gaussian:
    starts, owner = first[:-1], np.repeat(np.arange(len(first) - 1), np.diff(first))
    if not len(starts):
        return Gaussian(belief.mean[:0], belief.cov[:0])
    heaviest = np.lexsort((-weights, owner))[starts]
    centre = belief.mean[heaviest]  # differences from it are short, so that angles do not turn round
    apart = state.difference(belief.mean, centre[owner])
    shift = np.add.reduceat(weights[:, None] * apart, starts)
    apart = apart - shift[owner]
    spread = belief.cov + apart[:, :, None] * apart[:, None, :]
    cov = np.add.reduceat(weights[:, None, None] * spread, starts)
    return Gaussian(state.add(centre, shift), symmetric(cov))


def _merged_modes(belief: Any, weights: Array, first: Array, estimator, rng: np.random.Generator | None) -> Any:
    owner = np.repeat(np.arange(len(first) - 1), np.diff(first))
    with np.errstate(divide="ignore"):
        log_joint = np.log(weights)[:, None] + belief.log_weights  # (Q, modes): of what happened, and the mode
    top = np.maximum.reduceat(log_joint, first[:-1]) if len(first) > 1 else log_joint[:0]
    joint = np.exp(log_joint - np.where(np.isfinite(top), top, 0.0)[owner])
    totals = np.add.reduceat(joint, first[:-1]) if len(first) > 1 else joint[:0]
    evenly = 1.0 / np.diff(first)[:, None]  # a mode that is impossible in each case still needs a belief
    shares = np.where(totals[owner] > 0, joint / np.where(totals > 0, totals, 1.0)[owner], evenly[owner])
    filters = getattr(estimator, "filters", (estimator,) * len(belief.beliefs))
    modes = [
        merged(b, shares[:, m], first, f, rng) for m, (b, f) in enumerate(zip(belief.beliefs, filters, strict=True))
    ]
    with np.errstate(divide="ignore"):
        log_weights = np.where(totals > 0, np.log(totals) + top, -np.inf)
    return belief._replace(beliefs=tuple(modes), log_weights=log_weights - _log_sum(log_weights))


def _log_sum(a: Array) -> Array:
    top = a.max(-1, keepdims=True, initial=-np.inf)
    return top + np.log(np.exp(a - top).sum(-1, keepdims=True))
