"""Best-first, breadth-first and depth-first search on a graph, as the planners of the same names call them."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from itertools import count
from math import inf

import numpy as np

from plansim.core.errors import MalformedInput, near_miss
from plansim.planning.base import Budget, Plan, Problem, Stats, Status, Stopwatch
from plansim.planning.graph.space import GraphSpace, Node, as_states

Parents = dict[Node, tuple[Node, float] | None]  # of each node reached, the one before and the cost of the edge


def plan_on_graph(problem: Problem, weight: float, budget: Budget, keep_expanded: bool = False) -> Plan:
    """Weight 0 is Dijkstra, 1 is A*, above 1 is weighted A*; a node that is improved is expanded again."""
    search = Search(problem, budget, keep_expanded, "graph, best first")
    if search.status is not None:
        return search.plan()
    start, goal, estimate = search.start, search.goal, search.estimate
    parents: Parents = {start: None}
    costs, tie = {start: 0.0}, count(0, -1)  # of equals the newest first: it is nearer the goal
    queue = [(weight * estimate(start) if weight else 0.0, next(tie), 0.0, start)]
    while queue:
        f, _, cost, node = queue[0]
        if cost > costs[node]:
            heapq.heappop(queue)
            continue
        search.bound = max(search.bound, f / max(weight, 1.0))
        if node == goal:
            return search.plan(parents, goal)
        if search.spent():
            return search.plan(parents, search.nearest(parents))
        heapq.heappop(queue)
        search.expand(node)
        for to, step in search.successors(node):
            new = cost + step
            if new < costs.get(to, inf):
                costs[to], parents[to] = new, (node, step)
                ahead = estimate(to) if weight else 0.0
                if ahead < inf:
                    heapq.heappush(queue, (new + weight * ahead, next(tie), new, to))
    return search.plan()


def plan_greedily(problem: Problem, budget: Budget, keep_expanded: bool = False) -> Plan:
    search = Search(problem, budget, keep_expanded, "graph, greedy")
    if search.status is not None:
        return search.plan()
    parents: Parents = {search.start: None}
    tie = count()
    queue = [(search.estimate(search.start), next(tie), search.start)]

    def take() -> Node:
        return heapq.heappop(queue)[2]

    def put(node: Node) -> None:
        heapq.heappush(queue, (search.estimate(node), next(tie), node))

    return search.reach(parents, queue, take, put)


def plan_breadth_first(problem: Problem, budget: Budget, keep_expanded: bool = False) -> Plan:
    search = Search(problem, budget, keep_expanded, "graph, breadth first")
    if search.status is not None:
        return search.plan()
    queue = deque([search.start])
    plan = search.reach({search.start: None}, queue, queue.popleft, queue.append)
    fewest_is_least = search.space.weight is None and plan.solved
    return plan._replace(lower_bound=plan.cost) if fewest_is_least else plan


def plan_depth_first(problem: Problem, budget: Budget, keep_expanded: bool = False) -> Plan:
    search = Search(problem, budget, keep_expanded, "graph, depth first")
    if search.status is not None:
        return search.plan()
    parents: Parents = {search.start: None}
    stack: list[tuple[Node, Iterator[tuple[Node, float]]]] = []
    new: Node | None = search.start
    while new is not None or stack:
        if new == search.goal:
            return search.plan(parents, new)
        if new is not None:
            if search.spent():
                return search.plan(parents, search.nearest(parents))
            search.expand(new)
            stack.append((new, search.successors(new)))
        node, rest = stack[-1]
        new = None
        for to, step in rest:
            if to not in parents:
                parents[to], new = (node, step), to
                break
        if new is None:
            stack.pop()
    return search.plan()


class Search:
    """One search of a graph: its ends, what it has looked at, when it must stop, and the plan that comes of it."""

    def __init__(self, problem: Problem, budget: Budget, keep_expanded: bool, engine: str):
        self.watch, self.budget, self.engine, self.keep = Stopwatch(), budget, engine, keep_expanded
        self.space: GraphSpace = problem.space
        self.start, self.goal = (self._node(name, getattr(problem, name)) for name in ("start", "goal"))
        self.is_free = problem.is_free
        self.estimates: dict[Node, float] = {}
        self.count = 0
        self.looked_at: list[Node] = []
        free = self._free([self.start, self.goal])
        self.status = None if all(free) else Status.INVALID_GOAL if free[0] else Status.INVALID_START
        self.bound = 0.0 if self.status else self.estimate(self.start)
        if self.status is None and self.estimate(self.goal) > 0:
            raise MalformedInput(f"the heuristic from the goal to itself is {self.estimate(self.goal)}, but must be 0")

    def _node(self, name: str, node: Node) -> Node:
        if node not in self.space:
            hint = near_miss(node, (n for n in self.space.graph if isinstance(n, str))) if isinstance(node, str) else ""
            raise MalformedInput(f"{name} {node!r} is no node of the graph{hint}")
        return node

    def _free(self, nodes: list[Node]) -> list[bool]:
        if self.is_free is None:
            return [True] * len(nodes)
        answer = np.asarray(self.is_free(as_states(nodes)))
        if answer.shape != (len(nodes),) or answer.dtype != bool:
            raise MalformedInput(
                f"is_free answered {answer.dtype} {answer.shape} for {len(nodes)} nodes, not a bool each"
            )
        return answer.tolist()

    def estimate(self, node: Node) -> float:
        """What no path from a node to the goal undercuts; a user's heuristic is asked once."""
        if self.space.heuristic is None:
            return 0.0
        if node not in self.estimates:
            self.estimates[node] = self.space.distance(node, self.goal)
        return self.estimates[node]

    def successors(self, node: Node, backwards: bool = False) -> Iterator[tuple[Node, float]]:
        steps = self.space.predecessors(node) if backwards else self.space.successors(node)
        if self.is_free is None:
            return steps
        pairs = list(steps)
        return (pair for pair, free in zip(pairs, self._free([to for to, _ in pairs]), strict=True) if free)

    def expand(self, node: Node) -> None:
        self.count += 1
        if self.keep:
            self.looked_at.append(node)

    def spent(self) -> bool:
        if self.budget.iterations is not None and self.count >= self.budget.iterations:
            return True
        return self.budget.seconds is not None and self.watch.seconds >= self.budget.seconds

    def nearest(self, parents: Parents) -> Node:
        """The node reached from which the goal seems nearest; the first of equals."""
        return min(parents, key=self.estimate)

    def reach(self, parents: Parents, queue, take: Callable[[], Node], put: Callable[[Node], None]) -> Plan:
        """Comes to each node once, in the order in which the queue gives them back."""
        if self.start == self.goal:
            return self.plan(parents, self.goal)
        while queue:
            if self.spent():
                return self.plan(parents, self.nearest(parents))
            node = take()
            self.expand(node)
            for to, step in self.successors(node):
                if to not in parents:
                    parents[to] = node, step
                    if to == self.goal:
                        return self.plan(parents, to)
                    put(to)
        return self.plan()

    def plan(self, parents: Parents | None = None, end: Node = None, onward: Parents | None = None) -> Plan:
        """The plan by `parents` to a node, and from there by `onward` to the goal; without them none."""
        stats = Stats(expanded=self.count, seconds=self.watch.seconds, engine=self.engine)
        expanded = as_states(self.looked_at) if self.keep and self.status is None else None
        if parents is None:
            bound = 0.0 if self.status else inf
            return Plan(self.status or Status.NO_PATH, as_states([]), inf, None, stats, bound, expanded)
        (nodes, steps), (rest, rest_steps) = _walk(parents, end), _walk(onward or {end: None}, end)
        nodes, steps = nodes[::-1] + rest[1:], steps[::-1] + rest_steps
        cost, solved = float(sum(steps)), nodes[-1] == self.goal
        bound = min(self.bound, cost) if solved else self.bound
        status = Status.SOLVED if solved else Status.BUDGET_SPENT
        return Plan(status, as_states(nodes), cost, None, stats, bound, expanded)


def _walk(parents: Parents, node: Node) -> tuple[list[Node], list[float]]:
    """The nodes from here back to the one without a parent, and the costs of the edges between them."""
    nodes, steps = [node], []
    while (before := parents[node]) is not None:
        node, step = before
        nodes.append(node)
        steps.append(step)
    return nodes, steps
