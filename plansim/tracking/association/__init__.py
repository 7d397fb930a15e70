"""Which detection is of which track: gates, clusters, and the rules that decide or weigh."""

from __future__ import annotations

from plansim.core.lazy import lazy_names

_WHERE = {
    "BestHypotheses": "best_hypotheses",
    "GlobalNearestNeighbour": "global_nearest_neighbour",
    "JointProbabilistic": "jpda",
    "JointProbabilisticStar": "best_hypotheses",
    "NearestNeighbour": "nearest_neighbour",
}
__all__ = list(_WHERE)
__getattr__, __dir__ = lazy_names(__name__, _WHERE)
