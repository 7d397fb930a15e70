"""A scenario with every default filled in, and variants that hold for the filled-in one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plansim.scenario.reading.nodes import from_plain
from plansim.scenario.reading.parts import Parts, check_parts, variants_of, with_variant
from plansim.scenario.reading.problems import InvalidScenario, Place, Report
from plansim.scenario.schema import Scenario


def parts_of(scenario: Scenario, variant: str = "") -> Parts:
    """The recipes of a scenario or of one of its variants; InvalidScenario where something is not there any more."""
    report = Report()
    root = from_plain(scenario.written(), Place(scenario.path or f"scenario {scenario.name!r}"), report)
    if variant:
        root = with_variant(root, variant, variants_of(root, report)[variant], report)
    parts = check_parts(root, report, scenario.folder)
    report.raise_if_any()
    return parts


def resolve(scenario: Scenario, folder: Path | None = None) -> dict[str, Any]:
    """Plain data, itself a valid scenario; as written where what it names cannot be found on this machine."""
    written = scenario.written()
    try:
        base = parts_of(scenario).plain(folder)
        variants = {
            label: _differences(base, parts_of(scenario, label).plain(folder), "") for label in scenario.variants
        }
    except InvalidScenario:
        return written
    return {**written, **base, "variants": variants}


def _differences(base: Any, other: Any, path: str) -> dict[str, Any]:
    """The overrides that make `other` of `base`: whole components where these have other parameters."""
    if base == other:
        return {}
    if path and not _alike(base, other):
        return {path: other}
    found: dict[str, Any] = {}
    for key in other:
        found |= _differences(base[key], other[key], f"{path}.{key}" if path else key)
    return found


def _alike(base: Any, other: Any) -> bool:
    """Whether one becomes the other by setting some of its entries."""
    both = isinstance(base, dict) and isinstance(other, dict)
    return both and base.keys() == other.keys() and not any("." in key for key in other)
