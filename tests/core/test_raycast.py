"""Ray casting against naive casters: every cell's box, and plain traversal."""

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.geometry import inverse, transform
from plansim.core.grid import OccupancyGrid
from plansim.core.map_files import read_ros_map
from plansim.core.raycast import cast_ray, cast_rays, skip_field

TURNED = (3.0, -2.0, 0.7)


def box_distances(grid, pose, angles, max_range):
    """Distance to the nearest of all occupied cells by the slab test of each cell's box, (B,)."""
    x, y = transform(inverse(grid.origin), pose[None, :2])[0]
    heading = pose[2] - grid.origin[2] + angles[:, None]
    low = np.argwhere(grid.occupied)[:, ::-1] * grid.resolution
    enter, leave = np.zeros((len(angles), len(low))), np.full((len(angles), len(low)), np.inf)
    for axis, (start, direction) in enumerate(((x, np.cos(heading)), (y, np.sin(heading)))):
        with np.errstate(divide="ignore"):
            a = (low[:, axis] - start) / direction
            b = (low[:, axis] + grid.resolution - start) / direction
        enter, leave = np.maximum(enter, np.minimum(a, b)), np.minimum(leave, np.maximum(a, b))
    hits = np.where((enter < leave) & (leave > 0), enter, np.inf)
    return np.minimum(hits.min(1, initial=np.inf), max_range)


@pytest.mark.parametrize("share", [0.001, 0.02, 0.3])
@pytest.mark.parametrize("origin", [(0.0, 0.0, 0.0), TURNED])
def test_ranges_equal_the_slab_test_of_every_cell(share, origin):
    rng = np.random.default_rng(1)
    grid = OccupancyGrid(rng.random((70, 90)) < share, 0.15, origin)
    low, high = grid.bounds
    poses = np.c_[rng.uniform(low - 1, high + 1, (60, 2)), rng.uniform(-4, 4, 60)]  # some start outside
    angles = np.linspace(-np.pi, np.pi, 91)
    expected = [box_distances(grid, pose, angles, 8.0) for pose in poses]
    np.testing.assert_allclose(cast_rays(grid, poses, angles, 8.0), expected, atol=1e-9)


def test_along_the_axes_ranges_are_the_distance_to_the_wall():
    occupied = np.ones((11, 21))
    occupied[1:-1, 1:-1] = 0.0
    grid = OccupancyGrid(occupied, 0.5)
    ranges = cast_rays(grid, np.array([3.3, 2.2, 0.0]), np.arange(-4, 5) * np.pi / 2, 100.0)
    east, north, west, south = 10.0 - 3.3, 5.0 - 2.2, 3.3 - 0.5, 2.2 - 0.5
    np.testing.assert_allclose(ranges, [east, north, west, south] * 2 + [east], atol=1e-12)


def cells_along(occupied, x, y, dx, dy, max_cells=100.0, skip=None):
    occupied = np.asarray(occupied, dtype=bool)
    skip = skip_field(OccupancyGrid(occupied)) if skip is None else skip
    return cast_ray(occupied, skip, x, y, dx, dy, max_cells)


@pytest.mark.parametrize(
    ("dx", "dy", "x", "y"), [(1, 1, 0.5, 0.5), (-1, 1, 1.5, 0.5), (1, -1, 0.5, 1.5), (-1, -1, 1.5, 1.5)]
)
def test_a_ray_passes_one_corner_but_not_between_two(dx, dy, x, y):
    root = np.sqrt(0.5)
    one, two = np.zeros((2, 2)), np.zeros((2, 2))
    beside = (int(y), 1 - int(x)), (1 - int(y), int(x))
    one[beside[0]] = two[beside[0]] = two[beside[1]] = 1
    assert cells_along(one, x, y, dx * root, dy * root) == 100.0
    assert cells_along(two, x, y, dx * root, dy * root) == pytest.approx(root, abs=1e-15)


def test_no_ray_slips_through_a_diagonal_wall():
    rng = np.random.default_rng(2)
    grid = OccupancyGrid(np.eye(60))
    starts = np.c_[rng.integers(30, 60, 500), rng.integers(0, 30, 500), np.full(500, 0.75 * np.pi)].astype(float)
    starts[:, :2] = np.where(starts[:, 1:2] < starts[:, :1], starts[:, :2], starts[:, 1::-1])  # corners below the wall
    ranges = cast_rays(grid, starts, np.array([0.0, 1e-16, -1e-16, 1e-15, -1e-15]), 500.0)
    assert ranges.max() < 60.0


def test_a_ray_along_a_border_belongs_to_the_cells_above_it():
    occupied = np.zeros((3, 5))
    occupied[0, 3] = occupied[1, 4] = 1
    assert cells_along(occupied, 0.5, 1.0, 1.0, 0.0) == 3.5
    assert cells_along(occupied, 0.5, np.nextafter(1.0, 0.0), 1.0, 0.0) == 2.5


def test_from_within_an_occupied_cell_the_range_is_zero():
    grid = OccupancyGrid([[1.0]])
    np.testing.assert_array_equal(cast_rays(grid, np.array([0.5, 0.5, 0.0]), np.linspace(0, 6, 7), 5.0), np.zeros(7))


def test_unknown_cells_and_the_world_outside_are_transparent():
    grid = OccupancyGrid([[0.0, 0.5, 0.5, 1.0, 0.0]])
    assert cast_rays(grid, np.array([0.5, 0.5, 0.0]), np.zeros(1), 10.0) == 2.5
    assert cast_rays(grid, np.array([0.5, 0.5, np.pi]), np.zeros(1), 10.0) == 10.0
    assert cast_rays(grid, np.array([-4.0, 0.5, 0.0]), np.zeros(1), 10.0) == 7.0
    assert cast_rays(grid, np.array([-4.0, 0.5, np.pi]), np.zeros(1), 10.0) == 10.0


def test_ranges_end_at_max_range():
    grid = OccupancyGrid(np.eye(1, 50, 40))
    for max_range in (39.0, 40.0, 39.5, np.inf):
        assert cast_rays(grid, np.array([0.5, 0.5, 0.0]), np.zeros(1), max_range) == min(max_range, 39.5)


def test_the_leaps_change_nothing(data):
    grid = read_ros_map(data / "ros/depot.yaml")
    rng = np.random.default_rng(3)
    plain = np.zeros((4, *grid.shape), np.uint8)  # Amanatides and Woo, cell by cell
    for x, y, heading in np.c_[rng.uniform(0, 604, 300), rng.uniform(0, 307, 300), rng.uniform(0, 7, 300)]:
        ray = (x, y, np.cos(heading), np.sin(heading), 1000.0)
        leapt = cast_ray(grid.occupied, skip_field(grid), *ray)
        assert leapt == pytest.approx(cast_ray(grid.occupied, plain, *ray), abs=1e-9)


def test_the_squares_that_are_leapt_over_are_empty_and_as_large_as_can_be():
    grid = OccupancyGrid(np.random.default_rng(4).random((30, 40)) < 0.03)
    for quadrant, sides in enumerate(skip_field(grid).astype(int)):
        mirrored = grid.occupied[:: -1 if quadrant > 1 else 1, :: -1 if quadrant % 2 else 1]
        padded = np.pad(mirrored, ((0, 256), (0, 256)))
        for (row, column), side in np.ndenumerate(sides):
            assert not padded[row : row + side, column : column + side].any()
            assert side == 255 or padded[row : row + side + 1, column : column + side + 1].any()


def test_the_kernel_is_plain_python_too():
    grid = OccupancyGrid(np.random.default_rng(5).random((30, 40)) < 0.05)
    for heading in np.linspace(0, 6.3, 40):
        ray = (20.3, 15.7, np.cos(heading), np.sin(heading), 50.0)
        assert cast_ray.function(grid.occupied, skip_field(grid), *ray) == pytest.approx(
            cast_ray(grid.occupied, skip_field(grid), *ray), abs=1e-12
        )


def test_leading_dimensions_are_batch():
    rng = np.random.default_rng(6)
    grid = OccupancyGrid(rng.random((30, 40)) < 0.05, origin=TURNED)
    poses, angles = rng.uniform(0, 30, (2, 3, 3)), np.linspace(-1, 1, 11)
    batch = cast_rays(grid, poses, angles, 20.0)
    assert batch.shape == (2, 3, 11)
    np.testing.assert_array_equal(batch, [[cast_rays(grid, pose, angles, 20.0) for pose in row] for row in poses])


@pytest.mark.parametrize(
    ("poses", "angles", "max_range"),
    [
        (np.zeros(2), np.zeros(4), 1.0),
        (np.zeros(3), np.zeros((2, 2)), 1.0),
        (np.array([0.0, 0.0, np.nan]), np.zeros(4), 1.0),
        (np.zeros(3), np.array([np.inf]), 1.0),
        (np.zeros(3), np.zeros(4), 0.0),
        (np.zeros(3), np.zeros(4), np.nan),
    ],
)
def test_rays_that_cannot_be_meant_are_refused(poses, angles, max_range):
    with pytest.raises(MalformedInput):
        cast_rays(OccupancyGrid(np.zeros((2, 2))), poses, angles, max_range)
