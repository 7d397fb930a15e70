"""Occupancy grids: where cells lie, what they hold, how far and how wide the way is."""

import pickle

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.geometry import transform
from plansim.core.grid import OccupancyGrid

TURNED = (3.0, -2.0, 0.7)  # an origin pose


def random_grid(rng, rows=40, columns=60, share=0.1, **kwargs):
    return OccupancyGrid((rng.random((rows, columns)) < share).astype(float), **kwargs)


def test_row_0_is_the_lowest_and_the_origin_is_the_corner_of_its_first_cell():
    grid = OccupancyGrid(np.zeros((2, 3)), resolution=0.5, origin=(1.0, 2.0, 0.0))
    np.testing.assert_array_equal(
        grid.cells(np.array([[1.0, 2.0], [2.49, 2.99], [1.2, 2.5]])), [[0, 0], [1, 2], [1, 0]]
    )
    np.testing.assert_array_equal(grid.points(np.array([1, 2])), [2.25, 2.75])
    np.testing.assert_array_equal(grid.bounds, [[1.0, 2.0], [2.5, 3.0]])
    assert grid.size == (1.5, 1.0)


def test_cells_are_where_the_rotated_origin_puts_them():
    grid = random_grid(np.random.default_rng(1), resolution=0.25, origin=TURNED)
    cells = np.argwhere(np.ones(grid.shape, bool))
    points = grid.points(cells)
    np.testing.assert_array_equal(grid.cells(points), cells)
    np.testing.assert_allclose(points, transform(np.array(TURNED), (cells[:, ::-1] + 0.5) * 0.25), atol=1e-12)


def test_a_map_turned_by_a_quarter_covers_the_turned_box():
    grid = OccupancyGrid(np.zeros((2, 4)), origin=(0.0, 0.0, np.pi / 2))
    np.testing.assert_allclose(grid.bounds, [[-2.0, 0.0], [0.0, 4.0]], atol=1e-15)


def test_every_cell_is_occupied_free_or_unknown():
    grid = OccupancyGrid([[0.0, 0.24, 0.25, 0.5, 0.65, 0.66, 1.0]])
    np.testing.assert_array_equal(grid.free, [[1, 1, 0, 0, 0, 0, 0]])
    np.testing.assert_array_equal(grid.unknown, [[0, 0, 1, 1, 1, 0, 0]])
    np.testing.assert_array_equal(grid.occupied, [[0, 0, 0, 0, 0, 1, 1]])


def test_what_is_outside_or_unknown_is_not_free():
    grid = OccupancyGrid([[0.0, 0.5]])
    points = np.array([[0.5, 0.5], [1.5, 0.5], [2.0, 0.5], [-1e-9, 0.5], [np.nan, 0.5], [1e300, 0.5]])
    np.testing.assert_array_equal(grid.is_free(points), [True, False, False, False, False, False])
    np.testing.assert_array_equal(grid.contains(points), [True, True, False, False, False, False])


def test_leading_dimensions_are_batch():
    grid = random_grid(np.random.default_rng(2), origin=TURNED)
    poses = np.random.default_rng(3).uniform(-20, 60, (4, 5, 3))  # a pose's heading is not looked at
    for method in (grid.cells, grid.contains, grid.is_free, grid.distance):
        one_by_one = [[method(pose) for pose in row] for row in poses]
        np.testing.assert_array_equal(method(poses), one_by_one)


def test_the_distance_field_is_the_distance_to_the_nearest_occupied_centre():
    grid = random_grid(np.random.default_rng(4), share=0.02, resolution=0.2)
    cells = np.argwhere(np.ones(grid.shape, bool))
    walls = np.argwhere(grid.occupied)
    brute = np.linalg.norm(cells[:, None] - walls, axis=-1).min(1).reshape(grid.shape) * 0.2
    np.testing.assert_allclose(grid.distance_field, brute, atol=1e-12)
    np.testing.assert_array_equal(grid.distance(grid.points(cells)), grid.distance_field.ravel())
    assert grid.distance(np.array([-1.0, 0.0])) == 0.0


def test_without_obstacles_they_are_infinitely_far():
    assert np.isinf(OccupancyGrid(np.full((3, 3), 0.5)).distance_field).all()


def overlaps(shape, corner):
    """Whether the unit square at a corner and a polygon overlap, by points strewn over the square."""
    x, y = (corner[:, None, None] + (np.mgrid[0:40, 0:40] + 0.5) / 40).reshape(2, -1)
    inside = np.zeros(x.shape, bool)
    for (ax, ay), (bx, by) in zip(shape, np.roll(shape, -1, 0), strict=True):
        with np.errstate(divide="ignore", invalid="ignore"):
            inside ^= ((ay > y) != (by > y)) & (x < ax + (y - ay) / (by - ay) * (bx - ax))
    return inside.any()


ARROW = np.array([[1.3, 0.1], [0.2, 0.9], [0.3, 0.2], [-0.8, -0.35], [0.1, -0.6]])  # not convex
BOX = np.array([[-0.6, -0.35], [0.9, -0.35], [0.9, 0.35], [-0.6, 0.35]])


@pytest.mark.parametrize("polygon", [ARROW, BOX], ids=["arrow", "box"])
@pytest.mark.parametrize("heading", [0.0, 0.5])
def test_inflation_marks_the_cells_where_a_polygon_would_touch(heading, polygon):
    empty = OccupancyGrid(np.zeros((15, 15)), resolution=0.5, origin=(0.0, 0.0, heading))
    grid = empty.with_cells(np.array([[7, 8]]), 1.0)
    c, s = np.cos(heading), np.sin(heading)
    in_cells = polygon @ np.array([[c, -s], [s, c]]) / 0.5  # the world's polygon seen from the map's axes
    expected = [
        [overlaps(in_cells + np.array([j + 0.5, i + 0.5]), np.array([8.0, 7.0])) for j in range(15)] for i in range(15)
    ]
    np.testing.assert_array_equal(grid.inflated(polygon).occupied, expected)


def test_inflation_by_a_disc_is_the_disc_against_the_cells_square():
    grid = random_grid(np.random.default_rng(5), share=0.01, resolution=0.1)
    cells, walls = np.argwhere(np.ones(grid.shape, bool)), np.argwhere(grid.occupied)
    gap = np.linalg.norm(np.maximum(np.abs(cells[:, None] - walls) - 0.5, 0.0), axis=-1).min(1) * 0.1
    for radius in (0.19, 0.26, 0.33, 0.352, 0.4):
        np.testing.assert_array_equal(grid.inflated(radius).occupied.ravel(), gap < radius)
    np.testing.assert_array_equal(grid.inflated(0.0).occupied, grid.occupied)


def test_a_many_sided_polygon_inflates_as_its_disc():
    grid = random_grid(np.random.default_rng(6), share=0.01, resolution=0.1, origin=TURNED)
    angle = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    circle = 0.4 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    np.testing.assert_array_equal(grid.inflated(circle).occupied, grid.inflated(0.4).occupied)


def test_inflation_leaves_what_is_unknown_unknown():
    grid = OccupancyGrid([[1.0, 0.5, 0.5, 0.5, 0.1]]).inflated(0.9)
    np.testing.assert_array_equal(grid.probability, [[1.0, 1.0, 0.5, 0.5, 0.1]])


def test_edits_are_copies():
    grid = OccupancyGrid(np.zeros((3, 4)))
    edited = grid.with_cells(np.array([[0, 1], [2, 3]]), 1.0)
    assert grid.occupied.sum() == 0
    assert edited.occupied.sum() == 2
    np.testing.assert_array_equal(edited.with_cells(edited.occupied, 0.0).probability, grid.probability)
    with pytest.raises(MalformedInput, match="3 rows and 4 columns"):
        grid.with_cells(np.array([[3, 0]]), 1.0)
    with pytest.raises(MalformedInput, match="mask"):
        grid.with_cells(np.zeros((2, 2), bool), 1.0)


def test_nobody_changes_a_map_in_place():
    source = np.zeros((3, 3))
    grid = OccupancyGrid(source)
    source[:] = 1.0
    for name in ("probability", "origin", "occupied", "free", "unknown", "distance_field", "bounds"):
        assert not getattr(grid, name).flags.writeable, name
    assert not grid.occupied.any()


def test_a_pickled_map_is_the_same_and_still_read_only():
    grid = random_grid(np.random.default_rng(7), resolution=0.1, origin=TURNED)
    grid.distance_field  # noqa: B018 a cache that must not travel
    copy = pickle.loads(pickle.dumps(grid))
    assert copy.digest == grid.digest
    assert not copy.probability.flags.writeable
    assert "distance_field" not in vars(copy)


def test_the_digest_tells_maps_apart():
    cells = np.zeros((2, 3))
    grids = [OccupancyGrid(cells), OccupancyGrid(cells, 0.5), OccupancyGrid(cells, origin=(0, 0, 1))]
    grids += [OccupancyGrid(cells.T), OccupancyGrid(cells, free_below=0.2), OccupancyGrid(cells + 0.1)]
    assert len({grid.digest for grid in grids}) == len(grids)
    assert OccupancyGrid(cells).digest == grids[0].digest


def test_random_points_have_free_space_around_them():
    grid = random_grid(np.random.default_rng(8), share=0.02, resolution=0.2, origin=TURNED)
    points = grid.random_free_points(np.random.default_rng(0), 500, clearance=0.5)
    assert points.shape == (500, 2)
    angle = np.linspace(0, 2 * np.pi, 64)
    rim = points[:, None] + 0.5 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    assert grid.is_free(rim).all()
    np.testing.assert_array_equal(points, grid.random_free_points(np.random.default_rng(0), 500, clearance=0.5))
    assert grid.is_free(grid.random_free_point(np.random.default_rng(1)))


def test_random_points_are_refused_where_there_is_no_room():
    with pytest.raises(MalformedInput, match="no free cell"):
        OccupancyGrid(np.zeros((5, 5))).random_free_points(np.random.default_rng(0), 1, clearance=3.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"probability": np.zeros(3)}, "rows and columns"),
        ({"probability": np.zeros((0, 3))}, "rows and columns"),
        ({"probability": [[0.0, np.nan]]}, r"probability\[0, 1\] is nan"),
        ({"probability": [[0.0], [1.5]]}, r"probability\[1, 0\] is 1.5"),
        ({"probability": [["wall"]]}, "numbers"),
        ({"probability": [[0.0, 1.0], [0.0]]}, "numbers"),
        ({"resolution": 0.0}, "resolution is 0.0"),
        ({"resolution": np.nan}, "resolution is nan"),
        ({"origin": (0.0, np.inf, 0.0)}, "origin"),
        ({"origin": (0.0, 0.0)}, "origin"),
        ({"free_below": 0.7}, "free_below"),
        ({"occupied_above": 0.4}, "occupied_above"),
    ],
)
def test_a_map_that_cannot_be_meant_is_refused(arguments, message):
    with pytest.raises(MalformedInput, match=message):
        OccupancyGrid(**({"probability": np.zeros((2, 2))} | arguments))


@pytest.mark.parametrize("footprint", [-1.0, np.nan, np.zeros((2, 2)), np.zeros((4, 3))])
def test_a_footprint_that_cannot_be_meant_is_refused(footprint):
    with pytest.raises(MalformedInput, match="footprint"):
        OccupancyGrid(np.zeros((2, 2))).inflated(footprint)


def test_points_that_are_no_numbers_lie_in_no_cell():
    with pytest.raises(MalformedInput, match="finite"):
        OccupancyGrid(np.zeros((2, 2))).cells(np.array([np.nan, 0.0]))
