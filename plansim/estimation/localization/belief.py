"""What a localisation believes: particles, and how well the last scans were explained by them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian, Particles, moments
from plansim.core.layout import Layout

UNEXPLAINED = -1e3  # a fit so bad that the robot may be anywhere; finite, so that means can leave it again


class LocalizationBelief(NamedTuple):
    """Weighted poses, whose number changes, and two running means of a scan's fit.

    The fit of a scan is its log-likelihood per independent beam, less what it would be at the right pose of a perfect
    map: about 0 where the robot knows its place, far below where it does not.
    """

    states: Array  # (N, 3)
    log_weights: Array  # (N,), they sum to one
    slow: Array  # (), mean fit of the last scans, over a long time
    fast: Array  # (), and over a short one; what fits suddenly worse than it used to is a robot elsewhere

    @property
    def weights(self) -> Array:
        return np.exp(self.log_weights)

    @property
    def effective_sample_size(self) -> Array:
        """How many equally weighted samples would say as much: 1 / sum(w^2), ()."""
        return 1.0 / (self.weights**2).sum(-1)

    def gaussian(self, layout: Layout) -> Gaussian:
        """The normal density of the same mean and covariance: of several places, a point between them and how far
        apart they are. Where the robot most likely is, `clusters` say."""
        return moments(self.states, self.weights, layout)


def begun(particles: Particles, fit: float = 0.0) -> LocalizationBelief:
    """The belief of particles that have seen no scan yet, and explain the first one as well as that, it is thought."""
    return LocalizationBelief(*particles, np.zeros(()), np.full((), fit))
