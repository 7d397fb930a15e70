"""Hybrid A*: its plans park cars, its statuses are honest, its parts are what they say."""

from __future__ import annotations

import heapq
from dataclasses import replace

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.parking_maps import car_park
from plansim.core.ros_map import read_ros_map
from plansim.models.bicycle import Bicycle
from plansim.models.car import Car
from plansim.planning.base import Budget, Problem, Status
from plansim.planning.car.holonomic_heuristic import DIAGONAL, FAR, STRAIGHT, distance_map
from plansim.planning.car.hybrid_astar import HybridAStar
from plansim.planning.car.kinematic_heuristic import reeds_shepp_table, table_length
from plansim.planning.car.space import CarSpace
from plansim.planning.curves.reeds_shepp import reeds_shepp_length
from plansim.planning.grid.space import GridSpace
from tests.planning.car.naive_bodies import free_all_along

OUTLINE = ((-0.2, -0.2), (0.6, -0.2), (0.6, 0.2), (-0.2, 0.2))
PLANNER = HybridAStar(robot=Car(wheelbase=0.45))
RADIUS = PLANNER.turning_radius


def clutter(seed, shape=(60, 80)):
    cells = np.random.default_rng(seed).random(shape) < 0.01
    return CarSpace(OccupancyGrid(cells.astype(float), 0.1), OUTLINE, RADIUS)


def boxed(**changes):
    """A 6 x 6 m floor with a closed room of 2 x 2 m in its middle."""
    cells = np.zeros((60, 60))
    cells[19:41, 19:41] = 1
    cells[20:40, 20:40] = 0
    ends = {"start": (1.0, 1.0, 0.0), "goal": (5.0, 5.0, 1.0)} | changes
    return Problem(CarSpace(OccupancyGrid(cells, 0.1), OUTLINE, RADIUS), *map(np.array, ends.values()))


def problems(count=12):
    rng = np.random.default_rng(7)
    for seed in range(count):
        space = clutter(seed)
        some = space.sample(rng, 1000)
        yield Problem(space, *some[space.is_free(some)][:2])


def replayed(planner, plan):
    states = [plan.states[0]]
    for u, dt in zip(plan.controls, np.diff(plan.times), strict=True):
        states.append(planner.robot.step(states[-1], u, dt))
    return np.array(states)


def check(planner, problem, plan):
    """All that a solved plan promises."""
    layout = planner.robot.state
    assert plan.solved
    assert np.array_equal(plan.states[0], problem.start)
    np.testing.assert_allclose(layout.difference(plan.states[-1], problem.goal), 0.0, atol=1e-6)
    np.testing.assert_allclose(layout.difference(replayed(planner, plan), plan.states), 0.0, atol=1e-9)
    assert np.abs(plan.controls[:, 0]).max(initial=0.0) <= planner.speed * (1 + 1e-12)
    assert np.abs(plan.controls[:, 1]).max(initial=0.0) <= planner.max_steering * (1 + 1e-12)
    assert problem.space.edge_free(plan.states[:-1], plan.states[1:]).all()
    assert free_all_along(problem.space, plan.states)
    assert cost_of(planner, plan) == pytest.approx(plan.cost, rel=1e-9)
    assert problem.space.distance(problem.start, problem.goal) <= plan.cost + 1e-9
    assert 0.0 < plan.lower_bound <= plan.cost


def cost_of(planner, plan):
    metres, turning = np.abs(plan.controls[:, 0]) * planner.dt, plan.controls[:, 1] != 0.0
    backwards, cusps = plan.controls[:, 0] < 0, np.diff(np.sign(plan.controls[:, 0])) != 0
    price = np.where(backwards, planner.reverse_cost, 1.0) * np.where(turning, planner.steering_cost, 1.0)
    return (metres * price).sum() + cusps.sum() * planner.gear_change_cost * planner.turning_radius


def test_plans_through_clutter_keep_every_promise():
    for problem in problems():
        check(PLANNER, problem, PLANNER.plan(problem))


@pytest.mark.parametrize("goal", [(15.7, 12.3, -np.pi / 2), (15.7, 9.6, np.pi / 2), (14.35, 1.3, 0.0)])
def test_a_car_parks_in_a_bay_and_at_the_kerb(goal):
    planner = HybridAStar(robot=Car(wheelbase=2.7))
    outline = ((-0.9, -0.9), (3.6, -0.9), (3.6, 0.9), (-0.9, 0.9))
    space = CarSpace(car_park(taken=1.0), outline, planner.turning_radius)
    for x, heading in ((4.0, 0.0), (24.0, 0.1), (20.0, 3.1)):
        problem = Problem(space, np.array([x, 5.5, heading]), np.array(goal))
        check(planner, problem, planner.plan(problem))


def test_every_query_on_a_robots_map_is_solved(data):
    planner = HybridAStar(robot=Car(wheelbase=0.27), speed=0.25)
    outline = ((-0.1, -0.15), (0.35, -0.15), (0.35, 0.15), (-0.1, 0.15))
    space = CarSpace(read_ros_map(data / "ros" / "tb3_sandbox.yaml"), outline, planner.turning_radius)
    some = space.sample(np.random.default_rng(0), 20_000)
    ends = some[space.is_free(some)][:60].reshape(-1, 2, 3)
    for start, goal in ends:
        check(planner, Problem(space, start, goal), planner.plan(Problem(space, start, goal)))


def test_where_all_is_free_and_nothing_extra_costs_the_way_is_that_of_reeds_and_shepp():
    planner = replace(PLANNER, reverse_cost=1.0, steering_cost=1.0, gear_change_cost=0.0)
    space = CarSpace(OccupancyGrid(np.zeros((80, 80)), 0.25), OUTLINE, RADIUS)
    rng = np.random.default_rng(1)
    for start, goal in zip(*(rng.uniform([7, 7, -3], [13, 13, 3], (20, 3)) for _ in range(2)), strict=True):
        plan = planner.plan(Problem(space, start, goal))
        assert plan.cost == pytest.approx(reeds_shepp_length(start, goal, RADIUS), rel=1e-9)
        assert plan.cost <= plan.lower_bound * (1 + 1e-9)


def test_a_map_that_is_turned_and_shifted_turns_and_shifts_the_plan():
    (problem,) = problems(1)
    grid, origin = problem.space.map, np.array([3.0, -2.0, 0.0])
    moved = OccupancyGrid(grid.probability, grid.resolution, origin)
    plan = PLANNER.plan(problem)
    shifted = PLANNER.plan(Problem(CarSpace(moved, OUTLINE, RADIUS), problem.start + origin, problem.goal + origin))
    np.testing.assert_allclose(shifted.states - origin, plan.states, atol=1e-6)
    turned = CarSpace(OccupancyGrid(grid.probability, grid.resolution, (3.0, -2.0, 0.7)), OUTLINE, RADIUS)
    ends = turned.in_world(np.stack((problem.start, problem.goal)))
    other = PLANNER.plan(Problem(turned, *ends))
    assert other.solved
    assert turned.edge_free(other.states[:-1], other.states[1:]).all()


def test_a_car_wedged_in_drives_out_in_small_moves():
    cells = np.ones((60, 100))
    cells[20:40, 10:90] = 0
    cells[20:27, 33:] = 1
    cells[20:24, 10:17] = 1
    space = CarSpace(OccupancyGrid(cells, 0.1), OUTLINE, RADIUS)
    problem = Problem(space, np.array([2.0, 2.23, 0.0]), np.array([7.0, 3.3, 3.0]))
    plan = PLANNER.plan(problem)
    check(PLANNER, problem, plan)
    assert (np.diff(np.sign(plan.controls[:, 0])) != 0).sum() >= 2


def test_a_status_says_why_there_is_no_plan():
    cases = {
        Status.SOLVED: boxed(),
        Status.INVALID_START: boxed(start=(3.0, 1.5, 1.5)),
        Status.INVALID_GOAL: boxed(goal=(1.95, 3.0, 0.0)),
        Status.NO_PATH: boxed(goal=(2.8, 3.0, 0.0)),
    }
    for status, problem in cases.items():
        plan = PLANNER.plan(problem)
        assert plan.status is status
        assert plan.solved or (plan.states.shape == (0, 3) and plan.cost == np.inf and plan.controls is None)


def narrow_gap():
    cells = np.zeros((40, 80))
    cells[:, 40] = 1
    cells[18:22, 40] = 0  # 0.4 m: the body is 0.4 m wide, and cannot be straight to a whole cell
    long = ((-0.2, -0.21), (1.2, -0.21), (1.2, 0.19), (-0.2, 0.19))
    space = CarSpace(OccupancyGrid(cells, 0.1), long, RADIUS)
    return Problem(space, np.array([1.5, 2.0, 0.0]), np.array([6.0, 2.0, 0.0]))


def test_before_a_gap_too_narrow_for_the_body_it_ends_nearest_and_claims_no_proof():
    problem = narrow_gap()
    plan = PLANNER.plan(problem)
    assert plan.status is Status.NEAREST
    assert plan.stats.expanded > 1000
    assert np.array_equal(plan.states[0], problem.start)
    assert problem.space.edge_free(plan.states[:-1], plan.states[1:]).all()


def test_at_the_goal_already_the_plan_is_one_state():
    plan = PLANNER.plan(boxed(goal=(1.0, 1.0, 0.0)))
    assert (plan.status, plan.cost, plan.states.tolist()) == (Status.SOLVED, 0.0, [[1.0, 1.0, 0.0]])
    assert plan.controls.shape == (0, 2)


@pytest.mark.parametrize("budget", [Budget(iterations=0), Budget(iterations=5), Budget(seconds=0.0, iterations=5)])
def test_a_spent_budget_leads_as_near_as_it_came(budget):
    cells = np.zeros((60, 60))
    cells[10:, 28:31] = 1
    space = CarSpace(OccupancyGrid(cells, 0.1), OUTLINE, RADIUS)
    plan = PLANNER.plan(Problem(space, np.array([1.0, 5.0, 1.5]), np.array([5.0, 5.0, 1.5])), budget)
    assert plan.status is Status.BUDGET_SPENT
    assert plan.stats.expanded <= 5
    assert plan.states[0].tolist() == [1.0, 5.0, 1.5]
    assert len(plan.states) == len(plan.controls) + 1
    assert space.edge_free(plan.states[:-1], plan.states[1:]).all()


def test_no_seconds_are_none_to_spend():
    plan = PLANNER.plan(boxed(start=(1.0, 1.0, 0.0), goal=(2.8, 3.0, 0.0)), Budget(seconds=0.0))
    assert plan.status is Status.NO_PATH  # which needs no search
    plan = PLANNER.plan(narrow_gap(), Budget(seconds=0.0))
    assert plan.status is Status.BUDGET_SPENT


def test_same_problem_same_plan():
    for problem in problems(3):
        first, second = PLANNER.plan(problem), PLANNER.plan(problem, rng=np.random.default_rng(5))
        assert all(np.array_equal(a, b) for a, b in zip(first[1:4], second[1:4], strict=True))
        assert first.stats.expanded == second.stats.expanded


def test_trees_and_expansions_are_kept_on_request():
    (problem,) = problems(1)
    plan = replace(PLANNER, keep_expanded=True).plan(problem)
    assert plan.expanded.shape == (plan.stats.expanded, 3)
    assert plan.tree.shape[1:] == (2, 3)
    assert problem.space.is_free(plan.tree.reshape(-1, 3)).all()
    assert PLANNER.plan(problem).tree is None


def test_on_a_grid_space_the_planner_brings_the_body():
    problem = boxed()
    alone = replace(PLANNER, body=OUTLINE).plan(replace(problem, space=GridSpace(problem.space.map)))
    assert np.array_equal(alone.states, PLANNER.plan(problem).states)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": (np.nan, 1.0, 0.0)}, "start"),
        ({"goal": (1.0, 1.0)}, "goal"),
        ({"goal": (9.0, 1.0, 0.0)}, "goal .* outside the map"),
        ({"space": object()}, "CarSpace"),
        ({"space": GridSpace(OccupancyGrid(np.zeros((9, 9))))}, "body"),
        ({"is_free": lambda states: states[..., 0] > 0}, "is_free"),
    ],
)
def test_a_malformed_problem_is_an_error_that_says_where(change, message):
    with pytest.raises(MalformedInput, match=message):
        PLANNER.plan(replace(boxed(), **change))


@pytest.mark.parametrize(
    "wrong",
    [
        {"robot": Bicycle()}, {"max_steering": 0.0}, {"speed": -1.0}, {"dt": np.nan}, {"heading_bins": 3},
        {"weight": 0.5}, {"reverse_cost": 0.0}, {"cell_size": 0.0}, {"step_length": np.inf}, {"gear_change_cost": -1},
    ],
)  # fmt: skip
def test_parameters_that_cannot_be_are_refused(wrong):
    with pytest.raises(MalformedInput, match=next(iter(wrong))):
        HybridAStar(**wrong)


def test_the_distance_around_obstacles_is_that_of_a_plain_dijkstra():
    passable = (np.random.default_rng(2).random((25, 30)) > 0.3).astype(np.int8)
    passable[3, 4] = passable[20, 25] = 1
    out = np.empty(passable.shape)
    distance_map(passable, 3, 4, 3, 4, 0.5, out)
    expected, queue = {(3, 4): 0}, [(0, 3, 4)]
    while queue:
        cost, r, c = heapq.heappop(queue)
        for i, j in ((r + a, c + b) for a in (-1, 0, 1) for b in (-1, 0, 1)):
            if 0 <= i < 25 and 0 <= j < 30 and passable[i, j]:
                new = cost + (DIAGONAL if i != r and j != c else STRAIGHT)
                if new < expected.get((i, j), 1 << 60):
                    expected[i, j] = new
                    heapq.heappush(queue, (new, i, j))
    near = {cell: cost * 0.5 / STRAIGHT for cell, cost in expected.items() if cost < 40 * STRAIGHT}
    assert [out[cell] for cell in near] == pytest.approx(list(near.values()))
    assert all(out[cell] == FAR for cell in zip(*np.nonzero(passable == 0), strict=True))


def test_the_table_holds_the_lengths_of_reeds_and_shepp_in_every_quarter():
    rng = np.random.default_rng(3)
    for x, y, k in zip(*rng.integers(-30, 31, (2, 200)), rng.integers(-72, 72, 200), strict=True):
        turn = 2 * np.pi * k / 72
        expected = reeds_shepp_length(np.zeros(3), np.array([x / 5, y / 5, turn]), 1.0)
        assert table_length(reeds_shepp_table(), x / 5, y / 5, turn) == pytest.approx(expected, abs=1e-9)
