"""Sigma points and what they know of a density."""

import numpy as np
import pytest

from plansim.core.beliefs import Gaussian
from plansim.core.layout import layout
from plansim.estimation.kalman.sigma_points import (
    CubaturePoints,
    JulierPoints,
    ScaledPoints,
    SimplexPoints,
    root,
    unscented_transform,
)

RULES = [ScaledPoints(), ScaledPoints(1e-3), ScaledPoints(0.5, 2.0, 1.0), JulierPoints(), JulierPoints(1.0)]
RULES += [SimplexPoints(), SimplexPoints(0.4), CubaturePoints()]
rules = pytest.mark.parametrize("points", RULES, ids=str)
POLAR = Gaussian(np.array([1.0, np.pi / 2]), np.diag([0.02**2, np.radians(15.0) ** 2]))


def cartesian(x):
    return np.stack([x[..., 0] * np.cos(x[..., 1]), x[..., 0] * np.sin(x[..., 1])], -1)


@rules
@pytest.mark.parametrize("n", [1, 2, 4, 7])
def test_unit_points_have_mean_zero_and_covariance_one(points, n):
    offsets, weights, cov_weights = points.unit(n)
    assert weights.sum() == pytest.approx(1.0, abs=1e-9)
    np.testing.assert_allclose(weights @ offsets, 0.0, atol=1e-12)
    np.testing.assert_allclose(offsets.T @ (cov_weights[:, None] * offsets), np.eye(n), atol=1e-12)


@pytest.mark.parametrize("n", [1, 3, 6])
def test_a_simplex_has_two_points_more_than_dimensions_all_as_far_from_each_other(n):
    offsets = SimplexPoints(0.2).unit(n).offsets
    assert offsets.shape == (n + 2, n)
    corners = offsets[1:]
    distances = [np.linalg.norm(a - b) for i, a in enumerate(corners) for b in corners[:i]]
    np.testing.assert_allclose(distances, distances[0])


@rules
def test_moments_are_exact_for_what_is_linear_and_means_for_what_is_quadratic(points):
    rng = np.random.default_rng(0)
    A, B, mean = rng.normal(size=(2, 3)), rng.normal(size=(3, 3)), rng.normal(size=3)
    P = B @ B.T
    out = unscented_transform(Gaussian(mean, P), lambda x: x @ A.T + 1.0, layout("a b"), points)
    np.testing.assert_allclose(out.mean, A @ mean + 1.0, atol=1e-8)
    np.testing.assert_allclose(out.cov, A @ P @ A.T, atol=1e-8)
    square = unscented_transform(Gaussian(mean, P), lambda x: (x * (x @ B)).sum(-1, keepdims=True), layout("q"), points)
    assert square.mean[0] == pytest.approx(mean @ B @ mean + np.trace(B @ P), abs=1e-6)


def test_with_beta_two_the_variance_of_a_square_is_exact_where_the_points_are_near():
    out = unscented_transform(Gaussian(np.zeros(1), np.eye(1)), lambda x: x**2, layout("q"), ScaledPoints())
    assert out.cov[0, 0] == pytest.approx(2.0)  # the variance of a chi-square with one degree of freedom


def test_polar_to_cartesian_has_the_published_mean():
    """Exact: exp(-σ²/2) = 0.966311 at r = 1, θ = 90°, σ_r = 0.02, σ_θ = 15° (Julier and Uhlmann 2004, fig. 4)."""
    exact = np.exp(-(np.radians(15.0) ** 2) / 2)
    assert exact == pytest.approx(0.966311, abs=1e-6)
    y = {str(points): unscented_transform(POLAR, cartesian, layout("x y"), points).mean[1] for points in RULES}
    assert all(abs(value - exact) < 7e-4 for value in y.values())
    assert abs(y[str(JulierPoints())] - exact) < 3e-6  # n + kappa = 3 matches the fourth moment
    assert abs(cartesian(POLAR.mean)[1] - exact) > 0.03  # a linearisation says 1


@rules
def test_a_cloud_across_the_back_keeps_together(points):
    angle = layout("a", "a")
    for centre in (np.pi - 0.01, -np.pi + 0.02):
        out = unscented_transform(Gaussian(np.array([centre]), np.array([[0.04]])), angle.wrap, angle, points)
        assert abs(angle.difference(out.mean, np.array([centre]))[0]) < 1e-8
        assert out.cov[0, 0] == pytest.approx(0.04, abs=1e-8)


def test_the_root_of_what_is_singular_or_nearly_so_exists():
    rng = np.random.default_rng(0)
    for rank in range(5):
        B = rng.normal(size=(4, rank))
        P = B @ B.T
        np.testing.assert_allclose(root(P) @ root(P).T, P, atol=1e-13)
    both = root(np.stack([P, np.eye(4), np.zeros((4, 4))]))
    np.testing.assert_allclose(both @ both.swapaxes(-1, -2), [P, np.eye(4), np.zeros((4, 4))], atol=1e-13)


def test_points_are_as_in_filterpy():
    theirs = pytest.importorskip("filterpy.kalman")
    x, P = np.array([1.0, 2.0, 3.0]), np.array([[2.0, 0.3, 0.1], [0.3, 1.0, 0.2], [0.1, 0.2, 0.5]])
    rule, unit = theirs.MerweScaledSigmaPoints(3, 0.3, 2.0, 0.5), ScaledPoints(0.3, 2.0, 0.5).unit(3)
    np.testing.assert_allclose(x + unit.offsets @ root(P).T, rule.sigma_points(x, P), atol=1e-12)
    np.testing.assert_allclose(unit.mean_weights, rule.Wm)
    np.testing.assert_allclose(unit.cov_weights, rule.Wc)
