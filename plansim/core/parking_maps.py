"""Car parks and truck yards that need no file. The same arguments give the same map."""

from __future__ import annotations

import numpy as np

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.map_makers import WALL, _Floor

_CAR = 4.5, 1.8  # m, length and width of a parked car


def car_park(
    bays: int = 9, taken: float = 0.8, lane: float = 6.0, gap: float = 5.4, resolution: float = 0.1, seed: int = 0
) -> OccupancyGrid:
    """A lane between a row of bays, 2.6 x 5.2 m, above it, and places along the kerb below it.

    bays: in the row, an odd number
    taken: chance that a car stands in a bay or a place; the middle one of each kind is always empty
    lane: m, between the two
    gap: m, length of a place along the kerb

    The middle bay's middle is at x = width / 2, y = height - 2.8 m; that of the middle place at y = 1.3 m.
    """
    if bays < 3 or bays % 2 == 0:
        raise MalformedInput(f"bays is {bays}, but must be an odd number from 3 on")
    if not (lane > 0 and gap > _CAR[0] and 0 <= taken <= 1):
        raise MalformedInput(f"lane {lane} and gap {gap} must hold a car of {_CAR[0]} m, and taken {taken} be a chance")
    rng = np.random.default_rng(seed)
    width, height = bays * 2.6 + 8.0, WALL + 2.2 + lane + 5.2 + WALL
    floor = _Floor(width, height, resolution)
    floor.walls()
    for k in range(bays):
        x, sideways, deep = width / 2 + (k - bays // 2) * 2.6, *rng.uniform(-0.15, 0.15, 2)
        if rng.random() < taken and k != bays // 2:
            floor.fill(x + sideways - _CAR[1] / 2, height - 2.8 + deep - _CAR[0] / 2, _CAR[1], _CAR[0])
    places = (int((width - 1.0) // gap) - 1) // 2 * 2 + 1  # as many as fit, an odd number
    for k in range(places):
        x, along, off = width / 2 + (k - places // 2) * gap, *rng.uniform(-0.2, 0.2, 2)
        if rng.random() < taken and k != places // 2:
            floor.fill(x + along - _CAR[0] / 2, 1.3 + off / 2 - _CAR[1] / 2, *_CAR)
    return floor.grid()


def truck_yard(
    docks: int = 7, width: float = 3.8, yard: float = 28.0, taken: float = 0.8, resolution: float = 0.2, seed: int = 0
) -> OccupancyGrid:
    """A yard below a row of docks, 13 m deep, in which trailers stand.

    docks: an odd number
    width: m, of a dock; walls of 0.6 m are between them
    yard: m, from the docks to the fence
    taken: chance that a trailer stands in a dock; the middle one is always empty

    The middle dock's middle line is at x = 6 m + (width + 0.6 m) docks / 2; its end is `WALL` below the top.
    """
    if docks < 3 or docks % 2 == 0:
        raise MalformedInput(f"docks is {docks}, but must be an odd number from 3 on")
    if not (width > 2.5 and yard > 0 and 0 <= taken <= 1):
        raise MalformedInput(f"width {width} must hold 2.5 m, yard {yard} be positive, and taken {taken} be a chance")
    rng = np.random.default_rng(seed)
    side = width + 0.6
    floor = _Floor(docks * side + 12.0, yard + 13.0 + 2 * WALL, resolution)
    floor.walls()
    top = floor.height - WALL
    floor.fill(0.0, top - 13.0, 6.0, 13.0)
    floor.fill(6.0 + docks * side, top - 13.0, 6.0, 13.0)
    for k in range(docks):
        x = 6.0 + k * side
        floor.fill(x, top - 13.0, 0.3, 13.0)
        floor.fill(x + side - 0.3, top - 13.0, 0.3, 13.0)
        if rng.random() < taken and k != docks // 2:
            floor.fill(x + 0.3 + (width - 2.5) / 2, top - 12.0, 2.5, 12.0)
    return floor.grid()
