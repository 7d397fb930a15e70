"""Tables of numbers in text files, a record a line: what is wrong with one is said with its line."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from pathlib import Path

from plansim.core.input_files import malformed, read_text

LARGEST = 2**53  # what a float still tells from its neighbours
MOST_FRAMES = 1_000_000  # a log has a time for every one of them, marked or not


def table_lines(path: Path, separator: str | None, *, text: str | None = None) -> Iterator[tuple[int, list[str]]]:
    """The line's number and its words, for every line that is not empty; None separates by any space."""
    for number, line in enumerate(
        (read_text(path) if text is None else text).removeprefix("\ufeff").splitlines(), start=1
    ):
        if line.strip():
            yield number, [word.strip() for word in line.split(separator)]


def number_of(path: Path, line: int, name: str, word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        malformed(path, line, f"{name} is '{word}', but must be a finite number")
    return value


def whole_of(path: Path, line: int, name: str, word: str) -> int:
    """A whole number that may be written as a decimal, and may be negative."""
    value = number_of(path, line, name, word)
    if value != int(value):
        malformed(path, line, f"{name} is '{word}', but must be a whole number")
    if abs(value) > LARGEST:
        malformed(path, line, f"{name} is '{word}', but must lie within ±{LARGEST}")
    return int(value)


def frame_of(path: Path, line: int, word: str, first: int) -> int:
    """The number of a frame, counted from `first`."""
    frame = whole_of(path, line, "frame", word)
    if not first <= frame <= MOST_FRAMES:
        malformed(path, line, f"frame is {word}, but must lie within {first} and {MOST_FRAMES}")
    return frame
