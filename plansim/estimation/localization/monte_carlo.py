"""Monte-Carlo localisation: where on a known map a robot is, by odometry and lidar; also where nothing is known.

Thrun, Burgard and Fox 2005, Probabilistic Robotics, section 8.3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from plansim.core.arrays import Array
from plansim.core.beliefs import Gaussian, Particles
from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.kernel import kernel
from plansim.core.layout import Layout
from plansim.estimation.base import Update
from plansim.estimation.localization.adaptive_count import kld_bound, resample
from plansim.estimation.localization.belief import LocalizationBelief, begun
from plansim.estimation.localization.bins import boxes_touched, sectors
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


@dataclass(frozen=True)
class MonteCarloLocalization:
    """p(pose | scans, odometry, map) as particles, as many as it needs: few where they lie together, more where not.

    The number follows from how many boxes of `bin_side` and `bin_turn` the particles touch (`kld_bound`), between
    `least_particles` and `particles`; where these are equal, it is fixed. When scans fit worse than they used to, a
    share of the belief may be anywhere: the whole map is searched for where the scan fits (`ScanSearch`), and what is
    found there competes with what was believed, by Bayes' rule. So a robot that begins `everywhere`, or is carried
    off, finds itself again; where several places look alike, several clusters live on (`clusters`).

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
    resample_below: float = 0.5  # effective sample size, as a share of the particles
    kld_error: float = 0.05  # of the samples from the belief, as a Kullback-Leibler distance
    kld_quantile: float = 2.326  # of the standard normal density: 99 % sure of that error
    bin_side: float = 0.25  # m
    bin_turn: float = 0.175  # rad
    slow_rate: float = 0.05  # of the running mean of a scan's fit, a scan
    fast_rate: float = 0.5
    search_above: float = 0.3  # share of the belief that may be elsewhere, from which on the map is searched; 1: never

    def __post_init__(self) -> None:
        _ = self._filter  # what it finds wrong, it says now
        if not 1 <= self.least_particles <= self.particles:
            raise MalformedInput(
                f"least_particles is {self.least_particles}, but must lie in 1 .. particles, {self.particles}"
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
        return begun(equally_weighted(drawn_anywhere(self.map, self.particles, needed(rng)).states))

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
            raise MalformedInput(f"the belief has states {belief.states.shape}, but a localisation has one belief (N, 3)")
        rng = needed(rng)
        log_weights, evidence = normalise(belief.log_weights + self._log_likelihoods(belief.states, measurement, sensor))
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
        count = len(drawn.states)
        scores = drawn.log_ratios + self._log_likelihoods(drawn.states, measurement, sensor)
        log_weights, total = normalise(
            np.concatenate(
                [np.log1p(-share) + evidence + belief.log_weights, np.log(share) - np.log(count) + scores]
            )
        )
        fit = log_fit(total, sensor, measurement)
        states = np.concatenate([belief.states, drawn.states])
        # it has looked everywhere: better than this is not to be expected
        mean = belief.fast if np.isnan(fit) else np.asarray(max(fit, -1e3))
        return LocalizationBelief(states, log_weights, mean, mean)

    def _drawn(self, measurement: Array, sensor: LikelihoodModel, rng: np.random.Generator) -> Drawn:
        lidar = getattr(sensor, "lidar", None)
        if isinstance(lidar, Lidar):
            search = _search(self.map, lidar)
            if (drawn := drawn_where_it_fits(search, measurement, self.particles, rng)) is not None:
                return drawn
        return drawn_anywhere(self.map, self.particles, rng)

    def _resampled(self, belief: LocalizationBelief, rng: np.random.Generator) -> LocalizationBelief:
        """Equally weighted, as many as they need, where too few carry the weight or their number is far off."""
        weights = belief.weights
        effective = 1.0 / (weights**2).sum()
        if effective >= self.resample_below * len(weights) and self._in_number(belief.states):
            return belief
        bound = (float(self.kld_error), float(self.kld_quantile), float(self.bin_side), sectors(self.bin_turn))
        kept = resample(belief.states, weights, self.least_particles, self.particles, bound, rng)
        equal = np.full(len(kept), -np.log(len(kept)))
        return belief._replace(states=belief.states[kept], log_weights=equal)

    def _in_number(self, states: Array) -> bool:
        """Whether there are about as many particles as needed: resampling at every small change costs diversity."""
        if self.least_particles == self.particles:
            return len(states) == self.particles
        boxes = boxes_touched(np.ascontiguousarray(states), float(self.bin_side), sectors(self.bin_turn))
        wanted = kld_bound(boxes, float(self.kld_error), float(self.kld_quantile))
        wanted = min(max(wanted, self.least_particles), self.particles)
        return wanted / 1.5 <= len(states) <= 1.5 * wanted


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
