"""Runs a scenario: every variant, every seed, as many at a time as asked for, and nothing lost on the way."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout
from plansim.planning.base import Stopwatch
from plansim.scenario.expectations import metrics_in
from plansim.scenario.folder import check_replaceable
from plansim.scenario.manifest import manifest
from plansim.scenario.metrics import columns_for, is_wall_clock
from plansim.scenario.playing.executor import Executor, InProcess, Lost, ProcessPool
from plansim.scenario.playing.journal import Journal, digest, header_of, open_journal
from plansim.scenario.playing.seeds import seeds_text
from plansim.scenario.playing.task import Portable, Task, play
from plansim.scenario.playing.trial import Finished, Rules
from plansim.scenario.result import Episode, Key, Result

if TYPE_CHECKING:
    from plansim.scenario.build import Simulation
    from plansim.scenario.schema import Scenario

GRACE = 60.0  # s beyond an episode's timeout, within which a worker may load and build before it speaks


class Progress(Protocol):
    def begin(self, total: int, done: int) -> None: ...
    def add(self, episode: Episode) -> None: ...


class Interrupted(KeyboardInterrupt):
    """A run that was stopped by the user; what was done is kept where a folder was given."""

    def __init__(self, done: int, total: int, folder: Path | None):
        super().__init__(f"interrupted after {done} of {total} episodes")
        self.done, self.total, self.folder = done, total, folder


def run(
    scenario: Scenario | Simulation | str | Path,
    seeds: Sequence[int] | None = None,
    *,
    jobs: int = 1,
    batch: int = 64,
    executor: Executor | None = None,
    progress: Progress | None = None,
    folder: str | Path | None = None,
    resume: bool = False,
    fresh: bool = False,
) -> Result:
    """Plays every episode of a scenario, and says what came of them.

    The result depends on the scenario and its seeds alone: not on jobs, batch or executor, nor on interruptions.

    seeds: instead of the scenario's own
    jobs: processes; batch: episodes that share a vector environment
    folder: where the result is written, whole, at the end; until then `<folder>.partial` keeps what was done
    resume: go on with what a run that was cut short has left; fresh: throw that away
    """
    began, stopwatch = datetime.datetime.now(datetime.UTC), Stopwatch()
    whole, simulations = _prepared(scenario)
    whole, seeds = _with_seeds(whole, seeds)
    place = None if folder is None else Path(folder)
    tasks = [_task(simulation, seeds, batch) for simulation in simulations]
    order = [(task.rules.variant, seed) for task in tasks for seed in seeds]
    journal = None if place is None else _journal(place, whole, resume=resume, fresh=fresh)
    finished = {key: journal.finished[key] for key in order if key in journal.finished} if journal else {}
    if progress is not None:
        progress.begin(len(order), len(finished))
    try:
        for done in _play(_pending(tasks, finished, jobs), executor or _executor(jobs, tasks)):
            finished[done.episode.key] = done
            if journal is not None:
                journal.add(done)
            if progress is not None:
                progress.add(done.episode)
    except KeyboardInterrupt:
        raise Interrupted(len(finished), len(order), place) from None
    finally:
        if journal is not None:
            journal.close()
    about = {"began": began.isoformat(timespec="seconds"), "seconds": stopwatch.seconds, "jobs": jobs, "batch": batch}
    about |= {"seeds": seeds_text(seeds), "hashes": {"scenario": digest(whole.resolved())}}
    result = _result(whole, [finished[key] for key in order], manifest(about))
    if place is not None and journal is not None:
        result.save(place)
        journal.remove()
    return result


# --- what is to be done ------------------------------------------------------------------------------------


def _prepared(given: Any) -> tuple[Any, list[Any]]:
    """The scenario, and one simulation a variant."""
    if hasattr(given, "make_policy"):  # a Simulation, or what behaves like one
        return given.scenario, [given]
    from plansim.scenario.build import build
    from plansim.scenario.load import load

    scenario = load(given) if isinstance(given, str | Path) else given
    return scenario, [build(scenario, variant) for variant in scenario.variants or ("",)]


def _with_seeds(scenario: Any, seeds: Sequence[int] | None) -> tuple[Any, list[int]]:
    """The scenario that says itself which seeds were run, where it can."""
    if seeds is None:
        return scenario, list(scenario.seeds)
    seeds = sorted({int(seed) for seed in seeds})
    if not seeds:
        raise MalformedInput("there are no seeds to run")
    if seeds == list(range(seeds[0], seeds[0] + len(seeds))):
        scenario = dataclasses.replace(scenario, seed=seeds[0], episodes=len(seeds))
    return scenario, seeds


def _task(simulation: Any, seeds: Sequence[int], batch: int) -> Task:
    own = simulation.scenario  # a variant may change what is measured
    recorded = seeds if own.record == "all" else seeds[: own.record]
    names = tuple(dict.fromkeys([*own.metrics, *metrics_in(own.expect, own.variants)]))
    dt, state = _told(simulation) if _ask_the_world(names) else (None, None)
    rules = Rules(names, own.max_steps, own.timeout, frozenset(recorded), simulation.variant, dt, state)
    return Task(Portable(simulation), tuple(seeds), rules, batch)


def _ask_the_world(names: Sequence[str]) -> bool:
    """Whether a metric needs to know the length of a step, or which numbers of a state are angles."""
    return bool({"mean_speed", "action_rate"} & set(names)) or "info.state" in columns_for(names)


def _told(simulation: Any) -> tuple[float | None, Layout | None]:
    """The environment's step in seconds, and the layout of its state."""
    env = simulation.make_env()
    world = getattr(env.unwrapped, "world", env.unwrapped)
    dt, state = getattr(world, "dt", None), getattr(world, "state", None)
    env.close()
    return None if dt is None else float(dt), state if isinstance(state, Layout) else None


def _pending(tasks: Iterable[Task], finished: Mapping[Key, Any], jobs: int) -> list[Task]:
    """What is left of the tasks, in pieces small enough to share out and large enough to batch."""
    pieces = []
    for task in tasks:
        seeds = [seed for seed in task.seeds if (task.rules.variant, seed) not in finished]
        size = len(seeds) if jobs == 1 else min(-(-len(seeds) // jobs), max(task.batch, -(-len(seeds) // (4 * jobs))))
        pieces += [_with(task, seeds[i : i + size]) for i in range(0, len(seeds), size or 1)]
    return pieces


def _with(task: Task, seeds: Iterable[int], batch: int | None = None) -> Task:
    return Task(task.simulation, tuple(seeds), task.rules, batch or task.batch)


# --- doing it ----------------------------------------------------------------------------------------------


def _executor(jobs: int, tasks: Sequence[Task]) -> Executor:
    if jobs == 1:
        return InProcess()
    timeouts = [task.rules.timeout for task in tasks]
    known = [timeout for timeout in timeouts if timeout is not None]
    return ProcessPool(jobs, max(known) + GRACE if len(known) == len(timeouts) else None)


def _play(tasks: list[Task], executor: Executor) -> Iterator[Finished]:
    """All episodes of the tasks. Those of a lost worker are tried once more, alone, and then given up."""
    missing = {(task.rules.variant, seed): task for task in tasks for seed in task.seeds}
    for last in (False, True):
        again = [_with(task, [seed], 1) for (_, seed), task in missing.items()] if last else tasks
        for done in executor.map(play, again):
            if not isinstance(done, Lost):
                missing.pop(done.episode.key, None)
                yield done
            elif last:
                missing.pop((done.task.rules.variant, done.task.seeds[0]))
                yield _lost(done)
        if not missing:
            return


def _lost(lost: Lost) -> Finished:
    rules, seed = lost.task.rules, lost.task.seeds[0]
    nothing = {name: 0 if name == "success" else None for name in rules.metrics if not is_wall_clock(name)}
    status = "timeout" if lost.silent else "crashed"
    cause = f"not over after {rules.timeout:g} s" if lost.silent else lost.cause
    return Finished(Episode(rules.variant, seed, status, cause, nothing), traceback=f"{lost.cause}\n")


# --- what came of it ---------------------------------------------------------------------------------------


def _journal(folder: Path, scenario: Any, *, resume: bool, fresh: bool) -> Journal:
    from plansim import __version__

    check_replaceable(folder)
    return open_journal(folder, header_of(scenario.resolved(), __version__), resume=resume, fresh=fresh)


def _result(scenario: Any, finished: Sequence[Finished], about: Mapping[str, Any]) -> Result:
    return Result(
        scenario,
        tuple(done.episode for done in finished),
        {done.episode.key: done.record for done in finished if done.record is not None},
        about,
        {done.episode.key: done.traceback for done in finished if done.traceback},
    )
