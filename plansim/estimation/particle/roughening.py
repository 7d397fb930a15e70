"""Roughening: copies of a particle are spread a little, so that resampling does not wear their diversity away."""

from __future__ import annotations

import numpy as np

from plansim.core.arrays import Array, transpose
from plansim.core.beliefs import Particles
from plansim.core.layout import Layout
from plansim.estimation.particle.propagation import root_of


def roughened(
    states: Array, weighed: Particles, poor: Array, layout: Layout, scale: float, rng: np.random.Generator
) -> Array:
    """The states (..., N, n), resampled from `weighed`, smoothed by a normal kernel in those members that are `poor`.

    The regularised particle filter (Musso, Oudjane and Le Gland 2001) with the shrinkage of Liu and West (2001,
    eq. 10.3.8): x = m + a (x - m) + h root ε, a² + h² = 1, which keeps mean and covariance as they are. scale: in
    multiples of the h that suits a normal density best (Silverman 1986, table 4.1).
    """
    count, n = states.shape[-2:]
    h = min(scale * (4.0 / (n + 2)) ** (1 / (n + 4)) * count ** (-1 / (n + 4)), 1.0)
    mean, cov = weighed.gaussian(layout)
    mean = mean[..., None, :]
    kept = np.sqrt(1 - h * h) * layout.difference(states, mean)
    spread = h * (rng.standard_normal(states.shape) @ transpose(root_of(cov)))
    return np.where(poor[..., None, None], layout.add(mean, kept + spread), states)
