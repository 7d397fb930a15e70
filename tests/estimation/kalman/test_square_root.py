"""The square-root Kalman filter, where a covariance has no digits left."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian, SquareRoot
from plansim.core.errors import MalformedInput
from plansim.estimation.kalman.kalman_filter import KalmanFilter
from plansim.estimation.kalman.roots import triangularise
from plansim.estimation.kalman.square_root import SquareRootKalmanFilter, root_of
from plansim.models.kinematic import ConstantVelocity, CoordinatedTurn
from plansim.models.linear_motion import LinearSystem
from plansim.models.linear_sensor import LinearSensor
from plansim.models.position import Position

STILL = LinearSystem("x y z", np.zeros((3, 3)))


def exact_posterior(P: list, H: list, R: list) -> np.ndarray:
    """(P⁻¹ + Hᵀ R⁻¹ H)⁻¹ for diagonal P and R, in fractions."""
    n = len(P)
    Y = [[Fraction(0)] * n for _ in range(n)]
    for i in range(n):
        Y[i][i] += 1 / Fraction(P[i])
        for j in range(n):
            Y[i][j] += sum(Fraction(h[i]) * Fraction(h[j]) / Fraction(r) for h, r in zip(H, R, strict=True))
    rows = [Y[i] + [Fraction(i == j) for j in range(n)] for i in range(n)]
    for i in range(n):
        rows[i] = [a / rows[i][i] for a in rows[i]]
        for j in range(n):
            if j != i:
                rows[j] = [a - rows[j][i] * b for a, b in zip(rows[j], rows[i], strict=True)]
    return np.array([[float(a) for a in row[n:]] for row in rows])


def test_a_triangle_has_the_same_product():
    A = np.random.default_rng(0).normal(size=(3, 5))
    L = A.copy()
    triangularise(L)
    np.testing.assert_allclose(L @ L.T, A @ A.T, atol=1e-14)
    assert np.array_equal(L, np.tril(L))
    assert np.diagonal(L).min() > 0


def test_a_singular_covariance_has_a_root():
    vector = np.array([1.0, 2.0, 3.0])
    cov = np.stack([np.outer(vector, vector), np.zeros((3, 3)), np.eye(3)])
    root = root_of(cov)
    np.testing.assert_allclose(root @ root.swapaxes(-1, -2), cov, atol=1e-14)


@pytest.mark.parametrize("delta", [1e-3, 1e-6, 1e-8])
def test_two_readings_that_are_all_but_the_same_are_told_apart(delta):
    """Grewal and Andrews 2015, example 7.1: with delta of 1e-8 the sum 1 + delta² is 1, and the covariance is lost."""
    sensor = LinearSensor("a b", [[1, 1, 1], [1, 1, 1 + delta]], delta**2 * np.eye(2))
    estimator = SquareRootKalmanFilter(STILL)
    found = estimator.update(estimator.around(Gaussian(np.zeros(3), np.eye(3))), np.zeros(2), sensor)
    expected = exact_posterior([1, 1, 1], sensor.matrix.tolist(), [delta**2] * 2)
    np.testing.assert_allclose(found.belief.gaussian(STILL.state).cov, expected, rtol=1e-6, atol=1e-8)


def test_where_the_covariance_is_well_it_is_the_kalman_filter():
    motion, sensor, rng = ConstantVelocity(), Position(0.3), np.random.default_rng(1)
    one, other = KalmanFilter(motion), SquareRootKalmanFilter(motion)
    a = Gaussian(np.zeros((3, 4)), np.broadcast_to(np.diag([1.0, 2.0, 3.0, 4.0]), (3, 4, 4)))
    b = other.around(a)
    for z in rng.normal(size=(30, 3, 2)):
        x, y = one.update(one.predict(a, None, 0.5), z, sensor), other.update(other.predict(b, None, 0.5), z, sensor)
        a, b = x.belief, y.belief
        for p, q in zip((*a, *x[1:]), (*b.gaussian(motion.state), *y[1:]), strict=True):
            np.testing.assert_allclose(p, q, rtol=0, atol=1e-10)


def test_a_root_stays_a_root_for_a_hundred_thousand_steps_without_noise():
    still, sensor = LinearSystem("x", [[0.0]]), LinearSensor("x", [[1.0]], [[1e-12]])
    estimator, steps = SquareRootKalmanFilter(still), 20_000
    belief = estimator.around(Gaussian(np.zeros(1), np.array([[1e14]])))
    for _ in range(steps):
        belief = estimator.update(estimator.predict(belief, None, 0.1), np.ones(1), sensor).belief
    assert belief.root[0, 0] == pytest.approx(1e-6 / np.sqrt(steps), rel=1e-9)


def test_what_cannot_be_meant_is_refused_in_words():
    estimator = SquareRootKalmanFilter(STILL)
    belief = estimator.around(Gaussian(np.zeros(3), np.eye(3)))
    sensor = LinearSensor("x", [[1.0, 0, 0]], [[1.0]])
    with pytest.raises(MalformedInput, match="must be finite; pass None"):
        estimator.update(belief, np.array([np.nan]), sensor)
    with pytest.raises(MalformedInput, match="must be finite"):
        estimator.update(SquareRoot(np.zeros(3), np.full((3, 3), np.nan)), np.zeros(1), sensor)
    with pytest.raises(MalformedInput, match=r"root has shape \(2, 2\)"):
        estimator.predict(SquareRoot(np.zeros(3), np.eye(2)), None, 0.1)
    with pytest.raises(MalformedInput, match="is not linear"):
        SquareRootKalmanFilter(CoordinatedTurn())
