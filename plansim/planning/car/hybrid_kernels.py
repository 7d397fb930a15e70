"""Hybrid A*'s search, compiled: two trees of arcs, from the start and from the goal, that shots join.

States are continuous; a cell (column, row, heading) of each tree keeps the one that reached it cheapest. Headings of a
tree are its root's plus whole bins, so that arcs between them are tables. A car drives backwards what it drives
forwards: the goal's tree holds the states from which the goal is reached, and is grown as the start's is. Each tree
looks for the other's root by the larger of two distances: that around the obstacles, and that for the turning circle.
From its states shots are tried to the other root, to the other tree's newest state and to its states nearby, the more
often the nearer: out of a dead end or a bay each tree drives by itself, and in the open they soon see each other.
"""

from __future__ import annotations

import numpy as np

from plansim.core.kernel import kernel
from plansim.core.scalar import wrap_angle
from plansim.planning.car.analytic_expansion import NO_SHOT, shoot
from plansim.planning.car.holonomic_heuristic import FAR
from plansim.planning.car.kinematic_heuristic import table_length
from plansim.planning.car.two_trees import (
    BIN,
    CLOSED,
    EXHAUSTED,
    EXPANDED,
    FROM,
    FULL,
    JOINED,
    MOVE,
    NODES,
    OPEN,
    PARENT,
    SHOTS,
    SPENT,
    TO,
    TREE,
    slot_of,
)
from plansim.planning.heap import pop, push
from plansim.planning.spaces.body import arc_room

X, Y, HEADING, COST, ROOM = 0, 1, 2, 3, 4  # columns of `nodes`


@kernel
def to_go(tree, x, y, heading, problem):
    """Metres from a state of a tree to the other's root, by both heuristics; FAR where there is no way.

    maps: (2, H, W) metres around the obstacles, to the goal for the start's tree, to the start for the goal's
    middle: (2,) the point of the body that the maps are for
    """
    roots, _, maps, table, middle, shape, _ = problem
    resolution, radius = shape[0], shape[3]
    c, s = np.cos(heading), np.sin(heading)
    column = int((x + c * middle[0] - s * middle[1]) / resolution)
    row = int((y + s * middle[0] + c * middle[1]) / resolution)
    around = maps[tree, row, column]
    if around >= FAR:
        return FAR
    dx, dy = (x - roots[1 - tree, 0]) / radius, (y - roots[1 - tree, 1]) / radius
    c, s = np.cos(roots[1 - tree, 2]), np.sin(roots[1 - tree, 2])
    turn = heading - roots[1 - tree, 2]
    return max(around, radius * table_length(table, c * dx + s * dy, c * dy - s * dx, turn))


@kernel
def search(problem, ground, body, trees, near, state, limit):
    """Grows both trees until a shot joins them (JOINED), one is complete (EXHAUSTED) or `limit` states are expanded.

    FULL asks for longer arrays; after that and after SPENT, the same arguments continue the search.

    problem: roots (2, 3), start and goal; moves (M, 3): curvature, length, whole bins turned; maps, table and middle,
        see `to_go`; shape: resolution, side of a cell, headings, turning radius, weight of the heuristic, side of a
        square; prices, see `analytic_expansion`
    trees, near, state: see `TwoTrees`
    """
    _, moves, maps, _, _, shape, prices = problem
    nodes, links, keys, ids, order, cells = trees
    _, side, headings, radius, weight, square = shape
    reverse, steering, change = prices
    columns, rows = int(maps.shape[2] * shape[0] / side) + 2, int(maps.shape[1] * shape[0] / side) + 2
    turns, lengths = np.empty(5, dtype=np.int64), np.empty(5)
    newest, grown = np.array([0, 1]), np.array([0, 0])
    while True:
        tree = 0 if state[OPEN] <= state[OPEN + 1] else 1
        if state[OPEN] == 0 or state[OPEN + 1] == 0:
            return EXHAUSTED
        if state[NODES] + moves.shape[0] > nodes.shape[0]:
            return FULL
        if state[EXPANDED] >= limit:
            return SPENT
        node = ids[tree, 0]
        state[OPEN + tree] = pop(keys[tree], ids[tree], state[OPEN + tree])
        if links[node, CLOSED]:
            continue
        links[node, CLOSED] = 1
        order[state[EXPANDED]] = node
        state[EXPANDED] += 1
        x, y, heading, cost, room = nodes[node]
        square_row, square_column = int(y / square), int(x / square)

        # the other root, the other tree's newest state, and its states around
        away = to_go(tree, x, y, heading, problem)
        every = 1 + int(away / (4.0 * radius))
        grown[tree] += 1
        for attempt in range(11):
            if attempt < 2:
                if grown[tree] % every != 0:
                    continue
                other = 1 - tree if attempt == 0 else newest[1 - tree]
                if attempt == 1 and other == 1 - tree:
                    continue
            else:
                i, j = square_row + (attempt - 2) // 3 - 1, square_column + (attempt - 2) % 3 - 1
                if not (0 <= i < near.shape[1] and 0 <= j < near.shape[2]):
                    continue
                other = near[1 - tree, i, j]
                if other < 2:
                    continue
            a, b = (node, other) if tree == 0 else (other, node)
            state[SHOTS] += 1
            here = nodes[a, ROOM]
            if shoot(nodes[a], nodes[b], here, radius, NO_SHOT, prices, ground, body, turns, lengths) < NO_SHOT:
                state[FROM], state[TO] = a, b
                return JOINED
        near[tree, square_row, square_column] = node
        newest[tree] = node

        before = links[node, MOVE]
        for move in range(moves.shape[0]):
            curvature, length = moves[move, 0], moves[move, 1]
            to_bin = (links[node, BIN] + int(moves[move, 2])) % int(headings)
            to_x, to_y, to_heading, to_room = arc_room(x, y, heading, curvature, length, room, ground, body)
            if to_room < 0.0:
                continue
            # the goal's tree is driven from its leaves: the other way
            backwards = (length < 0.0) == (tree == 0)
            price = (reverse if backwards else 1.0) * (steering if curvature != 0.0 else 1.0)
            to_cost = cost + abs(length) * price
            if before >= 0 and moves[before, 1] * length < 0.0:
                to_cost += change
            key = ((tree * int(headings) + to_bin) * rows + int(to_y / side)) * columns + int(to_x / side)
            slot = slot_of(cells, key)
            known = cells[slot, 1] if cells[slot, 0] >= 0 else -1
            if known >= 0 and (links[known, CLOSED] or nodes[known, COST] <= to_cost):
                continue
            ahead = to_go(tree, to_x, to_y, to_heading, problem)
            if ahead >= FAR:
                continue
            new = state[NODES]
            state[NODES] += 1
            if known >= 0:
                links[known, CLOSED] = 1  # it is replaced before it was expanded
            cells[slot, 0], cells[slot, 1] = key, new
            nodes[new, X], nodes[new, Y], nodes[new, HEADING] = to_x, to_y, wrap_angle(to_heading)
            nodes[new, COST], nodes[new, ROOM] = to_cost, to_room
            links[new, BIN], links[new, PARENT], links[new, MOVE] = to_bin, node, move
            links[new, TREE], links[new, CLOSED] = tree, 0
            state[OPEN + tree] = push(keys[tree], ids[tree], state[OPEN + tree], to_cost + weight * ahead, new)


@kernel
def nearest(problem, trees, count):
    """The state of the start's tree, among the first `count` states, that has least to go."""
    nodes, links = trees[0], trees[1]
    best, least = 0, to_go(0, nodes[0, X], nodes[0, Y], nodes[0, HEADING], problem)
    for node in range(2, count):
        if links[node, TREE] == 0:
            away = to_go(0, nodes[node, X], nodes[node, Y], nodes[node, HEADING], problem)
            if away < least:
                best, least = node, away
    return best


@kernel
def way_between(problem, ground, body, trees, a, b):
    """Arcs (M, 2) of curvature and length from the start to state a of its tree, and on by b of the goal's, if >= 0."""
    moves, prices, radius = problem[1], problem[6], problem[5][3]
    nodes, links = trees[0], trees[1]
    turns, lengths, count, node = np.empty(5, dtype=np.int64), np.zeros(5), 0, a
    while links[node, PARENT] >= 0:
        node, count = links[node, PARENT], count + 1
    ahead, node = 0, b
    while b >= 0 and links[node, PARENT] >= 0:
        node, ahead = links[node, PARENT], ahead + 1
    arcs, node = np.empty((count + 5 + ahead, 2)), a
    for i in range(count - 1, -1, -1):
        arcs[i] = moves[links[node, MOVE], :2]
        node = links[node, PARENT]
    if b < 0:
        return arcs[:count].copy()
    shoot(nodes[a], nodes[b], 0.0, radius, NO_SHOT, prices, ground, body, turns, lengths)
    for k in range(5):
        if lengths[k] != 0.0:
            arcs[count, 0], arcs[count, 1] = turns[k] / radius, lengths[k]
            count += 1
    node = b
    for i in range(count, count + ahead):
        move = links[node, MOVE]
        arcs[i, 0], arcs[i, 1] = moves[move, 0], -moves[move, 1]
        node = links[node, PARENT]
    return arcs[: count + ahead].copy()
