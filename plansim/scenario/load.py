"""Scenario files and mappings become scenarios, or a list of everything that is wrong with them."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plansim.core.errors import near_miss
from plansim.core.layout import Layout
from plansim.scenario.reading.check import check
from plansim.scenario.reading.environments import Environment
from plansim.scenario.reading.metric_names import check_expectations
from plansim.scenario.reading.nodes import REFUSED, Node, describe, from_plain
from plansim.scenario.reading.overrides import followed, override, parse_override
from plansim.scenario.reading.parts import LIMITS, Parts, check_parts, head_parameters, variants_of, with_variant
from plansim.scenario.reading.problems import Place, Report, below
from plansim.scenario.reading.recipe import Call, Workshop
from plansim.scenario.reading.yaml_nodes import parse
from plansim.scenario.schema import Scenario

_NAME = re.compile(r"[A-Za-z0-9_][\w.-]*")
_APART = ("env", "policy", "variants", *LIMITS)  # keys that are checked on their own


def load(path: str | os.PathLike[str], overrides: Sequence[str] = (), *, thorough: bool = False) -> Scenario:
    """The scenario of a YAML file, changed by overrides `key.path=value`; `-` is standard input.

    Its components are built once to see that they can be. Raises InvalidScenario with every problem.

    thorough: also makes the environment itself, which takes longer; `build` does that too, but knows no lines
    """
    report, file = Report(), os.fspath(path)
    text = _read(file, report)
    root = None if text is None else parse(text, file, report)
    return _scenario(_overridden(root, overrides, report), report, os.path.abspath(file), thorough)


def from_mapping(
    mapping: Mapping[str, Any], overrides: Sequence[str] = (), path: str | os.PathLike[str] | None = None
) -> Scenario:
    """The scenario of a Python mapping of plain data.

    path: of the file that it stands for, so that relative paths begin there; in the working directory where None
    """
    report = Report()
    root = from_plain(mapping, Place("scenario"), report)
    return _scenario(_overridden(root, overrides, report), report, os.path.abspath(path) if path else None)


def _read(file: str, report: Report) -> str | None:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except (OSError, ValueError) as error:
        folder, name = os.path.split(os.path.abspath(file))
        beside = os.listdir(folder) if isinstance(error, FileNotFoundError) and os.path.isdir(folder) else ()
        report.add(Place(file), "", f"cannot be read: {getattr(error, 'strerror', error)}{near_miss(name, beside)}")
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        report.add(Place(file, line, column), "", f"byte 0x{data[error.start]:02x} is not UTF-8")
        return None


def _overridden(root: Node | None, overrides: Sequence[str], report: Report) -> Node:
    """The tree with its overrides; where there is no tree, the report has said why."""
    changes = [parse_override(change, report) for change in overrides]
    if root is not None and not isinstance(root.value, dict) and root.value is not REFUSED:
        report.add(root.place, "", f"a scenario is a mapping with name, env and policy, found {describe(root)}")
    if root is None or not isinstance(root.value, dict):
        raise report.error()
    for keys, value in filter(None, changes):
        root = override(root, keys, value, report)
    return root


def _scenario(root: Node, report: Report, path: str | None, thorough: bool = False) -> Scenario:
    folder = Path(path).parent if path else Path.cwd()
    head = _check_head(root, report, folder)
    shared: dict[str, Any] = {}
    parts = check_parts(root, report, folder)
    policies = [_try_to_build(parts, Workshop(shared, report), thorough)]
    environments, variants = [parts.env], {}
    for label, changes in variants_of(root, report).items():
        own = Report()
        changed = check_parts(with_variant(root, label, changes, own), own, folder)
        policies.append(_try_to_build(changed, Workshop(shared, own), thorough))
        environments.append(changed.env)
        report.extend(own, f"variants.{label}")
        variants[label] = followed(root, changes)
    check_expectations(root, list(variants), environments, policies, report)
    report.raise_if_any()
    scenario = Scenario(**head, **parts.written, **parts.limits, variants=variants, path=path)
    scenario.shared.update(shared)
    return scenario


def _check_head(root: Node, report: Report, folder: Path) -> dict[str, Any]:
    """The values of the keys that say how to run, not what."""
    parameters, entries, head = head_parameters(), root.value, {}
    for key in entries:
        if key not in parameters:
            hint = near_miss(key, parameters) or f" (there are: {', '.join(parameters)})"
            report.add(root.keys[key], key, f"a scenario has no {key!r}{hint}")
    missing = [name for name, p in parameters.items() if p.required and name not in entries]
    if missing:
        report.add(root.place, "", f"a scenario needs {', '.join(map(repr, missing))}")
    for name in (name for name in parameters if name in entries):
        value = check(entries[name], parameters[name].annotation, name, report, folder) if name not in _APART else None
        if value is not None:
            head[name] = value.make(Workshop({}, report))
    if "name" in entries and isinstance(entries["name"].value, str) and not _NAME.fullmatch(entries["name"].value):
        message = (
            f"{entries['name'].value!r} is no name: letters, digits, '.', '-' and '_' make one, and a folder of it"
        )
        report.add(entries["name"].place, "name", message)
    variants = entries.get("variants")
    if variants is not None and variants.value is not REFUSED and not isinstance(variants.value, dict):
        report.add(variants.place, "variants", f"expected a mapping of labels, found {describe(variants)}")
    return head


def _try_to_build(parts: Parts, workshop: Workshop, thorough: bool) -> Any:
    """The policy, or FAILED. All that is quickly built is, so that what cannot be is said now."""
    if thorough and isinstance(parts.env, Environment):
        parts.env.attempt(workshop)
    else:
        parts.env.make(workshop)
    policy = parts.policy.make(workshop)
    _check_clocks(parts, policy, workshop.report)
    _check_sensors(parts, policy, workshop.report)
    _check_robots(parts, workshop)
    return policy


def _check_clocks(parts: Parts, policy: Any, report: Report) -> None:
    """A policy that holds its actions for another time than the environment drives wrongly, and would not be told."""
    if not (isinstance(parts.env, Environment) and isinstance(parts.policy, Call)):
        return
    step, held = parts.env.plain().get("dt"), getattr(policy, "dt", None)
    if isinstance(step, float | int) and isinstance(held, float | int) and step != held:
        message = f"dt is {held:g} s, but the environment takes steps of {step:g} s; set both to the same"
        report.add(parts.policy.place, below(parts.policy.path, "dt"), message)


def _check_sensors(parts: Parts, policy: Any, report: Report) -> None:
    """A policy that awaits readings by name gets those that the environment gives."""
    if not (isinstance(parts.env, Environment) and isinstance(parts.policy, Call)):
        return
    given, awaited = parts.env.plain().get("sensors"), getattr(policy, "sensors", None)
    if isinstance(given, Mapping) and isinstance(awaited, Mapping):
        for name in (name for name in awaited if name not in given):
            message = f"the environment has no sensor {name!r}{near_miss(name, given)} (there are: {', '.join(given)})"
            report.add(parts.policy.place, below(parts.policy.path, "sensors"), message)


def _check_robots(parts: Parts, workshop: Workshop) -> None:
    """A policy may believe in another wheelbase than the truth, but not in another kind of control."""
    if not (isinstance(parts.env, Environment) and isinstance(parts.policy, Call)):
        return
    ours, theirs = (call.arguments.get("robot") for call in (parts.policy, parts.env.call))
    if not (isinstance(ours, Call) and isinstance(theirs, Call)):
        return
    controls = [getattr(call.make(workshop), "control", None) for call in (ours, theirs)]
    driven = [" ".join(c.names) for c in controls if isinstance(c, Layout)]
    if len(driven) == 2 and driven[0] != driven[1]:
        message = f"this robot is driven by {driven[0]!r}, but the environment's by {driven[1]!r}; name the same"
        workshop.report.add(ours.place, ours.path, message)
