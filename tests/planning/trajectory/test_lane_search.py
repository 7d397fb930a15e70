"""The search for a way past a truck, against all manoeuvres of a small lattice and the worst that may come."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.planning.base import Status
from plansim.planning.trajectory.lane_search import LaneSearch, PassingProblem
from plansim.planning.trajectory.lane_search_kernels import BRAKING_COST, OTHER_LANE_COST

TRUCK = np.array([[35.0, 7.0, 12.0, 2.5]])
SEES = PassingProblem(0.0, 7.0, -0.8, (-1.75, 1.75), TRUCK, 330.0, 14.0)


def worst(planner, problem, plan):
    """The least gap to what may come while the car is in its way, and to the truck while in the truck's way."""
    offsets, s, t = plan.states[:, 1], plan.states[:, 0], plan.times
    front = s + planner.length / 2
    coming = problem.clear_until - problem.oncoming_speed * t
    in_way = offsets > problem.lanes[1] - planner.width
    in_way = in_way | np.append(in_way[1:], False) | np.append(False, in_way[:-1])
    truck = problem.ahead[0, 0] + problem.ahead[0, 1] * t
    beside = offsets < problem.lanes[0] + (2.5 + planner.width) / 2
    gaps = np.abs(s - truck) - (12.0 + planner.length) / 2
    return (coming - front)[in_way].min(), gaps[beside].min()


def test_it_stays_clear_of_the_worst_that_may_come():
    planner = LaneSearch()
    solved = 0
    for gap, clear, speed in product((26.0, 35.0, 50.0), (230.0, 260.0, 330.0), (6.0, 7.3, 11.0)):
        problem = replace(SEES, ahead=np.array([[gap, *TRUCK[0, 1:]]]), clear_until=clear, speed=speed)
        plan = planner.plan(problem)
        if plan.solved:
            solved += 1
            to_oncoming, to_truck = worst(planner, problem, plan)
            assert to_oncoming >= planner.margin - 1e-9
            assert to_truck >= 0
            assert plan.states[-1, 0] > problem.ahead[0, 0] + 7.0 * plan.times[-1]
            assert (plan.states[:, 2] <= planner.top_speed + 1e-9).all()
    assert solved > 8


def test_seeing_farther_never_makes_it_slower():
    costs = [LaneSearch().plan(replace(SEES, clear_until=clear)).cost for clear in np.arange(200.0, 400.0, 20.0)]
    assert (np.diff(np.array(costs)[np.isfinite(costs)]) <= 1e-6).all()
    assert costs[0] == np.inf
    assert np.isfinite(costs[-1])


def test_controls_lead_through_the_states():
    plan = LaneSearch().plan(SEES)
    s, v = SEES.s, SEES.speed
    for (a, _), right in zip(plan.controls, plan.states[1:], strict=True):
        s, v = s + v * 0.5 + a * 0.125, v + a * 0.5
        assert (s, v) == pytest.approx((right[0], right[2]), abs=1e-9)


def test_on_a_small_lattice_no_manoeuvre_is_better():
    planner = LaneSearch(dt=1.0, horizon=7.0, changing=2, braking=2.0, margin=0.0, gap=1.0)
    truck = np.array([[17.0, 1.0, 4.0, 2.0]])
    problem = PassingProblem(0.0, 5.0, -1.75, (-1.75, 1.75), truck, 170.0, 10.0)
    plan = planner.plan(problem)
    assert plan.solved
    assert plan.cost == pytest.approx(_best(planner, problem), abs=1e-4)


def _best(planner, problem):
    """By trying everything."""
    _, own, other = planner.phases(problem)
    n, steps, half = planner.changing, 7, (problem.ahead[0, 2] + planner.length) / 2
    reach, best = problem.clear_until - planner.length / 2, np.inf
    stack = [(0, 0.0, problem.speed, 0, 0.0)]
    while stack:
        t, x, v, p, cost = stack.pop()
        truck = problem.ahead[0, 0] + problem.ahead[0, 1] * t
        if t == steps:
            if p == 0 and x > truck + half:
                best = min(best, cost + planner.top_speed * steps - x)
            continue
        for a in (-2.0, 0.0, 2.0):
            w, y = v + a, x + v + a / 2
            if not 0 <= w <= planner.top_speed:
                continue
            for stays in (True, False) if p in (0, n) else (False,):
                in_own = p == 0 if stays else own[p]
                in_other = p == n if stays else other[p]
                if in_other and y > reach - problem.oncoming_speed * (t + 1):
                    continue
                after = truck + problem.ahead[0, 1]
                closing, opening = max(w - 1.0, 0.0), max(1.0 - w, 0.0)
                behind = x < truck and y <= after - half - planner.gap - closing**2 / (2 * planner.braking)
                apart = half + planner.gap
                before = x >= truck + apart and y >= after + apart + opening**2 / (2 * planner.braking)
                if in_own and not (behind or before):
                    continue
                price = cost + BRAKING_COST * a**2 + OTHER_LANE_COST * in_other
                stack.append((t + 1, y, w, p if stays else (p + 1) % (2 * n), price))
    return best


def test_nothing_to_pass_is_refused_and_no_way_is_said():
    with pytest.raises(MalformedInput, match="passing is 1 of 0"):
        LaneSearch().plan(replace(SEES, ahead=np.empty((0, 4))))
    plan = LaneSearch().plan(replace(SEES, clear_until=60.0))
    assert (plan.status, plan.states.shape) == (Status.NO_PATH, (0, 3))
