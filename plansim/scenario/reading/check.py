"""A node against an annotation: the recipe of what stands there, or a problem for everything that is wrong with it.

A mapping with a `name` is checked against the signature of the class or function that the registry knows by that
name; which kind of component may stand there follows from the annotation. No component declares a second schema.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from plansim.core.errors import MalformedInput, near_miss
from plansim.scenario import registry
from plansim.scenario.reading import hints
from plansim.scenario.reading.conformance import complaint
from plansim.scenario.reading.leaves import check_array, check_function, check_leaf, check_path, refuse
from plansim.scenario.reading.nodes import REFUSED, Node
from plansim.scenario.reading.problems import Report, below
from plansim.scenario.reading.recipe import BROKEN, Call, Entries, Items, Recipe, Value
from plansim.scenario.reading.signature import Signature, signature


def check(node: Node, annotation: Any, path: str, report: Report, folder: Path, default: Any = ...) -> Recipe:
    """What the node describes; BROKEN, with the reason in the report, where it does not fit the annotation."""
    if node.value is REFUSED:
        return BROKEN
    parts = hints.members(annotation, default)
    if len(parts) == 1:
        return _check_one(node, parts[0], path, report, folder)
    if node.value is None and type(None) in parts:
        return Value(None, None)
    parts = [part for part in parts if part is not type(None)]
    attempts = []
    for part in parts:
        attempt = Report()
        recipe = _check_one(node, part, path, attempt, folder)
        if not attempt.problems:
            return recipe
        attempts.append((attempt, part, recipe))
    named = [(a, r) for a, part, r in attempts if _names_one(node, part)]
    fitting = named or [(a, r) for a, part, r in attempts if _has_shape(node, part)]
    if len(fitting) != 1:
        return _refuse_name(node, parts, path, report) or refuse(node, annotation, path, report)
    report.extend(fitting[0][0])
    return fitting[0][1]


def check_arguments(
    node: Node, schema: Signature, what: str, path: str, report: Report, folder: Path, skip: tuple[str, ...] = ()
) -> tuple[dict[str, Recipe], bool]:
    """A mapping's entries against parameters: the recipes, and whether none is missing or unknown."""
    entries: Mapping[str, Node] = {key: value for key, value in node.value.items() if key not in skip}
    arguments, whole = {}, True
    for name, value in entries.items():
        parameter = schema.parameters.get(name)
        if parameter is not None:
            arguments[name] = check(value, parameter.annotation, below(path, name), report, folder, parameter.default)
        elif schema.open:
            arguments[name] = check(value, Any, below(path, name), report, folder)
        else:
            hint = near_miss(name, schema.parameters) or _list(schema)
            report.add(node.keys[name], below(path, name), f"{what} has no parameter {name!r}{hint}")
            whole = False
    missing = [name for name in schema.required if name not in node.value]
    if missing:
        listed = ", ".join(map(repr, missing))
        report.add(node.place, path, f"{what} needs {listed}")
    return arguments, whole and not missing


def _check_one(node: Node, annotation: Any, path: str, report: Report, folder: Path) -> Recipe:
    origin = get_origin(annotation) or annotation
    kind = hints.kind(annotation)
    if kind:
        return _check_component(node, kind, annotation, path, report, folder)
    if annotation is Any:
        return _check_any(node, path, report, folder)
    if hints.is_array(annotation):
        return check_array(node, path, report)
    if hints.is_path(annotation):
        return check_path(node, path, report, folder)
    if hints.is_callable(annotation):
        return check_function(node, annotation, path, report)
    if origin in hints.LISTS:
        return _check_list(node, annotation, path, report, folder)
    if origin in hints.MAPPINGS:
        return _check_mapping(node, annotation, path, report, folder)
    if isinstance(origin, type) and dataclasses.is_dataclass(origin) and isinstance(node.value, dict):
        # a resolved scenario says of a default what it is, though nothing else could stand there
        said = node.value["name"].value if "name" in node.value else None
        name = said if said == registry.address(origin) else None
        return _check_call(node, origin, name, None, path, report, folder)
    return check_leaf(node, annotation, path, report)


def _check_component(node: Node, kind: str, annotation: Any, path: str, report: Report, folder: Path) -> Recipe:
    """`{name: a-star, ...}`, `a-star`, or a mapping without a name where the annotation is a component itself."""
    name = node.value.get("name") if isinstance(node.value, dict) else node
    if name is None:
        if getattr(annotation, "_is_protocol", False) or kind in registry.KINDS_OF_LISTS.values():
            choices = ", ".join(registry.known(kind))
            report.add(node.place, path, f"{hints.wanted(annotation)} needs a name: {choices}")
            return BROKEN
        return _check_call(node, annotation, None, kind, path, report, folder)
    if name.value is REFUSED:
        return BROKEN
    if not isinstance(name.value, str):
        return refuse(name, annotation if name is node else str, path if name is node else below(path, "name"), report)
    where = path if name is node else below(path, "name")
    try:
        target = registry.find(kind, name.value)
        wrong = complaint(target, annotation)
    except MalformedInput as error:
        wrong = str(error)
    if wrong:
        report.add(name.place, where, wrong)
        return BROKEN
    return _check_call(node, target, name.value, kind, path, report, folder)


def _check_call(
    node: Node, target: Callable[..., Any], name: str | None, kind: str | None, path: str, report: Report, folder: Path
) -> Recipe:
    what = name or target.__name__
    try:
        schema = signature(target)
    except MalformedInput as error:
        report.add(node.place, path, str(error))
        return BROKEN
    if isinstance(node.value, str):  # a bare name
        if schema.required:
            example = f"{{name: {name}, {schema.required[0]}: ...}}"
            listed = ", ".join(map(repr, schema.required))
            report.add(node.place, path, f"{what} needs {listed}: write {example}")
        return Call(target, name, kind, schema, {}, node.place, path, not schema.required)
    arguments, whole = check_arguments(node, schema, what, path, report, folder, skip=("name",) if name else ())
    return Call(target, name, kind, schema, arguments, node.place, path, whole)


def _check_any(node: Node, path: str, report: Report, folder: Path) -> Recipe:
    """Nothing is asked for: components are recognised by a name that exactly one kind knows."""
    if isinstance(node.value, list):
        return Items([check(item, Any, below(path, i), report, folder) for i, item in enumerate(node.value)])
    if not isinstance(node.value, dict):
        return Value(node.value, node.value)
    name = node.value["name"].value if "name" in node.value else None
    kinds = [kind for kind in registry.BUILTINS if isinstance(name, str) and name in registry.known(kind)]
    if len(kinds) == 1 or (isinstance(name, str) and ":" in name):
        return _check_component(node, kinds[0] if kinds else "component", Any, path, report, folder)
    return Entries({key: check(value, Any, below(path, key), report, folder) for key, value in node.value.items()})


def _check_list(node: Node, annotation: Any, path: str, report: Report, folder: Path) -> Recipe:
    if not isinstance(node.value, list):
        return refuse(node, annotation, path, report)
    items = hints.item_annotations(annotation, len(node.value))
    if items is None:
        return refuse(node, annotation, path, report)
    recipes = [
        check(n, a, below(path, i), report, folder) for i, (n, a) in enumerate(zip(node.value, items, strict=True))
    ]
    origin = get_origin(annotation) or annotation
    return Items(recipes, origin if origin in (list, set, frozenset) else tuple)


def _check_mapping(node: Node, annotation: Any, path: str, report: Report, folder: Path) -> Recipe:
    if not isinstance(node.value, dict):
        return refuse(node, annotation, path, report)
    inner = (get_args(annotation) or (str, Any))[1]
    return Entries({key: check(value, inner, below(path, key), report, folder) for key, value in node.value.items()})


def _names_one(node: Node, annotation: Any) -> bool:
    """Whether the node's name is one of the kind that the annotation asks for."""
    kind, name = hints.kind(annotation), node.value.get("name") if isinstance(node.value, dict) else node
    return kind is not None and name is not None and isinstance(name.value, str) and name.value in registry.known(kind)


def _refuse_name(node: Node, parts: list[Any], path: str, report: Report) -> Recipe | None:
    """Says that a component of none of these kinds has the name that the mapping gives; None where it gives none."""
    name = node.value.get("name") if isinstance(node.value, dict) else None
    kinds = [kind for kind in map(hints.kind, parts) if kind]
    if name is None or not isinstance(name.value, str) or not kinds:
        return None
    known = [other for kind in kinds for other in registry.known(kind)]
    hint = near_miss(name.value, known) or f" (there are: {', '.join(known)})"
    report.add(name.place, below(path, "name"), f"there is no {' or '.join(kinds)} {name.value!r}{hint}")
    return BROKEN


def _has_shape(node: Node, annotation: Any) -> bool:
    """Whether the node is of the sort that the annotation asks for, so that what it complains of is to the point."""
    origin = get_origin(annotation) or annotation
    component = hints.kind(annotation) is not None or dataclasses.is_dataclass(origin)
    if isinstance(node.value, dict):
        return component or origin in hints.MAPPINGS
    if isinstance(node.value, list):
        return hints.is_array(annotation) or (origin in hints.LISTS and not component)
    if isinstance(node.value, str):
        return hints.kind(annotation) is not None or hints.is_path(annotation)
    return (get_args(annotation)[0] if origin is Annotated else annotation) in (int, float)


def _list(schema: Signature) -> str:
    return f" (it has: {', '.join(schema.parameters)})" if schema.parameters else " (it has none)"
