"""Is one result better than another? The same seeds in both, so that luck is shared and the difference is not luck."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from plansim.core.errors import MalformedInput
from plansim.scenario.metrics import is_wall_clock
from plansim.scenario.result import Episode, Result
from plansim.scenario.statistics import paired


class Difference(NamedTuple):
    """One metric over the seeds that both results measured."""

    variant: str
    metric: str
    a: float  # mean
    b: float  # mean
    difference: float  # b - a
    low: float | None  # 95 % interval of the difference
    high: float | None
    n: int

    @property
    def verdict(self) -> str:
        if self.low is None or self.high is None:
            return "too few"
        if self.low > 0:
            return "B is higher"
        return "B is lower" if self.high < 0 else "no difference shown"


def compare(a: Result, b: Result) -> list[Difference]:
    """B against A, variant by variant; two results of one variant each are compared whatever they are called."""
    if len(a.variants) == len(b.variants) == 1:
        pairs = [(b.variants[0], a.of(a.variants[0]), b.of(b.variants[0]))]
    else:
        pairs = [(label, a.of(label), b.of(label)) for label in a.variants if label in b.variants]
    found = [row for label, before, after in pairs for row in _differences(label, before, after)]
    if not found:
        raise MalformedInput("the two results have no seed and metric in common")
    return found


def compare_variants(result: Result) -> list[Difference]:
    """Every other variant of a result against its first."""
    first, *others = result.variants
    if not others:
        raise MalformedInput("this result has one variant only; name a second result to compare it with")
    return [row for label in others for row in _differences(label, result.of(first), result.of(label))]


def _differences(label: str, before: tuple[Episode, ...], after: tuple[Episode, ...]) -> Iterator[Difference]:
    a, b = ({episode.seed: {**episode.metrics, **episode.timing} for episode in side} for side in (before, after))
    names = dict.fromkeys(name for values in [*a.values(), *b.values()] for name in values)
    for name in sorted(names, key=is_wall_clock):
        x, y = _common(name, a, b)
        if x:
            estimate = paired(x, y)
            mean = (sum(x) / len(x), sum(y) / len(y), estimate.mean or 0.0)
            yield Difference(label, name, *mean, estimate.low, estimate.high, estimate.n)


def _common(name: str, a: Mapping[int, Mapping], b: Mapping[int, Mapping]) -> tuple[list[float], list[float]]:
    both = [(a[seed].get(name), b[seed].get(name)) for seed in a if seed in b]
    known = [(x, y) for x, y in both if x is not None and y is not None]
    return [x for x, _ in known], [y for _, y in known]
