"""Meet in the middle: the shortest path of a graph, sought from both of its ends."""

from __future__ import annotations

import heapq
from itertools import count
from math import inf

from plansim.planning.base import Budget, Plan, Problem
from plansim.planning.graph.search import Node, Parents, Search


def plan_bidirectionally(problem: Problem, budget: Budget, keep_expanded: bool = False) -> Plan:
    """MM: neither side goes farther than half of the way (Holte, Felner, Sharon & Sturtevant 2016).

    A node's priority is max(g + h, 2 g). The least priority C of both queues is below every path not yet found: the
    best found is proven when it costs no more than C. With no heuristic it is Dijkstra's algorithm from both ends.
    """
    search = Search(problem, budget, keep_expanded, "graph, both ends")
    if search.status is not None:
        return search.plan()
    space, ends, tie = search.space, (search.start, search.goal), count()
    costs: tuple[dict[Node, float], ...] = ({ends[0]: 0.0}, {ends[1]: 0.0})
    parents: tuple[Parents, ...] = ({ends[0]: None}, {ends[1]: None})
    queues = tuple([(search.bound, 0, 0.0, end)] for end in ends)
    best, meeting = (0.0, search.start) if search.start == search.goal else (inf, None)

    def priority(side: int, node: Node, cost: float) -> float:
        ahead = search.estimate(node) if side == 0 else space.distance(search.start, node)
        return max(cost + ahead, 2 * cost)

    while True:
        first, second = (_least(queue, cost) for queue, cost in zip(queues, costs, strict=True))
        # a queue that is empty may have lost what the other one has still to meet, once there is a path to beat
        if min(first, second) == inf or (meeting is None and max(first, second) == inf):
            break
        side = 0 if first <= second else 1
        search.bound = max(search.bound, min(queues[side][0][0], best))
        if best <= queues[side][0][0]:
            break
        if search.spent():
            if meeting is None:
                return search.plan(parents[0], search.nearest(parents[0]))
            return search.plan(parents[0], meeting, parents[1])
        _, _, cost, node = heapq.heappop(queues[side])
        search.expand(node)
        for to, step in search.successors(node, backwards=side == 1):
            new = cost + step
            if new < costs[side].get(to, inf):
                costs[side][to], parents[side][to] = new, (node, step)
                promise = priority(side, to, new)
                if promise < best:
                    heapq.heappush(queues[side], (promise, next(tie), new, to))
                if new + costs[1 - side].get(to, inf) < best:
                    best, meeting = new + costs[1 - side][to], to
    search.bound = max(search.bound, best)
    return search.plan() if meeting is None else search.plan(parents[0], meeting, parents[1])


def _least(queue: list[tuple[float, int, float, Node]], costs: dict[Node, float]) -> float:
    """The first priority of a queue, once entries of nodes improved since are gone; inf where none is left."""
    while queue and queue[0][2] > costs[queue[0][3]]:
        heapq.heappop(queue)
    return queue[0][0] if queue else inf
