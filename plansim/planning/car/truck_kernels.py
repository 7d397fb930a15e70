"""Hybrid A* for a truck with its trailer, compiled: two trees of arcs over four dimensions, joined by docking curves.

As `hybrid_kernels` does it for a car: the truck, too, drives backwards what it drives forwards. Cells are (column, row,
heading, bend), moves are arcs of several steerings, and what joins the trees is a curve of the trailer's axle that ends
in the exact state (`truck_motion.dock`). The heuristic is the larger of the distances around the obstacles of tractor
and trailer, and that for the trailer's own turning circle.
"""

from __future__ import annotations

from math import cos, fabs, floor, pi, sin

import numpy as np

from plansim.core.kernel import kernel
from plansim.core.scalar import wrap_angle
from plansim.planning.car.holonomic_heuristic import FAR
from plansim.planning.car.kinematic_heuristic import table_length
from plansim.planning.car.truck_motion import dock, drive_arc
from plansim.planning.car.two_trees import (
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

X, Y, HEADING, TRAILER, COST, ROOM = 0, 1, 2, 3, 4, 5  # columns of `nodes`
NEARBY = 5  # squares around a state whose newest states of the other tree are tried


@kernel
def truck_to_go(tree, x, y, heading, trailer, problem):
    """Metres from a state of a tree to the other's root, by all heuristics; FAR where there is no way.

    maps: (2, 2, H, W) metres around the obstacles for tractor and trailer, each to the goal and to the start
    middles: (2, 2) the points of the bodies that the maps are for
    """
    roots, _, maps, table, middles, shape, _, truck = problem
    resolution, circle = shape[0], shape[3]
    back_x, back_y = x - truck[0] * cos(trailer), y - truck[0] * sin(trailer)
    around = 0.0
    for body in range(2):
        px, py, angle = (x, y, heading) if body == 0 else (back_x, back_y, trailer)
        c, s = cos(angle), sin(angle)
        column = int((px + c * middles[body, 0] - s * middles[body, 1]) / resolution)
        row = int((py + s * middles[body, 0] + c * middles[body, 1]) / resolution)
        around = max(around, maps[body, tree, row, column])
    if around >= FAR:
        return FAR
    root = roots[1 - tree]
    c, s = cos(root[3]), sin(root[3])
    dx, dy = (back_x - root[0] + truck[0] * c) / circle, (back_y - root[1] + truck[0] * s) / circle
    return max(around, circle * table_length(table, c * dx + s * dy, c * dy - s * dx, trailer - root[3]))


@kernel
def truck_search(problem, rig, trees, near, state, limit):
    """Grows both trees until a curve joins them (JOINED), one is complete (EXHAUSTED) or `limit` states are expanded.

    FULL asks for longer arrays; after that and after SPENT, the same arguments continue the search.

    problem: roots (2, 4), start and goal; moves (M, 2): curvature, length; maps, table, middles, see `truck_to_go`;
        shape: resolution, side of a cell, headings, the trailer's turning radius, weight of the heuristic, side of a
        square; prices: of metres driven backwards, of a change of gear; truck, see `truck_motion`
    trees, near, state: see `TwoTrees`
    """
    _, moves, maps, _, _, shape, prices, truck = problem
    nodes, links, keys, ids, order, cells = trees
    _, side, headings, circle, weight, square = shape
    reverse, change = prices
    bin_angle = 2 * pi / headings
    bends = 2 * int(truck[1] / bin_angle) + 4
    columns, rows = int(maps.shape[3] * shape[0] / side) + 2, int(maps.shape[2] * shape[0] / side) + 2
    curve = np.empty((2, 6))
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
        x, y, heading, trailer, cost, room = nodes[node]
        row, column = int(y / square), int(x / square)

        # the other root, the other tree's newest state, and its states around
        away = truck_to_go(tree, x, y, heading, trailer, problem)
        every = 1 + int(away / (6.0 * circle))
        grown[tree] += 1
        for attempt in range(2 + NEARBY * NEARBY):
            if attempt < 2:
                if grown[tree] % every != 0:
                    continue
                other = 1 - tree if attempt == 0 else newest[1 - tree]
                if attempt == 1 and other == 1 - tree:
                    continue
            else:
                i = row + (attempt - 2) // NEARBY - NEARBY // 2
                j = column + (attempt - 2) % NEARBY - NEARBY // 2
                if not (0 <= i < near.shape[1] and 0 <= j < near.shape[2]):
                    continue
                other = near[1 - tree, i, j]
                if other < 2:
                    continue
            a, b = (node, other) if tree == 0 else (other, node)
            state[SHOTS] += 1
            if dock(nodes[a], nodes[b], nodes[a, ROOM], truck, rig, prices, 1e300, curve)[0] < 1e300:
                state[FROM], state[TO] = a, b
                return JOINED
        near[tree, row, column] = node
        newest[tree] = node

        before = links[node, MOVE]
        for move in range(moves.shape[0]):
            curvature, length = moves[move, 0], moves[move, 1]
            to_x, to_y, to_heading, to_trailer, to_room = drive_arc(
                x, y, heading, trailer, curvature, length, room, truck, rig
            )
            if to_room < 0.0:
                continue
            # the goal's tree is driven from its leaves: the other way
            to_cost = cost + fabs(length) * (reverse if (length < 0.0) == (tree == 0) else 1.0)
            if before >= 0 and moves[before, 1] * length < 0.0:
                to_cost += change
            bend = floor(wrap_angle(to_heading - to_trailer) / bin_angle) + bends // 2
            to_bin = floor(wrap_angle(to_heading) / bin_angle + 0.5) % int(headings)
            key = ((tree * int(headings) + to_bin) * bends + bend) * rows + int(to_y / side)
            key = key * columns + int(to_x / side)
            slot = slot_of(cells, key)
            known = cells[slot, 1] if cells[slot, 0] >= 0 else -1
            if known >= 0 and (links[known, CLOSED] or nodes[known, COST] <= to_cost):
                continue
            ahead = truck_to_go(tree, to_x, to_y, to_heading, to_trailer, problem)
            if ahead >= FAR:
                continue
            new = state[NODES]
            state[NODES] += 1
            if known >= 0:
                links[known, CLOSED] = 1  # it is replaced before it was expanded
            cells[slot, 0], cells[slot, 1] = key, new
            nodes[new, X], nodes[new, Y], nodes[new, HEADING] = to_x, to_y, wrap_angle(to_heading)
            nodes[new, TRAILER], nodes[new, COST], nodes[new, ROOM] = wrap_angle(to_trailer), to_cost, to_room
            links[new, PARENT], links[new, MOVE], links[new, TREE], links[new, CLOSED] = node, move, tree, 0
            state[OPEN + tree] = push(keys[tree], ids[tree], state[OPEN + tree], to_cost + weight * ahead, new)


@kernel
def truck_nearest(problem, trees, count):
    """The state of the start's tree, among the first `count` states, that has least to go."""
    nodes, links = trees[0], trees[1]
    best, least = 0, FAR
    for node in range(count):
        if links[node, TREE] == 0:
            n = nodes[node]
            away = truck_to_go(0, n[X], n[Y], n[HEADING], n[TRAILER], problem)
            if away < least:
                best, least = node, away
    return best
