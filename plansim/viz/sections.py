"""The sections of a report that are words, numbers and tables."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from plansim.scenario.folder import scenario_yaml
from plansim.scenario.metrics import METRICS
from plansim.scenario.result import Episode, Result
from plansim.viz.charts import interval_text
from plansim.viz.markup import Html, join, number, tag, words

MOST_ROWS = 1000
_TICK = Html('<svg class="mark" viewBox="0 0 18 18" aria-hidden="true"><path d="M3.5 9.5l3.6 3.6L14.5 5" fill="none" '
             'stroke="currentColor" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round"/></svg>')  # fmt: skip
_CROSS = Html('<svg class="mark" viewBox="0 0 18 18" aria-hidden="true"><path d="M4.5 4.5l9 9M13.5 4.5l-9 9" fill="none" '
              'stroke="currentColor" stroke-width="2.2" stroke-linecap="round"/></svg>')  # fmt: skip


def failed(episode: Episode) -> bool:
    return episode.status != "ok" or bool(episode.cause) or episode.metrics.get("success") == 0


def outcome(episode: Episode) -> str:
    """One phrase for how an episode ended."""
    if episode.status != "ok":
        return f"{episode.status}: {episode.cause}" if episode.cause else episode.status
    return episode.cause or (
        "failed" if failed(episode) else "succeeded" if "success" in episode.metrics else "finished"
    )


def link(variant: str, seed: int) -> str:
    """Where the player shows this episode."""
    return "#" + urlencode({"episode": seed, **({"variant": variant} if variant else {})})


def header(result: Result) -> Html:
    scenario = result.scenario
    return tag(
        "header",
        tag("p", f"plansim report · {scenario.name}", class_="overline"),
        tag("h1", words(scenario.name).replace("-", " ").capitalize() or "Untitled"),
        tag("p", scenario.description.strip(), class_="lead") if scenario.description else None,
        _verdict(result),
        tag("div", *_facts(result), class_="facts"),
    )


def _verdict(result: Result) -> Html:
    lines, broken = result.expectations(), len(result.broken)
    missed = sum(not line.met for line in lines)
    says = []
    if lines:
        says.append(f"{missed} of {_count(len(lines), 'expectation')} not met" if missed else _all_met(len(lines)))
    if broken:
        says.append(f"{_count(broken, 'episode')} crashed or timed out")
    good = bool(lines) and not missed and not broken
    bad = bool(missed or broken)
    mark = _CROSS if bad else _TICK if good else None
    return tag(
        "p", mark, " · ".join(says) or "No expectations were set", class_=f"verdict{' good' * good}{' bad' * bad}"
    )


def _all_met(count: int) -> str:
    return "The expectation is met" if count == 1 else f"All {count} expectations met"


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


def _facts(result: Result) -> list[Html]:
    scenario, seeds = result.scenario, sorted({episode.seed for episode in result.episodes})
    facts = [("environment", scenario.env.get("id", "–")), ("policy", scenario.policy.get("name", "–"))]
    facts.append(("episodes", len(result.episodes)))
    if seeds:
        whole = seeds == list(range(seeds[0], seeds[-1] + 1))
        facts.append(
            ("seeds", f"{seeds[0]} – {seeds[-1]}" if whole and len(seeds) > 1 else ", ".join(map(str, seeds[:12])))
        )
    if result.variants not in ((), ("",)):
        facts.append(("variants", ", ".join(result.variants)))
    return [tag("span", f"{name} ", tag("b", value)) for name, value in facts]


def expectations(result: Result) -> Html | None:
    lines = result.expectations()
    if not lines:
        return None
    labelled = any(line.variant for line in lines)
    rows = [
        tag(
            "tr",
            tag("th", words(line.text.split(" ")[0]), scope="row"),
            tag("td", line.variant) if labelled else None,
            tag(
                "td",
                " ".join(line.text.split(" ")[1:]).replace(">=", "≥").replace("<=", "≤").replace("==", "="),
                class_="num",
            ),
            tag("td", number(line.value), class_="num"),
            tag(
                "td",
                _TICK if line.met else _CROSS,
                "met" if line.met else "not met",
                class_=f"met {'good' if line.met else 'bad'}",
            ),
        )
        for line in lines
    ]
    heads = ["Metric", *["Variant"] * labelled]
    head = tag(
        "tr",
        *(tag("th", h, scope="col") for h in heads),
        *(tag("th", h, scope="col", class_="num") for h in ("Expected", "Measured")),
        tag("th", "Verdict", scope="col"),
    )
    return _section("Expectations", "What the scenario asks of the means over all seeds.", _table(head, rows))


def headline(result: Result) -> Html | None:
    """Cards for one variant, a table for several."""
    names = result.metric_names()
    if not names:
        return None
    says = "Means over the seeds, with their 95 % intervals."
    if len(result.variants) == 1:
        cards = [_card(result, name, result.variants[0]) for name in names]
        return _section("Numbers", says, tag("div", *cards, class_="cards"))
    head = tag(
        "tr", tag("th", "Metric", scope="col"), *(tag("th", v, scope="col", class_="num") for v in result.variants)
    )
    rows = [
        tag(
            "tr",
            tag("th", words(name), tag("span", _unit(name), class_="interval muted"), scope="row", title=meaning(name)),
            *(_cell(result, name, v) for v in result.variants),
        )
        for name in names
    ]
    return _section("Numbers", says, _table(head, rows))


def meaning(name: str) -> str | None:
    return METRICS[name].meaning if name in METRICS else None


def meaning_text(name: str) -> str:
    """The meaning with its unit, to follow a metric's name in a caption."""
    said, unit = meaning(name), _unit(name).strip()
    return "" if said is None else f", {said}{f' ({unit})' if unit else ''}"


def _unit(name: str) -> str:
    unit = METRICS[name].unit if name in METRICS else ""
    return "" if unit in ("rate", "steps", "plans") else f" {unit}" if unit else ""


def _card(result: Result, name: str, variant: str) -> Html:
    estimate = result.estimate(name, variant)
    interval = interval_text(estimate.low, estimate.high)
    return tag(
        "div",
        tag("div", words(name), class_="name", title=meaning(name)),
        tag("div", number(estimate.mean), tag("small", _unit(name)), class_="value"),
        tag("div", interval or ("one episode" if estimate.n == 1 else "not reported"), class_="interval"),
        class_="card",
    )


def _cell(result: Result, name: str, variant: str) -> Html:
    estimate = result.estimate(name, variant)
    return tag(
        "td",
        number(estimate.mean),
        tag("span", interval_text(estimate.low, estimate.high), class_="interval"),
        class_="num",
    )


def episodes(result: Result, recorded: set[tuple[str, int]]) -> Html | None:
    """The strip of all episodes, and the table with failures first."""
    if not result.episodes:
        return _section("Episodes", "No episode was run.")
    lost = sum(failed(episode) for episode in result.episodes)
    says = (
        f"{_count(lost, 'failure')} in {_count(len(result.episodes), 'episode')}."
        if lost
        else "Every episode ended well."
    )
    order = sorted(range(len(result.episodes)), key=lambda i: (_rank(result.episodes[i]), i))[:MOST_ROWS]
    if len(order) < len(result.episodes):
        says += f" The table shows {len(order)} of them; episodes.csv has all."
    return _section("Episodes", says, _strips(result, recorded), _episode_table(result, order, recorded))


def _rank(episode: Episode) -> int:
    return 0 if episode.status != "ok" else 1 if failed(episode) else 2


def _strips(result: Result, recorded: set[tuple[str, int]]) -> Html:
    strips = []
    for variant in result.variants:
        cells = [_square(episode, episode.key in recorded) for episode in result.of(variant)[:MOST_ROWS]]
        title = tag("h3", variant) if variant else None
        strips.append(tag("div", title, tag("div", *cells, class_="strip"), class_="strip-row"))
    shown = [("", "succeeded"), ("lost", "failed"), ("broken", "crashed or timed out"), ("watch", "recorded")]
    key = [tag("span", tag("span", tag("span", class_=name or None), class_="strip"), label) for name, label in shown]
    return join(*strips, tag("div", *key, class_="key", aria_hidden="true"))


def _square(episode: Episode, recorded: bool) -> Html:
    classes = ["broken" if episode.status != "ok" else "lost" if failed(episode) else "", "watch" if recorded else ""]
    says = f"seed {episode.seed}: {outcome(episode)}"
    attributes = {"class_": " ".join(filter(None, classes)) or None, "title": says}
    if recorded:
        return tag("a", href=link(*episode.key), aria_label=f"Watch {says}", **attributes)
    return tag("span", **attributes)


def _episode_table(result: Result, order: list[int], recorded: set[tuple[str, int]]) -> Html:
    names, labelled = result.metric_names(), result.variants not in ((), ("",))
    heads = [("Variant", "")] * labelled + [("Seed", "num"), ("Ended", "")] + [(words(name), "num") for name in names]
    head = [tag("th", tag("button", label, type="button"), scope="col", class_=style or None) for label, style in heads]
    if recorded:
        head.append(tag("th", tag("span", "", aria_label="Watch"), scope="col"))
    rows = [_episode_row(result.episodes[i], names, labelled, recorded) for i in order]
    table = tag("table", tag("thead", tag("tr", *head)), tag("tbody", *rows), class_="sortable")
    return tag("div", table, class_="table episodes", tabindex=0, role="region", aria_label="All episodes")


def _episode_row(episode: Episode, names: tuple[str, ...], labelled: bool, recorded: set[tuple[str, int]]) -> Html:
    good = not failed(episode)
    cells = [tag("td", episode.variant)] * labelled
    cells.append(tag("td", episode.seed, class_="num"))
    dot = tag("span", class_=f"dot {'good' if good else 'bad'}")
    cells.append(tag("td", dot, outcome(episode), class_="cause", data_value=f"{_rank(episode)} {outcome(episode)}"))
    for name in names:
        value = episode.metrics.get(name, episode.timing.get(name))
        cells.append(tag("td", number(value), class_="num", data_value="" if value is None else repr(value)))
    if recorded:
        watch = tag("a", "Watch", href=link(*episode.key), class_="watch-link") if episode.key in recorded else None
        cells.append(tag("td", watch))
    return tag("tr", *cells)


def reproduce(result: Result, notes: list[str]) -> Html:
    """The command, the resolved scenario, the versions."""
    manifest = result.manifest
    versions = [
        part for name, value in (manifest.get("versions") or {}).items() for part in (tag("dt", name), tag("dd", value))
    ]
    return _section(
        "How to reproduce this",
        "The same file, versions and machine give the same numbers, bit for bit.",
        tag("pre", tag("code", command(result)), style="margin-top:18px"),
        tag(
            "details",
            tag("summary", "The scenario, with every default filled in"),
            tag("pre", tag("code", scenario_yaml(result.scenario))),
        ),
        tag("dl", *versions, class_="versions") if versions else None,
        *(tag("p", note, class_="muted", style="margin-top:14px") for note in notes),
    )


def command(result: Result) -> str:
    """What was typed, or what would do the same."""
    given = result.manifest.get("command")
    if given:
        return given if isinstance(given, str) else " ".join(map(str, given))
    return "plansim run scenario.yaml"


def _section(title: str, says: str, *parts: Any) -> Html:
    return tag("section", tag("h2", title), tag("p", says), *parts)


def _table(head: Html, rows: list[Html]) -> Html:
    return tag("div", tag("table", tag("thead", head), tag("tbody", *rows)), class_="table")
