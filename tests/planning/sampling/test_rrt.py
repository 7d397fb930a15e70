"""RRT and RRT-Connect: no collision, honest ends, the same tree in compiled code and in Python."""

from __future__ import annotations

from math import ceil, sqrt

import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.kernel import kernel
from plansim.core.map_makers import rooms
from plansim.core.shape_makers import narrow_passage, random_boxes
from plansim.core.shapes import Shapes
from plansim.planning.base import Budget, Problem, Status
from plansim.planning.grid.space import GridSpace
from plansim.planning.sampling.checking import spread_shares
from plansim.planning.sampling.rrt import RRT
from plansim.planning.sampling.rrt_connect import RRTConnect
from plansim.planning.spaces.box import BoxSpace
from plansim.planning.spaces.joints import JointSpace
from plansim.planning.spaces.map import MapSpace
from tests.planning.sampling.worlds import metres_inside, rectangle_problems

PLANNERS = [RRT(), RRTConnect()]


@pytest.fixture(params=PLANNERS, ids=["rrt", "rrt-connect"])
def planner(request):
    return request.param


def boxes_problem(seed=0, dimension=2):
    world = random_boxes(30, dimension, seed=seed)
    return Problem(BoxSpace(world), np.full(dimension, 3.0), np.full(dimension, 97.0))


class PlainSpace:
    """A user's own space: the square without a disc, in plain numpy."""

    low, high, dimension = np.zeros(2), np.full(2, 10.0), 2

    def distance(self, a, b):
        return np.linalg.norm(np.asarray(a) - b, axis=-1)

    def interpolate(self, a, b, t):
        return a + np.asarray(t)[..., None] * (np.asarray(b) - a)

    def sample(self, rng, count):
        return rng.uniform(self.low, self.high, size=(count, 2))

    def is_free(self, states):
        return np.linalg.norm(np.asarray(states) - 5.0, axis=-1) > 2.0

    def edge_free(self, a, b):
        return self.is_free(self.interpolate(a, b, np.linspace(0, 1, 65)[:, None] * np.ones(np.shape(a)[:-1]))).all(0)


def test_of_ten_thousand_paths_none_touches_the_inside_of_a_box(data):
    problems, _ = rectangle_problems(data)
    planner, seeds = RRTConnect(), ceil(10_000 / len(problems))
    for problem in problems:
        plans = [planner.plan(problem, rng=np.random.default_rng(seed)) for seed in range(seeds)]
        assert all(plan.solved for plan in plans)
        assert all(np.array_equal(plan.states[[0, -1]], [problem.start, problem.goal]) for plan in plans)
        a = np.concatenate([plan.states[:-1] for plan in plans])
        b = np.concatenate([plan.states[1:] for plan in plans])
        assert metres_inside(a, b, problem.space.world.boxes).max() < 1e-9


def test_the_slow_look_at_edges_sees_collisions():
    boxes = np.array([[[2.0, 2.0], [4.0, 4.0]]])
    a, b = np.array([[0.0, 3.0], [0, 0], [1, 4], [3, 0]]), np.array([[9.0, 3.0], [5, 5], [9, 4], [3, 2.5]])
    assert metres_inside(a, b, boxes)[:, 0] == pytest.approx([2.0, 2 * sqrt(2), 0.0, 0.5])


def test_with_more_samples_more_problems_are_solved(planner):
    space = BoxSpace(narrow_passage(0.6))
    problem = Problem(space, np.array([1.0, 2.0]), np.array([9.0, 8.0]))
    solved = [
        np.mean([planner.plan(problem, Budget(iterations=most), np.random.default_rng(i)).solved for i in range(60)])
        for most in (10, 60, 300, 3000)
    ]
    assert solved == sorted(solved)
    assert solved[0] < 0.5
    assert solved[-1] == 1.0


def test_where_nothing_is_in_the_way_two_trees_go_straight():
    problem = Problem(BoxSpace(Shapes([0, 0], [10, 10])), np.array([1.0, 2.0]), np.array([9.0, 8.0]))
    plan = RRTConnect().plan(problem)
    assert plan.cost == pytest.approx(10.0)
    assert plan.stats.samples == 1


def test_python_grows_the_very_tree_that_compiled_code_grows(planner):
    problem = boxes_problem()
    compiled = planner.plan(problem, rng=np.random.default_rng(5))
    asked = Problem(problem.space, problem.start, problem.goal, is_free=lambda states: np.ones(len(states), dtype=bool))
    python = planner.plan(asked, rng=np.random.default_rng(5))
    assert np.array_equal(compiled.states, python.states)
    assert compiled.stats.samples == python.stats.samples
    assert python.stats.checks > 10
    assert compiled.stats.checks == 0


def test_a_users_checker_is_kept_in_python_and_compiled(planner):
    @kernel
    def off_the_disc(states):
        out = np.empty(states.shape[0], dtype=np.bool_)
        for i in range(states.shape[0]):
            out[i] = (states[i, 0] - 5.0) ** 2 + (states[i, 1] - 5.0) ** 2 > 4.0
        return out

    space, ends = BoxSpace(Shapes([0, 0], [10, 10])), (np.array([1.0, 5.0]), np.array([9.0, 5.0]))
    for is_free in (off_the_disc, lambda states: np.linalg.norm(states - 5.0, axis=-1) > 2.0):
        plan = planner.plan(Problem(space, *ends, is_free=is_free))
        a, b = plan.states[:-1, None], plan.states[1:, None]
        points = a + np.linspace(0, 1, 200)[:, None] * (b - a)
        spacing = 0.01 * sqrt(200)
        assert plan.solved
        assert np.linalg.norm(points - 5.0, axis=-1).min() > 2.0 - spacing
        assert plan.stats.engine.startswith("compiled") == (is_free is off_the_disc)
        assert planner.plan(Problem(space, ends[0], np.full(2, 5.0), is_free=is_free)).status is Status.INVALID_GOAL


def test_a_users_own_space_needs_methods_only(planner):
    problem = Problem(PlainSpace(), np.array([1.0, 5.0]), np.array([9.0, 5.0]))
    plan = planner.plan(problem, rng=np.random.default_rng(1))
    assert plan.solved
    assert problem.space.edge_free(plan.states[:-1], plan.states[1:]).all()
    assert np.array_equal(plan.states, planner.plan(problem, rng=np.random.default_rng(1)).states)


def test_joints_go_round_and_keep_their_limits(planner):
    space = JointSpace([-np.pi, -1.0], [np.pi, 1.0], continuous=[True, False])
    plan = planner.plan(Problem(space, np.array([3.0, 0.0]), np.array([-3.0, 0.5])))
    assert plan.cost == pytest.approx(np.hypot(2 * np.pi - 6.0, 0.5), abs=1e-9)


def test_a_joint_that_has_gone_round_is_where_it_was(planner):
    space = JointSpace([-np.pi, -1.0], [np.pi, 1.0], continuous=[True, False])
    plans = [
        planner.plan(Problem(space, np.array([2.5 + t, 0.0]), np.array([-2.5 - t, 0.5]))) for t in (0.0, 4 * np.pi)
    ]
    assert all(plan.solved for plan in plans)
    np.testing.assert_allclose(plans[1].states, plans[0].states, atol=1e-12)
    with pytest.raises(MalformedInput, match="outside"):
        planner.plan(Problem(space, np.array([0.0, 2.0]), np.array([0.0, 0.0])))


def test_on_a_map_paths_are_straight_lines_through_free_cells(planner):
    space = GridSpace(rooms(seed=2))
    problem = Problem(space, np.array([1.0, 1.0, 0.3]), np.array([18.0, 10.0, 0.0]))
    plan = planner.plan(problem)
    assert plan.solved
    assert plan.states.shape[1] == 2
    assert space.edge_free(plan.states[:-1], plan.states[1:]).all()
    assert plan.cost == pytest.approx(MapSpace(space).distance(plan.states[:-1], plan.states[1:]).sum())


def test_a_goal_region_is_enough(planner):
    """The centre of the region is inside a ball, but its rim is free."""
    space = BoxSpace(Shapes([0, 0], [10, 10], balls=[[7, 7, 1.0]]))
    plan = planner.plan(Problem(space, np.array([1.0, 1.0]), np.array([7.0, 7.0]), goal_radius=1.3))
    assert plan.solved
    assert np.linalg.norm(plan.states[-1] - 7.0) <= 1.3
    unreachable = Problem(space, np.array([1.0, 1.0]), np.array([7.0, 7.0]), goal_radius=0.9)
    assert planner.plan(unreachable, Budget(iterations=500)).status is Status.BUDGET_SPENT


def test_the_tree_is_handed_out_in_the_order_of_its_growth(planner):
    planner = type(planner)(keep_tree=True)
    problem = boxes_problem(2)
    plan = planner.plan(problem)
    assert plan.tree.shape == (plan.stats.expanded - (2 if isinstance(planner, RRTConnect) else 1), 2, 2)
    assert problem.space.edge_free(plan.tree[:, 0], plan.tree[:, 1]).all()
    known = {tuple(problem.start), tuple(problem.goal)}
    for parent, child in plan.tree:
        assert tuple(parent) in known
        known.add(tuple(child))


def test_steps_are_as_long_as_they_may_be(planner):
    plan = type(planner)(step=4.0).plan(boxes_problem(1))
    lengths = np.linalg.norm(np.diff(plan.states, axis=0), axis=-1)
    assert lengths.max() <= 4.0 + 1e-9


def test_trees_outgrow_their_first_room(planner):
    space = BoxSpace(Shapes([0, 0], [100, 100], [[[49, 0], [51, 100]]]))
    plan = planner.plan(Problem(space, np.array([10.0, 10.0]), np.array([90.0, 90.0])), Budget(iterations=4000))
    assert plan.status is Status.BUDGET_SPENT
    assert plan.stats.expanded > 1500
    assert plan.states[-1, 0] > 45.0


@pytest.mark.parametrize("count", [1, 2, 3, 7, 64, 100])
def test_shares_of_an_edge_are_all_there_and_spread_out(count):
    shares = spread_shares(count)
    assert sorted(np.rint(shares * count).astype(int)) == list(range(1, count + 1))
    assert shares[0] == 1.0
    assert count < 4 or abs(shares[1] - 0.5) < 0.26


@pytest.mark.parametrize("field", [{"step": 0.0}, {"max_samples": 0}, {"check_every": -1.0}])
def test_a_malformed_planner_is_refused(planner, field):
    with pytest.raises(MalformedInput, match=next(iter(field))):
        type(planner)(**field)


def test_a_bias_is_a_chance():
    with pytest.raises(MalformedInput, match="goal_bias"):
        RRT(goal_bias=1.5)
