"""Tracking: many targets from detections that nobody signs. `from plansim.tracking import gospa` loads that alone."""

from __future__ import annotations

from plansim.core.lazy import lazy_names

_WHERE = {
    "BestHypotheses": "association.best_hypotheses",
    "ExistenceProbability": "lives",
    "GlobalNearestNeighbour": "association.global_nearest_neighbour",
    "HitsOfScans": "lives",
    "JointProbabilistic": "association.jpda",
    "JointProbabilisticStar": "association.best_hypotheses",
    "LikelihoodRatio": "lives",
    "NearestNeighbour": "association.nearest_neighbour",
    "OnePoint": "initiation",
    "Tracker": "tracker",
    "Tracks": "tracks",
    "TwoPoint": "initiation",
    "clear_mot": "metrics.clear_mot",
    "gospa": "metrics.gospa",
    "hota": "metrics.hota",
    "identity": "metrics.identity",
    "lifecycle": "metrics.lifecycle_delays",
    "ospa": "metrics.ospa",
}
__all__ = list(_WHERE)
__getattr__, __dir__ = lazy_names(__name__, _WHERE)
