"""Paths keep their shape however they are sampled, and trajectories interpolate angles the short way."""

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.geometry import POSE
from plansim.core.layout import layout
from plansim.core.trajectory import Trajectory, arc_length, closest_on_path, point_at, resample

CORNER = np.array([[0.0, 0.0], [3.0, 0.0], [3.0, 4.0]])
rng = np.random.default_rng(0)


def test_the_length_of_a_corner_is_the_sum_of_its_sides():
    assert arc_length(CORNER).tolist() == [0.0, 3.0, 7.0]


def test_resampling_keeps_corners_and_length_and_spacing():
    path = rng.uniform(-5, 5, (20, 2))
    fine = resample(path, 0.3)
    assert np.linalg.norm(np.diff(fine, axis=0), axis=-1).max() <= 0.3 + 1e-12
    assert np.isclose(arc_length(fine)[-1], arc_length(path)[-1])
    assert all((np.abs(fine - corner).max(-1) < 1e-12).any() for corner in path)


def test_resampling_a_single_point_or_a_repeated_one_keeps_it():
    assert resample(CORNER[:1], 0.1).tolist() == [[0.0, 0.0]]
    assert np.isfinite(resample(np.zeros((3, 2)), 0.1)).all()
    with pytest.raises(MalformedInput, match="spacing is 0"):
        resample(CORNER, 0)


def test_the_closest_point_of_a_path_is_the_closest_of_its_dense_samples():
    path = rng.uniform(-5, 5, (8, 2))
    dense = resample(path, 1e-3)
    for query in rng.uniform(-6, 6, (20, 2)):
        length, distance = closest_on_path(path, query)
        assert distance == pytest.approx(np.linalg.norm(dense - query, axis=-1).min(), abs=1e-3)
        assert np.linalg.norm(point_at(path, length) - query) == pytest.approx(distance, abs=1e-12)


def test_the_closest_point_of_a_repeated_point_is_that_point():
    assert closest_on_path(np.zeros((1, 2)), np.array([3.0, 4.0])) == (0.0, 5.0)
    assert closest_on_path(np.zeros((2, 2)), np.array([3.0, 4.0])) == (0.0, 5.0)


def test_points_beyond_the_ends_are_the_ends():
    assert point_at(CORNER, np.array([-1.0, 5.0, 99.0])).tolist() == [[0.0, 0.0], [3.0, 2.0], [3.0, 4.0]]


def test_a_trajectory_turns_the_short_way_between_samples():
    states = np.array([[0.0, 0.0, 3.0], [1.0, 0.0, -3.0]])
    trajectory = Trajectory(np.array([0.0, 2.0]), states, POSE)
    middle = trajectory.at(1.0)
    np.testing.assert_allclose(middle[:2], [0.5, 0.0])
    assert abs(middle[2]) == pytest.approx(np.pi)


def test_a_trajectory_passes_through_its_samples_and_is_held_beyond_them():
    times, states = np.array([0.0, 0.5, 2.0]), rng.uniform(-3, 3, (3, 3))
    trajectory = Trajectory(times, states, POSE)
    np.testing.assert_allclose(trajectory.at(times), states, atol=1e-12)
    np.testing.assert_allclose(trajectory.at(np.array([-1.0, 9.0])), states[[0, -1]], atol=1e-12)
    assert trajectory.duration == 2.0


def test_malformed_trajectories_are_refused():
    states = np.zeros((2, 3))
    with pytest.raises(MalformedInput, match="must rise"):
        Trajectory(np.array([0.0, 0.0]), states, POSE)
    with pytest.raises(MalformedInput, match="2 states need 1 controls"):
        Trajectory(np.array([0.0, 1.0]), states, POSE, controls=np.zeros((2, 2)))
    with pytest.raises(MalformedInput, match="shape"):
        Trajectory(np.array([0.0, 1.0, 2.0]), states, POSE)


def test_trajectories_are_told_apart_and_can_be_keys():
    a, b = (Trajectory(np.arange(3.0), np.zeros((3, 2)), layout("x y")) for _ in range(2))
    assert a == a
    assert a != b
    assert len({a, b}) == 2
