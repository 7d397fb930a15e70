"""Wall following: out of a maze with one hand on the wall, or round and round in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput, near_miss

_STEPS = ((0, 1), (1, 0), (0, -1), (-1, 0))  # row, column of east, north, west, south: a quarter turn to the left each


def blocked_sides(observation: Mapping[str, Array]) -> tuple[bool, bool, bool, bool]:
    """Whether the cells east, north, west and south of the robot cannot be entered, from the cells "around" it."""
    if "around" not in observation:
        raise MalformedInput(
            f"the observation has no 'around'{near_miss('around', observation)}: give the environment a sight of 1"
        )
    around = np.asarray(observation["around"])
    if around.ndim != 2 or around.shape[0] != around.shape[1] or around.shape[0] % 2 == 0 or len(around) < 3:
        raise MalformedInput(f"'around' has shape {around.shape}, but must be 3 x 3 cells, or any odd number above")
    middle = len(around) // 2
    east, north, west, south = (bool(around[middle + row, middle + column] > 0.5) for row, column in _STEPS)
    return east, north, west, south


@dataclass
class WallFollower:
    """Keeps a wall at its left hand, or its right: turns to it where it can, else goes straight, else turns away.

    It walks on a grid by the moves 0, 2, 4, 6 (east, north, west, south) and sees the cells "around" it; "state" only
    tells it whether it has been here before. Without a wall at hand it first goes east until it meets one.

    In a maze whose walls all hang together it comes past every cell that has a wall, so it arrives at any goal there.
    Where they do not, it may circle: in the same cell with the same heading as before it has learnt nothing, and
    `remark` says so; it then goes on circling.

    >>> around = np.array([[1, 1, 1], [1, 0, 1], [1, 0, 1]])  # the row below the middle is the southern one
    >>> WallFollower().act({"state": [0.5, 0.5], "around": around})  # the open side is in the north
    2
    """

    turn: Literal["left", "right"] = "left"  # the hand that is on the wall
    _heading: int | None = field(default=None, init=False, repr=False, compare=False)  # None before there is a wall
    _been: dict[tuple[float, ...], int] = field(default_factory=dict, init=False, repr=False, compare=False)
    _walked: list[Array] = field(default_factory=list, init=False, repr=False, compare=False)
    _loop: Array | None = field(default=None, init=False, repr=False, compare=False)  # (T, 2) m

    def __post_init__(self) -> None:
        if self.turn not in ("left", "right"):
            raise MalformedInput(f"turn is {self.turn!r}, but must be 'left' or 'right'")

    def reset(self, seed: int | None = None) -> None:
        self._heading, self._been, self._walked, self._loop = None, {}, [], None

    def act(self, observation: Mapping[str, Array]) -> int:
        blocked = blocked_sides(observation)
        if self._heading is None and any(blocked):
            self._heading = first_heading(blocked, self._side)
        if self._heading is None:
            return 0
        self._heading = next_heading(blocked, self._heading, self._side)
        self._remember(np.array(observation["state"], dtype=float)[:2])
        return 2 * self._heading

    @property
    def _side(self) -> int:
        return 1 if self.turn == "left" else -1

    def _remember(self, position: Array) -> None:
        if self._loop is not None or self._heading is None:
            return
        been = (*position.tolist(), self._heading)
        self._walked.append(position)
        if been in self._been:
            self._loop = np.array(self._walked[self._been[been] :])
        self._been[been] = len(self._walked) - 1

    def metrics(self) -> dict[str, float]:
        return {"looped": int(self._loop is not None)}

    def remark(self) -> str:
        if self._loop is None:
            return ""
        return (
            f"walks in a loop of {len(self._loop) - 1} steps: the goal is at no wall that hangs together with this one"
        )

    def trace(self) -> dict[str, Array]:
        """Its loop as a path (T, 2), once it knows that it walks in one."""
        return {"path": np.empty((0, 2)) if self._loop is None else self._loop}


def first_heading(blocked: tuple[bool, ...], side: int) -> int:
    """A heading with a wall at the hand; side: 1 for the left hand, -1 for the right."""
    return next(heading for heading in range(4) if blocked[(heading + side) % 4])


def next_heading(blocked: tuple[bool, ...], heading: int, side: int) -> int:
    """To the hand, straight, away from it, or back: the first that is free; unchanged where none is."""
    headings = [(heading + turn) % 4 for turn in (side, 0, -side, 2)]
    return next((to for to in headings if not blocked[to]), heading)
