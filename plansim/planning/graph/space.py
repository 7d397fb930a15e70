"""The nodes of a networkx graph as a space: any hashable nodes, any weights, any heuristic."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput

Node = Hashable


@dataclass(frozen=True, eq=False)
class GraphSpace:
    """Nodes of a graph, directed or not, multigraphs too, and what it costs to go from one to the next.

    A plan's states are an object array (T + 1,) of nodes. Of parallel edges the cheapest counts. An optimum is one only
    if the heuristic never overestimates; it need not be consistent, and without one it is 0 everywhere.

    >>> import networkx
    >>> from plansim.planning import AStar, Problem
    >>> roads = networkx.Graph([("depot", "gate", {"km": 2}), ("gate", "dock", {"km": 1})])
    >>> plan = AStar().plan(Problem(GraphSpace(roads, weight="km"), "depot", "dock"))
    >>> plan.states.tolist(), plan.cost
    (['depot', 'gate', 'dock'], 3.0)
    """

    graph: Any = field(repr=False)  # networkx.Graph, DiGraph, MultiGraph or MultiDiGraph
    weight: str | Callable[[Node, Node, Any], float | None] | None = "weight"
    # an edge attribute, 1 where it is absent; None: each edge costs 1; (node, next, attributes) -> cost, None: no edge
    heuristic: Callable[[Node, Node], float] | None = None  # (node, goal) -> a cost that no path between them undercuts

    def __post_init__(self) -> None:
        if not hasattr(self.graph, "_adj"):
            raise MalformedInput(f"graph is a {type(self.graph).__name__}, but must be a networkx graph")
        if isinstance(self.weight, str):
            for node, to, attributes in self.graph.edges(data=True):
                _checked(attributes.get(self.weight, 1), node, to)

    def __contains__(self, node: Any) -> bool:
        return isinstance(node, Hashable) and node in self.graph

    def successors(self, node: Node) -> Iterator[tuple[Node, float]]:
        """Each next node and what it costs to go there."""
        return self._costs(node, self.graph._adj[node], False)

    def predecessors(self, node: Node) -> Iterator[tuple[Node, float]]:
        """Each node from which one goes to this, and what that costs."""
        before = self.graph._pred[node] if self.graph.is_directed() else self.graph._adj[node]
        return self._costs(node, before, True)

    def distance(self, a: Node, b: Node) -> float:
        """What no path from a to b undercuts; 0 without a heuristic."""
        if self.heuristic is None:
            return 0.0
        estimate = self.heuristic(a, b)
        if not estimate >= 0:  # NaN fails as well
            raise MalformedInput(f"the heuristic from {a!r} to {b!r} is {estimate}, but must be 0 or more")
        return float(estimate)

    def _costs(self, node: Node, beside: Mapping[Node, Any], backwards: bool) -> Iterator[tuple[Node, float]]:
        weight, many = self.weight, self.graph.is_multigraph()
        for other, attributes in beside.items():
            if weight is None:
                cost: Any = 1.0
            elif callable(weight):
                cost = weight(other, node, attributes) if backwards else weight(node, other, attributes)
                if cost is None:
                    continue
            elif many:
                cost = min(edge.get(weight, 1) for edge in attributes.values())
            else:
                cost = attributes.get(weight, 1)
            if type(cost) is not float or not cost >= 0.0:
                cost = _checked(cost, *((other, node) if backwards else (node, other)))
            yield other, cost


def as_states(nodes: list[Node]) -> Array:
    """An object array (T + 1,), whose members may be tuples."""
    states = np.empty(len(nodes), dtype=object)
    for i, node in enumerate(nodes):
        states[i] = node
    return states


def _checked(cost: Any, node: Node, to: Node) -> float:
    try:
        if cost >= 0:  # NaN fails as well
            return float(cost)
    except TypeError:
        pass
    raise MalformedInput(f"the edge from {node!r} to {to!r} costs {cost!r}, but must cost 0 or more")
