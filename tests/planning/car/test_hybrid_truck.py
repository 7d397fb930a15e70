"""Hybrid A* for a truck: the trailer's axle is a flat output, plans back into docks, statuses are honest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.layout import wrap_angle
from plansim.core.parking_maps import truck_yard
from plansim.models.truck import TruckTrailer
from plansim.planning.base import Budget, Problem, Status
from plansim.planning.car.truck_hybrid_astar import TruckHybridAStar
from plansim.planning.car.truck_motion import dock, drive_arc, fit_curve, state_on, turned
from plansim.planning.car.truck_space import TruckSpace
from tests.planning.car.naive_bodies import free_all_along

PLANNER = TruckHybridAStar()
TRUCK = (6.0, 1.0, 0.22)  # length, bend, curvature
DOCK = np.array([21.4, 33.2, -np.pi / 2, -np.pi / 2])


@pytest.fixture(scope="module")
def yard():
    return TruckSpace(truck_yard(seed=1), turning_radius=PLANNER.turning_radius)


def problems(space, count):
    rng, found = np.random.default_rng(4), 0
    while found < count:
        (start,) = space.sample(rng, 1)
        if space.is_free(start) and start[1] < 26.0:
            found += 1
            yield Problem(space, start, DOCK)


@pytest.mark.parametrize("gear", [1.0, -1.0])
@pytest.mark.parametrize("stretch", [0.8, 1.3])
def test_a_docking_curve_is_driven_by_the_trucks_own_equations(gear, stretch):
    ends = np.array([[0.0, 0.0, 0.1, 0.0], [16.0, 3.0, 0.3, 0.2]])
    begin, end = ends if gear > 0 else ends[::-1]
    truck, curve, count = TruckTrailer(3.0, 6.0), np.empty((2, 6)), 2000
    fit_curve(begin, end, gear, stretch, TRUCK, curve)
    for p, state in ((0.0, begin), (1.0, end)):
        np.testing.assert_allclose(state_on(curve, gear, p, TRUCK)[:4], state, atol=1e-12)
    x = begin
    for i in range(count):
        *_, curvature, pace = state_on(curve, gear, (i + 0.5) / count, TRUCK)
        x = truck.step(x, np.array([gear * pace, np.arctan(3.0 * curvature)]), 1.0 / count)
    np.testing.assert_allclose(x, end, atol=1e-5)


def test_a_trailer_turns_as_the_model_says():
    rng, truck = np.random.default_rng(0), TruckTrailer(3.0, 6.0)
    for heading, bend, curvature, length in rng.uniform(-0.5, 0.5, (50, 4)):
        expected = truck.step(np.array([0, 0, heading, heading - bend]), [length, np.arctan(3 * curvature)], 1.0)
        assert turned(heading, heading - bend, curvature, length, 6.0) == pytest.approx(expected[3], abs=1e-9)


def test_an_arc_backwards_undoes_the_arc_forwards(yard):
    rig = (yard.spaces[0].ground, *(space.footprint for space in yard.spaces))
    begin = (21.0, 15.0, 0.4, 0.2)
    there = drive_arc(*begin, 0.15, 3.0, 1.0, TRUCK, rig)
    back = drive_arc(*there[:4], 0.15, -3.0, there[4], TRUCK, rig)
    assert there[4] > 0.0
    np.testing.assert_allclose(back[:4], begin, atol=1e-6)


def test_a_truck_backs_into_its_dock_and_hits_nothing(yard):
    bodies = (yard.tractor, yard.trailer)
    for problem in problems(yard, 8):
        plan = PLANNER.plan(problem)
        assert plan.solved
        assert np.array_equal(plan.states[0], problem.start)
        x = plan.states[0]
        for u, dt in zip(plan.controls, np.diff(plan.times), strict=True):
            x = PLANNER.robot.step(x, u, dt)
        np.testing.assert_allclose(PLANNER.robot.state.difference(x, DOCK), 0.0, atol=1e-5)
        assert yard.edge_free(plan.states[:-1], plan.states[1:]).all()
        for space, poses, body in zip(yard.spaces, yard.poses(plan.states), bodies, strict=True):
            assert free_all_along(space, poses, body)
        assert np.abs(plan.controls).max(0) == pytest.approx([1.0, 0.6], abs=0.4)
        assert (np.abs(plan.controls) <= [PLANNER.speed, PLANNER.max_steering]).all()
        assert plan.controls[-1, 0] < 0.0
        assert 0.0 < plan.lower_bound <= plan.cost


def test_both_bodies_and_the_bend_decide_what_is_free():
    space = TruckSpace(OccupancyGrid(np.pad(np.zeros((60, 100)), ((0, 0), (0, 4)), constant_values=1), 0.25))
    states = {
        (14.0, 7.0, 0.0, 0.0): True,
        (24.0, 7.0, 0.0, 0.0): False,  # the tractor in the wall
        (6.0, 7.0, 0.0, 0.0): False,  # the trailer outside
        (8.5, 7.0, 0.0, 0.9): True,
        (14.0, 7.0, 0.0, 1.1): False,  # folded
    }
    assert space.is_free(np.array(list(states))).tolist() == list(states.values())


def test_a_status_says_why_there_is_no_plan(yard):
    start = np.array([20.0, 12.0, 0.0, 0.0])
    walled = truck_yard(seed=1)
    cells = walled.probability.copy()
    cells[round(27.4 / 0.2) : round(28.2 / 0.2)] = 1.0
    closed = TruckSpace(OccupancyGrid(cells, 0.2))
    cases = {
        Status.INVALID_START: Problem(yard, np.array([20.0, 12.0, 0.0, 1.2]), DOCK),
        Status.INVALID_GOAL: Problem(yard, start, DOCK + np.array([2.0, 0.0, 0.0, 0.0])),
        Status.NO_PATH: Problem(closed, start, DOCK),
    }
    for status, problem in cases.items():
        plan = PLANNER.plan(problem)
        assert (plan.status, plan.states.shape, plan.cost) == (status, (0, 4), np.inf)


def test_a_goal_a_hair_away_is_reached_by_a_way_that_hits_nothing(yard):
    # out and back again: what corrects such a way must not leave it
    for seed, problem in enumerate(problems(yard, 12)):
        goal = problem.start + 1e-8 * np.random.default_rng(seed).normal(size=4)
        plan = PLANNER.plan(Problem(yard, problem.start, goal))
        assert plan.solved
        assert np.abs(PLANNER.robot.state.difference(plan.states[-1], goal)).max() < 1e-7
        assert yard.is_free(plan.states).all()
        metres = np.abs(plan.controls[:, 0]) * PLANNER.dt @ np.where(plan.controls[:, 0] < 0.0, 1.2, 1.0)
        cusps = (np.diff(np.sign(plan.controls[:, 0])) != 0).sum()
        assert metres + 3.0 * cusps == pytest.approx(plan.cost, rel=1e-3)


def test_a_docking_curve_bends_no_further_than_allowed_anywhere():
    space = TruckSpace(OccupancyGrid(np.zeros((400, 400)), 0.25))
    rig = (space.spaces[0].ground, *(each.footprint for each in space.spaces))
    rng, curves, curve, truck = np.random.default_rng(0), 0, np.empty((2, 6)), (6.0, 0.4, 0.22)
    begin = np.array([50.0, 50.0, 0.0, 0.0])
    while curves < 300:
        x, y = rng.uniform(3.0, 40.0), 0.8 * rng.uniform(-40.0, 40.0)
        trailer = rng.uniform(-2.5, 2.5)
        end = begin + np.array([x, y, trailer + rng.uniform(-0.3, 0.3), trailer])
        cost, gear = dock(begin, end, 0.0, truck, rig, (1.0, 1.0), 1e300, curve)
        if cost < 1e300:
            headings = np.array([state_on(curve, gear, p, truck)[2:4] for p in np.linspace(0.0, 1.0, 100)])
            assert np.abs(wrap_angle(headings[:, 0] - headings[:, 1])).max() <= 0.4 + 1e-9
            curves += 1


def test_a_spent_budget_leads_as_near_as_it_came(yard):
    plan = PLANNER.plan(Problem(yard, np.array([8.0, 8.0, 3.0, 3.0]), DOCK), Budget(iterations=3))
    assert plan.status is Status.BUDGET_SPENT
    assert plan.stats.expanded <= 3
    assert len(plan.states) == len(plan.controls) + 1
    assert yard.edge_free(plan.states[:-1], plan.states[1:]).all()


def test_at_the_goal_already_there_is_nothing_to_drive(yard):
    plan = PLANNER.plan(Problem(yard, DOCK, DOCK))
    assert (plan.status, plan.cost, plan.states.shape, plan.controls.shape) == (Status.SOLVED, 0.0, (1, 4), (0, 2))


def test_same_problem_same_plan_and_trees_are_kept_on_request(yard):
    (problem,) = problems(yard, 1)
    first, second = PLANNER.plan(problem), replace(PLANNER, keep_expanded=True).plan(problem)
    assert np.array_equal(first.states, second.states)
    assert np.array_equal(first.controls, second.controls)
    assert second.expanded.shape == (second.stats.expanded, 4)
    assert second.tree.shape[1:] == (2, 4)
    assert yard.is_free(second.tree.reshape(-1, 4)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": np.zeros(3)}, "start"),
        ({"goal": np.array([np.nan, 0.0, 0.0, 0.0])}, "goal"),
        ({"space": object()}, "TruckSpace"),
        ({"space": TruckSpace(OccupancyGrid(np.zeros((100, 100))), trailer_length=7.0)}, "trailer_length"),
        ({"is_free": lambda states: states[..., 0] > 0}, "is_free"),
    ],
)
def test_a_malformed_problem_is_an_error_that_says_where(yard, change, message):
    with pytest.raises(MalformedInput, match=message):
        PLANNER.plan(replace(Problem(yard, DOCK, DOCK), **change))


@pytest.mark.parametrize(
    "wrong",
    [{"robot": TruckTrailer(hitch_offset=0.5)}, {"max_steering": 2.0}, {"dt": 0.0}, {"reverse_cost": 0.5}],
)
def test_parameters_that_cannot_be_are_refused(wrong):
    with pytest.raises(MalformedInput, match=next(iter(wrong))):
        TruckHybridAStar(**wrong)
