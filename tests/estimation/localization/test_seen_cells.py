import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.estimation.localization.seen_cells import with_seen


def patch(free, row, column, sight):
    """What is seen of the true map, beyond its edge all blocked: by padding."""
    padded = np.pad(~free, sight, constant_values=True)
    return padded[row : row + 2 * sight + 1, column : column + 2 * sight + 1].astype(float)


@pytest.mark.parametrize("seed", range(5))
def test_the_map_becomes_the_truth_where_it_was_seen_and_nowhere_else(seed):
    rng = np.random.default_rng(seed)
    truth, guess = (OccupancyGrid(rng.random((9, 13)) < 0.3, 0.5, (1.0, 2.0, 0.3)) for _ in range(2))
    for row, column in [(0, 0), (4, 6), (8, 12), (2, 11)]:
        known = with_seen(guess, truth.points([row, column]), patch(truth.free, row, column, 2))
        rows, columns = np.indices(truth.shape)
        seen = np.maximum(abs(rows - row), abs(columns - column)) <= 2
        assert np.array_equal(known.free, np.where(seen, truth.free, guess.free))


def test_where_nothing_is_new_the_map_is_the_same_object():
    grid = OccupancyGrid(np.eye(7))
    assert with_seen(grid, np.array([2.5, 3.5]), patch(grid.free, 3, 2, 1)) is grid


@pytest.mark.parametrize("shape", [(2, 2), (3, 5), (9,)])
def test_only_a_square_with_a_middle_is_a_view(shape):
    with pytest.raises(MalformedInput, match="odd side"):
        with_seen(OccupancyGrid(np.zeros((5, 5))), np.array([0.5, 0.5]), np.zeros(shape))
