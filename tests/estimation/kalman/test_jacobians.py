"""Derivatives in several ways."""

import subprocess
import sys

import numpy as np
import pytest

from plansim.estimation.kalman.extended import ExtendedKalmanFilter
from plansim.estimation.kalman.jacobians import linear_reading, linear_step, motion_jacobian, sensor_jacobian
from plansim.models.bicycle import Bicycle
from plansim.models.disturbed import Disturbed
from plansim.models.kinematic import ConstantVelocity, CoordinatedTurn
from plansim.models.odometry import WheelOdometry
from plansim.models.radar import Doppler, Radar
from plansim.models.range_bearing import RangeBearing
from tests.estimation.kalman.nonlinear_cases import START, PlainMotion, PlainRadar, radar_log

rng = np.random.default_rng(0)
CAR = Disturbed(Bicycle(), state_std=(0.1,) * 4, control_std=(0.1, 0.1))


@pytest.mark.parametrize("motion", [CAR, CoordinatedTurn()])
def test_the_ways_agree_on_a_motion(motion):
    x, u = rng.uniform(-1, 1, (20, len(motion.state))), rng.uniform(-1, 1, (20, len(motion.control)))
    exact = motion_jacobian(motion, x, u, 0.1, "dual")
    np.testing.assert_allclose(motion_jacobian(motion, x, u, 0.1, "analytic"), exact, rtol=0, atol=1e-13)
    np.testing.assert_allclose(linear_step(motion, x, u, 0.1).jacobian[..., : len(motion.state)], exact, atol=1e-13)
    np.testing.assert_allclose(motion_jacobian(motion, x, u, 0.1, "numeric"), exact, rtol=0, atol=1e-8)


@pytest.mark.parametrize("sensor", [Radar((1.0, 2.0, 3.0)), Doppler(), RangeBearing((3.0, -2.0))])
def test_the_ways_agree_on_a_sensor_behind_it_too(sensor):
    x = rng.uniform(-5, 5, (50, 4))
    x[0] = [-4.0, 0.0, 1.0, 1.0]  # straight behind: differences of bearings must not jump
    exact = sensor_jacobian(sensor, x, "dual")
    np.testing.assert_allclose(sensor_jacobian(sensor, x, "analytic"), exact, rtol=0, atol=1e-13)
    np.testing.assert_allclose(linear_reading(sensor, x).jacobian, exact, rtol=0, atol=1e-13)
    np.testing.assert_allclose(sensor_jacobian(sensor, x, "numeric"), exact, rtol=0, atol=1e-7)


def test_torch_agrees():
    torch = pytest.importorskip("torch")
    x, u = rng.uniform(1, 2, (5, 4)), rng.uniform(-1, 1, (5, 2))
    for shape in ((), (5,)):
        X, one = torch.tensor(x[0] if shape == () else x), x[0] if shape == () else x
        F = motion_jacobian(CoordinatedTurn(), torch.tensor(np.ones((*shape, 5))), torch.empty(0), 0.1)
        np.testing.assert_allclose(F, motion_jacobian(CoordinatedTurn(), np.ones((*shape, 5)), None, 0.1), atol=1e-12)
        np.testing.assert_allclose(sensor_jacobian(Radar(), X), sensor_jacobian(Radar(), one), atol=1e-12)
    F = motion_jacobian(Bicycle(), torch.tensor(x[0]), torch.tensor(u[0]), 0.1)
    np.testing.assert_allclose(F, motion_jacobian(CAR, x[0], u[0], 0.1), atol=1e-12)


def test_the_extended_filter_is_the_same_with_every_way():
    _, log = radar_log(10)
    results = {}
    for how in ("auto", "analytic", "numeric", "dual"):
        motion, start = (
            CoordinatedTurn(),
            START._replace(mean=np.append(START.mean, 0.1), cov=np.diag([4, 3, 1, 1, 0.01])),
        )
        estimator, belief = ExtendedKalmanFilter(motion, how), start
        for z in log:
            belief = estimator.update(estimator.predict(belief, None, 0.5), z, Radar()).belief
        results[how] = belief
    for how, tolerance in (("analytic", 1e-11), ("dual", 1e-11), ("numeric", 1e-6)):
        np.testing.assert_allclose(results[how].mean, results["auto"].mean, atol=tolerance)
        np.testing.assert_allclose(results[how].cov, results["auto"].cov, atol=tolerance)


def test_a_model_with_no_derivative_of_its_own_gets_a_numeric_one():
    F = motion_jacobian(PlainMotion(), START.mean, None, 0.5)
    np.testing.assert_allclose(F, ConstantVelocity().transition(0.5), atol=1e-9)
    np.testing.assert_allclose(sensor_jacobian(PlainRadar(), START.mean), Radar().jacobian(START.mean), atol=1e-9)


def test_odometry_has_an_analytic_one_that_differences_confirm():
    x, u = rng.normal(size=(9, 3)), rng.normal(size=(9, 3))
    analytic = motion_jacobian(WheelOdometry(), x, u, 0.1)
    np.testing.assert_allclose(analytic, motion_jacobian(WheelOdometry(), x, u, 0.1, "numeric"), atol=1e-8)


def test_no_filter_imports_torch():
    code = (
        "import sys, numpy as np\n"
        "from plansim.estimation.kalman import extended, iterated, unscented, cubature, ensemble\n"
        "from plansim.estimation.kalman import square_root_unscented\n"
        "assert 'torch' not in sys.modules and 'numba' not in sys.modules, 'a robot loads neither at import'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
