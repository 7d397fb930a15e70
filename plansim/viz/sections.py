"""The words of a report: its title and verdict, what was expected, and how to run it again."""

from __future__ import annotations

from pathlib import PurePath

import yaml

from plansim.core.errors import PlansimError
from plansim.scenario.folder import scenario_yaml
from plansim.scenario.result import Result
from plansim.viz.markup import Html, head_cell, number, plural, section, table, tag, words

SIGNS = {">=": "≥", "<=": "≤", "==": "=", "*": "·"}


def _mark(strokes: str) -> Html:
    return tag("svg", tag("path", d=strokes), class_="mark", viewBox="0 0 18 18", aria_hidden="true")


_TICK, _CROSS = _mark("M3.5 9.5l3.6 3.6L14.5 5"), _mark("M4.5 4.5l9 9M13.5 4.5l-9 9")


def header(result: Result) -> Html:
    scenario = result.scenario
    title = words(scenario.name).replace("-", " ").strip() or "Untitled"
    return tag(
        "header",
        tag("p", f"plansim report · {scenario.name}", class_="overline"),
        tag("h1", title[:1].upper() + title[1:]),
        tag("p", scenario.description.strip(), class_="lead") if scenario.description else None,
        _verdict(result),
        tag("div", *_facts(result), class_="facts"),
    )


def _verdict(result: Result) -> Html:
    lines, broken = result.expectations(), len(result.broken)
    missed = sum(not line.met for line in lines)
    says = []
    if missed:
        says.append(f"{missed} of {plural(len(lines), 'expectation')} not met")
    elif lines:
        says.append(
            {1: "The expectation is met", 2: "Both expectations met"}.get(
                len(lines), f"All {len(lines)} expectations met"
            )
        )
    if broken:
        says.append(f"{plural(broken, 'episode')} crashed or timed out")
    mark, colour = (_CROSS, " bad") if missed or broken else (_TICK, " good") if lines else (None, "")
    return tag("p", mark, " · ".join(says) or "No expectations were set", class_="verdict" + colour)


def _facts(result: Result) -> list[Html]:
    scenario = result.scenario
    facts = {
        "environment": scenario.env.get("id", "–"),
        "policy": scenario.policy.get("name", "–"),
        "episodes": len(result.episodes),
        "seeds": _seeds(sorted({episode.seed for episode in result.episodes})),
        "variants": ", ".join(result.variants),
    }
    return [tag("span", f"{name} ", tag("b", value)) for name, value in facts.items() if value != ""]


def _seeds(seeds: list[int]) -> str:
    if len(seeds) > 2 and seeds == list(range(seeds[0], seeds[-1] + 1)):
        return f"{seeds[0]} – {seeds[-1]}"
    return ", ".join(map(str, seeds[:12])) + ", …" * (len(seeds) > 12)


def expectations(result: Result) -> Html | None:
    lines = result.expectations()
    if not lines:
        return None
    labelled = any(line.variant for line in lines)
    rows = []
    for line in lines:
        metric, _, expected = line.text.partition(" ")
        expected = " ".join(SIGNS.get(word, word) for word in expected.split(" "))
        verdict = (_TICK, "met") if line.met else (_CROSS, "not met")
        cells = [tag("th", words(metric), scope="row"), tag("td", line.variant) if labelled else None]
        cells += [tag("td", expected, class_="num"), tag("td", number(line.value), class_="num")]
        rows.append(tag("tr", *cells, tag("td", *verdict, class_=f"met {'good' if line.met else 'bad'}")))
    heads = [head_cell("Metric"), head_cell("Variant") if labelled else None]
    heads += [head_cell("Expected", "num"), head_cell("Measured", "num"), head_cell("Verdict")]
    return section(
        "Expectations", "What the scenario asks of the means over all seeds.", table(tag("tr", *heads), rows)
    )


def reproduce(result: Result, notes: list[str]) -> Html:
    """The command, the resolved scenario, the versions."""
    manifest = result.manifest
    versions = {name: manifest[name] for name in ("plansim", "python", "platform") if name in manifest}
    versions |= manifest.get("libraries", {})
    listed = [part for name, value in versions.items() for part in (tag("dt", name), tag("dd", value))]
    title, scenario = _scenario(result)
    return section(
        "How to reproduce this",
        "The same file, versions and machine give the same numbers, bit for bit.",
        tag("pre", tag("code", command(result)), class_="command"),
        tag("details", tag("summary", title), tag("pre", tag("code", scenario))),
        tag("dl", *listed, class_="versions") if listed else None,
        *(tag("p", note, class_="note") for note in notes),
    )


def _scenario(result: Result) -> tuple[str, str]:
    """With every default filled in, unless what it names is not on this machine."""
    try:
        return "The scenario, with every default filled in", scenario_yaml(result.scenario)
    except PlansimError:
        return "The scenario", yaml.safe_dump(result.scenario.written(), sort_keys=False, allow_unicode=True, width=120)


def command(result: Result) -> str:
    """What was typed, or what would do the same; where plansim lay on that machine is nobody's business."""
    program, *arguments = str(result.manifest.get("command") or "plansim run scenario.yaml").split(" ")
    return " ".join([PurePath(program).name, *arguments])
