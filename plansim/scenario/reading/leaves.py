"""Single values against single types: what YAML can write naturally is taken, nothing is guessed.

An integer may stand for a float and a list for a tuple; text for a number, or a boolean for an integer, may not.
"""

from __future__ import annotations

import functools
import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from plansim.core.errors import MalformedInput, near_miss
from plansim.scenario import registry
from plansim.scenario.reading.hints import choices, wanted
from plansim.scenario.reading.nodes import REFUSED, Node, describe, is_refused, plain
from plansim.scenario.reading.problems import Report, below
from plansim.scenario.reading.recipe import BROKEN, File, Recipe, Value

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_YAML_1_1_BOOLEANS = ("yes", "no", "on", "off", "y", "n")


def check_leaf(node: Node, annotation: Any, path: str, report: Report) -> Recipe:
    """A scalar, a literal, an enumeration: whatever pydantic knows, in its strict mode for JSON."""
    from pydantic import ValidationError

    if is_refused(node):
        return BROKEN
    adapter = _adapter(annotation)
    if adapter is None:
        return refuse(node, annotation, path, report)
    try:
        value = adapter.validate_json(json.dumps(plain(node)), strict=True)
    except ValidationError as error:
        return _refused_by(error, node, annotation, path, report)
    return Value(value, adapter.dump_python(value, mode="json"))


def refuse(node: Node, annotation: Any, path: str, report: Report) -> Recipe:
    """Says what was wanted, and what was found instead."""
    hint = ""
    if isinstance(node.value, str):
        hint = near_miss(node.value, choices(annotation))
        if bool in (annotation, *getattr(annotation, "__args__", ())) and node.value.lower() in _YAML_1_1_BOOLEANS:
            hint = "; YAML 1.2 writes booleans as true and false"
    if isinstance(node.value, float) and node.value.is_integer() and "an integer" in wanted(annotation):
        hint = f"; write {int(node.value)}"
    report.add(node.place, path, f"expected {wanted(annotation)}, found {describe(node)}{hint}")
    return BROKEN


def check_path(node: Node, path: str, report: Report, folder: Path) -> Recipe:
    """A file or folder that exists, seen from the scenario's own folder; `${NAME}` and `${NAME:-default}` expanded."""
    if not isinstance(node.value, str):
        return refuse(node, Path, path, report)
    missing = [name for name, default in _VARIABLE.findall(node.value) if name not in os.environ and not default]
    for name in missing:
        report.add(node.place, path, f"the environment variable {name} is not set (a default: ${{{name}:-value}})")
    if missing:
        return BROKEN
    expanded = _VARIABLE.sub(lambda found: os.environ.get(found[1]) or found[2] or "", node.value)
    full = os.path.abspath(os.path.join(folder, os.path.expanduser(expanded)))
    if not os.path.exists(full):
        report.add(node.place, path, f"there is no file {expanded!r} (looked for {full}){_beside(full)}")
        return BROKEN
    return File(Path(full), node.value, folder)


def check_array(node: Node, path: str, report: Report) -> Recipe:
    """A number, or lists of numbers that are as long as each other."""
    if _shape(node, path, report) is None:
        return BROKEN
    array = np.array(plain(node), dtype=float)
    return Value(array, array.tolist())


def check_function(node: Node, annotation: Any, path: str, report: Report) -> Recipe:
    """`module:name` of a function."""
    if not isinstance(node.value, str) or ":" not in node.value:
        return refuse(node, annotation, path, report)
    try:
        return Value(registry.find("function", node.value), node.value)
    except MalformedInput as error:
        report.add(node.place, path, str(error))
        return BROKEN


@functools.lru_cache(maxsize=256)
def _adapter(annotation: Any) -> Any:
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError

    try:
        return TypeAdapter(annotation)
    except (PydanticUserError, TypeError):  # a class that pydantic knows nothing of
        return None


def _refused_by(error: Any, node: Node, annotation: Any, path: str, report: Report) -> Recipe:
    first = error.errors(include_url=False)[0]
    if first["type"].endswith(("_type", "_parsing", "_from_float")) or first["type"] in ("literal_error", "enum"):
        return refuse(node, annotation, path, report)
    rule = first["msg"].removeprefix("Input ").removeprefix("Value error, ")
    report.add(node.place, path, f"{rule}, found {describe(node)}")
    return BROKEN


def _beside(full: str) -> str:
    folder, name = os.path.split(full)
    return near_miss(name, os.listdir(folder)) if os.path.isdir(folder) and os.access(folder, os.R_OK) else ""


def _shape(node: Node, path: str, report: Report) -> tuple[int, ...] | None:
    if not isinstance(node.value, list):
        if isinstance(node.value, int | float) and not isinstance(node.value, bool):
            return ()
        if node.value is not REFUSED:
            refuse(node, float, path, report)
        return None
    shapes = [_shape(item, below(path, i), report) for i, item in enumerate(node.value)]
    if None in shapes:
        return None
    for i, shape in enumerate(shapes):
        if shape != shapes[0]:
            found, first = describe(node.value[i]), describe(node.value[0])
            report.add(node.value[i].place, below(path, i), f"rows differ: {found}, but the first is {first}")
            return None
    return (len(shapes), *(shapes[0] or () if shapes else ()))
