"""The values of a scenario with the places where they were written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from plansim.scenario.reading.problems import Place, Report, below

MOST_NODES = 100_000  # with every alias written out
DEEPEST = 60


class _Refused:
    """The value of a node that has been complained about: whoever meets it says nothing more."""

    def __repr__(self) -> str:
        return "REFUSED"


REFUSED = _Refused()


@dataclass(frozen=True, eq=False)
class Node:
    """A value with its place. An alias is the very node that its anchor names."""

    value: Any  # None, bool, int, float, str, list[Node], dict[str, Node] or REFUSED
    place: Place
    keys: Mapping[str, Place] = field(default_factory=dict)  # where each key of a mapping stands


def plain(node: Node) -> Any:
    """The value without its places."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return node.value


def is_refused(node: Node) -> bool:
    """Whether something in it has been complained about."""
    if isinstance(node.value, dict):
        return any(map(is_refused, node.value.values()))
    if isinstance(node.value, list):
        return any(map(is_refused, node.value))
    return node.value is REFUSED


def from_plain(value: Any, place: Place, report: Report, path: str = "", depth: int = 0) -> Node:
    """Python values as nodes of one place: mappings with text as keys, lists, arrays, text and finite numbers."""
    value = value.tolist() if hasattr(value, "tolist") else value  # numpy
    if depth > DEEPEST:
        report.add(place, path, f"nested more than {DEEPEST} deep")
        return Node(REFUSED, place)
    if isinstance(value, Mapping):
        for key in [key for key in value if not isinstance(key, str)]:
            report.add(place, path, f"a key must be text, found {key!r}")
        items = {key: item for key, item in value.items() if isinstance(key, str)}
        nodes = {key: from_plain(item, place, report, below(path, key), depth + 1) for key, item in items.items()}
        return Node(nodes, place, dict.fromkeys(nodes, place))
    if isinstance(value, list | tuple):
        return Node([from_plain(v, place, report, below(path, i), depth + 1) for i, v in enumerate(value)], place)
    value = os.fspath(value) if isinstance(value, os.PathLike) else value
    problem = _not_plain(value)
    if problem:
        report.add(place, path, problem)
    return Node(REFUSED if problem else value, place)


def describe(node: Node) -> str:
    """What stands there, as a sentence says it."""
    value = node.value
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, str):
        return f"the text {shortened(value)!r}"
    if value is None:
        return "nothing (null)"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def shortened(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _not_plain(value: Any) -> str:
    """Why a Python value cannot stand in a scenario; empty where it can."""
    if value is None or isinstance(value, bool | str):
        return ""
    if isinstance(value, int):
        return "" if -(2**63) <= value < 2**63 else "numbers must fit 64 bits"
    if isinstance(value, float):
        return "" if abs(value) < float("inf") else f"numbers must be finite, found {value}"
    return f"a scenario holds plain data (mappings, lists, text, numbers), found {type(value).__name__}"
