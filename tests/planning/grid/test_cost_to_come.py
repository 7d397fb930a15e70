"""The numbers that are written into cells are those that the search had."""

from __future__ import annotations

import numpy as np
import pytest

from plansim.planning.base import Problem
from plansim.planning.grid.cost_to_come import cost_to_come
from plansim.planning.grid.dijkstra import Dijkstra
from plansim.planning.grid.space import GridSpace
from tests.planning.grids import random_problem, random_space

rng = np.random.default_rng(0)
TERRAIN = rng.uniform(1.0, 3.0, (12, 15))


@pytest.mark.parametrize(
    "rules",
    [{}, {"connectivity": 4}, {"corner_cutting": True}, {"terrain": TERRAIN}],
    ids=lambda rules: str(list(rules)),
)
def test_the_cost_to_come_of_what_dijkstra_expands_is_that_of_the_shortest_path_there(rules):
    for seed in range(3):
        space = GridSpace(random_space(seed, shape=(12, 15), density=0.25).grid, **rules)
        problem = random_problem(space, rng)
        plan = Dijkstra(keep_expanded=True).plan(problem)
        costs = cost_to_come(space, plan.expanded)
        for state, cost in zip(plan.expanded[::7], costs[::7], strict=True):
            assert cost == pytest.approx(Dijkstra().plan(Problem(space, problem.start, state)).cost, abs=1e-9)


def test_a_cell_that_has_no_neighbour_before_it_has_no_number():
    space = random_space(0, shape=(12, 15), density=0.0)
    assert np.isnan(cost_to_come(space, np.array([[0.5, 0.5], [5.5, 0.5]]))).tolist() == [False, True]
