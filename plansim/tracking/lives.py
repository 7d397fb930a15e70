"""When a track is tentative, confirmed, deleted: by M of N, by a likelihood ratio, by its probability of existence.

A rule is a kernel `verdict(parameters, existence, score, misses, age, recent, confirmed)`, asked after every scan.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.kernel import Kernel, kernel

DELETED, TENTATIVE, CONFIRMED = 0, 1, 2


class Life(Protocol):
    @property
    def integrated(self) -> bool: ...  # True: a track's weight in associations is its probability of existence
    @property
    def verdict(self) -> Any: ...  # -> DELETED, TENTATIVE or CONFIRMED
    @property
    def ceiling(self) -> float: ...  # of the score
    def parameters(self) -> tuple[float, float, float]: ...


@kernel
def _by_existence(p, existence, score, misses, age, recent, confirmed):
    if existence < p[2]:
        return 0
    return 2 if existence >= (p[1] if confirmed else p[0]) else 1


@dataclass(frozen=True)
class ExistenceProbability:
    """By P(there is a target | all scans) (Musicki, Evans and Stankovic 1994; Musicki and Evans 2004).

    A confirmed track that is missed becomes tentative below `release_below`, and may come back under its id.
    """

    confirm_above: float = 0.5  # a report is more often right than wrong
    release_below: float = 0.5
    delete_below: float = 1e-4

    integrated: ClassVar[bool] = True
    ceiling: ClassVar[float] = math.inf
    verdict: ClassVar[Kernel] = _by_existence

    def __post_init__(self) -> None:
        if not 0 < self.delete_below <= self.release_below <= self.confirm_above < 1:
            raise MalformedInput(
                "delete_below, release_below and confirm_above must ascend within (0, 1), but are "
                f"{self.delete_below}, {self.release_below}, {self.confirm_above}"
            )

    def parameters(self) -> tuple[float, float, float]:
        return self.confirm_above, self.release_below, self.delete_below


@kernel
def _by_counts(p, existence, score, misses, age, recent, confirmed):
    if confirmed:
        return 0 if misses >= p[2] else 2
    needed, window = int(p[0]), int(p[1])
    hits, length = 0, min(age, window)
    for scan in range(length):
        hits += recent >> scan & 1
    if hits >= needed:
        return 2
    return 0 if length - hits > window - needed else 1


@dataclass(frozen=True)
class HitsOfScans:
    """M of N: `hits` within `scans` confirm; a track that cannot reach them, or is missed for long, is deleted."""

    hits: int = 3
    scans: int = 5  # at most 62
    delete_after: int = 4  # misses in a row of a confirmed track

    integrated: ClassVar[bool] = False
    ceiling: ClassVar[float] = math.inf
    verdict: ClassVar[Kernel] = _by_counts

    def __post_init__(self) -> None:
        if not 1 <= self.hits <= self.scans <= 62 or self.delete_after < 1:
            raise MalformedInput(
                f"{self.hits} hits of {self.scans} scans, deleted after {self.delete_after}: must be 1 <= hits <= "
                "scans <= 62 and 1 miss or more"
            )

    def parameters(self) -> tuple[float, float, float]:
        return float(self.hits), float(self.scans), float(self.delete_after)


@kernel
def _by_score(p, existence, score, misses, age, recent, confirmed):
    if score <= p[1]:
        return 0
    return 2 if confirmed or score >= p[0] else 1


@dataclass(frozen=True)
class LikelihoodRatio:
    """Wald's sequential test of a target against clutter (Blackman and Popoli 1999, section 6.2).

    The score cannot rise above what confirms, so that a lost track dies as fast when it is old.
    """

    false_confirmed: float = 1e-4  # share of clutter's tracks
    true_deleted: float = 1e-2  # share of targets' tracks

    integrated: ClassVar[bool] = False
    verdict: ClassVar[Kernel] = _by_score

    def __post_init__(self) -> None:
        if not (0 < self.false_confirmed < 0.5 and 0 < self.true_deleted < 0.5):
            raise MalformedInput(
                f"false_confirmed {self.false_confirmed} and true_deleted {self.true_deleted} must lie in (0, 0.5)"
            )

    @property
    def ceiling(self) -> float:
        return math.log((1 - self.true_deleted) / self.false_confirmed)

    def parameters(self) -> tuple[float, float, float]:
        return self.ceiling, math.log(self.true_deleted / (1 - self.false_confirmed)), 0.0


RULES = (_by_existence, _by_counts, _by_score)  # by their numbers in compiled code


def judged(life: Life, existence: Array, score: Array, misses: Array, ages: Array, recent: Array, confirmed: Array):
    """The verdicts (M,) of a rule on tracks."""
    p, columns = life.parameters(), (existence, score, misses, ages, recent, confirmed)
    if life.verdict in RULES:
        return _verdicts(RULES.index(life.verdict), p, *columns)
    return np.array([life.verdict(p, *row) for row in zip(*columns, strict=True)], dtype=np.int64)


@kernel
def verdict_of(rule, p, existence, score, misses, age, recent, confirmed):
    """The verdict of the rule of this number: one text for all of them, compiled once."""
    if rule == 0:
        return _by_existence(p, existence, score, misses, age, recent, confirmed)
    if rule == 1:
        return _by_counts(p, existence, score, misses, age, recent, confirmed)
    return _by_score(p, existence, score, misses, age, recent, confirmed)


@kernel
def _verdicts(rule, p, existence, score, misses, ages, recent, confirmed):
    out = np.empty(existence.shape[0], np.int64)
    for i in range(existence.shape[0]):
        out[i] = verdict_of(rule, p, existence[i], score[i], misses[i], ages[i], recent[i], confirmed[i])
    return out
