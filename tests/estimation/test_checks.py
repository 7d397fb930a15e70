"""What estimators that call their motion by themselves say of controls that nobody can have meant."""

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.estimation import (
    AuxiliaryParticleFilter,
    EnsembleKalmanFilter,
    LuenbergerObserver,
    ParticleFilter,
    RaoBlackwellisedParticleFilter,
)
from plansim.models.disturbed import Disturbed
from plansim.models.kinematic import ConstantVelocity
from plansim.models.linear_motion import LinearSystem
from plansim.models.linear_sensor import LinearSensor
from plansim.models.unicycle import Unicycle

CAR = LinearSystem("p v", [[0, 1], [0, 0]], "a", [[0], [1]], [[0, 0], [0, 0.1]])
SENSOR = LinearSensor("p", [[1.0, 0.0]], [[0.1]])
ROBOT = Disturbed(Unicycle(), (0.1, 0.1, 0.1), (0.1, 0.1))
CARS = [
    LuenbergerObserver(CAR, SENSOR, 0.1, poles=(0.5, 0.6)),
    ParticleFilter(CAR, 20),
    AuxiliaryParticleFilter(CAR, 20),
    RaoBlackwellisedParticleFilter(CAR, "p", 20),
    EnsembleKalmanFilter(CAR, 20),
]
ROBOTS = [
    ParticleFilter(ROBOT, 20),
    AuxiliaryParticleFilter(ROBOT, 20),
    RaoBlackwellisedParticleFilter(ROBOT, "x y heading", 20),
    EnsembleKalmanFilter(ROBOT, 20),
]


def predicted(estimator, control, batch=()):
    rng, n = np.random.default_rng(0), len(estimator.state)
    start = Gaussian(np.ones((*batch, n)), np.broadcast_to(np.eye(n), (*batch, n, n)))
    return estimator.predict(estimator.around(start, rng), control, 0.1, rng).gaussian(estimator.state)


@pytest.mark.parametrize("estimator", CARS + ROBOTS, ids=lambda e: f"{type(e).__name__} {len(e.state)}")
def test_controls_that_cannot_be_meant_are_refused_in_words(estimator):
    m = len(estimator.motion.control)
    for control in (1.0, np.ones(m + 1), "fast", np.ones((4, m))):
        with pytest.raises(MalformedInput, match="control"):
            predicted(estimator, control, batch=(3,))
    with pytest.raises(MalformedInput, match=r"control's '(a|speed)' is nan"):
        predicted(estimator, np.full(m, np.nan))


@pytest.mark.parametrize("estimator", CARS + ROBOTS, ids=lambda e: f"{type(e).__name__} {len(e.state)}")
def test_a_list_is_a_control_and_none_is_the_control_of_zeros(estimator):
    m = len(estimator.motion.control)
    for control, same in ((None, np.zeros(m)), ([1.0] * m, np.ones(m)), (np.ones((1, m)), np.ones((2, 3, m)))):
        one, other = (predicted(estimator, c, batch=(2, 3)) for c in (control, same))
        assert np.isfinite(one.mean).all()
        np.testing.assert_array_equal(one.mean, other.mean)


def test_an_empty_batch_is_a_batch():
    estimator, rng = AuxiliaryParticleFilter(CAR, 20), np.random.default_rng(0)
    belief = estimator.around(Gaussian(np.zeros((0, 2)), np.zeros((0, 2, 2))), rng)
    belief = estimator.predict(belief, None, 0.1, rng)
    assert estimator.update(belief, [1.0], SENSOR, rng).belief.states.shape == (0, 20, 2)


class Broken:
    """A motion whose equations divide zero by zero."""

    state, control = CAR.state, ConstantVelocity.control

    def step(self, x, u, dt):
        return np.nan * x

    def noise_cov(self, x, u, dt):
        return np.eye(2)

    def sample(self, x, u, dt, rng):
        return np.nan * x


@pytest.mark.parametrize(
    "make",
    [
        ParticleFilter,
        AuxiliaryParticleFilter,
        EnsembleKalmanFilter,
        lambda motion: RaoBlackwellisedParticleFilter(motion, "p"),
    ],
)
def test_a_motion_that_gives_no_numbers_is_told_at_once(make):
    with pytest.raises(MalformedInput, match="NaN"):
        predicted(make(Broken()), None)
