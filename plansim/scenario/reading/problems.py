"""What is wrong with a scenario, and where: all of it at once, each with its line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from plansim.core.errors import PlansimError

_WIDTH = 110  # characters of a source line that are shown


class Place(NamedTuple):
    """Where a value was written; line 0 where there is no text with lines (an override, a Python mapping)."""

    file: str
    line: int = 0  # from 1
    column: int = 0  # from 1
    source_line: str = ""


@dataclass(frozen=True)
class Problem:
    """One mistake: `file:line:column: path: message`, and the line that it stands in."""

    file: str
    line: int
    column: int
    path: str  # in the scenario: policy.planner.weight
    message: str
    source_line: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        said = ": ".join(part for part in (where, self.path, self.message) if part)
        return said + self._excerpt()

    def _excerpt(self) -> str:
        if not self.source_line.strip():
            return ""
        begin = max(0, self.column - _WIDTH + 20)
        shown = self.source_line[begin : begin + _WIDTH].rstrip()
        # tabs stay tabs, so that the caret stands below its character
        indent = "".join("\t" if c == "\t" else " " for c in self.source_line[begin : self.column - 1])
        return f"\n    {shown}\n    {indent}^"


class InvalidScenario(PlansimError, ValueError):
    """A scenario that cannot be built; `str()` lists every problem, sorted by line."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


class Report:
    """Collects problems while a scenario is read, checked and built."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._seen: set[tuple[Place, str]] = set()

    def add(self, place: Place, path: str, message: str) -> None:
        """The same complaint about the same place is kept once: aliases and variants pass by it again."""
        if (place, message) not in self._seen:
            self._seen.add((place, message))
            self.problems.append(Problem(place.file, place.line, place.column, path, message, place.source_line))

    def extend(self, other: Report, path: str = "") -> None:
        """Takes over what another report has found, below a path."""
        for p in other.problems:
            inside = p.path if p.path.startswith(path) else f"{path}.{p.path}"
            self.add(Place(p.file, p.line, p.column, p.source_line), inside, p.message)

    def error(self) -> InvalidScenario:
        """All of it, sorted by line; what has no line comes last."""
        return InvalidScenario(sorted(self.problems, key=lambda p: (p.line == 0, p.line, p.column)))

    def raise_if_any(self) -> None:
        if self.problems:
            raise self.error()


def below(path: str, key: str | int) -> str:
    """The path of an entry: `policy.planner`, `sensors[2]`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key
