"""A piece of a run that can be done anywhere: some seeds of one simulation."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from plansim.scenario.playing.trial import Finished, Rules


@dataclass(frozen=True)
class Task:
    simulation: Portable
    seeds: tuple[int, ...]
    rules: Rules
    batch: int


def play(task: Task) -> Iterator[Finished | None]:
    """The work of a task: what an executor is given."""
    from plansim.scenario.playing.rollout import rollout

    yield from rollout(task.simulation.built, task.seeds, task.rules, task.batch)


@dataclass(frozen=True)
class Portable:
    """A simulation that travels as its scenario, and is built where it arrives, once in a process."""

    built: Any

    def __reduce__(self) -> tuple[Any, ...]:
        if type(self.built).__module__ != "plansim.scenario.build":
            return Portable, (self.built,)
        scenario, variant = self.built.scenario, self.built.variant
        return _rebuilt, (repr(scenario), variant, _Unhashed(scenario))


class _Unhashed(NamedTuple):
    """A scenario beside the text that stands for it in a cache."""

    scenario: Any

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Unhashed)


@functools.lru_cache(maxsize=8)
def _rebuilt(text: str, variant: str, scenario: _Unhashed) -> Portable:
    from plansim.scenario.build import build

    return Portable(build(scenario.scenario, variant))
