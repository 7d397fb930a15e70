"""GridSpace: what is free, how far, and what a straight line crosses, held to exact fractions."""

from __future__ import annotations

from fractions import Fraction as F
from itertools import pairwise
from math import floor

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.planning.grid.space import GridSpace
from plansim.planning.spaces.map import straight_lines
from tests.planning.grids import octile, random_space


def around(grid):
    return grid.bounds + np.array([[-1.0], [1.0]])


def cells_of_line(x, y, to_x, to_y):
    """Cells (column, row) that own a point of the line, and those beside a corner between two of them, by fractions."""
    x, y, to_x, to_y = (F(v) for v in (x, y, to_x, to_y))
    borders = {F(0), F(1)}
    for a, b in ((x, to_x), (y, to_y)):
        if a != b:
            borders |= {(k - a) / (b - a) for k in range(floor(min(a, b)), floor(max(a, b)) + 2)}
    borders = sorted(s for s in borders if 0 <= s <= 1)
    between = [F(0), *((s + t) / 2 for s, t in pairwise(borders)), F(1)]
    on_borders, passed = (
        [(floor(x + s * (to_x - x)), floor(y + s * (to_y - y))) for s in shares] for shares in (borders, between)
    )
    beside = {
        (i, j) for a, b in pairwise(passed) if a[0] != b[0] and a[1] != b[1] for i in (a[0], b[0]) for j in (a[1], b[1])
    }
    return {*on_borders, *passed, *beside}


@pytest.mark.parametrize("fineness", [1, 2, 4, 3])
def test_an_edge_is_free_when_all_cells_of_its_line_are(fineness):
    rng = np.random.default_rng(fineness)
    space = random_space(fineness, shape=(9, 13), density=0.15, resolution=1.0, origin=(0.0, 0.0, 0.0))
    ends = rng.integers(-fineness, 14 * fineness, size=(1500, 4)) / fineness
    if fineness == 3:
        ends = np.rint(ends * 65536) / 65536  # what the space itself rounds to
    free = space.edge_free(ends[:, :2], ends[:, 2:])
    for end, answer in zip(ends, free, strict=True):
        line = cells_of_line(*end)
        inside = all(0 <= c < 13 and 0 <= r < 9 for c, r in line)
        assert answer == (inside and not any(space.blocked[int(r), int(c)] for c, r in line)), end
    assert 0.02 < free.mean() < 0.9


def test_an_edge_is_as_free_backwards():
    space = random_space(1, shape=(20, 30), density=0.1)
    (low, high), rng = space.grid.bounds, np.random.default_rng(0)
    a, b = rng.uniform(low, high, size=(2, 2000, 2))
    assert np.array_equal(space.edge_free(a, b), space.edge_free(b, a))


def test_an_edge_between_centres_passes_no_blocked_corner():
    corner = GridSpace(OccupancyGrid(np.array([[0, 1], [0, 0]]), resolution=0.05, origin=(0.1, 0.7, 0.3)))
    (a, b, c) = corner.grid.points(np.array([[0, 0], [1, 1], [1, 0]]))
    assert not corner.edge_free(a, b)
    assert corner.edge_free(a, c)
    assert corner.edge_free(c, b)


def test_an_edge_of_no_length_is_free_where_its_point_is():
    space = random_space(4, shape=(10, 10))
    points = np.random.default_rng(0).uniform(*around(space.grid), size=(500, 2))
    assert np.array_equal(space.edge_free(points, points), space.is_free(points))


@pytest.mark.parametrize("resolution", [1.0, 0.05])
def test_an_end_just_below_a_border_lies_in_the_cell_that_it_is_said_to(resolution):
    rng = np.random.default_rng(0)
    space = GridSpace(OccupancyGrid(rng.random((30, 30)) < 0.4, resolution))
    points = (rng.integers(1, 29, (2000, 2)) + rng.choice([-1e-9, -1e-7, -6e-6, 0.0, 6e-6], (2000, 2))) * resolution
    straight = straight_lines(space)
    assert np.array_equal(space.edge_free(points, points), space.is_free(points))
    assert all(straight.kernels.point_free(x, straight.kernels.arrays) == space.is_free(x) for x in points)


def test_edges_come_in_batches_of_any_shape_and_poses_count_as_points():
    space = random_space(4, shape=(10, 10), density=0.1)
    points = np.random.default_rng(0).uniform(*space.grid.bounds, size=(3, 4, 2))
    poses = np.concatenate((points, np.ones((3, 4, 1))), axis=-1)
    free = space.edge_free(points[0, 0], poses)
    assert free.shape == (3, 4)
    assert free[1, 2] == space.edge_free(points[0, 0], points[1, 2])
    assert isinstance(space.edge_free(points[0, 0], points[1, 2]), np.bool_)


def test_an_edge_must_have_ends():
    with pytest.raises(MalformedInput, match="must be finite"):
        random_space(0).edge_free(np.array([0.0, np.nan]), np.zeros(2))


def test_is_free_is_the_grids_own_unless_unknown_counts():
    p = np.random.default_rng(0).choice([0.0, 0.5, 1.0], size=(8, 9))
    grid = OccupancyGrid(p, resolution=0.2, origin=(3.0, 1.0, -0.4))
    points = np.random.default_rng(1).uniform(*around(grid), size=(400, 2))
    assert np.array_equal(GridSpace(grid).is_free(points), grid.is_free(points))
    inside = grid.contains(points)
    occupied = p[tuple(np.where(inside[:, None], grid.cells(points), 0).T)] == 1.0
    assert np.array_equal(GridSpace(grid, unknown_is_free=True).is_free(points), inside & ~occupied)


def test_distance_is_the_length_of_an_unhindered_path():
    space = random_space(0, density=0.0)
    a, b = np.array([[2, 3], [0, 0]]), np.array([[10, 4], [5, 16]])
    expected = [0.5 * octile(*pair) for pair in zip(a, b, strict=True)]
    assert space.distance(space.grid.points(a), space.grid.points(b)) == pytest.approx(expected)
