"""The headline numbers of a report: cards for one variant, a table for several."""

from __future__ import annotations

from plansim.scenario.metrics import METRICS
from plansim.scenario.result import Result
from plansim.scenario.statistics import paired
from plansim.viz.markup import Html, head_cell, interval_text, number, section, table, tag, words


def headline(result: Result) -> Html | None:
    names = result.metric_names()
    if not names:
        return None
    says = "Means over the seeds, with their 95 % intervals."
    if len(result.variants) == 1:
        cards = [_card(result, name, result.variants[0]) for name in names]
        return section("Numbers", says, tag("div", *cards, class_="cards"))
    says += f" Below them: the difference to {result.variants[0]}, seed by seed."
    heads = [head_cell("Metric"), *(head_cell(variant, "num") for variant in result.variants)]
    rows = [tag("tr", _name(name), *(_cell(result, name, v) for v in result.variants)) for name in names]
    return section("Numbers", says, table(tag("tr", *heads), rows))


def meaning(name: str) -> str:
    """What a metric means, with its unit; nothing for one that only its policy or environment knows."""
    if name not in METRICS:
        return ""
    return METRICS[name].meaning + (f" ({unit(name)})" if unit(name) else "")


def unit(name: str) -> str:
    """The unit to write after a number; none where the metric's name says it."""
    written = METRICS[name].unit if name in METRICS else ""
    return "" if written in ("rate", "steps", "plans") else written


def _name(name: str) -> Html:
    return tag("th", words(name), tag("span", unit(name), class_="interval"), scope="row", title=meaning(name) or None)


def _card(result: Result, name: str, variant: str) -> Html:
    estimate = result.estimate(name, variant)
    interval = interval_text(estimate.low, estimate.high)
    return tag(
        "div",
        tag("div", words(name), class_="name", title=meaning(name) or None),
        tag("div", number(estimate.mean), tag("small", unit(name)) if unit(name) else None, class_="value"),
        tag("div", interval or ("one episode" if estimate.n == 1 else "not reported"), class_="interval"),
        class_="card",
    )


def _cell(result: Result, name: str, variant: str) -> Html:
    estimate = result.estimate(name, variant)
    interval = tag("span", interval_text(estimate.low, estimate.high), class_="interval")
    return tag("td", number(estimate.mean), interval, _difference(result, name, variant), class_="num")


def _difference(result: Result, name: str, variant: str) -> Html | None:
    """The paired difference to the first variant over the seeds that both finished."""
    first = result.variants[0]
    if variant == first:
        return None
    a, b = (_by_seed(result, name, v) for v in (first, variant))
    seeds = sorted(a.keys() & b.keys())
    difference = paired([a[s] for s in seeds], [b[s] for s in seeds])
    if difference.mean is None:
        return None
    sign = "+" if difference.mean > 0 else ""
    interval = interval_text(difference.low, difference.high)
    return tag(
        "div", "Δ " + sign + number(difference.mean), tag("span", interval, class_="interval"), class_="difference"
    )


def _by_seed(result: Result, name: str, variant: str) -> dict[int, float]:
    every = ((e.seed, e.metrics.get(name, e.timing.get(name))) for e in result.of(variant) if e.status == "ok")
    return {seed: float(value) for seed, value in every if value is not None}
