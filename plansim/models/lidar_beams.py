"""How likely a lidar scan is, beam by beam, given what each beam should have read in the map."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import erf, exp, expm1, pi, sqrt

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.kernel import kernel
from plansim.core.raycast import cast_rays
from plansim.models.lidar import Lidar


@dataclass(frozen=True)
class BeamModel:
    """How likely a scan is, given the exact ranges that a map leads one to expect: a product over its beams.

    Thrun, Burgard, Fox 2005, Probabilistic Robotics, table 6.1. Each beam's density is the mixture of

        hit     a normal density around the expected range, within [0, max_range]
        short   something unknown in front: exponential, up to the expected range
        max     no return: a lump at max_range
        random  anything: uniform below max_range

    The expected range is that of an exact ray through the map. Where that meets nothing, `hit` is a lump at max_range
    as well (the book has half a bell there), so that empty space speaks for the poses that expect it. `independence`
    as in LikelihoodField.

    >>> wall = OccupancyGrid(np.eye(1, 20, k=15), resolution=0.1)
    >>> model = BeamModel(wall, Lidar(beams=1))
    >>> model.log_likelihood(np.array([1.0]), np.array([[0.5, 0.05, 0.0], [0.1, 0.05, 0.0]])).round(1).tolist()
    [1.2, -2.9]
    """

    map: OccupancyGrid
    lidar: Lidar
    hit_std: float = 0.1  # m, of lidar and map together
    short_rate: float = 1.0  # 1/m, of unknown things along the beam
    hit_weight: float = 0.8
    short_weight: float = 0.1
    max_weight: float = 0.05
    random_weight: float = 0.05
    beams: int = 60  # at most so many of a scan are used, spread evenly
    independence: float = 1.0

    def __post_init__(self) -> None:
        weights = self.hit_weight, self.short_weight, self.max_weight, self.random_weight
        if min(weights) < 0 or abs(sum(weights) - 1) > 1e-9:
            raise MalformedInput(f"hit, short, max and random weight are {weights}, but must be shares that sum to 1")
        if not (self.hit_std > 0 and self.short_rate > 0):
            raise MalformedInput(f"hit_std {self.hit_std} and short_rate {self.short_rate} must be positive")
        if self.beams < 1 or not 0 < self.independence <= 1:
            raise MalformedInput(f"beams is {self.beams} (1 or more), independence {self.independence} (in (0, 1])")

    def log_likelihood(self, ranges: Array, poses: Array) -> Array:
        """One scan (beams,) seen from each of the poses (..., 3), (...); NaN readings count as no return."""
        ranges = np.asarray(ranges, dtype=float)
        if ranges.shape != (self.lidar.beams,):
            raise MalformedInput(f"the scan has shape {ranges.shape}, but the lidar has {self.lidar.beams} beams")
        expected = cast_rays(self.map, self.lidar.poses(poses), self.lidar.angles[self._used], self.lidar.max_range)
        measured = np.nan_to_num(ranges[self._used], nan=self.lidar.max_range)
        with np.errstate(divide="ignore"):  # without random readings, some are impossible
            return self.independence * np.log(self.density(measured, expected)).sum(-1)

    def reference(self, ranges: Array) -> tuple[float, float]:
        """What a scan with so many returns scores at the right pose on a perfect map, and its independent readings."""
        measured = np.nan_to_num(np.asarray(ranges, dtype=float)[self._used], nan=self.lidar.max_range)
        returns = int((measured < self.lidar.max_range).sum())
        hit = self.hit_weight / (self.hit_std * sqrt(2 * pi)) + self.random_weight / self.lidar.max_range
        with np.errstate(divide="ignore"):
            scores = np.log([hit, self.max_weight + self.hit_weight]) - (0.5, 0.0)
        counts = np.array([returns, len(measured) - returns])
        return self.independence * float(scores[counts > 0] @ counts[counts > 0]), self.independence * len(measured)

    def density(self, measured: Array, expected: Array) -> Array:
        """Of single readings where the map has the expected ones, broadcast: 1/m, and a probability at max_range."""
        pairs = np.stack(np.broadcast_arrays(measured, expected), axis=-1).astype(float, copy=False)
        out = np.empty(pairs.size // 2)
        _fill_density(pairs.reshape(-1, 2), self._parameters, out)
        return out.reshape(pairs.shape[:-1])

    @cached_property
    def _used(self) -> Array:
        return self.lidar.subset(self.beams)

    @cached_property
    def _parameters(self) -> tuple[float, ...]:
        weights = self.hit_weight, self.short_weight, self.max_weight, self.random_weight
        return tuple(map(float, (*weights, self.hit_std, self.short_rate, self.lidar.max_range)))


@kernel
def _density(z, expected, parameters):
    hit_weight, short_weight, max_weight, random_weight, std, rate, max_range = parameters
    if z >= max_range:
        return max_weight + (hit_weight if expected >= max_range else 0.0)
    if z < 0.0:
        return 0.0
    p = random_weight / max_range
    if expected < max_range:
        inside = 0.5 * (erf((max_range - expected) / (sqrt(2.0) * std)) - erf(-expected / (sqrt(2.0) * std)))
        p += hit_weight * exp(-0.5 * ((z - expected) / std) ** 2) / (sqrt(2.0 * pi) * std * inside)
    if z <= expected and expected > 0.0:
        p += short_weight * -rate * exp(-rate * z) / expm1(-rate * expected)
    return p


@kernel
def _fill_density(pairs, parameters, out):
    for i in range(out.shape[0]):
        out[i] = _density(pairs[i, 0], pairs[i, 1], parameters)
