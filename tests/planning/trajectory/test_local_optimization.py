"""The optimiser alone: finds its way past a bulge, is caught in a cup, and says so."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.trap_maker import inflated, traps
from plansim.planning.base import Problem, Status
from plansim.planning.grid.space import GridSpace
from plansim.planning.trajectory.hierarchical import Hierarchical
from plansim.planning.trajectory.local_optimization import SignedDistance, TrajectoryOptimization
from tests.planning.trajectory.worlds import between, driven


def bulge():
    """A disc that reaches a little above the straight line."""
    rows, columns = np.mgrid[:80, :120]
    space = GridSpace(OccupancyGrid(np.hypot(rows - 34, columns - 60) < 10, resolution=0.1))
    return Problem(space, np.array([1.0, 4.0]), np.array([11.0, 4.0]))


def trapped():
    space = GridSpace(inflated(traps(), 0.25))
    return Problem(space, np.array([7.1, 13.4]), np.array([2.8, 14.2])), space


def test_around_a_bulge_it_finds_its_way():
    problem = bulge()
    plan = TrajectoryOptimization().plan(problem)
    assert plan.solved
    assert np.allclose(driven(plan), plan.states, atol=1e-9)
    assert np.allclose(plan.states[-1], [*problem.goal, 0, 0], atol=1e-9)
    assert problem.space.is_free(between(plan)).all()


def test_in_a_cup_it_is_caught_where_the_hierarchy_is_not():
    problem, space = trapped()
    plan = TrajectoryOptimization().plan(problem)
    assert plan.status is Status.NEAREST
    assert space.is_free(between(plan)).all()  # what it hands out is free, and comes to rest
    assert np.allclose(plan.states[-1, 2:], 0.0, atol=1e-9)
    assert np.linalg.norm(plan.states[-1, :2] - problem.goal) > 0.5
    assert np.allclose(driven(plan), plan.states, atol=1e-9)
    assert Hierarchical().plan(problem).solved


def test_a_start_or_goal_in_a_wall_is_said():
    problem, space = trapped()
    wall = space.grid.points(np.argwhere(space.blocked)[0])
    assert TrajectoryOptimization().plan(Problem(space, wall, problem.goal)).status is Status.INVALID_START
    assert TrajectoryOptimization().plan(Problem(space, problem.start, wall)).status is Status.INVALID_GOAL


def test_the_distance_changes_its_sign_at_the_border_and_its_gradient_is_its_slope():
    space = bulge().space
    depth = SignedDistance(space)
    points = np.random.default_rng(0).uniform((1, 1), (11, 7), size=(300, 2))
    values, slopes = depth(points)
    inside = ~space.is_free(points)
    assert (values[inside] < 0.08).all()
    assert (values[~inside] > -0.08).all()
    for axis in range(2):
        step = 1e-6 * np.eye(2)[axis]
        slope = (depth(points + step)[0] - depth(points - step)[0]) / 2e-6
        assert np.quantile(np.abs(slope - slopes[:, axis]), 0.95) < 1e-6


def test_malformed_parameters_are_errors():
    with pytest.raises(MalformedInput, match="clearance"):
        TrajectoryOptimization(clearance=0.0)
