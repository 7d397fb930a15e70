"""A maze with an island: one floor, two bodies of wall, one way around."""

import networkx as nx
import numpy as np
import pytest
from scipy.ndimage import label

from plansim.core.errors import MalformedInput
from plansim.core.island_maze import island_maze, island_problems


def corridors(grid):
    cells = nx.grid_2d_graph(*grid.shape)
    return cells.subgraph(map(tuple, np.argwhere(grid.free)))


@pytest.mark.parametrize("seed", range(10))
def test_the_floor_is_one_and_its_walls_are_two(seed):
    grid = island_maze(9, 12, 4, seed=seed)
    graph = corridors(grid)
    assert label(grid.free)[1] == 1
    assert label(grid.occupied, np.ones((3, 3)))[1] == 2
    assert graph.number_of_edges() == graph.number_of_nodes()  # a tree and one edge: one ring
    ring = nx.find_cycle(graph)
    assert len(ring) == 8 * 5  # four sides of five rooms, a wall's width between two
    (low, left), (high, right) = np.min([a for a, _ in ring], axis=0), np.max([a for a, _ in ring], axis=0)
    doors = [b for a, _ in ring for b in graph[a] if low < b[0] < high and left < b[1] < right]
    assert len(doors) == 1


@pytest.mark.parametrize("seed", range(5))
def test_problems_lead_into_the_island_by_the_shortest_way(seed):
    grid = island_maze(8, 8, 2, seed=3)
    graph = corridors(grid)
    walls, _ = label(grid.occupied, np.ones((3, 3)))
    for problem in island_problems(8, 8, 2, count=10, seed=seed, maze_seed=3):
        assert problem.optimal_length == nx.shortest_path_length(graph, problem.start, problem.goal)
        for cell, inside in ((problem.start, False), (problem.goal, True)):
            around = walls[cell[0] - 1 : cell[0] + 2, cell[1] - 1 : cell[1] + 2]
            assert ((around[around > 0] != walls[0, 0]) == inside).all()


def test_the_same_seed_is_the_same_maze_and_a_small_one_is_refused():
    assert island_maze(seed=2).digest == island_maze(seed=2).digest != island_maze(seed=3).digest
    with pytest.raises(MalformedInput, match="4 more"):
        island_maze(6, 10, 3)
