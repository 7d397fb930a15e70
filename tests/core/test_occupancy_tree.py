import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.occupancy_tree import OccupancyTree, morton, unmorton


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (5, 13), (33, 2), (3, 4, 5), (9, 9, 9)])
@pytest.mark.parametrize("density", [0.0, 0.02, 0.5, 1.0])
def test_a_tree_answers_as_its_array(shape, density):
    blocked = np.random.default_rng(1).random(shape) < density
    tree = OccupancyTree.of(blocked)
    assert np.array_equal(tree.array(), blocked)
    cells = np.stack(np.meshgrid(*[np.arange(-2, size + 2) for size in shape], indexing="ij"), axis=-1)
    inside = ((cells >= 0) & (cells < shape)).all(-1)
    assert tree.blocked(cells)[~inside].all()


def test_leaves_are_the_largest_uniform_blocks_and_tile_the_root():
    tree = OccupancyTree.of(np.random.default_rng(2).random((32, 32)) < 0.05)
    assert (tree.widths**2).sum() == 32 * 32
    owner = tree.leaf_of(np.moveaxis(np.indices((32, 32)), 0, -1))
    assert np.array_equal(np.bincount(owner.ravel()), tree.widths**2)
    for corner, width in zip(tree.corners, tree.widths, strict=True):
        low = corner // (2 * width) * 2 * width
        parent = tree.array()[low[0] : low[0] + 2 * width, low[1] : low[1] + 2 * width]
        assert width == 32 or parent.any() != parent.all()


def test_an_empty_floor_is_a_single_block():
    assert len(OccupancyTree.of(np.zeros((1024, 1024), dtype=bool)).leaves) == 1


def test_morton_codes_are_the_bits_of_row_and_column_in_turn():
    assert morton(np.array([0b101, 0b011])) == 0b100111
    cells = np.random.default_rng(0).integers(0, 1 << 20, size=(50, 3))
    assert np.array_equal(unmorton(morton(cells), 3), cells)


@pytest.mark.parametrize("shape", [(0, 3), (4,), (2, 2, 2, 2)])
def test_only_plane_and_solid_arrays_have_trees(shape):
    with pytest.raises(MalformedInput, match="must be"):
        OccupancyTree.of(np.zeros(shape, dtype=bool))
