"""Files that others wrote: what is wrong with one is said with its name and line."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from plansim.core.errors import MalformedInput, near_miss


def malformed(path: Path, line: int | None, message: str) -> NoReturn:
    raise MalformedInput(f"{path}:{line}: {message}" if line else f"{path}: {message}")


def read_bytes(path: Path) -> bytes:
    """The contents of a file; a missing one is answered with the nearest name beside it."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        malformed(path, None, f"there is no such file{near_miss(path.name, beside)}")
    except OSError as error:
        malformed(path, None, f"cannot be read: {error.strerror}")


def read_text(path: Path) -> str:
    data = read_bytes(path)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        malformed(path, line, f"byte {data[error.start]:#04x} is no text, but the file must be UTF-8")


def whole_number(path: Path, line: int, name: str, word: str, *, least: int = 0) -> int:
    """The number that a word of a text file writes."""
    if not (word.isascii() and word.isdigit() and len(word) < 19 and int(word) >= least):
        malformed(path, line, f"{name} is '{word}', but must be a whole number, at least {least}")
    return int(word)
