"""The recipes of a scenario's environment and policy, of each of its variants."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plansim.control.base import Policy
from plansim.core.errors import near_miss
from plansim.scenario.reading.check import check
from plansim.scenario.reading.environments import check_environment
from plansim.scenario.reading.nodes import Node, describe, plain
from plansim.scenario.reading.overrides import override, split
from plansim.scenario.reading.problems import Report, below
from plansim.scenario.reading.recipe import BROKEN, Recipe
from plansim.scenario.reading.signature import Parameter, signature
from plansim.scenario.schema import Scenario

LIMITS = ("max_steps", "timeout")
VARIABLE = ("env", "policy", *LIMITS)  # what a variant may change


@dataclass(frozen=True, eq=False)
class Parts:
    """What there is to build, and the limits of an episode."""

    env: Any  # an Environment; BROKEN where it was refused
    policy: Recipe
    limits: dict[str, Any]
    written: dict[str, Any]  # env and policy as they stand there

    def plain(self, folder: Path | None = None) -> dict[str, Any]:
        return {"env": self.env.plain(folder), "policy": self.policy.plain(folder), **self.limits}


def head_parameters() -> dict[str, Parameter]:
    """Every key of a scenario file."""
    return {name: p for name, p in signature(Scenario).parameters.items() if name != "path"}


def check_parts(root: Node, report: Report, folder: Path) -> Parts:
    entries, limits = root.value, {}
    for name in LIMITS:
        parameter = head_parameters()[name]
        if name in entries:
            limits[name] = check(entries[name], parameter.annotation, name, report, folder, None).plain()
        else:
            limits[name] = None
    env = check_environment(entries["env"], "env", report, folder) if "env" in entries else BROKEN
    policy = check(entries["policy"], Policy, "policy", report, folder) if "policy" in entries else BROKEN
    written = {"env": _written(entries.get("env"), "id"), "policy": _written(entries.get("policy"), "name")}
    return Parts(env, policy, limits, written)


def _written(node: Node | None, bare: str) -> dict[str, Any]:
    """Plain data; a bare name becomes the mapping that it stands for."""
    value = {} if node is None else plain(node)
    return value if isinstance(value, dict) else {bare: value}


def with_variant(root: Node, label: str, changes: Node, report: Report) -> Node:
    """The tree as a variant has it."""
    for path, value in changes.value.items():
        keys = split(path)
        where = below(f"variants.{label}", path)
        if keys[0] not in VARIABLE or not all(keys):
            hint = near_miss(keys[0], VARIABLE)
            report.add(
                changes.keys[path], where, f"a variant may change {', '.join(VARIABLE)} and what is in them{hint}"
            )
        else:
            root = override(root, keys, value, report, skip=("variants",))
    return root


def variants_of(root: Node, report: Report) -> dict[str, Node]:
    """label -> mapping of changes; whatever is not one is reported."""
    node = root.value.get("variants")
    if node is None or not isinstance(node.value, dict):
        return {}  # reported with the other keys
    found = {}
    for label, changes in node.value.items():
        if not label.replace("-", "").replace("_", "").isalnum():
            report.add(node.keys[label], "variants", f"{label!r} is no label: letters, digits, - and _ make one")
        if isinstance(changes.value, dict):
            found[label] = changes
        else:
            message = f"a variant is a mapping such as {{policy.planner: dijkstra}}, found {describe(changes)}"
            report.add(changes.place, below("variants", label), message)
    return found
