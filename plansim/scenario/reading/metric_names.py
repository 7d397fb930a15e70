"""Are the metrics that a scenario names ones that somebody reports, and can its expectations be read?"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from plansim.core.errors import MalformedInput, near_miss
from plansim.scenario import catalogue, registry
from plansim.scenario.estimation_metrics import component_metric
from plansim.scenario.expectations import parse_bound, split_metric
from plansim.scenario.metrics import Metric
from plansim.scenario.reading.environments import Environment
from plansim.scenario.reading.nodes import Node
from plansim.scenario.reading.problems import Report, below
from plansim.scenario.reading.recipe import FAILED


def check_expectations(
    root: Node, variants: Sequence[str], environments: Iterable[Any], policies: Iterable[Any], report: Report
) -> None:
    """Reports metrics that nobody knows, variants that do not exist, and comparisons that are none."""
    metrics, complete = reported(environments, policies)
    listed = root.value.get("metrics")
    for i, item in enumerate(listed.value if listed is not None and isinstance(listed.value, list) else ()):
        _check_metric(item.value, item, below("metrics", i), metrics, complete, report)
    expect = root.value.get("expect")
    for left, right in (expect.value if expect is not None and isinstance(expect.value, dict) else {}).items():
        path = below("expect", left)
        name = Node(left, expect.keys[left])  # type: ignore[union-attr]
        _check_mean(left, name, path, variants, metrics, complete, report)
        if isinstance(right.value, str):
            _check_bound(right, path, variants, metrics, complete, report)


def reported(environments: Iterable[Any], policies: Iterable[Any]) -> tuple[dict[str, str], bool]:
    """Metrics with their meaning; and whether there can be no others.

    The built-in ones, those in the mapping `metrics` of an environment's or a policy's class, and those that a fresh
    policy's `metrics()` has in it. There may be others where it has none yet, or where the policy could not be built.
    """
    found = catalogue.names("metric")
    complete = True
    for environment in environments:
        if isinstance(environment, Environment):
            found |= _declared(environment.creator) | _declared(environment.call.target)
        else:
            complete = False
    for policy in policies:
        own, whole = _reported_by(policy)
        found, complete = found | own, complete and whole
    return found, complete


def _declared(owner: Any) -> dict[str, str]:
    declared = getattr(owner, "metrics", None)
    return {str(name): str(meaning) for name, meaning in declared.items()} if isinstance(declared, Mapping) else {}


def _reported_by(policy: Any) -> tuple[dict[str, str], bool]:
    if policy is FAILED:
        return {}, False
    report = getattr(policy, "metrics", None)
    if report is None or isinstance(report, Mapping):
        return _declared(policy), True
    try:
        names = dict.fromkeys(report(), "reported by the policy")
    except Exception:  # before its first episode a policy may have nothing to say
        return {}, False
    return names, bool(names)


def _check_metric(
    metric: Any, node: Node, path: str, metrics: Mapping[str, str], complete: bool, report: Report
) -> None:
    if not isinstance(metric, str) or metric in metrics or component_metric(metric) is not None:
        return
    if ":" in metric:
        _check_address(metric, node, path, report)
        return
    hint = near_miss(metric, metrics)
    # where the policy may have more to say, only what looks like a slip of the pen is one
    if complete or difflib.get_close_matches(metric, metrics, n=1, cutoff=0.85):
        choices = f" (there are: {', '.join(metrics)})"
        report.add(node.place, path, f"no metric is called {metric!r}{hint or choices}")


def _check_address(metric: str, node: Node, path: str, report: Report) -> None:
    """`module:attribute` of a Metric."""
    try:
        found = registry.load(metric)
    except MalformedInput as error:
        report.add(node.place, path, str(error))
        return
    if not isinstance(found, Metric):
        report.add(node.place, path, f"{metric} is no plansim.scenario.metrics.Metric")


def _check_mean(
    name: str,
    node: Node,
    path: str,
    variants: Sequence[str],
    metrics: Mapping[str, str],
    complete: bool,
    report: Report,
) -> None:
    variant, metric = split_metric(name, variants)
    label, dot, rest = name.partition(".")
    if variant is None and dot and (rest in metrics or component_metric(rest) is not None):
        report.add(node.place, path, f"there is no variant {label!r}{near_miss(label, variants)}")
    else:
        _check_metric(metric, node, path, metrics, complete, report)


def _check_bound(
    node: Node, path: str, variants: Sequence[str], metrics: Mapping[str, str], complete: bool, report: Report
) -> None:
    try:
        bound = parse_bound(node.value)
    except MalformedInput as error:
        report.add(node.place, path, str(error))
        return
    if not math.isfinite(bound.factor):
        report.add(node.place, path, f"the number in {node.value!r} must be finite")
    if bound.other:
        _check_mean(bound.other, node, path, variants, metrics, complete, report)
