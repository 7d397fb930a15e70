"""A reading that is far beyond all sense, as of a broken wire, is an answer of -inf: no error, and no warning."""

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.estimation import (
    AuxiliaryParticleFilter,
    CubatureKalmanFilter,
    EnsembleKalmanFilter,
    ExtendedKalmanFilter,
    Gated,
    InformationFilter,
    InteractingMultipleModel,
    IteratedExtendedKalmanFilter,
    KalmanFilter,
    LuenbergerObserver,
    ParticleFilter,
    RaoBlackwellisedParticleFilter,
    SquareRootKalmanFilter,
    SquareRootUnscentedKalmanFilter,
    UnscentedKalmanFilter,
    filter_sequence,
)
from plansim.models.kinematic import ConstantVelocity
from plansim.models.position import Position
from plansim.watcher import Watcher

MOTION, SENSOR = ConstantVelocity(), Position(0.5)
START = Gaussian(np.array([3.0, 4.0, 1.0, 0.0]), np.eye(4))
FAR = np.array([1e200, 0.0])
GAIN = np.kron([[0.5], [0.5]], np.eye(2))

KALMAN = [
    KalmanFilter(MOTION),
    SquareRootKalmanFilter(MOTION),
    InformationFilter(MOTION),
    ExtendedKalmanFilter(MOTION),
    IteratedExtendedKalmanFilter(MOTION),
    UnscentedKalmanFilter(MOTION),
    SquareRootUnscentedKalmanFilter(MOTION),
    CubatureKalmanFilter(MOTION),
]
OTHERS = [
    EnsembleKalmanFilter(MOTION),
    LuenbergerObserver(MOTION, SENSOR, 1.0, gain=GAIN),
    ParticleFilter(MOTION),
    AuxiliaryParticleFilter(MOTION),
    RaoBlackwellisedParticleFilter(MOTION, nonlinear="x y"),
    InteractingMultipleModel((ExtendedKalmanFilter(MOTION), KalmanFilter(MOTION)), [[0.9, 0.1], [0.1, 0.9]]),
]


def name(estimator) -> str:
    return type(estimator).__name__


@pytest.mark.parametrize("estimator", KALMAN + OTHERS, ids=name)
def test_no_estimator_explains_it(estimator):
    rng = np.random.default_rng(0)
    belief = estimator.predict(estimator.around(START, rng), None, 1.0, rng)
    assert estimator.update(belief, FAR, SENSOR, rng).log_likelihood == -np.inf


@pytest.mark.parametrize("estimator", KALMAN, ids=name)
def test_every_filter_is_still_the_kalman_filter(estimator):
    answer = estimator.update(estimator.around(START), FAR, SENSOR).belief.gaussian(estimator.state)
    expected = KALMAN[0].update(START, FAR, SENSOR).belief
    np.testing.assert_allclose(answer.mean, expected.mean, rtol=1e-9, atol=1e187)
    np.testing.assert_allclose(answer.cov, expected.cov, atol=1e-9)


@pytest.mark.parametrize("estimator", [e for e in OTHERS if "Particle" in name(e)], ids=name)
def test_particles_stay_where_they_were(estimator):
    rng = np.random.default_rng(0)
    belief = estimator.predict(estimator.around(START, rng), None, 1.0, rng)
    before, after = (b.gaussian(MOTION.state) for b in (belief, estimator.update(belief, FAR, SENSOR, rng).belief))
    assert np.abs(after.mean - before.mean).max() < 0.3  # the auxiliary filter draws anew
    again = estimator.update(estimator.update(belief, FAR, SENSOR, rng).belief, [4.0, 4.0], SENSOR, rng)
    assert np.isfinite(again.log_likelihood)


@pytest.mark.parametrize("estimator", KALMAN[:1] + KALMAN[2:] + [OTHERS[-1]], ids=name)
def test_a_gate_turns_it_away(estimator):
    gated = Gated(estimator)
    belief = gated.around(START)
    answer = gated.update(belief, FAR, SENSOR)
    assert answer.gated
    assert answer.belief is belief


@pytest.mark.parametrize("estimator", [ExtendedKalmanFilter(MOTION), UnscentedKalmanFilter(MOTION)], ids=name)
def test_a_log_is_its_steps(estimator):
    log = np.array([[5.0, 4.0], FAR, [5.0, 4.0]])
    filtered = filter_sequence(estimator, START, log, SENSOR, 1.0)
    assert np.isneginf(filtered.log_likelihood[1])
    assert np.isfinite(filtered.mean).all()


def test_a_watcher_counts_it_as_unexplained():
    watcher = Watcher(ExtendedKalmanFilter(MOTION), {"gps": SENSOR}, START.mean, np.ones(4))
    watcher.act({"gps": FAR})
    assert watcher.metrics()["unexplained"] == 1
    assert watcher.trace()["nis"] == np.inf
