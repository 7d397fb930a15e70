"""`policy.planner.weight=2`: values of a scenario replaced from outside, as if its text had been edited there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from plansim.scenario.reading.nodes import REFUSED, Node, describe, plain
from plansim.scenario.reading.problems import Place, Report
from plansim.scenario.reading.yaml_nodes import parse

Keys = tuple[str, ...]


def parse_override(text: str, report: Report) -> tuple[Keys, Node] | None:
    """The keys and the value of `key.path=value`, the value read as YAML."""
    label = f"--set {text}"
    path, sign, written = text.partition("=")
    keys = split(path.strip())
    if not sign or not all(keys):
        report.add(Place(label), "", "an override is written key.path=value")
        return None
    value = parse(written.strip() or "null", label, report, numbered=False)
    return None if value is None else (keys, value)


def split(path: str) -> Keys:
    return tuple(path.split("."))


def override(root: Node, keys: Keys, value: Node, report: Report, skip: Sequence[str] = ()) -> Node:
    """The tree with the value in its place; where an anchor names that place, its aliases follow.

    skip: top-level keys whose aliases do not
    """
    for place in _places(root, keys):
        if place == keys or place[0] not in skip:
            root = _replaced(root, place, value, report)
    return root


def followed(root: Node, changes: Node) -> dict[str, Any]:
    """A variant's changes as plain data, those that its aliases follow with them."""
    found = {}
    for path, value in changes.value.items():
        for place in _places(root, split(path)):
            if place[0] != "variants":
                found[".".join(place)] = plain(value)
    return found


def _replaced(node: Node, keys: Keys, value: Node, report: Report, done: Keys = ()) -> Node:
    if not keys:
        return value
    key, rest = keys[0], keys[1:]
    if node.value is REFUSED:
        return node
    if isinstance(node.value, list):
        if not key.isascii() or not key.isdigit() or int(key[:9]) >= len(node.value):
            report.add(value.place, ".".join(done), f"a list of {len(node.value)} has no item {key!r}")
            return node
        items = list(node.value)
        items[int(key)] = _replaced(items[int(key)], rest, value, report, (*done, key))
        return Node(items, node.place)
    entries, places = _entries(node, "id" if done == ("env",) else "name")
    if entries is None:
        report.add(value.place, ".".join(done), f"{describe(node)} has no {key!r} to set")
        return node
    inner = entries.get(key, Node(None, value.place))
    new = _replaced(inner, rest, value, report, (*done, key))
    return Node({**entries, key: new}, node.place, {**places, key: value.place})


def _entries(node: Node, bare: str) -> tuple[dict[str, Node] | None, dict[str, Place]]:
    """A mapping's entries; nothing is an empty mapping, and a component's bare name is one with that name."""
    if node.value is None:
        return {}, {}
    if isinstance(node.value, str):
        return {bare: node}, {bare: node.place}
    return (node.value, dict(node.keys)) if isinstance(node.value, dict) else (None, {})


def _places(root: Node, keys: Keys) -> list[Keys]:
    """The path itself, and where its value is reached through aliases, if the path leads through the anchor."""
    node, known = root, 0
    for key in keys:
        inner = _child(node, key)
        if inner is None:
            break
        node, known = inner, known + 1
    reached = [path for path, other in _walk(root, ()) if other is node]
    if not reached or reached[0] != keys[:known]:
        return [keys]
    return [path + keys[known:] for path in reached]


def _child(node: Node, key: str) -> Node | None:
    if isinstance(node.value, dict):
        return node.value.get(key)
    if isinstance(node.value, list) and key.isascii() and key.isdigit() and int(key[:9]) < len(node.value):
        return node.value[int(key)]
    return None


def _walk(node: Node, path: Keys) -> Iterator[tuple[Keys, Node]]:
    """Every path with its node, in the order of the text, aliases followed."""
    yield path, node
    children = node.value if isinstance(node.value, dict) else {}
    if isinstance(node.value, list):
        children = {str(i): item for i, item in enumerate(node.value)}
    for key, child in children.items():
        yield from _walk(child, (*path, key))
