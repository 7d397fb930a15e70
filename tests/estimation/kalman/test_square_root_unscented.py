"""Roots of covariances, and the unscented filter on them."""

import numpy as np
import pytest

from plansim.estimation.kalman.sigma_points import JulierPoints, ScaledPoints, SimplexPoints
from plansim.estimation.kalman.square_root_unscented import (
    SquareRootUnscentedKalmanFilter,
    downdated,
    lower_root,
    weighted_root,
)
from plansim.estimation.kalman.unscented import UnscentedKalmanFilter
from plansim.models.kinematic import ConstantVelocity
from plansim.models.radar import Radar
from tests.estimation.kalman.nonlinear_cases import START, radar_log

rng = np.random.default_rng(0)


def test_a_root_by_qr_is_choleskys():
    rows = rng.normal(size=(5, 9, 4))
    P = rows.swapaxes(-1, -2) @ rows
    np.testing.assert_allclose(lower_root(rows), np.linalg.cholesky(P), atol=1e-12)
    few = rng.normal(size=(2, 4))
    np.testing.assert_allclose(lower_root(few) @ lower_root(few).T, few.T @ few, atol=1e-12)


def test_a_downdate_takes_a_point_out():
    rows, x = rng.normal(size=(6, 9, 4)), 0.3 * rng.normal(size=(6, 4))
    P = rows.swapaxes(-1, -2) @ rows
    L = downdated(np.linalg.cholesky(P), x)
    np.testing.assert_allclose(L, np.linalg.cholesky(P - x[:, :, None] * x[:, None, :]), atol=1e-12)


def test_a_downdate_that_leaves_nothing_is_zero_there_and_its_neighbours_do_not_notice():
    L = downdated(np.stack([np.eye(2), np.eye(2)]), np.array([[1.0, 0.0], [0.6, 0.0]]))
    np.testing.assert_allclose(L @ L.swapaxes(-1, -2), [np.diag([0.0, 1.0]), np.diag([0.64, 1.0])], atol=1e-15)
    beyond = downdated(np.eye(2), np.array([1.5, 0.0]))
    np.testing.assert_allclose(beyond @ beyond.T, np.diag([0.0, 1.0]), atol=1e-15)


def test_negative_weights_are_taken_out():
    X, weights = rng.normal(size=(5, 3)), np.array([-0.2, 0.5, 0.5, 0.5, 0.5])
    Q = 2.0 * np.eye(3)
    L = weighted_root(X, weights, np.sqrt(2.0) * np.eye(3))
    np.testing.assert_allclose(L @ L.T, X.T @ (weights[:, None] * X) + Q, atol=1e-12)


@pytest.mark.parametrize(
    "points", [ScaledPoints(), ScaledPoints(0.5, 2.0, 0.0), JulierPoints(), SimplexPoints(0.1)], ids=str
)
def test_it_is_the_unscented_filter(points):
    """To rounding wherever roots are Cholesky's in both."""
    _, log = radar_log(50)
    roots, plain = (
        kind(ConstantVelocity(), points) for kind in (SquareRootUnscentedKalmanFilter, UnscentedKalmanFilter)
    )
    a, b = roots.around(START), plain.around(START)
    for z in log:
        ours = roots.update(roots.predict(a, None, 0.5), z, Radar())
        theirs = plain.update(plain.predict(b, None, 0.5), z, Radar())
        a, b = ours.belief, theirs.belief
        np.testing.assert_allclose(a.mean, b.mean, rtol=0, atol=1e-9)
        np.testing.assert_allclose(a.gaussian(roots.state).cov, b.cov, rtol=0, atol=1e-9)
        np.testing.assert_allclose(ours.innovation_cov, theirs.innovation_cov, rtol=0, atol=1e-9)
        assert ours.log_likelihood == pytest.approx(theirs.log_likelihood, abs=1e-9)
        assert np.array_equal(a.root, np.tril(a.root))
