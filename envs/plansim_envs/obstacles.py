"""Obstacles that nobody knows of: discs on the way ahead that never cut the robot off from its goal."""

from __future__ import annotations

from math import ceil, cos, hypot, sin, sqrt

import numpy as np

from plansim.core.kernel import kernel
from plansim.core.random import uniform, uniform_pair

TRIES = 10  # places that are looked at for each obstacle
X, Y, APPEARS_WITHIN, SEEN = 0, 1, 2, 3  # columns of an obstacle; one that found no place never appears


@kernel
def place_obstacles(stream, obstacles, places, start, goal, sizes, frame):
    """Draws discs (Q, 4) on random shortest ways from start to goal, at least `distance` metres from both.

    places: (h, w) bool, samples `frame[3]` metres apart that the robot's middle can be at; start, goal: two of them
    sizes: radius of the discs, `reach` that the robot keeps from their middles, and `distance`, m

    Whatever the robot could reach before, and lies `distance` from the disc, can still be reached; and the disc appears
    when the robot comes within a distance that is drawn between one and two of these. So wherever the robot is by then,
    there is a way to the goal.
    """
    radius, reach, distance = sizes
    spacing = frame[3]
    known = np.empty(places.shape, dtype=np.int32)
    after = np.empty(places.shape, dtype=np.int32)
    flood(places, goal, known)
    for k in range(obstacles.shape[0]):
        obstacles[k, :] = 0.0
        for _ in range(TRIES if known[start[0], start[1]] > 0 else 0):
            row, column = _on_the_way(stream, known, start)
            x = column + 0.5 + uniform(stream, -radius, radius) / spacing
            y = row + 0.5 + uniform(stream, -radius, radius) / spacing
            far = distance / spacing
            if _from(x, y, start) < far or _from(x, y, goal) < far:
                continue
            trial = places.copy()
            _block(trial, x, y, reach / spacing)
            flood(trial, goal, after)
            if _cuts_off(known, after, x, y, far):
                continue
            places, known, after = trial, after, known
            c, s = cos(frame[2]), sin(frame[2])
            obstacles[k, X] = frame[0] + spacing * (c * x - s * y)
            obstacles[k, Y] = frame[1] + spacing * (s * x + c * y)
            obstacles[k, APPEARS_WITHIN] = uniform(stream, distance, 2.0 * distance)
            break


@kernel
def appear(obstacles, x, y):
    """Shows the obstacles that the robot at x, y has come near to."""
    for k in range(obstacles.shape[0]):
        if hypot(obstacles[k, X] - x, obstacles[k, Y] - y) < obstacles[k, APPEARS_WITHIN]:
            obstacles[k, SEEN] = 1.0


@kernel
def hits_obstacle(obstacles, x, y, reach):
    for k in range(obstacles.shape[0]):
        if obstacles[k, SEEN] > 0.0 and hypot(obstacles[k, X] - x, obstacles[k, Y] - y) < reach:
            return True
    return False


@kernel
def range_to_obstacles(obstacles, radius, x, y, dx, dy, reach):
    """Metres from x, y along the unit vector dx, dy to the first disc, at most `reach`."""
    for k in range(obstacles.shape[0]):
        if obstacles[k, SEEN] > 0.0:
            ex, ey = obstacles[k, X] - x, obstacles[k, Y] - y
            along = ex * dx + ey * dy
            across = ex * dy - ey * dx
            half = radius * radius - across * across
            outside = ex * ex + ey * ey - radius * radius
            if outside <= 0.0:
                return 0.0
            if half >= 0.0 and along > 0.0:
                # the near root, without cancellation
                reach = min(reach, outside / (along + sqrt(half)))
    return reach


@kernel
def flood(places, source, steps):
    """Straight moves from the source to each place (h, w) int32; -1 where there is no way."""
    rows, columns = places.shape
    steps[:, :] = -1
    queue = np.empty(places.size, dtype=np.int64)
    queue[0] = source[0] * columns + source[1]
    steps[source[0], source[1]] = 0
    head, tail = 0, 1
    while head < tail:
        row, column = divmod(queue[head], columns)
        head += 1
        for d_row, d_column in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            r, c = row + d_row, column + d_column
            if 0 <= r < rows and 0 <= c < columns and places[r, c] and steps[r, c] < 0:
                steps[r, c] = steps[row, column] + 1
                queue[tail] = r * columns + c
                tail += 1


@kernel
def _on_the_way(stream, steps, start):
    """A random cell of a random shortest way to where `steps` is zero."""
    row, column = start[0], start[1]
    rows, columns = steps.shape
    for _ in range(int(uniform(stream, 0.0, steps[row, column]))):
        turn = int(4.0 * uniform_pair(stream)[0])
        for k in range(4):
            d_row, d_column = ((0, 1), (1, 0), (0, -1), (-1, 0))[(turn + k) % 4]
            r, c = row + d_row, column + d_column
            if 0 <= r < rows and 0 <= c < columns and steps[r, c] == steps[row, column] - 1:
                row, column = r, c
                break
    return row, column


@kernel
def _from(x, y, place):
    return hypot(place[1] + 0.5 - x, place[0] + 0.5 - y)


@kernel
def _block(places, x, y, reach):
    rows, columns = places.shape
    for row in range(max(int(y - reach), 0), min(ceil(y + reach) + 1, rows)):
        for column in range(max(int(x - reach), 0), min(ceil(x + reach) + 1, columns)):
            if hypot(column + 0.5 - x, row + 0.5 - y) < reach:
                places[row, column] = False


@kernel
def _cuts_off(before, after, x, y, far):
    for row in range(before.shape[0]):
        for column in range(before.shape[1]):
            if before[row, column] >= 0 and after[row, column] < 0 and hypot(column + 0.5 - x, row + 0.5 - y) >= far:
                return True
    return False
