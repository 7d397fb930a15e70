"""Moves from cell to cell: the table of the eight directions, followed along a path."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.control.grid_moves import GridMoves
from plansim.core.grid import OccupancyGrid

D_ROW, D_COLUMN = (0, 1, 1, 1, 0, -1, -1, -1), (1, 1, 0, -1, -1, -1, 0, 1)


@pytest.mark.parametrize("heading", [0.0, 0.3, -2.0])
@pytest.mark.parametrize("move", range(8))
def test_each_move_leads_to_the_neighbour_of_the_table(move, heading):
    grid = OccupancyGrid(np.zeros((3, 3)), resolution=0.5, origin=(7.0, -2.0, heading))
    path = grid.points(np.array([[1, 1], [1 + D_ROW[move], 1 + D_COLUMN[move]]]))
    assert GridMoves(heading).act({"state": path[0], "path": path}) == move


def test_a_path_is_followed_cell_by_cell():
    path = np.array([[0, 0], [1, 0], [2, 1], [2, 2], [1, 3], [0, 3], [0, 2]]) + 0.5
    policy, place, visited = GridMoves(), path[0], [path[0]]
    for _ in range(len(path) - 1):
        move = policy.act({"state": place, "path": path})
        place = place + np.array([D_COLUMN[move], D_ROW[move]])
        visited.append(place)
    assert np.array_equal(visited, path)


def test_at_the_end_it_answers_with_a_valid_move():
    move = GridMoves().act({"state": [2.5, 0.5], "path": np.array([[2.5, 0.5]])})
    assert move == 0
    assert isinstance(move, int)
