"""Candidate trajectories against a naive judge, and what their plan promises."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.reference_line import ReferenceLine
from plansim.models.bicycle import Bicycle
from plansim.planning.base import Status
from plansim.planning.trajectory.candidates import FrenetCandidates, LaneProblem
from plansim.planning.trajectory.frenet import to_cartesian, to_frenet
from plansim.planning.trajectory.polynomials import held, quartic, quintic, squared_jerk
from tests.planning.trajectory.naive_candidates import judge
from tests.planning.trajectory.roads import lane_problem

SMALL = FrenetCandidates(offsets=4, speeds=4, durations=(2.0, 3.5), steps=40)


def straight(planner, *, speed=10.0, obstacles=(), offset=-1.75):
    """A straight lane of 3.5 m, and obstacles (x, y, speed) along it."""
    line = ReferenceLine([[0.0, 0.0], [300.0, 0.0]])
    ways = [np.column_stack((x + v * planner.times, 0 * planner.times + y, 0 * planner.times)) for x, y, v in obstacles]
    poses = np.array(ways).reshape(len(ways), planner.steps + 1, 3)
    start = np.array([5.0, offset, 0.0, speed, 0.0, 0.0])
    return LaneProblem(
        line, start, poses, np.tile([4.6, 1.9], (len(ways), 1)), np.array([-1.75]), (-3.5, 0.0), 15.0, -1.75
    )


@pytest.mark.parametrize("seed", range(3))
def test_all_costs_and_faults_are_those_of_the_naive_judge(seed):
    problem = lane_problem(SMALL, seed, vehicles=5)
    found = SMALL.evaluate(problem)
    costs, faults, hits = judge(SMALL, problem)
    np.testing.assert_allclose(found.costs, costs, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(found.faults, faults)
    np.testing.assert_array_equal(found.hits, hits)
    assert 0 < found.feasible < faults.size
    best = np.unravel_index(np.where(faults == 0, costs, np.inf).argmin(), faults.shape)
    assert SMALL.choose(found) == best


def test_the_default_fan_has_2500_candidates():
    planner = FrenetCandidates()
    plan = planner.plan(replace(lane_problem(planner, 0), follow=np.empty((0, 2))))
    assert plan.status is Status.SOLVED
    assert plan.stats.samples == 2500
    assert plan.stats.engine == f"{plan.stats.expanded} of 2500 candidates are feasible"


def test_controls_drive_the_states_along_the_candidate():
    planner = FrenetCandidates()
    for seed in range(4):
        problem = lane_problem(planner, seed)
        plan, found = planner.plan(problem), planner.evaluate(problem)
        state = plan.states[0]
        for control, right in zip(plan.controls, plan.states[1:], strict=True):
            state = Bicycle(planner.wheelbase).step(state, control, planner.dt)
            np.testing.assert_allclose(state, right, atol=1e-9)
        i, j = planner.choose(found)
        candidate = to_cartesian(problem.line, found.frenet(np.array(i), np.array(j)))
        # far less than the margin that is kept from obstacles
        assert np.abs(plan.states[:, :2] - candidate[:, :2]).max() < 0.02


def test_a_plan_begins_where_the_car_is():
    planner = FrenetCandidates()
    for speed in (0.0, 2.0, 14.0):
        problem = lane_problem(planner, 1, speed=speed)
        found = planner.evaluate(problem)
        f = found.frenet(np.array(3), np.array(7))
        np.testing.assert_allclose(f[0], to_frenet(problem.line, problem.start), atol=1e-9)


def test_a_car_at_rest_moves_off_and_into_its_lane():
    planner = FrenetCandidates()
    plan = planner.plan(straight(planner, speed=0.0, offset=-1.4))
    assert plan.solved
    assert plan.states[-1, 3] > 5.0
    assert abs(plan.states[-1, 1] + 1.75) < 0.05


def test_no_safe_candidate_is_said_and_the_least_bad_one_brakes():
    planner = FrenetCandidates(offsets=1)
    plan = planner.plan(straight(planner, speed=15.0, obstacles=[(20.0, -1.75, 0.0)]))
    assert plan.status is Status.NEAREST
    assert plan.stats.expanded == 0
    assert (np.diff(plan.states[:12, 3]) < 0).all()


def test_it_stays_behind_a_leader_and_passes_on_a_free_lane():
    planner = FrenetCandidates(offsets=1)
    behind = planner.plan(straight(planner, obstacles=[(25.0, -1.75, 6.0)]))
    assert behind.solved
    assert behind.states[-1, 3] < 8.0
    alone = planner.plan(straight(planner))
    assert alone.states[-1, 3] > 13.0


def test_scoring_depends_on_no_order_of_obstacles():
    planner = FrenetCandidates(offsets=3, speeds=4)
    problem = lane_problem(planner, 2, vehicles=6)
    turned = replace(problem, obstacles=problem.obstacles[::-1].copy(), sizes=problem.sizes[::-1].copy())
    a, b = planner.evaluate(problem), planner.evaluate(turned)
    np.testing.assert_array_equal(a.costs, b.costs)
    np.testing.assert_array_equal(a.faults, b.faults)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": np.zeros(4)}, "start"),
        ({"start": np.array([0.0, 0, 0, np.nan, 0, 0])}, "start"),
        ({"obstacles": np.zeros((10, 3, 3))}, "obstacles have shape"),
    ],
)
def test_a_malformed_problem_is_refused(change, message):
    with pytest.raises(MalformedInput, match=message):
        SMALL.plan(replace(lane_problem(SMALL, 0), **change))


def test_motions_meet_their_ends_and_no_other_has_less_jerk():
    rng = np.random.default_rng(0)
    start, end, T = rng.normal(size=(20, 3)), rng.normal(size=(20, 3)), rng.uniform(1, 5, 20)
    five, four = quintic(start, end, T), quartic(start, end[:, :2], T)
    at = np.stack([held(five, T, T[i : i + 1])[i, 0] for i in range(20)])
    np.testing.assert_allclose(at, end, atol=1e-9)
    np.testing.assert_allclose(
        np.stack([held(four, T, T[i : i + 1])[i, 0, 1:] for i in range(20)]), end[:, :2], atol=1e-9
    )
    np.testing.assert_allclose(held(five, T, np.zeros(1))[:, 0], start, atol=1e-12)
    # t^3 (T - t)^3 changes neither end
    t = np.linspace(0, 1, 20001)
    for c, duration in zip(five, T, strict=True):
        u = t * duration
        jerk = 6 * c[3] + 24 * c[4] * u + 60 * c[5] * u**2
        assert np.trapezoid(jerk**2, u) == pytest.approx(squared_jerk(c, np.array(duration)), rel=1e-6)
        bump = 0.01 * np.poly1d([1, 0, 0, 0]) * np.poly1d([-1, duration]) ** 3
        other = jerk + bump.deriv(3)(u)
        assert np.trapezoid(other**2, u) > np.trapezoid(jerk**2, u)
