"""Maps that need no file: what a robot can rely on in them."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, label

from plansim.core.errors import MalformedInput
from plansim.core.map_makers import cluttered, empty, maze, rooms, warehouse
from plansim.core.raycast import cast_rays

FLOORS = {
    "warehouse": warehouse,
    "small warehouse": lambda seed: warehouse(rows=3, blocks=1, resolution=0.1, seed=seed),
    "long warehouse": lambda seed: warehouse(rows=4, blocks=5, aisle=1.6, resolution=0.1, seed=seed),
    "rooms": rooms,
    "maze": maze,
}


@pytest.mark.parametrize("make", FLOORS.values(), ids=FLOORS)
def test_the_same_arguments_give_the_same_map_and_another_seed_another(make):
    assert make(seed=3).digest == make(seed=3).digest
    assert make(seed=3).digest != make(seed=4).digest


@pytest.mark.parametrize("make", FLOORS.values(), ids=FLOORS)
@pytest.mark.parametrize("seed", range(5))
def test_walls_enclose_one_connected_floor(make, seed):
    grid = make(seed=seed)
    assert label(grid.free)[1] == 1
    border = [grid.occupied[0], grid.occupied[-1], grid.occupied[:, 0], grid.occupied[:, -1]]
    assert all(side.all() for side in border)


@pytest.mark.parametrize("make", list(FLOORS.values())[:3], ids=list(FLOORS)[:3])
@pytest.mark.parametrize("seed", range(5))
def test_a_robot_1_6_m_wide_passes_every_aisle_of_a_warehouse(make, seed):
    grid = make(seed=seed)
    wide = distance_transform_edt(grid.free) * grid.resolution > 0.8 - grid.resolution
    assert (
        label(wide)[1] == 1
    )  # all places with room are joined, and only corners, empty bays and nooks are not among them
    assert (distance_transform_edt(~wide) * grid.resolution)[grid.free].max() < 1.5


def test_no_two_places_of_the_warehouse_look_alike():
    grid = warehouse()
    points = grid.points(np.argwhere(grid.distance_field > 0.5)[::400])
    poses = np.c_[points, np.zeros(len(points))]
    scans = cast_rays(grid, poses, np.linspace(0, 2 * np.pi, 60, endpoint=False), 10.0)
    apart = np.linalg.norm(points[:, None] - points, axis=-1) > 1.0
    turned = np.stack([np.roll(scans, shift, axis=-1) for shift in range(0, 60, 15)])  # four headings
    assert all(
        np.abs(scans[:, None] - other).mean(-1)[apart].min() > 0.1 for other in turned
    )  # m, five times a lidar's noise


def test_rooms_have_more_ways_than_one_and_a_maze_has_one():
    assert _loops(maze(seed=1)) == 0
    assert _loops(rooms(seed=1, extra_doors=0.0)) == 0
    assert _loops(rooms(seed=1, extra_doors=1.0)) == (3 - 1) * (4 - 1)


def _loops(grid):
    """Pieces of wall that hang together with nothing else, beyond the outer one."""
    return label(grid.occupied, np.ones((3, 3)))[1] - 1


def test_doors_are_as_wide_as_they_are_told():
    for door in (0.8, 1.2, 2.0):
        inside = rooms(rows=1, columns=2, door=door, seed=2).free[:, 101]  # the wall between the two
        assert inside.sum() * 0.05 == pytest.approx(door, abs=0.051)


def test_an_empty_floor_is_free():
    grid = empty(3.0, 2.0, 0.5)
    assert grid.shape == (4, 6)
    assert grid.free.all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: warehouse(rows=2), "rows is 2, but must be at least 3"),
        (lambda: warehouse(aisle=1.0), "aisle is 1.0, but must be at least 1.6"),
        (lambda: rooms(door=9.0), "width is 5.0, but must be at least 9.2"),
        (lambda: rooms(columns=0), "columns is 0"),
        (lambda: empty(resolution=0.0), "resolution"),
        (lambda: empty(width=float("nan")), "resolution"),
        (lambda: maze(corridor=-1.0), "door is -1.0"),
    ],
)
def test_a_map_that_cannot_be_built_is_refused(make, message):
    with pytest.raises(MalformedInput, match=message):
        make()


def test_boxes_are_put_on_a_map_and_the_rest_stays():
    bare = rooms(resolution=0.1)
    full = cluttered(bare, boxes=7, size=0.5, seed=2)
    added = full.occupied & bare.free
    assert np.array_equal(full.occupied & ~added, bare.occupied)
    assert 25 <= added.sum() <= 7 * 25
    assert cluttered(bare, boxes=0).digest == bare.digest


def test_a_box_that_is_larger_than_the_map_is_refused():
    with pytest.raises(MalformedInput, match="the map is smaller"):
        cluttered(empty(1.0, 1.0, 0.1), size=2.0)
