"""One belief at a time: the same answers as in a batch, whatever the models and the arrays are like."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.estimation.kalman.cubature import CubatureKalmanFilter
from plansim.estimation.kalman.extended import ExtendedKalmanFilter
from plansim.estimation.kalman.unscented import UnscentedKalmanFilter
from plansim.models.bicycle import Bicycle
from plansim.models.disturbed import Disturbed
from plansim.models.kinematic import ConstantVelocity
from plansim.models.radar import Radar
from tests.estimation.kalman.nonlinear_cases import START, PlainMotion, PlainRadar

CAR = Disturbed(Bicycle(), (0.1, 0.1, 0.05, 0.1), (0.2, 0.05))
AT = Gaussian(np.array([30.0, -4.0, 3.1, 2.0]), np.diag([1.0, 2.0, 0.1, 0.5]) + 0.05)
FILTERS = [ExtendedKalmanFilter, UnscentedKalmanFilter, CubatureKalmanFilter]
filters = pytest.mark.parametrize("make", FILTERS)


class DerivedMotion(PlainMotion):
    def jacobian(self, x, u, dt):  # of whole numbers, as one writes them
        return np.eye(4, dtype=int) + np.eye(4, k=2, dtype=int)


def same(found, expected, tolerance=1e-12):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * max(1.0, np.abs(b).max()))


def in_a_batch(belief):
    return Gaussian(belief.mean[None], belief.cov[None])


@filters
@pytest.mark.parametrize(
    ("motion", "u", "sensor"),
    [
        (CAR, np.array([0.4, 0.3]), Radar((3.0, 4.0, 2.0))),
        (ConstantVelocity(), None, Radar()),
        (PlainMotion(), None, PlainRadar()),
        (DerivedMotion(), None, PlainRadar()),
    ],
    ids=["equations", "linear", "functions", "functions with derivatives"],
)
def test_one_belief_is_a_batch_of_one(make, motion, u, sensor):
    estimator, z = make(motion), np.array([31.0, -3.1])
    predicted = estimator.predict(AT, u, 1.0)
    same(predicted, [a[0] for a in estimator.predict(in_a_batch(AT), u, 1.0)])
    found = estimator.update(predicted, z, sensor)
    expected = estimator.update(in_a_batch(predicted), z, sensor)
    same((*found.belief, *found[1:]), [a[0] for a in (*expected.belief, *expected[1:])])


@filters
@pytest.mark.parametrize("models", [(ConstantVelocity(), Radar()), (PlainMotion(), PlainRadar())])
def test_any_arrays_of_numbers_will_do(make, models):
    """In another order, not to be written to, of whole numbers."""
    motion, sensor = models
    estimator, wide = make(motion), np.zeros((4, 8))
    wide[:, ::2] = np.diag([4, 3, 1, 1])
    strided = Gaussian(np.array([30.0, 0.0, 40.0, 0.0, 1.0, 0.0, -1.0, 0.0])[::2], wide[:, ::2])
    whole = Gaussian(np.array([30, 40, 1, -1]), np.diag([4, 3, 1, 1]))
    plain = Gaussian(whole.mean.astype(float), whole.cov.astype(float))
    for a in strided:
        a.setflags(write=False)
    expected = estimator.update(estimator.predict(plain, None, 0.5), np.array([51.0, 1.0]), sensor)
    for belief in (strided, whole):
        found = estimator.update(estimator.predict(belief, None, 0.5), np.array([51, 1]), sensor)
        same((*found.belief, *found[1:]), (*expected.belief, *expected[1:]))


def test_a_radar_that_moves_is_another_radar():
    """Each pose its own reading, though one object may lie where another has lain."""
    estimator, radar = ExtendedKalmanFilter(ConstantVelocity()), Radar()
    for x in np.linspace(0.0, 20.0, 600):
        moved = replace(radar, pose=(x, 0.0, 0.0))
        innovation = estimator.update(START, moved.measure(START.mean), moved).innovation
        np.testing.assert_allclose(innovation, 0.0, atol=1e-12)


def test_a_sensor_that_may_change_is_asked_anew():
    class Adaptive(PlainRadar):
        pass

    class Tilted(Radar):  # not frozen
        __dataclass_params__ = None

    for sensor in (Adaptive(), Tilted()):
        estimator, z = ExtendedKalmanFilter(ConstantVelocity()), np.array([50.0, 0.9])
        sensor.__dict__["cov"] = np.diag([1.0, 1e-4])
        first = estimator.update(START, z, sensor).innovation_cov
        sensor.__dict__["cov"] = np.diag([3.0, 1e-4])
        assert estimator.update(START, z, sensor).innovation_cov[0, 0] - first[0, 0] == pytest.approx(2.0)


@filters
def test_a_filter_that_has_run_can_be_copied_and_sent(make):
    estimator = make(ConstantVelocity())
    expected = estimator.update(estimator.predict(START, None, 0.1), np.array([50.0, 0.9]), Radar())
    for other in (pickle.loads(pickle.dumps(estimator)), copy.deepcopy(estimator)):
        found = other.update(other.predict(START, None, 0.1), np.array([50.0, 0.9]), Radar())
        same((*found.belief, *found[1:]), (*expected.belief, *expected[1:]), 0.0)


@filters
@pytest.mark.parametrize("motion", [ConstantVelocity(), PlainMotion()])
def test_what_cannot_be_meant_is_refused_in_words(make, motion):
    estimator, z = make(motion), np.array([50.0, 0.9])
    for sensor in (Radar(), PlainRadar()):
        with pytest.raises(MalformedInput, match="must be finite; pass None"):
            estimator.update(START, np.array([np.nan, 0.9]), sensor)
        with pytest.raises(MalformedInput, match=r"shape \(3,\)"):
            estimator.update(START, np.zeros(3), sensor)
        with pytest.raises(MalformedInput, match="eigenvalue -1"):
            estimator.update(Gaussian(START.mean, np.diag([1.0, 1.0, 1.0, -1.0])), z, sensor)
    with pytest.raises(MalformedInput, match="dt is"):
        estimator.predict(START, None, np.nan)
    with pytest.raises(MalformedInput):
        estimator.predict(Gaussian(START.mean, np.eye(3)), None, 0.1)
