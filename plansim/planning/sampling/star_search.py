"""The loop of RRT* and Informed RRT*, around the moves of a space."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.core.kernel import lean_kernel
from plansim.core.random import uniform_pair
from plansim.planning.base import Budget, Plan, Problem, Status
from plansim.planning.sampling.cost_tree import grown_links, hang_elsewhere, hang_new, new_links
from plansim.planning.sampling.informed import draw_informed, unit_ball
from plansim.planning.sampling.nearest import within
from plansim.planning.sampling.running import FIRST_PIECE, FULL, SPENT, next_piece
from plansim.planning.sampling.task import Task
from plansim.planning.sampling.tree import Tree, add, copy, edges_in_order

ROOM = 2  # states that one sample adds at most: itself and the goal
NEIGHBOURS = 4096  # looked at, at most
IMPROVEMENTS = 10_000  # kept of the history, at most


def plan_by_star(
    planner: Any, problem: Problem, budget: Budget, rng: np.random.Generator | None, informed: bool
) -> Plan:
    """What `RRTStar` (or, `informed`, `InformedRRTStar`) answers: its fields are the parameters."""
    task = Task(problem, rng, planner.step, planner.check_every)
    refusal = task.refusal()
    if refusal is not None:
        return refusal
    search = _Search(task, planner, informed)
    search.run(budget)
    search.take_cheapest_goal()
    row = int(search.state[1])
    tree = edges_in_order([search.tree]) if planner.keep_tree else None
    history = search.history()
    if row >= 0:
        status, states = Status.SOLVED, search.tree.path_to(row)
    else:
        nearest, _ = task.moves.nearest(task.goal, search.tree.arrays, True, task.metric, task.arrays)
        status, states = Status.BUDGET_SPENT, search.tree.path_to(nearest)
    return task.plan(status, states, int(search.state[0]), search.tree.size, tree=tree, history=history)


class _Search:
    """One search: its tree, its counters, and when its path became better."""

    def __init__(self, task: Task, planner: Any, informed: bool):
        self.task, self.most = task, planner.max_samples
        self.tree = Tree(task.start, task.metric)
        self.links = new_links(len(self.tree.arrays[0]))
        self.state = np.array([0, -1, 0], dtype=np.int64)  # samples, row of the best goal, better paths so far
        self.best = np.array([np.inf])
        self.better = np.empty((IMPROVEMENTS, 2))  # samples, cost
        self.seconds: list[float] = []
        n, metric = len(task.start), task.metric
        volume = float(np.prod(metric[:, 0] * (task.bounds[1] - task.bounds[0])))
        gamma = 2 * ((1 + 1 / n) * volume / unit_ball(n)) ** (1 / n)
        # straight distances bound all others from below; the ellipsoid is one where no component comes round
        kind = 0 if not informed else 1 if not (metric[:, 2] > 0).any() else 2
        goal = task.goal, task.goal_radius, task.goal_free
        numbers = float(task.step), float(planner.goal_bias), float(planner.rewire_factor * gamma), kind
        self.frame = (task.bounds, metric, *goal, *numbers)
        room = np.empty((2, n)), np.empty(NEIGHBOURS, dtype=np.int64), np.empty(NEIGHBOURS)
        self.loop = (_compiled if task.compiled else _search)(*task.moves)
        self.fixed = room, self.frame, task.arrays

    def run(self, budget: Budget) -> None:
        limit = self.most if budget.iterations is None else min(budget.iterations, self.most)
        piece = FIRST_PIECE
        while self.state[0] < limit and (budget.seconds is None or self.task.watch.seconds < budget.seconds):
            until, began = min(int(self.state[0]) + piece, limit), self.task.watch.seconds
            kept = self.state, self.best, self.better, self.task.stream
            if self.loop(self.tree.arrays, self.links, *kept, *self.fixed, until) == FULL:
                self.tree.grow()
                self.links = grown_links(self.links)
            known = min(int(self.state[2]), IMPROVEMENTS)
            self.seconds += [self.task.watch.seconds] * (known - len(self.seconds))
            piece = next_piece(piece, self.task.watch.seconds - began)

    def take_cheapest_goal(self) -> None:
        """Of the states in the goal's region, where rewiring has made another one cheaper since."""
        if self.task.goal_radius == 0.0 or self.state[1] < 0:
            return
        states, costs = self.tree.states, self.links[0][: self.tree.size]
        inside = np.asarray(self.task.space.distance(states, self.task.goal)) <= self.task.goal_radius
        row = int(np.argmin(np.where(inside, costs, np.inf)))
        if costs[row] < self.best[0]:
            self.state[1], self.best[0], k = row, costs[row], len(self.seconds)
            if k < IMPROVEMENTS:
                self.better[k] = self.state[0], costs[row]
                self.seconds.append(self.task.watch.seconds)

    def history(self) -> Array:
        """(K, 3) samples, seconds, cost at each better path."""
        better = self.better[: len(self.seconds)]
        return np.column_stack((better[:, 0], self.seconds, better[:, 1]))


def _search(sample, nearest, steer, edge_free, distance, make=lambda function: function):
    """The algorithm around the moves of a space; `make` compiles its functions, or leaves them to Python."""

    @make
    def choose_parent(new, row, length, found, rows, through, tree, costs, metric, arrays):
        """The neighbour through which the new state is reached at the least cost, by an edge that is free."""
        states = tree[0]
        for k in range(found):
            through[k] = costs[rows[k]] + distance(states[rows[k]], new, metric, arrays)
        least = costs[row] + length
        while True:
            best = -1
            for k in range(found):
                if through[k] < least and (best < 0 or through[k] < through[best]):
                    best = k
            if best < 0:
                return row, length
            if edge_free(states[rows[best]], new, True, arrays):
                return rows[best], through[best] - costs[rows[best]]
            through[best] = np.inf

    @make
    def rewire(added, found, rows, tree, links, metric, arrays):
        """Hangs neighbours on the added row where that is shorter."""
        states, parents, costs = tree[0], tree[1], links[0]
        for k in range(found):
            row = rows[k]
            if costs[row] > costs[added]:
                length = distance(states[added], states[row], metric, arrays)
                # beyond rounding, so that nothing is hung to and fro
                shorter = costs[added] + length < costs[row] * (1.0 - 1e-12)
                if shorter and edge_free(states[added], states[row], True, arrays):
                    hang_elsewhere(row, added, length, parents, links)

    @make
    def reach_goal(added, tree, links, state, best, frame, arrays):
        """Whether the added row leads to the goal more shortly than any before; a goal state is added where it does."""
        states, parents, costs = tree[0], tree[1], links[0]
        metric, goal, goal_radius, goal_is_free, step = frame[1], frame[2], frame[3], frame[4], frame[5]
        length = distance(states[added], goal, metric, arrays)
        if length <= goal_radius:
            if costs[added] < best[0]:
                state[1], best[0] = added, costs[added]
            return
        if not goal_is_free or length > step or costs[added] + length >= best[0]:
            return
        if not edge_free(states[added], goal, True, arrays):
            return
        row = add(tree, goal, added, state[0], metric)
        hang_new(row, added, length, parents, links)
        state[1], best[0] = row, costs[row]

    @make
    def search(tree, links, state, best, better, stream, room, frame, arrays, limit):
        states, parents, size, index = tree[0], tree[1], tree[3], tree[4]
        costs = links[0]
        bounds, metric, goal, goal_radius, _, step, goal_bias, gamma, informed = frame
        target, new = room[0][0], room[0][1]
        rows, through = room[1], room[2]
        while state[0] < limit:
            if states.shape[0] - size[0] < ROOM:
                return FULL
            state[0] += 1
            if state[1] < 0 and uniform_pair(stream)[0] < goal_bias:
                copy(goal, target)
            elif informed != 1 or state[1] < 0 or goal_radius > 0.0:
                sample(stream, bounds, arrays, target)
            elif not draw_informed(stream, states[0], goal, best[0], bounds, metric, target):
                continue
            row, length = nearest(target, tree, True, metric, arrays)
            if length == 0.0:
                continue
            if length > step:
                steer(states[row], target, step / length, True, metric, arrays, new)
                length = distance(states[row], new, metric, arrays)
            else:
                copy(target, new)
            if informed and state[1] >= 0:
                at_least = distance(states[0], new, metric, arrays) + distance(new, goal, metric, arrays)
                if at_least - goal_radius >= best[0]:
                    continue
            if not edge_free(states[row], new, True, arrays):
                continue
            radius = min(gamma * (np.log(size[0] + 1.0) / (size[0] + 1.0)) ** (1.0 / new.shape[0]), step)
            found = within(new, radius, metric, index, rows)
            row, length = choose_parent(new, row, length, found, rows, through, tree, costs, metric, arrays)
            added = add(tree, new, row, state[0], metric)
            hang_new(added, row, length, parents, links)
            rewire(added, found, rows, tree, links, metric, arrays)
            before = best[0]
            if state[1] >= 0:
                best[0] = costs[state[1]]
            reach_goal(added, tree, links, state, best, frame, arrays)
            if best[0] < before:
                k = min(state[2], better.shape[0] - 1)
                better[k, 0], better[k, 1] = state[0], best[0]
                state[2] = k + 1
        return SPENT

    return search


_compiled = cache(partial(_search, make=lean_kernel))
