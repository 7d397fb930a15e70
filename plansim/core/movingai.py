"""Maps and problems of MovingAI (Sturtevant 2012, "Benchmarks for grid-based pathfinding"): `.map` and `.scen`.

The files count rows from the top; everything here has row 0 at the lowest y.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import NamedTuple

import numpy as np

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.input_files import malformed, read_text, whole_number

PASSABLE, IMPASSABLE = ".GS", "@OTW"  # ground and shallow swamp; out of bounds, trees and water
_COLUMNS = ("bucket", "map", "width", "height", "start x", "start y", "goal x", "goal y", "optimal length")


class GridProblem(NamedTuple):
    """From one cell to another, with the length of the shortest path."""

    bucket: int  # problems of about 4 * bucket cells
    map: str  # name of its map's file
    start: tuple[int, int]  # row, column
    goal: tuple[int, int]  # row, column
    optimal_length: float  # cells, 8-connected, diagonal sqrt 2, no corner cutting


def read_movingai_map(path: str | Path, resolution: float = 1.0) -> OccupancyGrid:
    """The map of a `.map` file: passable cells are free, all others occupied."""
    path = Path(path)
    lines = read_text(path).splitlines()
    width, height = _header(path, lines)
    rows = lines[4 : 4 + height]
    if len(rows) < height:
        malformed(path, len(lines), f"the file ends after {len(rows)} rows, but its header says height {height}")
    for number, row in enumerate(rows, start=5):
        if len(row) != width:
            malformed(path, number, f"the row has {len(row)} cells, but the header says width {width}")
        if strange := row.strip(PASSABLE + IMPASSABLE):
            column = row.index(strange[0]) + 1
            malformed(path, number, f"cell {column} is '{strange[0]}', but must be one of {PASSABLE}{IMPASSABLE}")
    for number, row in enumerate(lines[4 + height :], start=5 + height):
        if row.strip():
            malformed(path, number, f"a row follows the map's last, but its header says height {height}")
    cells = np.array([list(row) for row in rows[::-1]])
    return OccupancyGrid(~np.isin(cells, list(PASSABLE)), resolution)


def write_movingai_map(grid: OccupancyGrid, path: str | Path) -> None:
    """Free cells become '.', occupied and unknown ones '@'; resolution and origin have no place in the format."""
    rows, columns = grid.shape
    body = ["".join(row) for row in np.where(grid.free, ".", "@")[::-1]]
    Path(path).write_text(
        "\n".join(["type octile", f"height {rows}", f"width {columns}", "map", *body]) + "\n", encoding="utf-8"
    )


def read_movingai_problems(path: str | Path) -> list[GridProblem]:
    """The problems of a `.scen` file, in its order."""
    path = Path(path)
    lines = read_text(path).splitlines()
    if not lines or lines[0].split() not in (["version", "1"], ["version", "1.0"]):
        malformed(path, 1, f"found '{lines[0] if lines else ''}', but the file must begin with 'version 1'")
    return [_problem(path, number, line) for number, line in enumerate(lines[1:], start=2) if line.strip()]


def write_movingai_problems(problems: Sequence[GridProblem], path: str | Path, shape: tuple[int, int]) -> None:
    """Problems on a map of this shape (rows, columns), as a `.scen` file."""
    rows, columns = shape
    lines = ["version 1"]
    for p in problems:
        if not all(0 <= row < rows and 0 <= column < columns for row, column in (p.start, p.goal)):
            raise MalformedInput(f"{path}: {p} lies outside a map of {rows} rows and {columns} columns")
        (start_row, start_column), (goal_row, goal_column) = p.start, p.goal
        ends = (start_column, rows - 1 - start_row, goal_column, rows - 1 - goal_row)
        lines.append("\t".join(map(str, (p.bucket, p.map, columns, rows, *ends, float(p.optimal_length)))))
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _header(path: Path, lines: list[str]) -> tuple[int, int]:
    """Width and height: `type octile`, `height h`, `width w`, `map`."""
    if len(lines) < 4:
        malformed(path, len(lines) or 1, "the file ends within its header: type, height, width, map")
    sizes = {}
    for number, (line, right) in enumerate(zip(lines, ("type octile", "height", "width", "map"), strict=False), 1):
        words = line.split()
        if right in ("height", "width") and len(words) == 2 and words[0] == right:
            sizes[right] = whole_number(path, number, right, words[1], least=1)
        elif words != right.split():
            size = " and a whole number" if right in ("height", "width") else ""
            malformed(path, number, f"found '{line[:40]}', but this line of the header must be '{right}'{size}")
    return sizes["width"], sizes["height"]


def _problem(path: Path, number: int, line: str) -> GridProblem:
    words = line.split("\t") if "\t" in line else line.split()
    words = [word.strip() for word in words]
    if len(words) != len(_COLUMNS):
        malformed(path, number, f"found {len(words)} columns, but a problem has {len(_COLUMNS)}: {', '.join(_COLUMNS)}")
    bucket, *numbers = (
        whole_number(path, number, name, word) for name, word in zip(_COLUMNS, words, strict=True) if _is_whole(name)
    )
    width, height, start_x, start_y, goal_x, goal_y = numbers
    for name, x, y in (("start", start_x, start_y), ("goal", goal_x, goal_y)):
        if not (x < width and y < height):
            malformed(path, number, f"{name} is ({x}, {y}), but the map has {width} x {height} cells")
    length = _length(path, number, words[-1])
    return GridProblem(bucket, words[1], (height - 1 - start_y, start_x), (height - 1 - goal_y, goal_x), length)


def _is_whole(name: str) -> bool:
    return name not in ("map", "optimal length")


def _length(path: Path, number: int, word: str) -> float:
    try:
        length = float(word)
    except ValueError:
        length = -1.0
    if not (isfinite(length) and length >= 0):
        malformed(path, number, f"optimal length is '{word}', but must be a number, at least 0")
    return length
