"""What nonlinear filters refuse, and in which words."""

import dataclasses

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.errors import MalformedInput
from plansim.estimation.kalman.ensemble import EnsembleKalmanFilter
from plansim.estimation.kalman.extended import ExtendedKalmanFilter
from plansim.estimation.kalman.iterated import IteratedExtendedKalmanFilter
from plansim.estimation.kalman.sigma_points import ScaledPoints, SimplexPoints
from plansim.estimation.kalman.unscented import UnscentedKalmanFilter
from plansim.models.bicycle import Bicycle
from plansim.models.disturbed import Disturbed
from plansim.models.kinematic import ConstantVelocity
from plansim.models.radar import Radar
from tests.estimation.kalman.nonlinear_cases import ALL, START, PlainMotion

filters = pytest.mark.parametrize("name", ALL)


def start(estimator, mean=START.mean, cov=START.cov):
    return estimator.around(Gaussian(mean, cov), np.random.default_rng(0))


@filters
@pytest.mark.parametrize(
    ("z", "words"),
    [
        ([np.nan, 0.1], "must be finite; pass None"),
        ([np.inf, 0.1], "must be finite; pass None"),
        ([1.0, 0.1, 2.0], r"shape \(3,\)"),
        (1.0, r"shape \(\)"),
    ],
)
def test_a_measurement_that_cannot_be_meant(name, z, words):
    estimator = ALL[name](ConstantVelocity())
    with pytest.raises(MalformedInput, match=words):
        estimator.update(start(estimator), np.array(z), Radar(), np.random.default_rng(0))


@filters
@pytest.mark.parametrize(
    ("cov", "words"),
    [
        (np.diag([1.0, 1.0, 1.0, np.nan]), "must be finite"),
        (np.eye(4) + np.eye(4, k=1), "must be symmetric"),
        (np.diag([1.0, 1.0, 1.0, -1.0]), "eigenvalue -1"),
        (np.eye(3), r"must have \(..., 4\)"),
    ],
)
def test_a_covariance_that_cannot_be_meant(name, cov, words):
    with pytest.raises(MalformedInput, match=words):
        start(ALL[name](ConstantVelocity()), cov=cov)


@pytest.mark.parametrize("name", ["extended", "unscented", "cubature", "iterated"])
def test_an_indefinite_covariance_is_found_on_the_way_too(name):
    estimator, bad = ALL[name](ConstantVelocity()), Gaussian(START.mean, np.diag([1.0, 1.0, 1.0, -1.0]))
    with pytest.raises(MalformedInput, match="eigenvalue -1"):
        estimator.update(bad, np.array([50.0, 0.9]), Radar())


@filters
@pytest.mark.parametrize("dt", [0.0, -1.0, np.nan, np.inf])
def test_time_runs_forward(name, dt):
    estimator = ALL[name](Disturbed(Bicycle(), (0.1,) * 4))
    with pytest.raises(MalformedInput, match="dt is"):
        estimator.predict(start(estimator), np.zeros(2), dt, np.random.default_rng(0))


@filters
def test_equations_that_give_nan_are_named(name):
    class Broken(PlainMotion):
        def step(self, x, u, dt):
            return np.sqrt(x - 1e9)

    estimator = ALL[name](Broken())
    with np.errstate(invalid="ignore"), pytest.raises(MalformedInput, match="finite number"):
        estimator.predict(start(estimator), None, 0.1, np.random.default_rng(0))


@filters
def test_a_sensor_that_gives_nan_is_named(name):
    class Broken(Radar):
        @staticmethod
        def equations(m):
            return lambda x, p: (m.sqrt(-x[0] * x[0] - 1.0), x[1] + x[2])

    estimator = ALL[name](ConstantVelocity())
    with np.errstate(invalid="ignore"), pytest.raises(MalformedInput, match=r"Broken|reading|finite"):
        estimator.update(start(estimator), np.array([50.0, 0.9]), Broken(), np.random.default_rng(0))


def test_a_target_at_the_radar_has_no_derivative_and_the_extended_filter_says_so():
    estimator = ExtendedKalmanFilter(ConstantVelocity())
    with pytest.raises(MalformedInput, match="derivative is not finite"):
        estimator.update(Gaussian(np.zeros(4), np.eye(4)), np.array([1.0, 0.0]), Radar())


def test_parameters_that_cannot_be_meant():
    with pytest.raises(MalformedInput, match="did you mean 'analytic'"):
        ExtendedKalmanFilter(ConstantVelocity(), jacobian="analytical")
    with pytest.raises(MalformedInput, match="needs a method `jacobian`"):
        ExtendedKalmanFilter(PlainMotion(), jacobian="analytic")
    with pytest.raises(MalformedInput, match="iterations is 0"):
        IteratedExtendedKalmanFilter(ConstantVelocity(), iterations=0)
    with pytest.raises(MalformedInput, match="alpha is 0"):
        ScaledPoints(alpha=0.0)
    with pytest.raises(MalformedInput, match="kappa is -4"):
        UnscentedKalmanFilter(ConstantVelocity(), ScaledPoints(kappa=-4.0)).predict(START, None, 0.1)
    with pytest.raises(MalformedInput, match="centre_weight is 1"):
        SimplexPoints(centre_weight=1.0)
    with pytest.raises(MalformedInput, match="at least 2"):
        EnsembleKalmanFilter(ConstantVelocity(), members=1)
    with pytest.raises(MalformedInput, match="rng="):
        EnsembleKalmanFilter(ConstantVelocity()).around(START)
    with pytest.raises(dataclasses.FrozenInstanceError):
        ExtendedKalmanFilter(ConstantVelocity()).jacobian = "dual"


def test_a_control_of_the_wrong_length_is_named():
    estimator = ExtendedKalmanFilter(Disturbed(Bicycle(), (0.1,) * 4))
    with pytest.raises(MalformedInput, match="control"):
        estimator.predict(START, np.zeros(3), 0.1)
