"""How near tracks are to their targets, beside filters that are told whose each detection is. No seed is chosen."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.tracking.accuracy import CASES, mean_gospa, tracked, tracker
from benchmarks.tracking.scenes import AREA, SENSOR, seen
from benchmarks.tracking.stone_soup import floor
from plansim.core.beliefs import Gaussian
from plansim.estimation import KalmanFilter
from plansim.models.kinematic import ConstantVelocity
from plansim.tracking import (
    GlobalNearestNeighbour,
    HitsOfScans,
    JointProbabilistic,
    JointProbabilisticStar,
    Tracker,
)


def means(case, **settings):
    """Mean GOSPA from scan 10 on: of the tracker, and of filters that know the association."""
    scenes = [CASES[case](seed) for seed in range(6)]
    one = tracker(**settings)
    found = [mean_gospa(tracked(scene, one), scene, 10) for scene in scenes]
    return np.mean(found), np.mean([mean_gospa(floor(scene), scene, 10) for scene in scenes])


@pytest.mark.parametrize("case", ["5 targets", "6 crossing", "20 targets"])
def test_tracks_are_nearly_as_near_as_with_known_association(case):
    found, least = means(case)
    assert found < 1.08 * least + 1


def test_jpda_with_existence_beats_the_global_nearest_neighbour_by_counts():
    joint, _ = means("5 targets")
    decided, _ = means("5 targets", associator=GlobalNearestNeighbour(), life=HitsOfScans())
    assert joint < decided


def gaps(associator) -> list[float]:
    """How far apart the tracks of two targets are that run 18 m side by side, before a sensor of 10 m."""
    motion, found = ConstantVelocity(acceleration_density=1e-3), []
    start = np.array([[0.0, 0.0, 10.0, 0.0], [0.0, 18.0, 10.0, 0.0]])
    truth = start + np.arange(40.0)[:, None, None] * np.array([10.0, 0.0, 0.0, 0.0])
    for seed in range(6):
        scene = seen(truth, np.sqrt(AREA), 0.5, np.random.default_rng(seed))
        t = Tracker(KalmanFilter(motion), clutter_density=1 / AREA, survival=1 - 1e-4, associator=associator)
        t.tracks = t.known(Gaussian(start, np.tile(np.diag([100.0, 100.0, 1.0, 1.0]), (2, 1, 1))))
        for scan, points in enumerate(scene.detections):
            y = t.step(points, SENSOR, float(scan > 0)).reported.belief.mean[:, 1]
            if scan >= 15 and len(y) == 2:
                found.append(abs(y[1] - y[0]))
    return found


def test_parallel_targets_grow_together_under_jpda_and_not_under_jpda_star():
    joint, star = np.median(gaps(JointProbabilistic())), np.median(gaps(JointProbabilisticStar()))
    assert joint < 0.7 * star
    assert 12.0 < star < 30.0
