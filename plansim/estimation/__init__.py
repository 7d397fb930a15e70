"""Estimators: beliefs from measurements. `from plansim.estimation import KalmanFilter` loads that filter alone."""

from __future__ import annotations

from plansim.core.lazy import lazy_names

_WHERE = {
    "Estimator": "base",
    "UnscentedKalmanFilter": "kalman.unscented",
    "Update": "base",
    "ExtendedKalmanFilter": "kalman.extended",
    "KalmanFilter": "kalman.kalman_filter",
    "Filtered": "kalman.sequence",
    "filter_sequence": "kalman.sequence",
    "MonteCarloLocalization": "localization.monte_carlo",
    "ParticleFilter": "particle.particle_filter",
}
__all__ = list(_WHERE)
__getattr__, __dir__ = lazy_names(__name__, _WHERE)
