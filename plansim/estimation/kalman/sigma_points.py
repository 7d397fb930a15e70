"""Sigma points: a few weighted points with the mean and covariance of a normal density, and what they become.

Julier and Uhlmann 2004, "Unscented filtering and nonlinear estimation".
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from plansim.core.arrays import Array, readonly, symmetric, transpose
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout


class UnitPoints(NamedTuple):
    """N points of zero mean and unit covariance in n dimensions."""

    offsets: Array  # (N, n)
    mean_weights: Array  # (N,), summing to one
    cov_weights: Array  # (N,)


class SigmaPoints(Protocol):
    """A rule for sigma points in any number of dimensions."""

    def unit(self, n: int) -> UnitPoints: ...


@dataclass(frozen=True)
class ScaledPoints:
    """The mean and 2n points about it (van der Merwe 2004, Sigma-Point Kalman Filters, section 3.2.2).

    The points lie alpha sqrt(n + kappa) standard deviations from the mean. As they are here no weight is negative, so
    that no covariance can lose its positivity; a small alpha keeps the points near the mean in many dimensions.

    >>> ScaledPoints().unit(2).mean_weights.tolist()
    [0.0, 0.25, 0.25, 0.25, 0.25]
    """

    alpha: float = 1.0  # spread of the points
    beta: float = 2.0  # what is known of the fourth moment: 2 for a normal density
    kappa: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.alpha < np.inf:
            raise MalformedInput(f"alpha is {self.alpha}, but must be a positive number")

    def unit(self, n: int) -> UnitPoints:
        return _scaled(n, self.alpha, self.beta, self.kappa)


@dataclass(frozen=True)
class JulierPoints:
    """The mean and 2n points about it, one parameter (Julier and Uhlmann 2004, eq. 12): 3 - n where it is None."""

    kappa: float | None = None

    def unit(self, n: int) -> UnitPoints:
        return _scaled(n, 1.0, 0.0, 3.0 - n if self.kappa is None else self.kappa)


@dataclass(frozen=True)
class CubaturePoints:
    """2n points of equal weight: the third-degree spherical-radial rule (Arasaratnam and Haykin 2009, eq. 32)."""

    def unit(self, n: int) -> UnitPoints:
        return _cubature(n)


@dataclass(frozen=True)
class SimplexPoints:
    """The mean and the n + 1 corners of a regular simplex: the fewest (Julier 2003, "The spherical simplex...").

    `centre_weight` is that of the mean; the smaller, the nearer are the other points.
    """

    centre_weight: float = 0.0  # 0 <= centre_weight < 1

    def __post_init__(self) -> None:
        if not 0 <= self.centre_weight < 1:
            raise MalformedInput(f"centre_weight is {self.centre_weight}, but must be at least 0 and below 1")

    def unit(self, n: int) -> UnitPoints:
        return _simplex(n, self.centre_weight)


@functools.cache
def _scaled(n: int, alpha: float, beta: float, kappa: float) -> UnitPoints:
    spread = alpha**2 * (n + kappa)
    if not spread > 0:
        raise MalformedInput(f"kappa is {kappa}, but must be above -{n} for a state of {n} components")
    offsets = np.sqrt(spread) * np.concatenate([np.zeros((1, n)), np.eye(n), -np.eye(n)])
    weights = np.full(2 * n + 1, 0.5 / spread)
    weights[0] = 1.0 - n / spread
    cov_weights = weights.copy()
    cov_weights[0] += 1.0 - alpha**2 + beta
    return UnitPoints(readonly(offsets), readonly(weights), readonly(cov_weights))


@functools.cache
def _cubature(n: int) -> UnitPoints:
    weights = readonly(np.full(2 * n, 0.5 / n))
    return UnitPoints(readonly(np.sqrt(n) * np.concatenate([np.eye(n), -np.eye(n)])), weights, weights)


@functools.cache
def _simplex(n: int, centre_weight: float) -> UnitPoints:
    w = (1.0 - centre_weight) / (n + 1)
    offsets = np.zeros((n + 2, n))
    for j in range(1, n + 1):  # corner j + 1 is where the first j lie mirrored along axis j
        offsets[1 : j + 1, j - 1] = -1.0 / np.sqrt(j * (j + 1) * w)
        offsets[j + 1, j - 1] = j / np.sqrt(j * (j + 1) * w)
    weights = readonly([centre_weight, *[w] * (n + 1)])
    return UnitPoints(readonly(offsets), weights, weights)


def root(cov: Array) -> Array:
    """A matrix A (..., n, n) with A Aᵀ = cov: Cholesky's, or the symmetric root where rounding forbids that."""
    try:
        return np.linalg.cholesky(cov)
    except np.linalg.LinAlgError:
        if cov.ndim > 2:
            return np.stack([root(each) for each in cov])
        variances, axes = np.linalg.eigh(symmetric(cov))
        return axes * np.sqrt(np.maximum(variances, 0.0)) @ transpose(axes)


def deviations(cov: Array, unit: UnitPoints) -> Array:
    """Sigma points minus their mean, (..., N, n)."""
    return unit.offsets @ transpose(root(cov))


def transformed(points: Array, unit: UnitPoints, layout: Layout) -> tuple[Array, Array]:
    """Mean (..., n) of what the sigma points became, and their deviations from it (..., N, n)."""
    first = points[..., :1, :]  # differences from it keep their digits where weights are large
    mean = layout.add(first[..., 0, :], layout.mean(layout.difference(points, first), unit.mean_weights))
    return mean, layout.difference(points, mean[..., None, :])


def unscented_transform(belief: Gaussian, f, layout: Layout, points: SigmaPoints | None = None) -> Gaussian:
    """The normal density that f (..., n) -> (..., k) makes of another, by its sigma points."""
    unit = (points or ScaledPoints()).unit(belief.mean.shape[-1])
    mean, deviation = transformed(f(belief.mean[..., None, :] + deviations(belief.cov, unit)), unit, layout)
    return Gaussian(mean, weighted_products(deviation, unit.cov_weights, deviation))


def weighted_products(a: Array, weights: Array, b: Array) -> Array:
    """Σ wᵢ aᵢ bᵢᵀ over points (..., N, n), (..., N, k)."""
    return transpose(a) @ (weights[..., None] * b)
