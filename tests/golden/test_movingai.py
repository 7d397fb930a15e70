"""Published optima (Sturtevant 2012, "Benchmarks for grid-based pathfinding", movingai.com)."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import pytest

from plansim.core.map_files import read_movingai_map, read_movingai_problems
from plansim.planning import BidirectionalAStar, DStarLite, Problem
from plansim.planning.base import Status
from plansim.planning.grid.jump_points import search_bits
from plansim.planning.grid.search import search_grid
from plansim.planning.grid.space import GridSpace

PRECISION = 0.0051  # the coarsest files print two decimals


class Answer(NamedTuple):
    """A plan in cells: a cell of these maps is a metre wide."""

    status: Status
    cells: np.ndarray
    cost: float
    expanded: int


def planned(planner, space, problem) -> Answer:
    ends = (space.grid.points(np.array(end)) for end in (problem.start, problem.goal))
    plan = planner.plan(Problem(space, *ends))
    return Answer(plan.status, space.grid.cells(plan.states), plan.cost, plan.stats.expanded)


ENGINES = {
    "a-star": lambda space, problem: search_grid(space.neighbours, problem.start, problem.goal),
    "dijkstra": lambda space, problem: search_grid(space.neighbours, problem.start, problem.goal, 0.0),
    "jump-point-search": lambda space, problem: search_bits(*space.bits, problem.start, problem.goal),
    "jump-point-search-plus": lambda space, problem: space.jump_points.search(problem.start, problem.goal),
    "bidirectional-a-star": functools.partial(planned, BidirectionalAStar()),
    "d-star-lite": functools.partial(planned, DStarLite()),
}


def map_of(scenario):
    stem = scenario.with_suffix("")
    return stem if stem.suffix == ".map" else stem.with_name(stem.name.partition("-random-1")[0] + ".map")


def legal(blocked, cells):
    a, b = cells[:-1].T, cells[1:].T
    return not blocked[tuple(cells.T)].any() and (
        (np.abs(b - a).max(0) == 1).all() and not (blocked[a[0], b[1]] | blocked[b[0], a[1]]).any()
    )


@pytest.mark.parametrize(
    ("engine", "every"),
    [
        ("a-star", 50),
        ("dijkstra", 250),
        ("jump-point-search", 50),
        ("jump-point-search-plus", 10),
        ("bidirectional-a-star", 500),
        ("d-star-lite", 500),
    ],
)
def test_costs_are_the_published_optima(data, engine, every):
    scenarios = sorted((data / "movingai").rglob("*.scen"))
    assert len(scenarios) >= 20
    for scenario in scenarios:
        space = GridSpace(read_movingai_map(map_of(scenario)))
        for problem in read_movingai_problems(scenario)[::every]:
            path = ENGINES[engine](space, problem)
            assert path.status is Status.SOLVED
            assert abs(path.cost - problem.optimal_length) <= PRECISION, (scenario.name, problem)
            assert legal(space.blocked, path.cells), (scenario.name, problem)
