"""What a checked scenario consists of: recipes that give their plain data back, and make the objects that it names."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from plansim.core.errors import PlansimError
from plansim.scenario import registry
from plansim.scenario.reading.defaults import plain_default
from plansim.scenario.reading.problems import Place, Report
from plansim.scenario.reading.signature import Signature

# built once and shared by all who ask for the same: they are values. A planner or a policy may remember things
SHARED = ("map", "world", "space", "problems", "motion", "sensor")


_DEFAULT = re.compile(r"\$\{(\w+):-([^${}]+)\}([^$]*)")  # ${NAME:-default}/and/the/rest


class _Failed:
    """What stands for an object that could not be made; the report says why."""

    def __repr__(self) -> str:
        return "FAILED"


FAILED: Any = _Failed()


@dataclass(frozen=True)
class Workshop:
    """Where objects are made: those that are shared, and what went wrong."""

    shared: dict[str, Any]
    report: Report
    space: Callable[[str], Any] | None = None  # "action_space" of the environment, where there is one already


class Recipe(Protocol):
    def plain(self, folder: Path | None = None) -> Any:
        """Its data with every default filled in; the paths of files as written, or as seen from a folder."""
        ...

    def make(self, workshop: Workshop) -> Any:
        """The object, or FAILED."""
        ...


@dataclass(frozen=True, eq=False)
class Value:
    value: Any
    written: Any

    def plain(self, folder: Path | None = None) -> Any:
        return self.written

    def make(self, workshop: Workshop) -> Any:
        return self.value


BROKEN = Value(FAILED, None)  # a value that was refused


@dataclass(frozen=True, eq=False)
class File:
    path: Path  # absolute
    written: str
    base: Path  # where it is written, and its relative paths begin

    def plain(self, folder: Path | None = None) -> str:
        if folder is None or os.path.isabs(self.written):
            return self.written
        # a variable may hold anything; its default is what lies beside the file
        default = _DEFAULT.fullmatch(self.written)
        if default is None:
            return self.written if "$" in self.written else self._seen_from(folder, self.path)
        if os.path.isabs(default[2]):
            return self.written
        return f"${{{default[1]}:-{self._seen_from(folder, self.base / default[2])}}}{default[3]}"

    @staticmethod
    def _seen_from(folder: Path, path: Path) -> str:
        return Path(os.path.relpath(path, folder)).as_posix()

    def make(self, workshop: Workshop) -> Path:
        return self.path


@dataclass(frozen=True, eq=False)
class Items:
    items: list[Recipe]
    collect: Callable[[list[Any]], Any] = list

    def plain(self, folder: Path | None = None) -> list[Any]:
        return [item.plain(folder) for item in self.items]

    def make(self, workshop: Workshop) -> Any:
        made = [item.make(workshop) for item in self.items]
        return FAILED if any(one is FAILED for one in made) else self.collect(made)


@dataclass(frozen=True, eq=False)
class Entries:
    entries: Mapping[str, Recipe]

    def plain(self, folder: Path | None = None) -> dict[str, Any]:
        return {key: entry.plain(folder) for key, entry in self.entries.items()}

    def make(self, workshop: Workshop) -> Any:
        made = {key: entry.make(workshop) for key, entry in self.entries.items()}
        return FAILED if any(one is FAILED for one in made.values()) else made


@dataclass(frozen=True, eq=False)
class Call:
    """A component: a class or function with its arguments."""

    target: Callable[..., Any] = field(repr=False)
    name: str | None  # as the scenario calls it; None where the annotation alone says what it is
    kind: str | None
    schema: Signature = field(repr=False)
    arguments: Mapping[str, Recipe]
    place: Place
    path: str
    whole: bool = True  # False: an argument is missing or unknown

    def plain(self, folder: Path | None = None) -> dict[str, Any]:
        written = {} if self.name is None else {"name": self.name}
        for name, parameter in self.schema.parameters.items():
            if name in self.arguments:
                written[name] = self.arguments[name].plain(folder)
            elif not parameter.required:
                written |= plain_default(name, parameter.default)
        return written | {n: a.plain(folder) for n, a in self.arguments.items() if n not in written}

    def make(self, workshop: Workshop) -> Any:
        if self.kind not in SHARED:
            return self._made(workshop)
        key = json.dumps([registry.address(self.target), self.plain(), self._files()], sort_keys=True)
        if key not in workshop.shared:
            workshop.shared[key] = self._made(workshop)
        return workshop.shared[key]

    def _made(self, workshop: Workshop) -> Any:
        arguments = {name: argument.make(workshop) for name, argument in self.arguments.items()}
        if not self.whole or any(one is FAILED for one in arguments.values()):
            return FAILED
        space = workshop.space
        if self.schema.late and space is None:
            return FAILED  # not wrong, but not to be made yet
        try:
            spaces = {name: space(name) for name in self.schema.spaces} if space else {}
            return self.target(**arguments, **spaces)
        except PlansimError as error:
            message = str(error)
        except (ValueError, TypeError) as error:
            message = str(error) or type(error).__name__
        except Exception as error:  # whatever a constructor may raise
            message = f"cannot be built: {type(error).__name__}: {error}"
        workshop.report.add(self.place, self.path, message)
        return FAILED

    def _files(self) -> list[str]:
        return [str(a.path) for a in self.arguments.values() if isinstance(a, File)]
