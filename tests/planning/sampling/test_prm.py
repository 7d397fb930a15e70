"""Roadmaps: A* over them is right, many queries cost less than many trees, and denser ones are better."""

from __future__ import annotations

import pickle
import time
from concurrent.futures import ThreadPoolExecutor

import networkx
import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.core.shape_makers import random_boxes
from plansim.core.shapes import Shapes
from plansim.planning.base import Budget, Problem, Status
from plansim.planning.sampling.prm import PRM
from plansim.planning.sampling.prm_star import PRMStar, enough_neighbours
from plansim.planning.sampling.roadmap import build
from plansim.planning.sampling.rrt import RRT
from plansim.planning.sampling.task import Task
from plansim.planning.spaces.box import BoxSpace
from plansim.planning.spaces.joints import JointSpace
from tests.planning.sampling.worlds import rectangle_problems

SPACE = BoxSpace(random_boxes(40, seed=3))


def queries(count, seed=0):
    points = SPACE.world.random_free_points(np.random.default_rng(seed), 2 * count)
    return [Problem(SPACE, a, b) for a, b in points.reshape(count, 2, 2)]


def test_a_plan_is_the_shortest_path_of_the_networkx_graph():
    roadmap = build(SPACE, 400, np.random.default_rng(1))
    graph = roadmap.graph()
    assert networkx.get_node_attributes(graph, "state")[7].tolist() == roadmap.states[7].tolist()
    for problem in queries(40):
        plan = roadmap.plan(problem.start, problem.goal)
        if SPACE.edge_free(problem.start, problem.goal) or not plan.solved:
            continue
        joined = graph.copy()
        for name, x in (("start", problem.start), ("goal", problem.goal)):
            d = SPACE.distance(roadmap.states, x)
            for row in np.argsort(d)[: roadmap.neighbours]:
                if SPACE.edge_free(x, roadmap.states[row]):
                    joined.add_edge(name, int(row), weight=d[row])
        assert plan.cost == pytest.approx(networkx.shortest_path_length(joined, "start", "goal", weight="weight"))


def test_the_edges_are_those_to_the_nearest_states_that_are_free():
    roadmap = build(SPACE, 150, np.random.default_rng(2), neighbours=6)
    states = roadmap.states
    right = set()
    for row, x in enumerate(states):
        for other in np.argsort(SPACE.distance(states, x))[1:7]:
            if SPACE.edge_free(x, states[other]):
                right.add((min(row, int(other)), max(row, int(other))))
    assert set(map(tuple, roadmap.edges.tolist())) == right
    assert roadmap.lengths == pytest.approx(SPACE.distance(states[roadmap.edges[:, 0]], states[roadmap.edges[:, 1]]))


def test_after_some_queries_one_roadmap_has_cost_less_time_than_trees():
    space = BoxSpace(random_boxes(150, least=3.0, most=9.0, seed=3))
    points = space.world.random_free_points(np.random.default_rng(0), 200)
    problems = [Problem(space, a, b) for a, b in points.reshape(-1, 2, 2)]
    roadmap, tree = PRM(samples=6000), RRT()
    for planner in (PRM(samples=100), tree):
        planner.plan(problems[0])  # compiles
    seconds, costs = [], []
    for planner in (roadmap, tree):
        began = time.perf_counter()
        plans = [planner.plan(problem) for problem in problems]
        seconds.append(time.perf_counter() - began)  # of the roadmap's building, too
        assert sum(plan.solved for plan in plans) >= 98
        costs.append(np.mean([plan.cost for plan in plans if plan.solved]))
    assert seconds[0] < seconds[1]
    assert costs[0] < 0.85 * costs[1]


def test_paths_of_prm_star_tend_to_the_optimum(data):
    problems, optima = rectangle_problems(data)
    mean = []
    for samples in (300, 1500, 8000):
        plans = [PRMStar(samples).plan(problem) for problem in problems[:8]]
        mean.append(np.mean([plan.cost / best for plan, best in zip(plans, optima, strict=False) if plan.solved]))
    assert mean[0] > mean[1] > mean[2]
    assert mean[2] < 1.03


def test_neighbours_grow_like_the_logarithm():
    assert [enough_neighbours(n, 2) for n in (100, 10_000)] == [19, 38]


def test_a_roadmap_is_kept_and_the_order_of_queries_changes_nothing():
    problems, planner = queries(6, seed=5), PRM(samples=400, seed=9)
    forth = [planner.plan(problem, rng=np.random.default_rng(i)).cost for i, problem in enumerate(problems)]
    back = [planner.plan(problem).cost for problem in problems[::-1]]
    assert forth == back[::-1]
    assert planner.build(problems[0]) is planner.build(problems[1])


def test_threads_may_ask_one_roadmap_at_once():
    space = JointSpace([-1.0] * 4, [1.0] * 4)
    roadmap = build(space, 3000, np.random.default_rng(0), neighbours=1200)  # long searches, which meet
    pairs = np.random.default_rng(1).uniform(-1.0, 1.0, (40, 2, 4))

    def near(pair):
        task = Task(Problem(space, *pair))
        return [roadmap._near(task, x)[0].tolist() for x in pair]

    with ThreadPoolExecutor(3) as threads:
        at_once = list(threads.map(near, [pair for pair in pairs for _ in range(3)]))
    assert at_once == [rows for pair in pairs for rows in [near(pair)] * 3]


def test_a_roadmap_that_was_asked_can_be_pickled():
    roadmap = build(SPACE, 200, np.random.default_rng(1))
    plans = [roadmap.plan(problem.start, problem.goal) for problem in queries(5)]
    again = pickle.loads(pickle.dumps(roadmap))
    assert [again.plan(problem.start, problem.goal).cost for problem in queries(5)] == [plan.cost for plan in plans]


def test_a_users_checker_is_asked_of_many_states_at_once():
    asked = []

    def off_the_disc(states):
        asked.append(len(states))
        return np.linalg.norm(states - 5.0, axis=-1) > 2.0

    space = BoxSpace(Shapes([0, 0], [10, 10]))
    problem = Problem(space, np.array([1.0, 5.0]), np.array([9.0, 5.0]), is_free=off_the_disc)
    plan = PRM(samples=300).plan(problem)
    assert plan.solved
    assert np.mean(asked) > 100
    between = space.interpolate(plan.states[:-1], plan.states[1:], np.linspace(0, 1, 50)[:, None] * np.ones(1))
    assert np.linalg.norm(between - 5.0, axis=-1).min() > 2.0 - 0.2


def test_without_a_way_the_plan_leads_to_the_nearest_state():
    space = BoxSpace(Shapes([0, 0], [10, 10], [[[4, 0], [6, 10]]]))
    problem = Problem(space, np.array([1.0, 5.0]), np.array([9.0, 5.0]))
    plan = PRM(samples=400).plan(problem)
    assert plan.status is Status.BUDGET_SPENT
    assert 3.0 < plan.states[-1, 0] <= 4.0
    assert plan.lower_bound == 8.0
    assert PRM().plan(problem, Budget(iterations=0)).states.tolist() == [[1.0, 5.0]]


def test_a_goal_region_ends_a_path_early():
    problem = queries(12, seed=6)[3]
    whole = PRM(samples=800).plan(problem)
    near = PRM(samples=800).plan(Problem(SPACE, problem.start, problem.goal, goal_radius=8.0))
    assert near.solved
    assert near.cost <= whole.cost
    assert SPACE.distance(near.states[-1], problem.goal) <= 8.0


def test_its_tree_is_the_roadmap():
    problem = queries(1)[0]
    plan = PRM(samples=200, keep_tree=True).plan(problem)
    assert SPACE.edge_free(plan.tree[:, 0], plan.tree[:, 1]).all()


def test_a_roadmap_needs_a_metric():
    with pytest.raises(MalformedInput, match="metric"):
        build(
            type("Own", (), {n: getattr(SPACE, n) for n in ("low", "high", "distance", "interpolate", "sample")})(),
            5,
            np.random.default_rng(0),
        )
