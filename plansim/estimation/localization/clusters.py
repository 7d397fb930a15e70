"""The places where a robot may be: its particles in groups that hang together, the heaviest first."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian, Particles, moments
from plansim.core.geometry import POSE
from plansim.core.layout import Layout
from plansim.estimation.localization.belief import LocalizationBelief
from plansim.estimation.localization.bins import label, sectors

SHARE_OF_A_PLACE = 0.01  # of the belief, from which on a cluster is a place where the robot may be


class Cluster(NamedTuple):
    """One place: its share of the belief, and the normal density of the particles there."""

    weight: float
    mean: Array  # (3,)
    cov: Array  # (3, 3)

    def gaussian(self, layout: Layout) -> Gaussian:
        return Gaussian(self.mean, self.cov)


def clusters(belief: LocalizationBelief | Particles, side: float = 0.25, turn: float = 0.25) -> list[Cluster]:
    """Groups of particles that lie in touching boxes of side x side metres and `turn` radians, the heaviest first.

    The mean of all particles of two places is a place where the robot is not; that of the heaviest cluster is one.

    >>> states = np.array([[0.0, 0.0, 0.0], [0.1, 0.0, 0.0], [5.0, 5.0, 3.1], [5.0, 5.1, -3.1]])
    >>> belief = Particles(states, np.log([0.1, 0.1, 0.4, 0.4]))
    >>> [(round(place.weight, 3), place.mean.round(2).tolist()) for place in clusters(belief)]
    [(0.8, [5.0, 5.05, 3.14]), (0.2, [0.05, 0.0, 0.0])]
    """
    states, weights = np.ascontiguousarray(belief.states), belief.weights
    labels = np.empty(len(states), np.int64)
    _, count = label(states, float(side), sectors(turn), labels)
    shares = np.bincount(labels, weights, minlength=count)
    places = []
    for k in np.argsort(-shares, kind="stable"):
        if shares[k] > 0.0:
            mine = labels == k if count > 1 else slice(None)
            places.append(Cluster(float(shares[k]), *moments(states[mine], weights[mine] / shares[k], POSE)))
    return places
