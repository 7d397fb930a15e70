"""Traps: every cup can be left and passed, and a map grown by a robot is safe for it."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.trap_maker import TILE, inflated, traps


@pytest.mark.parametrize("seed", range(5))
def test_all_that_is_free_hangs_together_for_a_robot(seed):
    from scipy.ndimage import label

    grid = traps(rows=2, columns=2, seed=seed)
    assert label(inflated(grid, 0.3).free)[1] == 1
    assert grid.size == pytest.approx((2 * TILE[0], 2 * TILE[1]))


def test_same_seed_same_hall_and_another_seed_another():
    assert traps(seed=1).digest == traps(seed=1).digest != traps(seed=2).digest


def test_a_disc_anywhere_in_a_free_cell_of_the_grown_map_touches_nothing():
    rng = np.random.default_rng(0)
    cells = (rng.random((30, 40)) < 0.02).astype(float)
    grid, radius = OccupancyGrid(cells, 0.2), 0.5
    points = inflated(grid, radius).random_free_points(rng, 300)
    corners = np.argwhere(cells)[:, ::-1] * 0.2
    off = np.maximum(np.maximum(corners - points[:, None], points[:, None] - corners - 0.2), 0.0)
    assert np.linalg.norm(off, axis=-1).min() >= radius
    assert points.min() >= radius
    assert (points <= np.array(grid.size) - radius).all()


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(MalformedInput, match="rows 0"):
        traps(rows=0)
