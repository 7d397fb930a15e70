"""Monte-Carlo localisation: where on a known map a robot is, by odometry and lidar; also where nothing is known.

Thrun, Burgard and Fox 2005, Probabilistic Robotics, section 8.3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.kernel import kernel
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.estimation.localization.adaptive_count import kld_bound, resample
from plansim.estimation.localization.belief import UNEXPLAINED, LocalizationBelief, begun
from plansim.estimation.localization.bins import label, sectors
from plansim.estimation.localization.clusters import SHARE_OF_A_PLACE
from plansim.estimation.localization.recovery import (
    Drawn,
    drawn_anywhere,
    drawn_where_it_fits,
    log_fit,
    remembered,
    share_elsewhere,
)
from plansim.estimation.localization.scan_search import ScanSearch
from plansim.estimation.particle.particle_filter import ParticleFilter, equally_weighted, log_likelihood, needed
from plansim.estimation.particle.resampling import normalise
from plansim.models.base import LikelihoodModel, NoisyMotion
from plansim.models.lidar import Lidar
from plansim.models.odometry import WheelOdometry

KEPT = 0.2  # of what was believed, at least, when a search finds something better


@dataclass(frozen=True)
class MonteCarloLocalization:
    """p(pose | scans, odometry, map) as particles, as many as it needs: few where they lie together, more where not.

    The number follows from how many boxes of `bin_side` and `bin_turn` the particles touch (`kld_bound`), between
    `least_particles` and `particles`; where the one is no less than the other, it is fixed. When scans fit worse than
    they used to, a share of the belief may be anywhere: the whole map is searched for where the scan fits
    (`ScanSearch`), and what is found there competes with what was believed, by Bayes' rule. So a robot that begins
    `everywhere`, or is carried off, finds itself again; where several places look alike, several clusters live on
    (`clusters`).

    The control of `predict` is the measured increment of odometry (forward, left, turn). Update only after the robot
    has moved: a robot at rest that weighs the same walls again and again resamples its diversity away. A particle
    inside a wall or off the map has no weight. A scan that none explains has a log-likelihood of -inf, and leads to a
    search; one without any returns tells a likelihood field nothing.

    >>> estimator = MonteCarloLocalization(grid)                                         # doctest: +SKIP
    >>> belief = estimator.around(Gaussian(start, np.diag([0.1, 0.1, 0.05]) ** 2), rng)  # doctest: +SKIP
    >>> belief = estimator.predict(belief, increment, dt=0.1, rng=rng)                   # doctest: +SKIP
    >>> belief = estimator.update(belief, ranges, LikelihoodField(grid, lidar), rng).belief  # doctest: +SKIP
    >>> pose = clusters(belief)[0].mean                                                  # doctest: +SKIP
    """

    map: OccupancyGrid = field(repr=False)
    motion: NoisyMotion = WheelOdometry()
    particles: int = 5000  # at most
    least_particles: int = 300
    particles_per_place: int = 1000  # at least, in each of several: for else it is chance that decides between them
    resample_below: float = 0.5  # effective sample size, as a share of the particles
    kld_error: float = 0.05  # of the samples from the belief, as a Kullback-Leibler distance
    kld_quantile: float = 2.326  # of the standard normal density: 99 % sure of that error
    bin_side: float = 0.25  # m
    bin_turn: float = 0.175  # rad
    slow_rate: float = 0.05  # of the running mean of a scan's fit, a scan
    fast_rate: float = 0.2  # and over few scans: one alone, of people in the way, should not cause a search
    search_above: float = 0.3  # share of the belief that may be elsewhere, from which on the map is searched; 1: never

    def __post_init__(self) -> None:
        _ = self._filter  # what it finds wrong, it says now
        if not (self.least_particles >= 1 and self.particles_per_place >= 1):
            raise MalformedInput(
                f"least_particles {self.least_particles} and particles_per_place {self.particles_per_place} must be at "
                "least 1"
            )
        for name in ("kld_error", "kld_quantile", "bin_side", "bin_turn"):
            if not 0 < getattr(self, name) < np.inf:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be positive")
        if not (0 < self.slow_rate <= self.fast_rate <= 1 and 0 < self.search_above <= 1):
            raise MalformedInput(
                f"slow_rate {self.slow_rate}, fast_rate {self.fast_rate} and search_above {self.search_above} must lie "
                "in (0, 1], and the slow rate must not be above the fast one"
            )

    @cached_property
    def _filter(self) -> ParticleFilter:
        return ParticleFilter(self.motion, self.particles, self.resample_below)

    @property
    def state(self) -> Layout:
        return self.motion.state

    def around(self, belief: Gaussian, rng: np.random.Generator | None = None) -> LocalizationBelief:
        """Particles about a pose that is roughly known."""
        return begun(self._filter.around(belief, rng))

    def everywhere(self, rng: np.random.Generator | None = None) -> LocalizationBelief:
        """Particles over all that is free, in all directions: nothing is known of the pose."""
        states = drawn_anywhere(self.map, self.particles, needed(rng)).states
        return begun(equally_weighted(states), UNEXPLAINED)

    def predict(
        self, belief: LocalizationBelief, control: Array, dt: float, rng: np.random.Generator | None = None
    ) -> LocalizationBelief:
        return belief._replace(states=self.motion.sample(belief.states, control, dt, needed(rng)))

    def update(
        self,
        belief: LocalizationBelief,
        measurement: Array | None,
        sensor: LikelihoodModel,
        rng: np.random.Generator | None = None,
    ) -> Update:
        """Weighs, looks elsewhere where the scan fits badly, and resamples where that changes something."""
        if measurement is None:
            return Update(belief, None, None, np.zeros(()))
        if belief.states.ndim != 2:
            raise MalformedInput(
                f"the belief has states {belief.states.shape}, but a localisation has one belief (N, 3)"
            )
        rng = needed(rng)
        log_weights, evidence = normalise(
            belief.log_weights + self._log_likelihoods(belief.states, measurement, sensor)
        )
        weighed = belief._replace(log_weights=log_weights)
        weighed = remembered(weighed, log_fit(evidence, sensor, measurement), self.slow_rate, self.fast_rate)
        share = share_elsewhere(weighed)
        if share > self.search_above:
            weighed = self._searched(weighed, evidence, share, measurement, sensor, rng)
        return Update(self._resampled(weighed, rng), None, None, evidence)

    def _log_likelihoods(self, states: Array, measurement: Array, sensor: LikelihoodModel) -> Array:
        scores = np.array(log_likelihood(sensor, measurement, states), dtype=float)
        x, y, heading = self.map.origin.tolist()
        frame = (x, y, heading, self.map.resolution)
        _rule_out(self.map.occupied, frame, np.ascontiguousarray(states, dtype=float), scores)
        return scores

    def _searched(self, belief, evidence, share, measurement, sensor, rng) -> LocalizationBelief:
        """The belief (1 - share) weighed + share anywhere, as Bayes' rule weighs both by the scan."""
        drawn = self._drawn(measurement, sensor, rng)
        elsewhere = drawn.log_ratios + self._log_likelihoods(drawn.states, measurement, sensor)
        elsewhere, found = normalise(elsewhere - np.log(len(elsewhere)))
        scores = np.array([np.log1p(-share) + evidence, np.log(share) + found])
        (here, there), total = normalise(scores)
        # one scan alone, of people in the way perhaps, does not overrule all before it
        if evidence > -np.inf and here < (least := np.log(KEPT * (1.0 - share))):
            here, there = least, np.log1p(-np.exp(least))
        states = np.concatenate([belief.states, drawn.states])
        log_weights = np.concatenate([here + belief.log_weights, there + elsewhere])
        fit = log_fit(total, sensor, measurement)
        # it has looked everywhere: much better than this is not to be expected
        slow = 0.5 * (belief.slow + fit) if belief.fast > UNEXPLAINED / 10 else fit
        return LocalizationBelief(states, log_weights, np.asarray(slow), np.asarray(fit))

    def _drawn(self, measurement: Array, sensor: LikelihoodModel, rng: np.random.Generator) -> Drawn:
        lidar = getattr(sensor, "lidar", None)
        if isinstance(lidar, Lidar):
            search = _search(self.map, lidar)
            if (drawn := drawn_where_it_fits(search, measurement, self.particles, rng)) is not None:
                return drawn
        return drawn_anywhere(self.map, self.particles, rng)

    def _resampled(self, belief: LocalizationBelief, rng: np.random.Generator) -> LocalizationBelief:
        """Equally weighted, as many as they need, where too few carry the weight or their number is far off."""
        count, weights = len(belief.states), belief.weights
        least, wanted = self._wanted(belief.states, weights)
        # resampling at every small change of the number would cost diversity
        if (weights**2).sum() * self.resample_below * count <= 1.0 and wanted / 1.5 <= count <= 1.5 * wanted:
            return belief
        bound = (float(self.kld_error), float(self.kld_quantile), float(self.bin_side), sectors(self.bin_turn))
        kept = resample(belief.states, weights, least, self.particles, bound, rng)
        equal = np.full(len(kept), -np.log(len(kept)))
        return belief._replace(states=belief.states[kept], log_weights=equal)

    def _wanted(self, states: Array, weights: Array) -> tuple[int, int]:
        """How many particles the places where they are need at least, and how many all boxes that they touch."""
        if self.least_particles >= self.particles:
            return self.particles, self.particles
        labels = np.empty(len(states), np.int64)
        boxes, groups = label(np.ascontiguousarray(states), float(self.bin_side), sectors(self.bin_turn), labels)
        places = 1 if groups == 1 else int((np.bincount(labels, weights, groups) > SHARE_OF_A_PLACE).sum())
        least = self.least_particles if places < 2 else max(self.least_particles, places * self.particles_per_place)
        least = min(least, self.particles)
        wanted = kld_bound(boxes, float(self.kld_error), float(self.kld_quantile))
        return least, min(max(wanted, least), self.particles)


@lru_cache(maxsize=8)
def _search(map: OccupancyGrid, lidar: Lidar) -> ScanSearch:
    return ScanSearch(map, lidar)


@kernel
def _rule_out(occupied, frame, states, scores):
    """Where nothing can be, in a wall or off the map, nothing is likely."""
    origin_x, origin_y, heading, resolution = frame
    rows, columns = occupied.shape
    c, s = np.cos(heading) / resolution, np.sin(heading) / resolution
    for i in range(states.shape[0]):
        dx, dy = states[i, 0] - origin_x, states[i, 1] - origin_y
        u, v = c * dx + s * dy, c * dy - s * dx
        if not (0.0 <= u < columns and 0.0 <= v < rows) or occupied[int(v), int(u)]:
            scores[i] = -np.inf
