"""What every registered planner must keep to."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.planning.base import Budget, Problem, Status
from plansim.planning.grid.moves import cost_of
from plansim.planning.grid.random_walk import RandomWalk
from plansim.planning.grid.space import GridSpace
from plansim.planning.peers.networkx_peer import NetworkX
from plansim.scenario.registry import BUILTINS, load
from tests.planning.grids import legal, legal_path, naive_costs, random_problem, random_space

# planners of other spaces keep to the same contract in the tests of their folders
ON_OTHER_SPACES = (
    "plansim.planning.car.",
    "plansim.planning.sampling.",
    "plansim.planning.trajectory.",
    "plansim.planning.peers.ompl_peer",
)
BUILDERS = {
    name: load(target) for name, target in BUILTINS["planner"].items() if not target.startswith(ON_OTHER_SPACES)
} | {"networkx-a-star": NetworkX}
# planners of another kind of problem than paths over the cells of a map, octile moves at the cost of their length
PROBLEMS_OF = {"any-angle": "straight lines on a map", "tree-a-star": "straight lines through blocks of a map"}
OVER_CELLS = [name for name in BUILDERS if name not in PROBLEMS_OF]


@pytest.fixture(params=BUILDERS)
def planner(request):
    return BUILDERS[request.param]()


@pytest.fixture(params=OVER_CELLS)
def cell_planner(request):
    return BUILDERS[request.param]()


def without_a_path(planner):
    """What a planner says where there is no path; a walk cannot know."""
    return Status.BUDGET_SPENT if isinstance(planner, RandomWalk) else Status.NO_PATH


def problems(count=12):
    rng = np.random.default_rng(11)
    spaces = [random_space(seed, shape=(20, 25), density=0.25) for seed in range(count)]
    return [random_problem(space, rng) for space in spaces]


def boxed(*, start=(0.5, 0.5), goal=(4.5, 4.5), space=None):
    """A 5 x 5 map with a closed box around (2.5, 2.5)."""
    cells = np.zeros((5, 5))
    cells[1:4, 1:4] = 1
    cells[2, 2] = 0
    return Problem(space or GridSpace(OccupancyGrid(cells)), np.array(start), np.array(goal))


def cells_of(problem, states):
    return [tuple(int(i) for i in cell) for cell in problem.space.grid.cells(states)]


def test_a_path_runs_from_the_start_to_the_goal_through_free_cells(cell_planner):
    solved = 0
    for problem in problems():
        plan = cell_planner.plan(problem)
        if plan.solved:
            solved += 1
            assert np.array_equal(plan.states[[0, -1]], np.stack((problem.start, problem.goal)))
            assert legal_path(problem.space.blocked, cells_of(problem, plan.states))
            assert problem.space.edge_free(plan.states[:-1], plan.states[1:]).all()
    assert solved > 6


def test_the_cost_is_the_sum_of_the_edges_and_above_the_bound(cell_planner):
    for problem in problems():
        plan = cell_planner.plan(problem)
        if plan.solved:
            lengths = problem.space.distance(plan.states[:-1], plan.states[1:])
            assert plan.cost == pytest.approx(lengths.sum(), abs=1e-9)
            assert 0.0 <= plan.lower_bound <= plan.cost
        elif plan.status is Status.NO_PATH:
            assert plan.cost == np.inf


def test_who_claims_an_optimum_has_it_and_no_path_means_that_there_is_none(cell_planner):
    statuses = set()
    for problem in problems():
        plan = cell_planner.plan(problem)
        start, goal = cells_of(problem, np.stack((problem.start, problem.goal)))
        least = naive_costs(problem.space.blocked, start)[goal] * problem.space.grid.resolution
        statuses.add(plan.status)
        assert plan.lower_bound <= least + 1e-9
        assert plan.solved == np.isfinite(least)
        if plan.optimal:
            assert plan.cost == pytest.approx(least, abs=1e-9)
    assert statuses == {Status.SOLVED, without_a_path(cell_planner)}


def test_a_status_says_why_there_is_no_path(planner):
    cases = {
        Status.SOLVED: boxed(),
        Status.INVALID_START: boxed(start=(1.5, 1.5)),
        Status.INVALID_GOAL: boxed(goal=(1.5, 1.5)),
        without_a_path(planner): boxed(goal=(2.5, 2.5)),
    }
    for status, problem in cases.items():
        plan = planner.plan(problem)
        assert plan.status is status
        assert plan.status in (Status.SOLVED, Status.BUDGET_SPENT) or plan.states.shape == (0, 2)


def test_at_the_goal_already_the_path_is_one_state(planner):
    plan = planner.plan(boxed(goal=(0.5, 0.5)))
    assert (plan.status, plan.cost, plan.states.tolist()) == (Status.SOLVED, 0.0, [[0.5, 0.5]])


def test_a_pose_counts_as_its_point_and_a_path_begins_in_the_cells_centre(cell_planner):
    plan = cell_planner.plan(boxed(start=(0.2, 0.9, 1.0), goal=(4.9, 4.1, 2.0)))
    assert plan.states[[0, -1]].tolist() == [[0.5, 0.5], [4.5, 4.5]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": (np.nan, 0.5)}, "start"),
        ({"goal": (np.inf, 0.5)}, "goal"),
        ({"goal": (4.5,)}, "goal"),
        ({"start": ((0.5, 0.5), (0.5, 0.5))}, "start"),
        ({"goal": (5.5, 0.5)}, "goal .* outside the map"),
        ({"space": object()}, "GridSpace"),
    ],
)
def test_a_malformed_problem_is_an_error_that_says_where(planner, change, message):
    with pytest.raises(MalformedInput, match=message):
        planner.plan(boxed(**change))


def test_same_problem_same_plan(planner):
    for problem in problems(4):
        first, second = (planner.plan(problem, rng=np.random.default_rng(3)) for _ in range(2))
        assert first._replace(stats=None, states=None) == second._replace(stats=None, states=None)
        assert np.array_equal(first.states, second.states)
        assert first.stats.expanded == second.stats.expanded


def test_a_spent_budget_brings_what_was_found(cell_planner):
    problem = next(problem for problem in problems() if cell_planner.plan(problem).cost > 5.0)
    least = cell_planner.plan(problem).cost
    for budget in (Budget(iterations=3), Budget(iterations=0), Budget(seconds=0.0, iterations=5)):
        plan = cell_planner.plan(problem, budget)
        cells = cells_of(problem, plan.states)
        assert plan.status is Status.BUDGET_SPENT
        assert plan.stats.expanded <= 5
        assert plan.lower_bound <= least + 1e-9
        assert cells[0] == cells_of(problem, problem.start[None])[0]
        assert all(legal(problem.space.blocked, a, b) for a, b in pairwise(cells))
        assert plan.cost == pytest.approx(problem.space.distance(plan.states[:-1], plan.states[1:]).sum(), abs=1e-9)


def test_a_plan_leaves_its_problem_as_it_was(planner):
    problem = problems(1)[0]
    before = problem.start.copy(), problem.goal.copy(), problem.space.blocked.copy(), problem.space.grid.digest
    planner.plan(problem)
    after = problem.start, problem.goal, problem.space.blocked, problem.space.grid.digest
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_terrain_is_priced_or_refused_never_passed_over(planner):
    """A dear strip between start and goal, with a cheap way round it."""
    terrain = np.ones((9, 9))
    terrain[:7, 4] = 50.0
    problem = boxed(space=GridSpace(OccupancyGrid(np.zeros((9, 9))), terrain=terrain), goal=(8.5, 0.5))
    try:
        plan = planner.plan(problem)
    except MalformedInput as error:
        assert "terrain" in str(error) or "AStar plans in any GridSpace" in str(error)  # noqa: PT017
    else:
        assert plan.cost == pytest.approx(cost_of(problem.space, problem.space.grid.cells(plan.states)), abs=1e-9)
