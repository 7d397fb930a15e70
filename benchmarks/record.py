"""Writes what a benchmark measured: to the screen, and to RESULTS.md with its date, machine and command."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")


def record(title: str, command: str, rows: Sequence[Mapping[str, object]], note: str = "") -> None:
    """Prints the rows as a table and appends them to RESULTS.md."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    cells = [[_text(row.get(column, "")) for column in columns] for row in rows]
    lines = ["| " + " | ".join(line) + " |" for line in [columns, ["---"] * len(columns), *cells]]
    head = f"## {title}\n\n{datetime.date.today()} · {machine()} · `{command}`\n"
    text = "\n".join([head, *lines, *(["", note] if note else [])]) + "\n\n"
    print(text)
    with RESULTS.open("a") as file:
        file.write(text)


def machine() -> str:
    return f"{os.cpu_count()} × {_processor()}, Python {platform.python_version()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
