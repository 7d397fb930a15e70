"""What a robot believes: values that an estimator turns into other values, never changed in place."""

from __future__ import annotations

from typing import NamedTuple

from plansim.core.arrays import Array, namespace, symmetric, transpose
from plansim.core.layout import Layout


class Gaussian(NamedTuple):
    """A normal density."""

    mean: Array  # (..., n)
    cov: Array  # (..., n, n)

    def gaussian(self, layout: Layout) -> Gaussian:
        """Itself: every belief can be asked for the normal density of its mean and covariance."""
        return self


class SquareRoot(NamedTuple):
    """A normal density by a root of its covariance, which cannot lose its positivity: cov = root @ root.T."""

    mean: Array  # (..., n)
    root: Array  # (..., n, n), lower triangular

    def gaussian(self, layout: Layout) -> Gaussian:
        return Gaussian(self.mean, self.root @ transpose(self.root))


class Information(NamedTuple):
    """A normal density by what is known: zero where nothing is. matrix = inverse of cov, vector = matrix @ mean."""

    vector: Array  # (..., n)
    matrix: Array  # (..., n, n)

    def gaussian(self, layout: Layout) -> Gaussian:
        """Fails with numpy's LinAlgError where something is not known at all."""
        m = namespace(self.matrix)
        cov = symmetric(m.linalg.inv(self.matrix))
        return Gaussian((cov @ self.vector[..., None])[..., 0], cov)


class Particles(NamedTuple):
    """Weighted samples; the weights are kept as logarithms and sum to one."""

    states: Array  # (..., N, n)
    log_weights: Array  # (..., N)

    @property
    def weights(self) -> Array:
        return namespace(self.log_weights).exp(self.log_weights)

    @property
    def effective_sample_size(self) -> Array:
        """How many equally weighted samples would say as much: 1 / sum(w^2), (...)."""
        return 1.0 / (self.weights**2).sum(-1)

    def gaussian(self, layout: Layout) -> Gaussian:
        """The normal density of the same mean and covariance."""
        return moments(self.states, self.weights, layout)


class Mixture(NamedTuple):
    """A weighted sum of normal densities."""

    components: Gaussian  # mean (..., M, n), cov (..., M, n, n)
    log_weights: Array  # (..., M)

    @property
    def weights(self) -> Array:
        return namespace(self.log_weights).exp(self.log_weights)

    def gaussian(self, layout: Layout) -> Gaussian:
        """The normal density of the same mean and covariance: within plus between the components."""
        between = moments(self.components.mean, self.weights, layout)
        within = (self.weights[..., None, None] * self.components.cov).sum(-3)
        return Gaussian(between.mean, between.cov + within)


def moments(points: Array, weights: Array, layout: Layout) -> Gaussian:
    """Mean and covariance of weighted points (..., N, n); angles as the layout says."""
    mean = layout.mean(points, weights)
    deviation = layout.difference(points, mean[..., None, :])
    return Gaussian(mean, transpose(deviation) @ (weights[..., None] * deviation))
