"""How far a run has come: a moving bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any

from plansim.scenario.result import Episode

EVERY = 10.0  # s between lines where there is no terminal


class Quiet:
    def begin(self, total: int, done: int) -> None: ...
    def add(self, episode: Episode) -> None: ...
    def close(self) -> None: ...


class _Counting(Quiet):
    """Counts the episodes and their successes."""

    def begin(self, total: int, done: int) -> None:
        self.total, self.done = total, done
        self.judged = self.successes = self.broken = self.new = 0
        self.began = self.shown = time.monotonic()

    def add(self, episode: Episode) -> None:
        self.done += 1
        self.new += 1
        self.broken += episode.status != "ok"
        success = episode.metrics.get("success")
        if success is not None:
            self.judged += 1
            self.successes += bool(success)

    def remarks(self) -> str:
        parts = [f"success {self.successes / self.judged:.0%}"] if self.judged else []
        return ", ".join(parts + ([f"{self.broken} crashed or late"] if self.broken else []))

    def seconds_left(self) -> float:
        return (time.monotonic() - self.began) / max(self.new, 1) * (self.total - self.done)


class Lines(_Counting):
    """A line every few seconds; with `verbose`, a line an episode."""

    def __init__(self, name: str, verbose: bool = False):
        self.name, self.verbose = name, verbose

    def add(self, episode: Episode) -> None:
        super().add(episode)
        if self.verbose:
            label = f"{episode.variant} seed {episode.seed}" if episode.variant else f"seed {episode.seed}"
            outcome = episode.cause or "done"
            print(f"{self.name}: {label}: {outcome}", file=sys.stderr)
        elif time.monotonic() - self.shown > EVERY:
            self.shown = time.monotonic()
            rest = f"{self.seconds_left():.0f} s left"
            print(", ".join(filter(None, [f"{self.name}: {self.done} of {self.total}", rest, self.remarks()])),
                  file=sys.stderr)  # fmt: skip


class Bar(_Counting):
    def __init__(self, name: str):
        self.name = name

    def begin(self, total: int, done: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        super().begin(total, done)
        columns: tuple[Any, ...] = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[remarks]}"),
        )
        self.bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self.task = self.bar.add_task(self.name, total=total, completed=done, remarks="")
        self.bar.start()

    def add(self, episode: Episode) -> None:
        super().add(episode)
        self.bar.update(self.task, completed=self.done, remarks=self.remarks())

    def close(self) -> None:
        if hasattr(self, "bar"):
            self.bar.stop()


def progress_for(name: str, *, quiet: bool, verbose: bool) -> Quiet:
    if quiet:
        return Quiet()
    if verbose or not sys.stderr.isatty():
        return Lines(name, verbose)
    try:
        import rich  # noqa: F401
    except ImportError:
        return Lines(name)
    return Bar(name)
