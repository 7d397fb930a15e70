"""Monte-Carlo localisation: where on a known map a robot is, by odometry and lidar.

Thrun, Burgard and Fox 2005, Probabilistic Robotics, section 8.3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian, Particles
from plansim.core.grid import OccupancyGrid
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.estimation.particle.particle_filter import (
    ParticleFilter,
    equally_weighted,
    log_likelihood,
    needed,
    reweigh,
)
from plansim.models.base import LikelihoodModel, NoisyMotion
from plansim.models.odometry import WheelOdometry


@dataclass(frozen=True)
class MonteCarloLocalization:
    """A particle filter over the poses of a map; a particle inside a wall or outside the map has no weight.

    The control of `predict` is the measured increment of odometry (forward, left, turn). Update only after the robot
    has moved: a robot at rest that weighs the same walls again and again resamples its diversity away.

    >>> estimator = MonteCarloLocalization(grid, particles=500)                          # doctest: +SKIP
    >>> belief = estimator.around(Gaussian(start, np.diag([0.1, 0.1, 0.05]) ** 2), rng)  # doctest: +SKIP
    >>> belief = estimator.predict(belief, increment, dt=0.1, rng=rng)                   # doctest: +SKIP
    >>> belief = estimator.update(belief, ranges, LikelihoodField(grid, lidar), rng).belief  # doctest: +SKIP
    >>> pose = belief.gaussian(POSE).mean                                                # doctest: +SKIP
    """

    map: OccupancyGrid = field(repr=False)
    motion: NoisyMotion = WheelOdometry()
    particles: int = 1000
    resample_below: float = 0.5  # effective sample size, as a share of the particles

    def __post_init__(self) -> None:
        _ = self._filter  # what it finds wrong, it says now

    @cached_property
    def _filter(self) -> ParticleFilter:
        return ParticleFilter(self.motion, self.particles, self.resample_below)

    @property
    def state(self) -> Layout:
        return self.motion.state

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> Particles:
        """Particles about a pose that is roughly known."""
        return self._filter.around(belief, rng)

    def everywhere(self, rng: np.random.Generator) -> Particles:
        """Particles over all that is free, in all directions: nothing is known of the pose."""
        points = self.map.random_free_points(rng, count=self.particles)
        headings = rng.uniform(-np.pi, np.pi, self.particles)
        return equally_weighted(np.concatenate((points, headings[:, None]), axis=-1))

    def predict(
        self, belief: Particles, control: Array, dt: float, rng: np.random.Generator | None = None
    ) -> Particles:
        return self._filter.predict(belief, control, dt, rng)

    def update(
        self,
        belief: Particles,
        measurement: Array | None,
        sensor: LikelihoodModel,
        rng: np.random.Generator | None = None,
    ) -> Update:
        if measurement is None:
            return Update(belief, None, None, np.zeros(belief.log_weights.shape[:-1])[()])
        inside = self.map.distance(belief.states) > 0  # neither in a wall nor off the map
        log_likelihoods = np.where(inside, log_likelihood(sensor, measurement, belief.states), -np.inf)
        return reweigh(belief, log_likelihoods, self._filter, needed(rng))
