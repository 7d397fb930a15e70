"""Bug2: straight to the goal, around whatever is in the way, with no map and almost no memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import cos, inf, sin
from typing import Literal

import numpy as np

from plansim.control.wall_follower import blocked_sides, next_heading
from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput

Cell = tuple[int, int]  # columns and rows from the start
_STEPS: tuple[Cell, ...] = ((1, 0), (0, 1), (-1, 0), (0, -1))  # east, north, west, south


@dataclass
class Bug2:
    """Bug2 in a world of cells, by its moves 0, 2, 4, 6 (east, north, west, south).

    Lumelsky and Stepanov 1987, "Path-planning strategies for a point mobile automaton moving amidst unknown obstacles
    of arbitrary shape". It walks along the line from start to goal (m-line), in steps from side to side of cells. Where
    a cell of it is blocked (hit point), it follows the obstacle with its hand on it, until it is on the line again and
    nearer to the goal (leave point). If it comes back to the hit point instead, the goal cannot be reached: `remark`
    says so, and it stays there. It takes at most D + sum of n_i p_i / 2 steps: D is the line's length, p_i the way
    around obstacle i, n_i how often the line crosses its outline.

    It senses the four cells beside it ("around"), its own position and the goal's ("state", "goal").

    >>> around = np.zeros((3, 3))
    >>> around[1, 2] = 1  # something in the east: to keep its left hand on it, it goes south
    >>> Bug2(resolution=1.0).act({"state": [0.5, 0.5], "goal": [4.5, 0.5], "around": around})
    6
    """

    resolution: float  # m, the side of a cell
    turn: Literal["left", "right"] = "left"  # the hand that is on the obstacle
    heading: float = 0.0  # rad, of the map's columns in the world: origin[2] of a rotated map
    _start: Array | None = field(default=None, init=False, repr=False, compare=False)
    _line: list[Cell] = field(default_factory=list, init=False, repr=False, compare=False)  # from start to goal
    _places: dict[Cell, int] = field(default_factory=dict, init=False, repr=False, compare=False)  # on the line
    _hit: int | None = field(default=None, init=False, repr=False, compare=False)  # place, while around an obstacle
    _facing: int = field(default=0, init=False, repr=False, compare=False)
    _begun: tuple[Cell, int] | None = field(default=None, init=False, repr=False, compare=False)
    _hits: int = field(default=0, init=False, repr=False, compare=False)
    _unreachable: bool = field(default=False, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 < self.resolution < inf:
            raise MalformedInput(f"resolution is {self.resolution}, but must be positive")
        if self.turn not in ("left", "right"):
            raise MalformedInput(f"turn is {self.turn!r}, but must be 'left' or 'right'")

    def reset(self, seed: int | None = None) -> None:
        self._start, self._line, self._places = None, [], {}
        self._hit, self._begun, self._hits, self._unreachable = None, None, 0, False

    def act(self, observation: Mapping[str, Array]) -> int:
        blocked = blocked_sides(observation)
        position = np.array(observation["state"], dtype=float)[:2]
        if self._start is None:
            self._start = position
            self._line = straight_line(self._cell(np.asarray(observation["goal"], dtype=float)[:2]))
            self._places = {cell: place for place, cell in enumerate(self._line)}
        cell = self._cell(position)
        place = self._places.get(cell, -1)
        if self._hit is None or place > self._hit:
            return self._along_line(place, cell, blocked)
        return self._around(cell, blocked)

    def _along_line(self, place: int, cell: Cell, blocked: tuple[bool, ...]) -> int:
        self._hit = None
        if place + 1 == len(self._line):
            return 0
        if place < 0:
            raise MalformedInput(f"the robot is {cell} cells from its start, where no move of its own led")
        column, row = self._line[place + 1]
        ahead = _STEPS.index((column - cell[0], row - cell[1]))
        if not blocked[ahead]:
            return 2 * ahead
        self._hit, self._begun = place, None
        self._hits += 1
        self._facing = (ahead - self._side) % 4  # so that the obstacle is at the hand
        return self._around(cell, blocked)

    def _around(self, cell: Cell, blocked: tuple[bool, ...]) -> int:
        self._facing = next_heading(blocked, self._facing, self._side)
        self._unreachable |= self._begun == (cell, self._facing)
        self._begun = self._begun or (cell, self._facing)
        # into the obstacle: a move that is not possible is how to stay
        return 2 * (blocked.index(True) if self._unreachable else self._facing)

    @property
    def _side(self) -> int:
        return 1 if self.turn == "left" else -1

    def _cell(self, position: Array) -> Cell:
        dx, dy = (position - self._start) / self.resolution
        c, s = cos(self.heading), sin(self.heading)
        column, row = c * dx + s * dy, c * dy - s * dx
        if max(abs(column - round(column)), abs(row - round(row))) > 0.01:
            where = f"{position} is {column:g} columns and {row:g} rows from the start"
            raise MalformedInput(f"{where}, which are no whole cells: is resolution {self.resolution} m the world's?")
        return round(column), round(row)

    def metrics(self) -> dict[str, float]:
        return {"hits": self._hits, "unreachable": int(self._unreachable)}

    def remark(self) -> str:
        return "the goal cannot be reached: the way around the obstacle led back to where it began" * self._unreachable

    def trace(self) -> dict[str, Array]:
        """The m-line as a path (2, 2), once there is a goal."""
        if self._start is None:
            return {"path": np.empty((0, 2))}
        column, row = self._line[-1]
        c, s = cos(self.heading), sin(self.heading)
        return {
            "path": self._start + self.resolution * np.array([[0, 0], [c * column - s * row, s * column + c * row]])
        }


def straight_line(goal: Cell) -> list[Cell]:
    """Cells from (0, 0) to the goal, each beside the one before, along the straight line between."""
    column = row = 0
    right, up = (1 if part >= 0 else -1 for part in goal)
    cells = [(0, 0)]
    while (column, row) != goal:
        # the step that leaves the line by less: compare the next crossings of cells' sides
        sideways = (2 * abs(column) + 1) * abs(goal[1]) < (2 * abs(row) + 1) * abs(goal[0])
        if row == goal[1] or (column != goal[0] and sideways):
            column += right
        else:
            row += up
        cells.append((column, row))
    return cells
