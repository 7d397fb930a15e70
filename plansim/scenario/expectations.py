"""What a scenario expects of a metric's mean: `">= 0.95"`, held against what was measured."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
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
_FORM = re.compile(rf"\s*(>=|<=|==|>|<)\s*({_NUMBER})\s*")


class Expectation(NamedTuple):
    """One line of `expect`, and whether it came true."""

    variant: str
    text: str  # "success >= 0.95"
    value: float | None  # the metric's mean; None where no episode reports it
    met: bool


def parse_bound(text: str) -> tuple[str, float]:
    """The comparison and the number of `">= 0.95"`."""
    match = _FORM.fullmatch(str(text))
    if match is None:
        raise MalformedInput(f"{text!r} is no expectation; write a comparison and a number, such as '>= 0.95'")
    return match[1], float(match[2])


def expectation(variant: str, metric: str, bound: str, value: float | None) -> Expectation:
    """Holds a mean against its bound; a mean that nobody measured meets nothing."""
    sign, number = parse_bound(bound)
    met = value is not None and _COMPARE[sign](value, number)
    return Expectation(variant, f"{metric} {sign} {number:g}", value, met)
