"""What a run has found: its episodes, what they add up to, and whether the scenario's expectations were met."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plansim.core.arrays import Array
from plansim.scenario.expectations import Expectation, judge
from plansim.scenario.metrics import is_rate, is_wall_clock
from plansim.scenario.statistics import Estimate, student, wilson

if TYPE_CHECKING:
    from plansim.scenario.schema import Scenario

Key = tuple[str, int]  # (variant, seed): what names an episode
Record = dict[str, Array]  # one recorded episode, see `plansim.scenario.playing.record`


@dataclass(frozen=True)
class Episode:
    """One row of `episodes.csv`."""

    variant: str
    seed: int
    status: str = "ok"  # "ok", "crashed", "timeout"
    cause: str = ""  # why it failed: "collision", "policy returned NaN at step 12 (action[1])"
    metrics: Mapping[str, float | int | None] = field(default_factory=dict)
    timing: Mapping[str, float | int | None] = field(default_factory=dict)  # wall clock, never reproducible

    @property
    def key(self) -> Key:
        return self.variant, self.seed


@dataclass(frozen=True, eq=False)
class Result:
    scenario: Scenario
    episodes: tuple[Episode, ...]  # by variant, in the scenario's order, then by seed
    records: Mapping[Key, Record] = field(default_factory=dict, repr=False)
    manifest: Mapping[str, Any] = field(default_factory=dict, repr=False)
    crashes: Mapping[Key, str] = field(default_factory=dict, repr=False)  # tracebacks

    @property
    def variants(self) -> tuple[str, ...]:
        """The labels in order; ("",) for a scenario without variants."""
        return tuple(dict.fromkeys(episode.variant for episode in self.episodes))

    def of(self, variant: str) -> tuple[Episode, ...]:
        return tuple(episode for episode in self.episodes if episode.variant == variant)

    def metric_names(self) -> tuple[str, ...]:
        """The scenario's metrics in its order, wall clock last."""
        names = dict.fromkeys(name for episode in self.episodes for name in (*episode.metrics, *episode.timing))
        return tuple(sorted(names, key=is_wall_clock))

    def values(self, metric: str, variant: str = "") -> list[float]:
        """The metric over the episodes that report it; a crash counts where success is counted, nowhere else."""
        episodes = self.of(variant)
        finished = [row for row in (_value(e, metric) for e in episodes if e.status == "ok") if row is not None]
        if not finished and any(episode.status == "ok" for episode in episodes):
            return []  # this environment knows no such thing
        return finished + [v for v in (_value(e, metric) for e in episodes if e.status != "ok") if v is not None]

    def estimate(self, metric: str, variant: str = "") -> Estimate:
        """Mean and 95 % interval: Wilson's for a rate, Student's t for a mean."""
        values = self.values(metric, variant)
        return wilson(values) if is_rate(metric, values) else student(values)

    def summary(self) -> dict[str, Any]:
        """JSON-able: per variant its metrics (mean, low, high, n), wall clock apart, and its failures by cause."""
        return {
            "scenario": self.scenario.name,
            "episodes": len(self.episodes),
            "variants": {variant: self._summary_of(variant) for variant in self.variants},
            "expectations": [_finite(line._asdict()) for line in self.expectations()],
            "met": self.met,
        }

    def _summary_of(self, variant: str) -> dict[str, Any]:
        names, episodes = self.metric_names(), self.of(variant)
        estimates = {name: _finite(self.estimate(name, variant)._asdict()) for name in names}
        return {
            "episodes": len(episodes),
            "status": dict(sorted(Counter(episode.status for episode in episodes).items())),
            "metrics": {name: estimates[name] for name in names if not is_wall_clock(name)},
            "timing": {name: estimates[name] for name in names if is_wall_clock(name)},
            "failures": dict(Counter(episode.cause for episode in episodes if episode.cause).most_common()),
        }

    def expectations(self) -> list[Expectation]:
        return judge(self.scenario.expect, self.variants, lambda metric, variant: self.estimate(metric, variant).mean)

    @property
    def met(self) -> bool:
        return all(line.met for line in self.expectations())

    @property
    def broken(self) -> tuple[Episode, ...]:
        """The episodes that crashed or timed out."""
        return tuple(episode for episode in self.episodes if episode.status != "ok")

    def save(self, folder: str | Path) -> Path:
        """Writes everything into the folder, whole or not at all; an older result there is replaced."""
        from plansim.scenario.folder import save

        return save(self, Path(folder))

    @classmethod
    def load(cls, folder: str | Path) -> Result:
        """Reads what `save` wrote; recorded episodes are read when they are asked for."""
        from plansim.scenario.folder import load

        return load(Path(folder))


def _value(episode: Episode, metric: str) -> float | int | None:
    return episode.timing.get(metric) if is_wall_clock(metric) else episode.metrics.get(metric)


def _finite(row: dict[str, Any]) -> dict[str, Any]:
    """JSON has no NaN and no infinity."""
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}
