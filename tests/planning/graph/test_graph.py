"""Search on networkx graphs: networkx' own answers, any nodes, any heuristic."""

from __future__ import annotations

import networkx
import numpy as np
import pytest

from plansim.core.errors import MalformedInput
from plansim.planning import (
    AStar,
    BidirectionalAStar,
    BreadthFirst,
    DepthFirst,
    Dijkstra,
    GraphSpace,
    GreedyBestFirst,
    RandomWalk,
)
from plansim.planning.base import Budget, Problem, Status

EXACT = [AStar(), Dijkstra(), BidirectionalAStar()]
ALL = [*EXACT, BreadthFirst(), DepthFirst(), GreedyBestFirst(), AStar(weight=3.0)]
GRAPHS = [networkx.Graph, networkx.DiGraph, networkx.MultiGraph, networkx.MultiDiGraph]


def name(planner) -> str:
    return type(planner).__name__


def random_graph(kind, seed: int, nodes=30, edges=60):
    """Nodes are tuples in the plane; edges cost at least their length."""
    rng = np.random.default_rng(seed)
    places = [tuple(p) for p in rng.random((nodes, 2)).round(3).tolist()]
    graph = kind()
    graph.add_nodes_from(places)
    for i, j in rng.integers(nodes, size=(edges, 2)):
        a, b = places[i], places[j]
        graph.add_edge(a, b, weight=straight(a, b) * (1 + 3 * rng.random() ** 3))
    return graph, places


def straight(a, b) -> float:
    return float(np.hypot(a[0] - b[0], a[1] - b[1]))


def uneven(a, b) -> float:
    """Never too much, but far from consistent."""
    return straight(a, b) * (hash(a) % 7) / 6


def least(graph, start, goal, weight="weight") -> float:
    try:
        return networkx.dijkstra_path_length(graph, start, goal, weight)
    except networkx.NetworkXNoPath:
        return np.inf


@pytest.mark.parametrize("heuristic", [None, straight, uneven])
@pytest.mark.parametrize("kind", GRAPHS)
@pytest.mark.parametrize("planner", ALL, ids=name)
def test_plans_are_held_against_networkx(planner, kind, heuristic):
    solved = 0
    for seed in range(25):
        graph, nodes = random_graph(kind, seed)
        plan = planner.plan(Problem(GraphSpace(graph, heuristic=heuristic), nodes[0], nodes[1]))
        best = least(graph, nodes[0], nodes[1])
        assert plan.status is (Status.SOLVED if np.isfinite(best) else Status.NO_PATH)
        assert plan.lower_bound <= best * (1 + 1e-12)
        if plan.solved:
            solved += 1
            path = plan.states.tolist()
            assert (path[0], path[-1]) == (nodes[0], nodes[1])
            assert plan.cost == pytest.approx(networkx.path_weight(graph, path, "weight")) or graph.is_multigraph()
            assert plan.cost >= best * (1 - 1e-12)
            if planner in EXACT:
                assert plan.optimal
                assert plan.cost == pytest.approx(best, rel=1e-12)
        else:
            assert (plan.cost, plan.states.shape) == (np.inf, (0,))
    assert solved > 8


def test_breadth_first_makes_the_fewest_moves_and_depth_first_the_first_it_finds():
    for seed in range(20):
        graph, nodes = random_graph(networkx.DiGraph, seed)
        problem = Problem(GraphSpace(graph, weight=None), nodes[0], nodes[1])
        plan, deep = BreadthFirst().plan(problem), DepthFirst(keep_expanded=True).plan(problem)
        if plan.solved:
            assert plan.cost == networkx.shortest_path_length(graph, nodes[0], nodes[1])
            assert plan.optimal
            preorder = list(networkx.dfs_preorder_nodes(graph, nodes[0]))
            assert deep.expanded.tolist() == preorder[: preorder.index(nodes[1])]


def test_a_heuristic_saves_expansions_and_a_weight_keeps_its_bound():
    counts = np.zeros(3)
    for seed in range(20):
        graph, nodes = random_graph(networkx.Graph, seed, 200, 800)
        problem = Problem(GraphSpace(graph, heuristic=straight), nodes[0], nodes[1])
        plans = [planner.plan(problem) for planner in (Dijkstra(), AStar(), AStar(weight=2.0))]
        assert plans[2].cost <= 2.0 * plans[1].cost * (1 + 1e-12)
        counts += [plan.stats.expanded for plan in plans]
    assert counts[0] > 1.5 * counts[1] > 1.5 * counts[2]


def test_from_both_ends_the_optimum_is_proven_where_the_heuristic_is_not_consistent():
    rng = np.random.default_rng(7)
    for _ in range(1500):
        graph, count = networkx.DiGraph(), int(rng.integers(3, 15))
        graph.add_nodes_from(range(count))
        for a, b in rng.integers(0, count, (int(rng.integers(5, 40)), 2)).tolist():
            graph.add_edge(a, b, weight=float(rng.choice([0.0, 1.0, 2.0, 5 * rng.random()])))
        costs = dict(networkx.all_pairs_dijkstra_path_length(graph))
        share = rng.random((count, count))

        def heuristic(a, b, costs=costs, share=share):
            return costs[a].get(b, np.inf) * share[a, b]

        plan = BidirectionalAStar().plan(Problem(GraphSpace(graph, heuristic=heuristic), 0, count - 1))
        assert plan.cost == pytest.approx(costs[0].get(count - 1, np.inf))
        assert plan.optimal == plan.solved


def test_both_ends_look_at_less_than_one():
    graph = networkx.grid_2d_graph(60, 60)
    problem = Problem(GraphSpace(graph), (30, 10), (30, 50))
    both, one = BidirectionalAStar().plan(problem), Dijkstra().plan(problem)
    assert both.cost == one.cost == 40.0
    assert both.stats.expanded < 0.75 * one.stats.expanded


def test_weights_may_be_a_function_that_leaves_edges_out():
    graph = networkx.Graph([(0, 1), (1, 2), (0, 2)])
    space = GraphSpace(graph, weight=lambda a, b, data: None if {a, b} == {0, 2} else 2.5)
    for planner in EXACT:
        assert planner.plan(Problem(space, 0, 2)).cost == 5.0


@pytest.mark.parametrize("answer", [lambda nodes: True, lambda nodes: None, lambda nodes: [1.0] * len(nodes)])
def test_an_is_free_of_another_shape_is_refused(answer):
    space = GraphSpace(networkx.path_graph(3))
    for planner in ALL:
        with pytest.raises(MalformedInput, match="is_free"):
            planner.plan(Problem(space, 0, 2, is_free=answer))


def test_what_the_problem_forbids_is_not_entered():
    space = GraphSpace(networkx.cycle_graph(6))
    for planner in ALL:
        plan = planner.plan(Problem(space, 0, 2, is_free=lambda nodes: nodes != 1))
        assert plan.states.tolist() == [0, 5, 4, 3, 2]
        assert planner.plan(Problem(space, 1, 2, is_free=lambda nodes: nodes != 1)).status is Status.INVALID_START
        assert planner.plan(Problem(space, 2, 1, is_free=lambda nodes: nodes != 1)).status is Status.INVALID_GOAL


@pytest.mark.parametrize("planner", ALL, ids=name)
def test_at_the_goal_already_the_path_is_one_node(planner):
    plan = planner.plan(Problem(GraphSpace(networkx.path_graph(3)), 1, 1))
    assert (plan.status, plan.states.tolist(), plan.cost) == (Status.SOLVED, [1], 0.0)


@pytest.mark.parametrize("planner", ALL, ids=name)
def test_a_spent_budget_claims_no_more_than_is_true(planner):
    for seed in range(10):
        graph, nodes = random_graph(networkx.Graph, seed, 60, 150)
        problem = Problem(GraphSpace(graph, heuristic=uneven), nodes[0], nodes[1])
        best = least(graph, nodes[0], nodes[1])
        for iterations in (0, 1, 5, 20):
            plan = planner.plan(problem, Budget(iterations=iterations))
            assert plan.stats.expanded <= iterations
            assert plan.lower_bound <= best * (1 + 1e-12)
            assert plan.states[0] == nodes[0]
            assert plan.status in (Status.BUDGET_SPENT, Status.SOLVED)
        assert planner.plan(problem, Budget(seconds=0.0)).status is Status.BUDGET_SPENT


@pytest.mark.parametrize("cost", [-1.0, np.nan, "far"])
def test_an_edge_that_costs_less_than_nothing_is_refused(cost):
    graph = networkx.Graph()
    graph.add_edge("a", "b", weight=cost)
    with pytest.raises(MalformedInput, match=r"the edge from 'a' to 'b' costs .* but must cost 0 or more"):
        GraphSpace(graph)
    for planner in ALL:
        with pytest.raises(MalformedInput, match=r"the edge from 'a' to 'b'|the edge from 'b' to 'a'"):
            planner.plan(Problem(GraphSpace(graph, weight=lambda a, b, data: cost), "a", "b"))


def test_malformed_problems_are_errors_that_say_why():
    space = GraphSpace(networkx.Graph([("depot", "gate")]))
    for planner in ALL:
        with pytest.raises(MalformedInput, match="start 'depo' is no node of the graph; did you mean 'depot'"):
            planner.plan(Problem(space, "depo", "gate"))
        with pytest.raises(MalformedInput, match=r"goal \['gate'\] is no node"):
            planner.plan(Problem(space, "depot", ["gate"]))
    with pytest.raises(MalformedInput, match="graph is a list"):
        GraphSpace([])
    for wrong, says in ((lambda a, b: -1.0, "must be 0 or more"), (lambda a, b: 2.0, "must be 0")):
        with pytest.raises(MalformedInput, match=says):
            AStar().plan(Problem(GraphSpace(space.graph, heuristic=wrong), "depot", "gate"))
    with pytest.raises(MalformedInput, match="needs a GridSpace"):
        RandomWalk().plan(Problem(space, "depot", "gate"))


def test_nodes_need_no_order_and_keep_the_order_of_the_search():
    graph = networkx.Graph([(frozenset({i}), frozenset({i + 1})) for i in range(4)])
    plan = AStar(keep_expanded=True).plan(Problem(GraphSpace(graph), frozenset({0}), frozenset({4})))
    assert [next(iter(node)) for node in plan.states] == [0, 1, 2, 3, 4]
    assert [next(iter(node)) for node in plan.expanded] == [0, 1, 2, 3]
