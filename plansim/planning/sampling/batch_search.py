"""The loop of BIT*, around the moves of a space."""

from __future__ import annotations

from functools import cache, partial

import numpy as np

from plansim.core.kernel import lean_kernel
from plansim.planning.sampling.cost_tree import hang_elsewhere, hang_new
from plansim.planning.sampling.edge_queue import drop_first, push
from plansim.planning.sampling.informed import draw_informed
from plansim.planning.sampling.nearest import k_nearest
from plansim.planning.sampling.tighten import compiled_tighten, tighten_in_python
from plansim.planning.sampling.tree import add, copy

AGAIN, FULL, SPENT, OPTIMAL = 0, 1, 2, 3  # how a call ended; after AGAIN and FULL the same arguments go on
NEIGHBOURS = 256  # tried, at most
PATH = 256  # states of a path that is pulled tight, at most


def _batches(sample, nearest, steer, edge_free, distance, make=lambda function: function):
    """The algorithm around the moves of a space; `make` compiles its functions, or leaves them to Python."""
    tightened = compiled_tighten if make is lean_kernel else tighten_in_python
    tighten, length_of = tightened(sample, nearest, steer, edge_free, distance)

    @make
    def add_state(x, parent, length, time, tree, links, to_go, frame, arrays):
        """A new row, in the tree where it has a parent."""
        metric, goal, goal_radius = frame[1], frame[2], frame[3]
        row = add(tree, x, parent, time, metric)
        to_go[row] = max(distance(x, goal, metric, arrays) - goal_radius, 0.0)
        if parent >= 0:
            hang_new(row, parent, length, tree[1], links)
        else:
            links[0][row] = np.inf
        return row

    @make
    def draw(count, tree, links, to_go, state, best, stream, room, frame, arrays):
        """A batch: free states through which a better path may lead."""
        bounds, metric, goal, goal_radius, ellipsoid = frame[0], frame[1], frame[2], frame[3], frame[6]
        x, states = room[0][0], tree[0]
        for _ in range(count):
            state[0] += 1
            if best[0] == np.inf or not ellipsoid or goal_radius > 0.0:
                sample(stream, bounds, arrays, x)
            elif not draw_informed(stream, states[0], goal, best[0], bounds, metric, x):
                continue
            if best[0] < np.inf:
                through = distance(states[0], x, metric, arrays) + distance(x, goal, metric, arrays) - goal_radius
                if through >= best[0]:
                    continue
            if edge_free(x, x, True, arrays):
                add_state(x, -1, 0.0, state[0], tree, links, to_go, frame, arrays)

    @make
    def neighbours_of(row, tree, room, frame):
        count = min(np.int64(np.ceil(frame[4] * np.log(tree[3][0] + 1.0))) + 1, NEIGHBOURS)
        return k_nearest(tree[0][row], frame[1], tree[4], room[3][:count], room[4][:count])

    @make
    def queue_edges_to(row, tree, links, to_go, queue, best, room, frame, arrays):
        """From the neighbours that hang in the tree."""
        states, costs = tree[0], links[0]
        for k in range(neighbours_of(row, tree, room, frame)):
            a = room[3][k]
            if a != row and costs[a] < np.inf:
                length = distance(states[a], states[row], frame[1], arrays)
                cost = costs[a] + length
                if cost < costs[row] and cost + to_go[row] < best[0]:
                    push(queue, cost + to_go[row], cost, length, a, row)

    @make
    def queue_edges_from(row, tree, links, to_go, queue, best, room, frame, arrays):
        states, costs = tree[0], links[0]
        for k in range(neighbours_of(row, tree, room, frame)):
            b = room[3][k]
            if b != row and costs[row] < costs[b]:
                length = distance(states[row], states[b], frame[1], arrays)
                cost = costs[row] + length
                if cost < costs[b] and cost + to_go[b] < best[0]:
                    push(queue, cost + to_go[b], cost, length, row, b)

    @make
    def use_first_edge(tree, links, to_go, queue, state, best, room, frame, arrays):
        """Takes the most promising edge from the queue and, where it is free and shortens something, into the tree."""
        keys, ends, _ = queue
        length, a, b = keys[0, 2], ends[0, 0], ends[0, 1]
        states, parents, costs = tree[0], tree[1], links[0]
        drop_first(queue)
        cost = costs[a] + length
        if cost + to_go[b] >= best[0] or cost >= costs[b] * (1.0 - 1e-12):
            return
        if not edge_free(states[a], states[b], True, arrays):
            return
        if costs[b] == np.inf:
            hang_new(b, a, length, parents, links)
        else:
            hang_elsewhere(b, a, length, parents, links)
        if to_go[b] <= 0.0 and costs[b] < best[0]:
            state[1], best[0] = b, costs[b]
        if state[1] >= 0:
            best[0] = min(best[0], costs[state[1]])
        queue_edges_from(b, tree, links, to_go, queue, best, room, frame, arrays)

    @make
    def tighten_path(tree, links, to_go, queue, state, best, room, frame, arrays):
        """Adds the best path, pulled tight, to the tree, where that is shorter."""
        states, parents, path, metric = tree[0], tree[1], room[1], frame[1]
        count, row = 1, state[1]
        while parents[row] >= 0:
            row, count = parents[row], count + 1
        if count > PATH // 2:
            return
        row = state[1]
        for k in range(count):
            copy(states[row], path[count - 1 - k])
            row = parents[row]
        count = tighten(path, count, room[2], metric, arrays)
        if length_of(path, count, metric, arrays) >= best[0] * (1.0 - 1e-9):
            return
        row, first = 0, tree[3][0]
        for k in range(1, count - 1):
            length = distance(states[row], path[k], metric, arrays)
            row = add_state(path[k], row, length, state[0], tree, links, to_go, frame, arrays)
        hang_elsewhere(state[1], row, distance(states[row], path[count - 1], metric, arrays), parents, links)
        best[0] = links[0][state[1]]
        for added in range(first, tree[3][0]):
            queue_edges_from(added, tree, links, to_go, queue, best, room, frame, arrays)

    @make
    def advance(tree, links, to_go, queue, state, best, better, stream, room, frame, arrays, batch, limit, edges):
        """Draws a batch and uses its edges, until none of them promises a better path, or `edges` have been used.

        best: cost of the best path, and what it was when it was last pulled tight
        state: samples, row of the best goal, better paths so far, rows whose edges were queued
        """
        states, costs = tree[0], links[0]
        if queue[2][0] == 0 and state[3] == tree[3][0]:
            if best[0] <= to_go[0] * (1.0 + 1e-12):
                return OPTIMAL
            if state[0] >= limit:
                return SPENT
            if states.shape[0] - tree[3][0] < batch + PATH:
                return FULL
            draw(min(batch, limit - state[0]), tree, links, to_go, state, best, stream, room, frame, arrays)
        while state[3] < tree[3][0]:
            if queue[0].shape[0] - queue[2][0] < NEIGHBOURS:
                return FULL
            if costs[state[3]] == np.inf:
                queue_edges_to(state[3], tree, links, to_go, queue, best, room, frame, arrays)
            state[3] += 1
        while True:
            while queue[2][0] > 0 and queue[0][0, 0] < best[0]:
                if queue[0].shape[0] - queue[2][0] < NEIGHBOURS:
                    return FULL
                if edges == 0:
                    return AGAIN
                edges -= 1
                use_first_edge(tree, links, to_go, queue, state, best, room, frame, arrays)
            queue[2][0] = 0
            if not frame[5] or best[0] >= best[1]:
                break
            if states.shape[0] - tree[3][0] < PATH or queue[0].shape[0] < PATH * NEIGHBOURS:
                return FULL
            tighten_path(tree, links, to_go, queue, state, best, room, frame, arrays)
            best[1] = best[0]
        if state[1] >= 0 and (state[2] == 0 or best[0] < better[state[2] - 1, 1]):
            k = min(state[2], better.shape[0] - 1)
            better[k, 0], better[k, 1] = state[0], best[0]
            state[2] = k + 1
        return AGAIN

    return advance


compiled_batches = cache(partial(_batches, make=lean_kernel))
python_batches = _batches
