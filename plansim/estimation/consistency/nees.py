"""Does a filter know how wrong it is? Its errors, and its innovations, measured in its own standard deviations."""

from __future__ import annotations

from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout


def nees(belief: Any, truth: Array, layout: Layout) -> Array:
    """Normalised estimation error squared, eᵀ P⁻¹ e with e = truth - mean, (...).

    A consistent filter's is chi-square with n degrees of freedom (Bar-Shalom, Li and Kirubarajan 2001, eq. 5.4.2-3).
    belief: any with `gaussian(layout)`, a `Filtered` log included; truth: (..., n).

    >>> from plansim.core.beliefs import Gaussian
    >>> from plansim.core.layout import layout
    >>> belief = Gaussian(np.array([3.0]), np.array([[0.1]]))
    >>> float(nees(belief, np.array([-3.0]), layout("heading", angles="heading")).round(3))
    0.802
    """
    gaussian = belief.gaussian(layout) if hasattr(belief, "gaussian") else belief
    mean, cov = np.asarray(gaussian.mean, float), np.asarray(gaussian.cov, float)
    truth = np.asarray(truth, float)
    if truth.shape[-1:] != mean.shape[-1:]:
        raise MalformedInput(f"truth has shape {truth.shape}, but must have {mean.shape}: {' '.join(layout.names)}")
    return squared_length(layout.difference(truth, mean), cov)


def nis(innovation: Array, innovation_cov: Array) -> Array:
    """Normalised innovation squared, νᵀ S⁻¹ ν, (...): chi-square with k degrees of freedom, and white (eq. 5.4.2-9).

    NaN where a measurement was missing.
    """
    return squared_length(np.asarray(innovation, float), np.asarray(innovation_cov, float))


def squared_length(e: Array, P: Array) -> Array:
    """eᵀ P⁻¹ e of e (..., n) and P (..., n, n); NaN where either has one."""
    return (whitened(e, P) ** 2).sum(-1)[()]


def whitened(e: Array, P: Array) -> Array:
    """L⁻¹ e, where P = L Lᵀ, (..., n): uncorrelated, with variance one, if P is the covariance of e."""
    known = np.isfinite(e).all(-1) & np.isfinite(P).all((-2, -1))
    P = np.where(known[..., None, None], P, np.eye(e.shape[-1]))
    try:
        root = np.linalg.cholesky(P)
    except np.linalg.LinAlgError:
        raise MalformedInput(
            "a covariance is not positive definite: of what a belief is sure of, no error can be measured"
        ) from None
    return np.where(known[..., None], np.linalg.solve(root, e[..., None])[..., 0], np.nan)
