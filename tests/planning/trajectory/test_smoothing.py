"""Elastic bands: free, no nearer to walls than allowed, shorter or clearer."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.shapes import Shapes
from plansim.core.trajectory import arc_length, resample
from plansim.planning.base import Plan, Problem, Status
from plansim.planning.grid.space import GridSpace
from plansim.planning.sampling.rrt_connect import RRTConnect
from plansim.planning.spaces.box import BoxSpace
from plansim.planning.spaces.joints import JointSpace
from plansim.planning.trajectory.clearance import clearance_of
from plansim.planning.trajectory.shortcut import Shortcut, shortcut
from plansim.planning.trajectory.smoothing import Smooth, smooth
from tests.planning.trajectory.worlds import paths


def naive_clearance(space, points):
    """Metres to the nearest blocked cell's square, or the map's edge, each by each."""
    uv = space.grid.columns_rows(points)
    cells = np.argwhere(np.pad(space.blocked, 1, constant_values=True))[:, ::-1] - 1.0
    off = np.maximum(np.maximum(cells - uv[..., None, :], uv[..., None, :] - cells - 1), 0.0)
    return np.sqrt((off**2).sum(-1)).min(-1) * space.grid.resolution


def test_clearance_is_that_of_the_nearest_cell():
    rng = np.random.default_rng(0)
    for problem, _ in paths(4, shape=(15, 20)):
        space = problem.space
        points = space.grid.points(rng.uniform(0, (14, 19), size=(200, 2)))
        assert np.allclose(clearance_of(space, 1.3)(points), np.minimum(naive_clearance(space, points), 1.3))


@pytest.mark.parametrize("clearance", [0.0, 0.4])
def test_a_smoothed_path_is_free_and_keeps_its_clearance(clearance):
    clearer = 0
    for problem, path in paths(12, density=0.05):
        space, path = problem.space, shortcut(problem.space, path)
        band = smooth(space, path, clearance)
        assert np.array_equal(band[[0, -1]], path[[0, -1]])
        assert space.edge_free(band[:-1], band[1:]).all()
        before, after = (naive_clearance(space, resample(p, 0.02)).min() for p in (path, band))
        assert after >= min(clearance, before) - 0.02
        clearer += after > before + 0.05
        if clearance == 0.0:
            assert arc_length(band)[-1] <= arc_length(path)[-1] + 1e-9
    assert clearer >= 6 or clearance == 0.0


def test_corners_become_bends():
    space = GridSpace(OccupancyGrid(np.zeros((100, 100)), resolution=0.1))
    corner = np.array([[1.0, 1.0], [5.0, 1.0], [5.0, 5.0]])
    band = smooth(space, corner)
    turns = np.diff(np.unwrap(np.arctan2(*np.diff(band, axis=0).T[::-1])))
    assert np.abs(turns).max() < np.pi / 8
    assert arc_length(band)[-1] < arc_length(corner)[-1]


def test_in_a_world_of_shapes_too():
    space = BoxSpace(Shapes([0, 0], [10, 10], boxes=[[[3, 0], [4, 6]], [[6, 4], [7, 10]]]))
    path = np.array([[1.0, 1.0], [2.9, 6.1], [4.1, 6.1], [5.9, 3.9], [7.1, 3.9], [9.0, 9.0]])
    band = smooth(space, path, clearance=0.5)
    assert space.edge_free(band[:-1], band[1:]).all()
    assert space.world.distance(resample(band, 0.02)).min() > 0.4 > space.world.distance(path).min()


def test_a_plan_carries_its_smoothed_path_and_its_length():
    problem, path = next(paths(1))
    plan = Smooth().process(problem, Plan(Status.SOLVED, path, 7.0, lower_bound=6.0))
    assert plan.cost == pytest.approx(arc_length(plan.states)[-1])
    assert (plan.status, plan.lower_bound) == (Status.SOLVED, 0.0)


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(MalformedInput, match="clearance"):
        smooth(None, np.zeros((3, 2)), clearance=-1.0)
    with pytest.raises(MalformedInput, match="no clearance"):
        smooth(object(), np.zeros((3, 2)), clearance=1.0)


def test_a_space_where_an_angle_comes_round_is_refused():
    space = JointSpace([-np.pi, -2.0], [np.pi, 2.0], continuous=[True, False])
    with pytest.raises(MalformedInput, match="come round"):
        smooth(space, np.array([[3.0, 0.0], [3.1, 0.5], [-3.0, 1.0]]))


@pytest.mark.parametrize("process", [Shortcut(), Smooth()], ids=["shortcut", "smooth"])
def test_the_cost_is_by_the_spaces_own_distance(process):
    space = JointSpace([-4.0, -2.0], [4.0, 2.0], weights=[1.0, 10.0])
    problem = Problem(space, np.array([-1.0, 0.0]), np.array([1.0, 1.0]))
    plan = process.process(problem, RRTConnect().plan(problem))
    assert plan.cost == pytest.approx(np.hypot(2.0, 10.0))
