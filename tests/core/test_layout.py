"""Layouts name components, and are the only place where angles wrap."""

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout, layout, wrap_angle

POSE = layout("x y heading", angles="heading")
rng = np.random.default_rng(0)


def test_a_wrapped_angle_is_the_same_direction_within_pi():
    angles = rng.uniform(-50, 50, 1000)
    wrapped = wrap_angle(angles)
    assert np.abs(wrapped).max() <= np.pi
    np.testing.assert_allclose(np.exp(1j * wrapped), np.exp(1j * angles), atol=1e-12)


def test_angles_within_pi_are_returned_to_the_bit():
    angles = np.concatenate([rng.uniform(-np.pi, np.pi, 1000), [np.pi, -np.pi, 0.0]])
    assert np.array_equal(wrap_angle(angles), angles)


def test_difference_goes_the_short_way_round_for_angles_only():
    a, b = np.array([10.0, 0.0, 3.0]), np.array([0.0, 0.0, -3.0])
    np.testing.assert_allclose(POSE.difference(a, b), [10.0, 0.0, 6.0 - 2 * np.pi])


def test_adding_a_difference_comes_back():
    a, b = rng.uniform(-3, 3, (2, 100, 3))
    np.testing.assert_allclose(POSE.add(b, POSE.difference(a, b)), a, atol=1e-12)


def test_wrapping_leaves_its_argument_alone():
    x = np.array([7.0, 7.0, 7.0])
    POSE.wrap(x)
    assert x.tolist() == [7.0, 7.0, 7.0]


def test_the_mean_of_directions_about_pi_is_pi_and_not_zero():
    points = np.array([[0.0, 0.0, np.pi - 0.1], [2.0, 4.0, -np.pi + 0.1]])
    mean = POSE.mean(points)
    np.testing.assert_allclose(mean[:2], [1.0, 2.0])
    assert abs(wrap_angle(mean[2] - np.pi)) < 1e-12


def test_the_mean_of_a_narrow_cloud_is_the_linear_mean_and_turns_with_the_cloud():
    points = rng.normal(0, 1e-3, (50, 3))
    weights = rng.dirichlet(np.ones(50))
    np.testing.assert_allclose(POSE.mean(points, weights), weights @ points, atol=1e-15)
    turned = POSE.add(points, np.array([0, 0, 3.1]))
    np.testing.assert_allclose(POSE.difference(POSE.mean(turned, weights), weights @ points), [0, 0, 3.1], atol=1e-12)


def test_a_batch_of_means_is_its_members():
    points, weights = rng.normal(0, 2, (4, 7, 3)), rng.dirichlet(np.ones(7), 4)
    single = [POSE.mean(p, w) for p, w in zip(points, weights, strict=True)]
    assert np.array_equal(POSE.mean(points, weights), single)


def test_torch_and_numpy_agree():
    torch = pytest.importorskip("torch")
    a, b = rng.uniform(-9, 9, (2, 5, 3))
    for method in (POSE.difference, POSE.add):
        np.testing.assert_allclose(method(torch.tensor(a), torch.tensor(b)).numpy(), method(a, b), atol=1e-12)
    np.testing.assert_allclose(POSE.mean(torch.tensor(a)).numpy(), POSE.mean(a), atol=1e-12)


def test_a_wrong_name_is_answered_with_the_near_one():
    with pytest.raises(MalformedInput, match="did you mean 'heading'"):
        POSE.index("headng")
    with pytest.raises(MalformedInput, match="no component 'yaw'"):
        layout("x y", angles="yaw")
    with pytest.raises(MalformedInput, match="twice"):
        Layout(("x", "x"))
