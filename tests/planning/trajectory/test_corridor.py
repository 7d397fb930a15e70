"""Corridors: free, overlapping, around the whole path."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.trajectory import resample
from plansim.planning.grid.space import GridSpace
from plansim.planning.trajectory.corridor import safe_corridor
from plansim.planning.trajectory.shortcut import shortcut
from tests.planning.trajectory.worlds import paths


def cells_of(corridor, space):
    return np.rint(corridor.boxes / space.grid.resolution).astype(int)


def test_boxes_are_free_overlap_by_a_cell_and_cover_the_path():
    for problem, path in paths(15):
        space = problem.space
        for states in (path, shortcut(space, path)):
            corridor = safe_corridor(space, states)
            boxes = corridor.boxes
            for (c0, r0), (c1, r1) in cells_of(corridor, space):
                assert not space.blocked[r0:r1, c0:c1].any()
            shared = np.minimum(boxes[:-1, 1], boxes[1:, 1]) - np.maximum(boxes[:-1, 0], boxes[1:, 0])
            assert (shared >= space.grid.resolution * (1 - 1e-9)).all()
            assert corridor.contains(resample(states, 0.05)).all()


def test_a_box_grows_until_something_stops_it():
    for problem, path in paths(10):
        space = problem.space
        rows, columns = space.blocked.shape
        for (c0, r0), (c1, r1) in cells_of(safe_corridor(space, path, reach=100.0), space):
            assert c0 == 0 or space.blocked[r0:r1, c0 - 1].any()
            assert c1 == columns or space.blocked[r0:r1, c1].any()
            assert r0 == 0 or space.blocked[r0 - 1, c0:c1].any()
            assert r1 == rows or space.blocked[r1, c0:c1].any()


def test_an_empty_map_is_one_box_and_reach_bounds_it():
    space = GridSpace(OccupancyGrid(np.zeros((20, 30)), resolution=0.5))
    path = np.array([[1.1, 1.1], [13.0, 8.0]])
    assert safe_corridor(space, path, reach=100.0).boxes.tolist() == [[[0.0, 0.0], [15.0, 10.0]]]
    assert len(safe_corridor(space, path, reach=1.0).boxes) > 3
    assert len(safe_corridor(space, path[:1]).boxes) == 1


def test_frames_turn_there_and_back():
    problem, path = next(paths(1))
    corridor = safe_corridor(problem.space, path)
    assert np.allclose(corridor.to_world(corridor.to_frame(path)), path)
    assert corridor.contains(corridor.corners.mean(1)).all()


def test_a_path_through_a_wall_is_refused():
    space = GridSpace(OccupancyGrid([[0, 1, 0]]))
    with pytest.raises(MalformedInput, match="after state 0"):
        safe_corridor(space, np.array([[0.5, 0.5], [2.5, 0.5]]))
    with pytest.raises(MalformedInput, match="reach"):
        safe_corridor(space, np.array([[0.5, 0.5]]), reach=0.0)
