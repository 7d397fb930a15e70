"""Poses form the group of rigid motions of the plane."""

import numpy as np
import pytest

from plansim.core.geometry import POSE, between, compose, exponential, inverse, logarithm, transform

rng = np.random.default_rng(0)
a, b, c = rng.uniform(-3, 3, (3, 200, 3))


def _matrix(pose):
    x, y, heading = pose
    s, k = np.sin(heading), np.cos(heading)
    return np.array([[k, -s, x], [s, k, y], [0, 0, 1]])


def _same(p, q, atol=1e-12):
    np.testing.assert_allclose(POSE.difference(p, q), 0, atol=atol)


def test_composing_poses_is_multiplying_their_matrices():
    for p, q, r in zip(a, b, compose(a, b), strict=True):
        np.testing.assert_allclose(_matrix(r), _matrix(p) @ _matrix(q), atol=1e-12)


def test_the_laws_of_a_group_hold():
    _same(compose(compose(a, b), c), compose(a, compose(b, c)))
    _same(compose(a, inverse(a)), np.zeros(3))
    _same(compose(inverse(a), a), np.zeros(3))
    _same(compose(a, np.zeros(3)), a)


def test_between_is_what_leads_from_one_pose_to_the_other():
    _same(compose(a, between(a, b)), b)


def test_transforming_points_is_composing_with_them():
    points = rng.uniform(-5, 5, (200, 7, 2))
    expected = compose(a[:, None, :], np.concatenate([points, np.zeros((200, 7, 1))], -1))[..., :2]
    np.testing.assert_allclose(transform(a, points), expected, atol=1e-12)


def test_logarithm_undoes_exponential_for_turns_below_pi():
    twist = rng.uniform(-3, 3, (200, 3))
    np.testing.assert_allclose(logarithm(exponential(twist)), twist, atol=1e-9)
    small = 1e-5 * twist
    np.testing.assert_allclose(logarithm(exponential(small)), small, atol=1e-15)


def test_exponential_is_the_limit_of_many_small_motions():
    twist = np.array([1.0, -0.5, 2.0])
    pose = np.zeros(3)
    for _ in range(2**12):
        pose = compose(pose, exponential(twist / 2**12))
    _same(pose, exponential(twist), atol=1e-10)


def test_the_series_near_zero_meets_the_formula():
    below, above = (exponential(np.array([1.0, 1.0, turn])) for turn in (1e-4 * (1 - 1e-9), 1e-4 * (1 + 1e-9)))
    np.testing.assert_allclose(below, above, atol=1e-12)


def test_torch_agrees_and_has_derivatives_where_nothing_turns():
    torch = pytest.importorskip("torch")
    for function in (inverse, exponential, logarithm):
        np.testing.assert_allclose(function(torch.tensor(a)).numpy(), function(a), atol=1e-12)
    np.testing.assert_allclose(compose(torch.tensor(a), torch.tensor(b)).numpy(), compose(a, b), atol=1e-12)
    twist = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    jacobian = torch.autograd.functional.jacobian(exponential, twist)
    np.testing.assert_allclose(jacobian.numpy(), np.eye(3), atol=1e-12)
