"""What a scenario expects of its metrics' means, held against what was measured.

expect:
  success: ">= 0.95"                               # of every variant
  a-star.expanded: "< 0.5 * dijkstra.expanded"     # of one variant, against another
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from plansim.core.errors import MalformedInput

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_FORM = re.compile(rf"\s*(>=|<=|==|>|<)\s*(?:({_NUMBER})|(?:({_NUMBER})\s*\*\s*)?([A-Za-z_][\w.:-]*))\s*")

Mean = Callable[[str, str], float | None]  # (metric, variant) -> what was measured


class Expectation(NamedTuple):
    """One line of `expect`, and whether it came true."""

    variant: str
    text: str  # "success >= 0.95"
    value: float | None  # the metric's mean; None where no episode reports it
    met: bool


class Bound(NamedTuple):
    """A comparison with a number, or with a multiple of another metric."""

    sign: str
    factor: float
    other: str = ""  # "expanded", "dijkstra.expanded"

    def __str__(self) -> str:
        if not self.other:
            return f"{self.sign} {self.factor:.12g}"
        return f"{self.sign} {'' if self.factor == 1 else f'{self.factor:.12g} * '}{self.other}"


def parse_bound(text: str) -> Bound:
    """Reads `">= 0.95"`, `"< plan_cost"` or `"< 0.5 * dijkstra.expanded"`."""
    match = _FORM.fullmatch(str(text))
    if match is None:
        raise MalformedInput(
            f"{text!r} is no expectation; write a comparison and a number, such as '>= 0.95', or '< 0.5 * other.metric'"
        )
    sign, number, factor, other = match.groups()
    return Bound(sign, float(number), "") if number else Bound(sign, float(factor or 1), other)


def split_metric(name: str, variants: Iterable[str]) -> tuple[str | None, str]:
    """(variant, metric) of "dijkstra.expanded"; the variant is None where the name speaks of a metric alone."""
    for variant in variants:
        if variant and name.startswith(f"{variant}."):
            return variant, name[len(variant) + 1 :]
    return None, name


def metrics_in(expect: Mapping[str, str], variants: Iterable[str]) -> list[str]:
    """Every metric that these expectations speak of."""
    variants = list(variants)
    names = [*expect, *(bound.other for text in expect.values() if (bound := parse_bound(text)).other)]
    return list(dict.fromkeys(split_metric(name, variants)[1] for name in names))


def judge(expect: Mapping[str, str], variants: Iterable[str], mean: Mean) -> list[Expectation]:
    """Holds every expectation against the means; one that nobody measured is not met."""
    variants = list(variants)
    lines = []
    for name, text in expect.items():
        only, metric = split_metric(name, variants)
        for variant in variants if only is None else [only]:
            bound = parse_bound(text)
            value, limit = mean(metric, variant), _limit(bound, variant, variants, mean)
            met = value is not None and limit is not None and _COMPARE[bound.sign](value, limit)
            lines.append(Expectation(variant, f"{metric} {bound}", value, met))
    return lines


def _limit(bound: Bound, variant: str, variants: list[str], mean: Mean) -> float | None:
    if not bound.other:
        return bound.factor
    named, metric = split_metric(bound.other, variants)
    value = mean(metric, variant if named is None else named)
    return None if value is None else bound.factor * value
