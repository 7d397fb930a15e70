"""Euclidean shortest paths among the blocked cells of a grid, compiled: from corner to corner, by sweeps of sight.

As Anya (Harabor, Grastien, Oez & Aksakalli 2016, "Optimal any-angle pathfinding in practice") this looks from a point
over one row of cells after the other, at what lies between two rays, and never at corners around which no taut path
turns; the search is over the corners that are seen (a visibility graph that is found as the search goes).

Points are in cells: a blocked cell [r, c] is the square from (c, r) to (c + 1, r + 1); `corner` r * stride + c is the
point (c, r). A sweep looks into one quadrant, where all is mirrored such that rays go up and to the right: u = +-x,
v = +-y. Rays are slopes du / dv, from 0 (along v) to inf (along u). A quotient of whole numbers is rounded in one way
only, so rays through the same corners are equal. A taut path turns left where the wall that begins above a corner lies
to its left, right where the wall that ends below a corner lies to its right, and after walls that it ran along.
"""

from __future__ import annotations

from math import hypot, inf

import numpy as np

from plansim.core.kernel import kernel
from plansim.planning.grid.bits import ALL, BLOCKED, highest, is_set, last_set, lowest, next_set
from plansim.planning.grid.kernels import ENDED, FULL, SPENT

QUEUED, EXPANDED, OVERFLOW, GOAL_PARENT, BEGUN = 0, 1, 2, 3, 4  # of `state`
COST, LOW, HIGH = 0, 1, 2  # of `values` (N, 3): cost of a corner, and the rays between which to look on from it
SEARCH, ORIGIN = 0, 1  # of `marks` (N, 2): which search it was, and parent << 2 | quadrant (1: u = -x, 2: v = -y)


@kernel
def wall(rows, mirrored, u, v):
    """Whether a cell is blocked, its lower left corner at (u, v) in a mirrored quadrant."""
    row = -v - 1 if mirrored & 2 else v
    column = -u - 1 if mirrored & 1 else u
    return is_set(rows, BLOCKED, row + 1, column + 1)


@kernel
def next_wall(rows, mirrored, u, v):
    """The first blocked cell from (u, v) on, along u."""
    row = -v if mirrored & 2 else v + 1
    if mirrored & 1:
        return -last_set(rows, BLOCKED, row, -u)
    return next_set(rows, BLOCKED, row, u + 1) - 1


@kernel
def next_gap(rows, mirrored, u, v):
    """The first free cell from (u, v) on, along u; far away where there is none."""
    row = -v if mirrored & 2 else v + 1
    if mirrored & 1:
        position = -u
        i = position >> 6
        word = ~rows[BLOCKED, row, i] & (ALL >> np.uint64(63 - (position & 63)))
        while not word:
            i -= 1
            if i < 0:
                return 1 << 40
            word = ~rows[BLOCKED, row, i]
        return -((i << 6) + highest(word))
    position = u + 1
    i = position >> 6
    word = ~rows[BLOCKED, row, i] & (ALL << np.uint64(position & 63))
    while not word:
        i += 1
        if i >= rows.shape[2]:
            return 1 << 40
        word = ~rows[BLOCKED, row, i]
    return (i << 6) + lowest(word) - 1


@kernel
def reach(frame, values, marks, heap, entries, state, u, v, mirrored, onward, low, high):
    """Notes that a corner (u, v) is seen, from which to look on between two rays in the quadrant `onward`.

    frame: x and y of where the sweep looks from, the corner there (-1: the start), its cost, number of this search,
        stride, goal's x and y, cost of the goal so far
    """
    x, y, parent, cost, number, stride, goal_x, goal_y, best = frame
    at_x, at_y = -u if mirrored & 1 else u, -v if mirrored & 2 else v
    new = cost + hypot(at_x - x, at_y - y)
    f = new + hypot(goal_x - at_x, goal_y - at_y)
    corner = at_y * stride + at_x
    if f >= best or (marks[corner, SEARCH] == number and values[corner, COST] <= new):
        return
    values[corner, COST], values[corner, LOW], values[corner, HIGH] = new, low, high
    marks[corner, SEARCH], marks[corner, ORIGIN] = number, parent << 2 | onward
    i = state[QUEUED]
    if i == entries.shape[0]:
        state[OVERFLOW] = 1
        return
    state[QUEUED] += 1
    while i and heap[(i - 1) >> 1, 0] > f:
        heap[i, 0], heap[i, 1], entries[i] = heap[(i - 1) >> 1, 0], heap[(i - 1) >> 1, 1], entries[(i - 1) >> 1]
        i = (i - 1) >> 1
    heap[i, 0], heap[i, 1], entries[i] = f, new, corner


@kernel
def pop(heap, entries, state):
    """Takes the least entry out of the heap: its f, its cost when it came, its corner."""
    f, cost, corner = heap[0, 0], heap[0, 1], entries[0]
    size = state[QUEUED] - 1
    state[QUEUED] = size
    last_f, last_cost, last = heap[size, 0], heap[size, 1], entries[size]
    i = 0
    while 2 * i + 1 < size:
        child = 2 * i + 1
        if child + 1 < size and heap[child + 1, 0] < heap[child, 0]:
            child += 1
        if heap[child, 0] >= last_f:
            break
        heap[i, 0], heap[i, 1], entries[i] = heap[child, 0], heap[child, 1], entries[child]
        i = child
    heap[i, 0], heap[i, 1], entries[i] = last_f, last_cost, last
    return f, cost, corner


@kernel
def sweep(rows, mirrored, low, high, beams, frame, values, marks, heap, entries, state):
    """Looks between two rays into a quadrant: reaches the corners, and says whether the goal is seen.

    beams (K, 3): room for what is still to be looked at: the line where it enters a row, and its rays
    """
    u0 = -frame[0] if mirrored & 1 else frame[0]
    v0 = -frame[1] if mirrored & 2 else frame[1]
    goal_u = -frame[6] if mirrored & 1 else frame[6]
    goal_v = -frame[7] if mirrored & 2 else frame[7]
    first = int(np.floor(v0))
    count, seen = 1, False
    beams[0, 0], beams[0, 1], beams[0, 2] = first, low, high
    while count:
        count -= 1
        v, low, high = int(beams[count, 0]), beams[count, 1], beams[count, 2]
        begin = int(np.floor(u0 if v == first else u0 + low * (v - v0) - 1e-9))
        while True:
            left = begin if v == first else next_gap(rows, mirrored, begin, v)
            if v == first and wall(rows, mirrored, left, v):
                break
            lowest_here, highest_here = low, high
            if v > first:
                enter = (left - u0) / (v - v0)
                # nothing passes where two blocked cells touch
                if enter > high or (enter == high and wall(rows, mirrored, left, v - 1)):
                    break
                if enter >= low and wall(rows, mirrored, left - 1, v):
                    lowest_here = enter
                    before = wall(rows, mirrored, left - 1, v - 1) or wall(rows, mirrored, left, v - 1)
                    if enter > 0 and not before:
                        reach(frame, values, marks, heap, entries, state, left, v, mirrored, mirrored, 0.0, enter)
            right = next_wall(rows, mirrored, left, v)
            if v > first:
                highest_here = min(high, (right - u0) / (v - v0))
            begin = right
            if highest_here < lowest_here or (v > first and (right - u0) / (v - v0) <= low):
                continue
            if v < goal_v <= v + 1 and goal_u <= right and goal_v > v0:
                seen = seen or lowest_here <= (goal_u - u0) / (goal_v - v0) <= highest_here
            leave = (right - u0) / (v + 1 - v0)
            above = wall(rows, mirrored, right - 1, v + 1)
            if lowest_here <= leave <= highest_here and not above and not wall(rows, mirrored, right, v + 1):
                reach(frame, values, marks, heap, entries, state, right, v + 1, mirrored, mirrored, leave, inf)
            if lowest_here == 0 and u0 == left and wall(rows, mirrored, left - 1, v):
                ahead = wall(rows, mirrored, left - 1, v + 1) or wall(rows, mirrored, left, v + 1)
                if not ahead:
                    reach(frame, values, marks, heap, entries, state, left, v + 1, mirrored, mirrored ^ 1, 0.0, inf)
            if min(highest_here, leave) > lowest_here:
                if count == beams.shape[0]:
                    state[OVERFLOW] = 1
                    return seen
                beams[count, 0], beams[count, 1], beams[count, 2] = v + 1, lowest_here, min(highest_here, leave)
                count += 1
            if v == first or highest_here >= high:
                break
    return seen


@kernel
def look_along(rows, mirrored, frame, values, marks, heap, entries, state):
    """Looks along the u axis, between two rows: reaches the end of a wall there, and says whether the goal is seen."""
    u = -frame[0] if mirrored & 1 else frame[0]
    v = -frame[1] if mirrored & 2 else frame[1]
    goal_u = -frame[6] if mirrored & 1 else frame[6]
    goal_v = -frame[7] if mirrored & 2 else frame[7]
    if v != np.floor(v):
        return goal_v == v and goal_u >= u and next_wall(rows, mirrored, int(np.floor(u)), int(np.floor(v))) >= goal_u
    at, line = int(np.floor(u)), int(v)
    over, under = wall(rows, mirrored, at, line), wall(rows, mirrored, at, line - 1)
    while not (over and under):
        if goal_v == v and u <= goal_u <= at + 1:
            return True
        at += 1
        next_over, next_under = wall(rows, mirrored, at, line), wall(rows, mirrored, at, line - 1)
        if (over and next_under) or (under and next_over):
            return False
        if over and not next_over:
            reach(frame, values, marks, heap, entries, state, at, line, mirrored, mirrored, 0.0, inf)
            return False
        if under and not next_under:
            reach(frame, values, marks, heap, entries, state, at, line, mirrored, mirrored ^ 2, 0.0, inf)
            return False
        over, under = next_over, next_under
    return False


@kernel
def search_corners(rows, ends, number, limit, stride, values, marks, heap, entries, beams, state, costs):
    """Expands corners until the goal's cost is proven, or nothing is left (ENDED), or `limit` corners (SPENT).

    ends: start x, y, goal x, y. costs: of the goal, and of the least entry that is left. FULL: more room is needed
    """
    x, y, goal_x, goal_y = ends
    outcome, best = ENDED, costs[0]
    if state[BEGUN] == 0:
        state[BEGUN], state[EXPANDED] = 1, 1
        frame = (x, y, -1, 0.0, number, stride, goal_x, goal_y, best)
        for quadrant in range(4):
            seen = sweep(rows, quadrant, 0.0, inf, beams, frame, values, marks, heap, entries, state)
            if quadrant < 2 or y == np.floor(y):
                seen = look_along(rows, quadrant, frame, values, marks, heap, entries, state) or seen
            if seen:
                best, state[GOAL_PARENT] = hypot(goal_x - x, goal_y - y), -1
    while state[QUEUED] and heap[0, 0] < best and not state[OVERFLOW]:
        if state[EXPANDED] >= limit:
            outcome = SPENT
            break
        _, cost, corner = pop(heap, entries, state)
        if cost > values[corner, COST]:
            continue
        state[EXPANDED] += 1
        at_x, at_y = float(corner % stride), float(corner // stride)
        quadrant, low, high = marks[corner, ORIGIN] & 3, values[corner, LOW], values[corner, HIGH]
        frame = (at_x, at_y, corner, cost, number, stride, goal_x, goal_y, best)
        seen = sweep(rows, quadrant, low, high, beams, frame, values, marks, heap, entries, state)
        if high == inf:
            seen = look_along(rows, quadrant, frame, values, marks, heap, entries, state) or seen
        if seen and cost + hypot(goal_x - at_x, goal_y - at_y) < best:
            best, state[GOAL_PARENT] = cost + hypot(goal_x - at_x, goal_y - at_y), corner
    costs[0], costs[1] = best, min(best, heap[0, 0] if state[QUEUED] else inf)
    return FULL if state[OVERFLOW] else outcome
