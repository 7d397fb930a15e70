"""RRT*, Informed RRT* and BIT*: their paths become the shortest ones."""

import json
import time
from functools import partial

import numpy as np
import pytest

from plansim.core.shape_makers import random_boxes
from plansim.core.shapes import Shapes
from plansim.planning import Budget, Problem, Status
from plansim.planning.sampling.bit_star import BITStar
from plansim.planning.sampling.informed_rrt_star import InformedRRTStar
from plansim.planning.sampling.rrt_star import RRTStar
from plansim.planning.spaces.box import BoxSpace
from plansim.planning.spaces.pose import PoseSpace

PLANNERS = {"rrt-star": RRTStar, "informed-rrt-star": InformedRRTStar, "bit-star": partial(BITStar, corners=False)}
LEFT = {"rrt-star": 0.01, "informed-rrt-star": 0.006, "bit-star": 1e-3}  # excess over the optimum, 20,000 samples
WALL = BoxSpace(Shapes([0, 0], [10, 10], boxes=[[[4, 0], [6, 8]]]))
AROUND = 2 * np.hypot(3, 7) + 2  # over both upper corners of the wall


@pytest.fixture(params=PLANNERS)
def make(request):
    return PLANNERS[request.param]


def around_the_wall(**changes):
    return Problem(WALL, np.array([1.0, 1.0]), np.array([9.0, 1.0]), **changes)


def test_the_cost_never_rises_with_samples(make):
    for seed in range(5):
        history = make(max_samples=3000).plan(around_the_wall(), rng=np.random.default_rng(seed)).history
        assert len(history) > 0
        assert (np.diff(history[:, 0]) >= 0).all()
        assert (np.diff(history[:, 1]) >= 0).all()
        assert (np.diff(history[:, 2]) < 0).all()


def test_the_last_of_the_history_is_the_plan(make):
    plan = make(max_samples=2000).plan(around_the_wall())
    assert plan.history[-1, 2] == pytest.approx(plan.cost, rel=1e-9)


@pytest.mark.parametrize("name", PLANNERS)
def test_paths_converge_to_the_shortest_one(name):
    """Over seeds: the excess over the known optimum shrinks with samples, and no path is shorter than it."""
    make, excess = PLANNERS[name], []
    for samples in (300, 3000, 20_000):
        rngs = [np.random.default_rng(seed) for seed in range(20)]
        plans = [make(max_samples=samples).plan(around_the_wall(), rng=rng) for rng in rngs]
        assert all(plan.solved for plan in plans) or samples == 300
        costs = [plan.cost for plan in plans if plan.solved]
        assert min(costs) >= AROUND * (1 - 1e-9)
        excess.append(np.mean(costs) / AROUND - 1)
    assert excess[0] > excess[1] > excess[2] or excess[0] < LEFT[name]
    assert excess[2] < LEFT[name]


def test_in_an_empty_world_the_path_is_straight(make):
    space = BoxSpace(Shapes([0, 0, 0], [1, 1, 1]))
    plan = make(max_samples=3000).plan(Problem(space, np.full(3, 0.1), np.full(3, 0.9)))
    assert plan.cost == pytest.approx(np.sqrt(3) * 0.8, rel=0.02)
    if make not in (RRTStar, InformedRRTStar):
        assert plan.optimal
        assert len(plan.states) == 2
        assert plan.stats.samples == 0


@pytest.mark.parametrize(("corners", "near"), [(True, 1e-3), (False, 0.06)])
def test_in_worlds_of_rectangles_it_comes_near_the_exact_optimum(data, corners, near):
    for world in json.loads((data / "refs/rect_worlds_visgraph.json").read_text())[::3]:
        low, high = np.reshape(world["bounds"], (2, 2))
        space = BoxSpace(Shapes(low, high, boxes=np.reshape(world["rects"], (-1, 2, 2))))
        problem = Problem(space, np.array(world["start"]), np.array(world["goal"]))
        for seed in range(3):
            plan = BITStar(max_samples=3_000, corners=corners).plan(problem, rng=np.random.default_rng(seed))
            assert 1 - 1e-9 < plan.cost / world["opt"] < 1 + near
            assert space.edge_free(plan.states[:-1], plan.states[1:]).all()


def test_no_path_runs_along_the_seam_of_two_obstacles_or_of_one_and_the_bounds():
    problem = around_the_wall()
    assert BITStar(max_samples=500).plan(problem).cost == pytest.approx(AROUND)
    halves = [[[2, 4], [5, 6]], [[5, 4], [8, 6]]]
    space = BoxSpace(Shapes([0, 0], [10, 10], boxes=halves))
    plan = BITStar(max_samples=500).plan(Problem(space, np.array([4.9, 1.0]), np.array([4.9, 9.0])))
    assert plan.cost == pytest.approx(2 * np.hypot(2.9, 3) + 2)


def test_with_corners_a_world_of_rounded_boxes_keeps_its_round_corners(data):
    """A disc of radius 0.3 among rectangles: its shortest path has arcs, so it beats that around grown rectangles."""
    for world in json.loads((data / "refs/rect_worlds_visgraph.json").read_text())[:4]:
        low, high = np.reshape(world["bounds"], (2, 2))
        shapes = Shapes(low - 0.3, high + 0.3, boxes=np.reshape(world["rects"], (-1, 2, 2))).grown(0.3)
        problem = Problem(BoxSpace(shapes), np.array(world["start"]), np.array(world["goal"]))
        plan = BITStar(max_samples=2000).plan(problem)
        assert world["opt"] < plan.cost < world["opt_clearance_0p3"] + 1e-9
        assert shapes.segment_free(plan.states[:-1], plan.states[1:]).all()


def test_a_path_that_is_pulled_tight_has_free_states_and_edges_still():
    def is_free(states):  # of a wall so thin that states along an edge can miss it
        return (abs(states[..., 0] - 5.0) > 0.04) | (states[..., 1] > 5.0)

    empty, rod = BoxSpace(Shapes([0, 0], [10, 10])), [[-0.3, -0.2], [0.4, -0.2], [0.4, 0.2], [-0.3, 0.2]]
    turning = PoseSpace(Shapes([0, 0], [10, 10], boxes=[[[4, 0], [6, 6]]], balls=[[5, 8.5, 1]]), body=rod)
    for seed in range(8):
        rng = np.random.default_rng(seed)
        plan = BITStar(max_samples=300).plan(Problem(empty, np.ones(2), np.array([9.0, 1.0]), is_free), rng=rng)
        assert plan.solved
        assert is_free(plan.states).all()
        ends = np.array([[1.0, 1.0, 0.0], [9.0, 1.0, 2.0]])
        states = BITStar(max_samples=300).plan(Problem(turning, *ends), rng=rng).states
        assert turning.edge_free(states[:-1], states[1:]).all()


def test_whoever_is_informed_is_nearer_with_as_many_samples():
    def mean_cost(name):
        planner = PLANNERS[name]
        rngs = [np.random.default_rng(seed) for seed in range(10)]
        return np.mean([planner(max_samples=4000).plan(around_the_wall(), rng=rng).cost for rng in rngs])

    assert mean_cost("bit-star") < mean_cost("informed-rrt-star") < mean_cost("rrt-star")


def test_a_goal_region_is_entered(make):
    problem = around_the_wall(goal_radius=1.5)
    plan = make(max_samples=4000).plan(problem)
    assert plan.solved
    assert np.linalg.norm(plan.states[-1] - problem.goal) <= 1.5
    assert WALL.edge_free(plan.states[:-1], plan.states[1:]).all()


def test_a_goal_region_may_have_its_middle_in_a_wall(make):
    problem = Problem(WALL, np.array([1.0, 1.0]), np.array([5.0, 7.5]), goal_radius=1.2)
    plan = make(max_samples=4000).plan(problem)
    assert plan.solved
    assert np.linalg.norm(plan.states[-1] - problem.goal) <= 1.2


def test_the_tree_is_handed_out_and_free(make):
    plan = make(max_samples=1000, keep_tree=True).plan(around_the_wall())
    assert plan.tree.shape[1:] == (2, 2)
    assert len(plan.tree) == plan.stats.expanded - 1
    assert WALL.edge_free(plan.tree[:, 0], plan.tree[:, 1]).all()
    assert make(max_samples=500).plan(around_the_wall()).tree is None


def test_the_same_seed_is_the_same_plan_and_another_seed_another(make):
    rngs = [np.random.default_rng(seed) for seed in (1, 1, 2)]
    first, again, other = (make(max_samples=800).plan(around_the_wall(), rng=rng) for rng in rngs)
    assert np.array_equal(first.states, again.states)
    assert not np.array_equal(first.states, other.states)


def test_a_users_own_is_free_is_asked_of_many_states_at_once(make):
    """The same wall, known to the user alone."""
    asked = []

    def is_free(states):
        asked.append(len(states))
        return ~((states[..., 0] > 4) & (states[..., 0] < 6) & (states[..., 1] < 8))

    problem = Problem(BoxSpace(Shapes([0, 0], [10, 10])), np.array([1.0, 1.0]), np.array([9.0, 1.0]), is_free)
    plan = make(max_samples=600, check_every=0.05).plan(problem)
    assert plan.solved
    assert AROUND - 0.05 < plan.cost < 1.15 * AROUND
    assert plan.stats.checks == sum(asked)
    assert np.mean(asked) > 3


def test_a_spent_budget_brings_the_path_to_the_nearest_state(make):
    for budget in (Budget(iterations=0), Budget(seconds=0.0)):
        plan = make().plan(around_the_wall(), budget)
        assert plan.status is Status.BUDGET_SPENT
        assert np.array_equal(plan.states[0], [1.0, 1.0])
    longer = make(max_samples=50_000).plan(around_the_wall(), Budget(iterations=2000))
    assert longer.solved
    assert longer.stats.samples <= 2000


def test_where_no_path_is_the_budget_is_what_ends_it(make):
    space = BoxSpace(Shapes([0, 0], [10, 10], boxes=[[[4, -1], [6, 11]]]))
    plan = make(max_samples=500).plan(Problem(space, np.array([1.0, 1.0]), np.array([9.0, 1.0])))
    assert plan.status is Status.BUDGET_SPENT
    assert plan.states[-1, 0] <= 4.0


def test_a_budget_in_seconds_is_kept_where_states_are_dear(make):
    """Each question takes two milliseconds; a second of them is fifty times the budget, and ends the test."""
    asked = []

    def is_free(states):
        asked.append(len(states))
        assert len(asked) < 500, "the clock was not looked at"
        time.sleep(0.002)
        return ~((states[..., 0] > 4) & (states[..., 0] < 6) & (states[..., 1] < 8))

    problem = Problem(BoxSpace(Shapes([0, 0], [10, 10])), np.array([1.0, 1.0]), np.array([9.0, 1.0]), is_free)
    make(max_samples=100_000).plan(problem, Budget(seconds=0.02))
    assert asked


def test_a_long_budget_is_looked_at_in_pieces_that_do_not_grow_for_ever(make):
    plan = make(max_samples=20_000).plan(around_the_wall(), Budget(seconds=60.0))
    assert plan.stats.samples == 20_000


def test_where_the_clock_is_looked_at_changes_no_path():
    """What a search under a clock had after so many samples, a search of so many samples has as well."""
    space = BoxSpace(random_boxes(40, seed=4))
    problem = Problem(space, np.array([3.0, 4.0]), np.array([96.0, 95.0]))
    for corners in (True, False):
        planner = BITStar(max_samples=2000, corners=corners)
        timed = planner.plan(problem, Budget(seconds=60.0), np.random.default_rng(1))
        for samples, _, cost in timed.history:
            counted = planner.plan(problem, Budget(iterations=max(int(samples), 1)), np.random.default_rng(1))
            assert counted.cost == pytest.approx(cost, rel=1e-12) or samples == 0
