"""What the lidar sees and the map does not know: marked when seen often enough, given up when seen through."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.grid import OccupancyGrid
from plansim.estimation.localization.unmapped import NO_MARKS, Marks, UnmappedObstacles, _hits_around
from plansim.models.lidar import Lidar

POSE = np.array([2.0, 3.0, 0.3])


def hall():
    cells = np.zeros((120, 160))
    cells[[0, -1], :] = cells[:, [0, -1]] = 1
    return OccupancyGrid(cells, resolution=0.05)


def with_box(grid):
    cells = np.zeros(grid.shape, dtype=bool)
    cells[55:65, 70:76] = True  # x 3.5 .. 3.8, y 2.75 .. 3.25
    return grid.with_cells(cells, 1.0)


def look(layer, world, marks=NO_MARKS, scans=4, pose=POSE, dt=0.1):
    rng = np.random.default_rng(0)
    for _ in range(scans):
        marks = layer.observe(marks, pose, layer.lidar.scan(world, pose, rng), dt)
    return marks


def test_a_box_is_seen_where_it_stands():
    layer = UnmappedObstacles(hall(), Lidar(beams=180))
    points = layer.points(look(layer, with_box(hall())))
    assert len(points) > 5
    assert np.all((points > [3.35, 2.65]) & (points < [3.9, 3.35]))


def test_beams_beyond_its_reach_are_not_believed():
    near, far = (UnmappedObstacles(hall(), Lidar(beams=180), reach=reach) for reach in (1.2, 5.0))
    assert len(look(near, with_box(hall())).cells) == 0
    assert len(look(far, with_box(hall())).cells) > 0


def test_what_the_map_knows_is_no_obstacle_even_from_a_slightly_wrong_pose():
    world = with_box(hall())
    layer = UnmappedObstacles(world, Lidar(beams=180))
    rng = np.random.default_rng(1)
    marks = NO_MARKS
    for _ in range(50):
        wrong = POSE + np.array([0.08, -0.05, 0.02])
        marks = layer.observe(marks, wrong, layer.lidar.scan(world, POSE, rng), 0.1)
    assert len(layer.points(marks)) == 0


def test_one_stray_beam_is_not_believed():
    layer = UnmappedObstacles(hall(), Lidar(beams=60))
    ranges = layer.lidar.scan(hall(), POSE)
    ranges[30] = 1.0
    marks = layer.observe(NO_MARKS, POSE, ranges, 0.1)
    assert len(marks.cells) == 1
    assert len(layer.points(marks)) == 0
    for _ in range(3):
        marks = layer.observe(marks, POSE, ranges, 0.1)
    assert len(layer.points(marks)) == 1


def test_what_has_gone_is_given_up_when_beams_pass_through_it():
    layer = UnmappedObstacles(hall(), Lidar(beams=180))
    seen = look(layer, with_box(hall()))
    assert len(layer.points(look(layer, hall(), seen, scans=15))) == 0


def test_what_is_not_seen_fades_slowly():
    layer = UnmappedObstacles(hall(), Lidar(beams=60, field_of_view=1.0), memory=10.0)
    seen = look(layer, with_box(hall()))
    away = POSE + np.array([0.0, 0.0, np.pi])
    assert len(layer.points(look(layer, hall(), seen, scans=1, pose=away))) > 0
    assert len(layer.points(look(layer, hall(), seen, scans=60, pose=away, dt=1.0))) == 0


def test_hits_around_a_cell_are_those_of_its_five_by_five_square():
    rng = np.random.default_rng(0)
    cells = np.unique(rng.integers(-8, 8, size=(70, 2)), axis=0)
    hits = rng.random(len(cells))
    near = np.abs(cells[:, None] - cells).max(-1) <= 2
    assert _hits_around(Marks(cells, hits)) == pytest.approx(near @ hits)
