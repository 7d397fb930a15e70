"""How a localisation notices that the robot is elsewhere, and finds it again.

Augmented Monte-Carlo localisation (Thrun, Burgard and Fox 2005, Probabilistic Robotics, table 8.3) whose new particles
are drawn where the scan fits (Thrun, Fox, Burgard and Dellaert 2001, "Robust Monte Carlo localization for mobile
robots").
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.grid import OccupancyGrid
from plansim.estimation.localization.belief import UNEXPLAINED, LocalizationBelief
from plansim.estimation.localization.scan_search import Candidates, ScanSearch

TEMPER = 0.2  # of the candidates' likelihood: sixty beams say less than they seem to


class Drawn(NamedTuple):
    """Poses drawn from anywhere on the map, and what a uniform density has over the one that they were drawn from."""

    states: Array  # (M, 3)
    log_ratios: Array  # (M,)


def log_fit(log_evidence: Array, sensor, measurement: Array) -> float:
    """How well a scan was explained, beside what it would be at the right pose of a perfect map, per reading."""
    best, readings = sensor.reference(measurement) if hasattr(sensor, "reference") else (0.0, 1.0)
    return max(float((log_evidence - best) / readings), UNEXPLAINED) if readings > 0 else np.nan


def remembered(belief: LocalizationBelief, fit: float, slow_rate: float, fast_rate: float) -> LocalizationBelief:
    """The belief with its running means moved towards the fit of a scan; of one that says nothing, as it was."""
    if np.isnan(fit):
        return belief
    slow, fast = belief.slow + slow_rate * (fit - belief.slow), belief.fast + fast_rate * (fit - belief.fast)
    return belief._replace(slow=np.asarray(slow), fast=np.asarray(fast))


def share_elsewhere(belief: LocalizationBelief) -> float:
    """The share of the belief that is to be anywhere on the map: table 8.3, line 13, on means over the beams."""
    return float(min(1.0 - np.exp(min(belief.fast - belief.slow, 0.0)), 0.999))


def drawn_anywhere(map: OccupancyGrid, count: int, rng: np.random.Generator) -> Drawn:
    """Poses over all that is free, in all directions."""
    points = map.random_free_points(rng, count=count)
    return Drawn(np.column_stack([points, rng.uniform(-np.pi, np.pi, count)]), np.zeros(count))


def drawn_where_it_fits(search: ScanSearch, ranges: Array, count: int, rng: np.random.Generator) -> Drawn | None:
    """Poses in the boxes of a search's candidates, the more in those that fit better; None where it finds none."""
    poses, scores, box = found = search.candidates(ranges)
    if not len(poses):
        return None
    tempered = TEMPER * (scores - scores.max())
    shares = np.exp(tempered) / np.exp(tempered).sum()
    # evenly, so that each of several places that look alike gets its due
    teeth = (np.arange(count) + rng.random()) / count
    chosen = np.minimum(np.searchsorted(np.cumsum(shares), teeth, side="right"), len(poses) - 1)
    heading = search.map.origin[2]
    dx, dy, turn = ((rng.random((count, 3)) - 0.5) * box).T
    c, s = np.cos(heading), np.sin(heading)
    states = poses[chosen] + np.column_stack([c * dx - s * dy, s * dx + c * dy, turn])
    states[:, 2] = np.arctan2(np.sin(states[:, 2]), np.cos(states[:, 2]))
    return Drawn(states, _log_box_share(search.map, found) - np.log(shares[chosen]))


def _log_box_share(map: OccupancyGrid, found: Candidates) -> float:
    """Logarithm of the share that one box has of all free poses."""
    room = map.free.sum() * map.resolution**2 * 2 * np.pi
    return float(np.log(np.prod(found.box) / room))
