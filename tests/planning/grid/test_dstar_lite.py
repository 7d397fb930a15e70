import numpy as np
import pytest

from plansim.core.grid import OccupancyGrid
from plansim.core.map_makers import rooms
from plansim.planning import AStar, Budget, DStarLite, GridSpace, Problem, Status
from tests.planning.grids import legal_path, naive_costs, random_problem, random_space


def changed(problem, rng, start, count=4):
    """The problem from another start, after some cells have become walls and others free."""
    grid = problem.space.grid
    cells = rng.integers(0, grid.shape, size=(count, 2))
    occupied = problem.space.blocked.copy()
    occupied[cells[:, 0], cells[:, 1]] ^= True
    return Problem(GridSpace(OccupancyGrid(occupied, grid.resolution, grid.origin)), start, problem.goal)


@pytest.mark.parametrize("seed", range(20))
def test_a_repaired_plan_is_as_short_as_a_new_one(seed):
    rng = np.random.default_rng(seed)
    problem, planner = random_problem(random_space(seed, (20, 25)), rng), DStarLite().replanner()
    for _ in range(12):
        plan, new = planner.plan(problem), AStar().plan(problem)
        assert (plan.status, plan.cost) == (new.status, pytest.approx(new.cost, abs=1e-9))
        if plan.solved:
            assert plan.optimal
            assert legal_path(problem.space.blocked, problem.space.grid.cells(plan.states))
        problem = changed(problem, rng, plan.states[min(2, len(plan.states) - 1)] if plan.solved else problem.start)


def test_walls_that_go_away_open_the_way_again():
    free, start, goal = OccupancyGrid(np.zeros((9, 30))), np.array([0.5, 4.5]), np.array([29.5, 4.5])
    walled = free.with_cells([[row, 15] for row in range(9)], 1.0)
    planner = DStarLite().replanner()
    plans = [planner.plan(Problem(GridSpace(grid), start, goal)) for grid in (free, walled, free)]
    assert [plan.status for plan in plans] == [Status.SOLVED, Status.NO_PATH, Status.SOLVED]
    assert plans[0].cost == plans[2].cost == 29.0


def test_a_repair_looks_at_few_cells():
    grid = rooms(rows=4, columns=5, resolution=0.1)
    rng = np.random.default_rng(3)
    start, goal = grid.random_free_points(rng, count=2)
    planner, saved = DStarLite().replanner(), []
    plan = planner.plan(Problem(GridSpace(grid), start, goal))
    for _ in range(10):
        grid = grid.with_cells(grid.cells(plan.states[12:14]), 1.0)
        problem = Problem(GridSpace(grid), plan.states[4], goal)
        plan = planner.plan(problem)
        assert "repaired" in plan.stats.engine
        saved.append((plan.stats.expanded, AStar().plan(problem).stats.expanded))
    assert np.sum(saved, axis=0)[0] < 0.2 * np.sum(saved, axis=0)[1]


def test_another_goal_another_map_or_many_changes_begin_anew():
    rng = np.random.default_rng(0)
    first, planner = random_problem(random_space(0), rng), DStarLite().replanner()
    others = [
        Problem(first.space, first.start, first.space.grid.points(np.argwhere(~first.space.blocked)[0])),
        random_problem(random_space(0, (9, 9)), rng),
        random_problem(random_space(1), rng),
    ]
    for problem in others:
        planner.plan(first)
        plan = planner.plan(problem)
        assert "from the goal" in plan.stats.engine
        assert plan.cost == pytest.approx(AStar().plan(problem).cost, abs=1e-9)


def test_a_search_that_was_cut_short_goes_on():
    rng = np.random.default_rng(5)
    problem = next(p for p in (random_problem(random_space(s), rng) for s in range(9)) if AStar().plan(p).cost > 6)
    planner, statuses = DStarLite().replanner(), []
    while not statuses or statuses[-1] is Status.BUDGET_SPENT:
        plan = planner.plan(problem, Budget(iterations=5))
        statuses.append(plan.status)
        assert plan.stats.expanded <= 5
    assert len(statuses) > 3
    assert plan.cost == pytest.approx(AStar().plan(problem).cost, abs=1e-9)


def test_costs_to_the_goal_are_those_of_the_blackboard():
    space = random_space(4)
    rng = np.random.default_rng(4)
    goal = random_problem(space, rng).goal
    costs = naive_costs(space.blocked, tuple(space.grid.cells(goal))) * space.grid.resolution
    for cell in np.argwhere(~space.blocked)[::7]:
        plan = DStarLite().plan(Problem(space, space.grid.points(cell), goal))
        assert plan.cost == pytest.approx(costs[tuple(cell)], abs=1e-9)


def test_the_cells_looked_at_are_kept_on_request():
    problem = random_problem(random_space(7), np.random.default_rng(7))
    plan = DStarLite(keep_expanded=True).plan(problem)
    assert plan.expanded.shape == (plan.stats.expanded, 2)
    assert problem.space.is_free(plan.expanded).all()
    assert DStarLite().plan(problem).expanded is None
