"""Estimators: beliefs from measurements. `from plansim.estimation import KalmanFilter` loads that filter alone."""

from __future__ import annotations

from plansim.core.lazy import lazy_names

_WHERE = {
    "Estimator": "base",
    "UnscentedKalmanFilter": "kalman.unscented",
    "Update": "base",
    "ExtendedKalmanFilter": "kalman.extended",
    "IteratedExtendedKalmanFilter": "kalman.iterated",
    "SquareRootUnscentedKalmanFilter": "kalman.square_root_unscented",
    "CubatureKalmanFilter": "kalman.cubature",
    "EnsembleKalmanFilter": "kalman.ensemble",
    "KalmanFilter": "kalman.kalman_filter",
    "InteractingMultipleModel": "imm",
    "ModeBeliefs": "imm",
    "RauchTungStriebel": "smoothing.rauch_tung_striebel",
    "Smoothed": "smoothing.rauch_tung_striebel",
    "UnscentedSmoother": "smoothing.unscented_smoother",
    "FixedLagSmoother": "smoothing.fixed_lag",
    "OutOfSequence": "out_of_sequence",
    "TimedFilter": "out_of_sequence",
    "DeadReckoning": "dead_reckoning",
    "FilterpyFilter": "peers.filterpy_filter",
    "Filtered": "kalman.sequence",
    "Gated": "gating",
    "InformationFilter": "kalman.information",
    "SquareRootKalmanFilter": "kalman.square_root",
    "SteadyStateKalmanFilter": "kalman.steady_state",
    "steady_state": "kalman.steady_state",
    "filter_sequence": "kalman.sequence",
    "LocalizationBelief": "localization.belief",
    "MonteCarloLocalization": "localization.monte_carlo",
    "ScanSearch": "localization.scan_search",
    "clusters": "localization.clusters",
    "ParticleFilter": "particle.particle_filter",
    "AuxiliaryParticleFilter": "particle.auxiliary",
    "RaoBlackwellisedParticleFilter": "particle.rao_blackwellised",
    "LuenbergerObserver": "observer",
    "ConsistencyReport": "consistency.report",
    "check_consistency": "consistency.report",
    "chi_square_bounds": "consistency.bounds",
    "log_likelihood": "consistency.report",
    "nees": "consistency.nees",
    "nis": "consistency.nees",
    "whiteness": "consistency.whiteness",
    "fit_fields": "consistency.noise_fitting",
    "fit_noise": "consistency.noise_fitting",
}
__all__ = list(_WHERE)
__getattr__, __dir__ = lazy_names(__name__, _WHERE)
