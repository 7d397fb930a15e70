"""What an unfinished run has done so far, kept so that nothing is lost when it is killed.

`<folder>.partial/journal.jsonl` says in its first line which scenario it belongs to, and then an episode a line;
recorded episodes lie beside it. A line that was torn is dropped: its episode is played again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from plansim.core.errors import PlansimError
from plansim.scenario.folder import make_folder, read_record, stem, write_record
from plansim.scenario.playing.trial import Finished
from plansim.scenario.result import Episode, Key

SYNC = 2.0  # s between flushes to the disk itself; a killed process loses nothing, a power cut at most these


class UnfinishedRun(PlansimError):
    """There is a journal that this run may neither continue nor throw away unasked."""


class Journal:
    def __init__(self, folder: Path, header: Mapping[str, Any], finished: Mapping[Key, Finished]):
        self.folder, self.finished = folder, dict(finished)
        draft = folder / "journal.jsonl.new"
        lines = [json.dumps(header), *(_line(done) for done in finished.values())]
        draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
        draft.replace(folder / "journal.jsonl")
        self._file = os.open(folder / "journal.jsonl", os.O_WRONLY | os.O_APPEND)
        self._synced = time.monotonic()

    def add(self, finished: Finished) -> None:
        """Keeps an episode. The record is on disk before the line that promises it."""
        if finished.record is not None:
            write_record(self.folder / "trajectories" / f"{stem(finished.episode.key)}.npz", finished.record)
        os.write(self._file, f"{_line(finished)}\n".encode())  # one call, so that an interrupt cannot split it
        self.finished[finished.episode.key] = finished
        if time.monotonic() - self._synced > SYNC:
            os.fsync(self._file)
            self._synced = time.monotonic()

    def close(self) -> None:
        os.close(self._file)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def partial_folder(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.partial")


def open_journal(folder: Path, header: Mapping[str, Any], *, resume: bool, fresh: bool) -> Journal:
    """The journal of the run that will fill the folder: a new one, or with `resume` the one that was left."""
    partial = partial_folder(folder)
    if fresh:
        shutil.rmtree(partial, ignore_errors=True)
    finished: dict[Key, Finished] = {}
    if (partial / "journal.jsonl").exists():
        lines = list(_lines(partial / "journal.jsonl"))
        if len(lines) > 1 and not resume:
            raise UnfinishedRun(
                f"{partial} holds {len(lines) - 1} episodes of an unfinished run; "
                "continue it with --resume, or throw it away with --fresh"
            )
        if len(lines) > 1:
            _same_scenario(partial, lines[0], header)
        finished = {done.episode.key: done for done in _episodes(partial, lines[1:])}
    make_folder(partial)
    return Journal(partial, header, finished)


def header_of(scenario: Mapping[str, Any], version: str) -> dict[str, Any]:
    """Names the run that a journal belongs to: all that changes an episode, and not which episodes there are."""
    kept = {k: v for k, v in scenario.items() if k not in ("seed", "episodes", "description", "expect")}
    return json.loads(json.dumps({"plansim": version, "scenario": kept, "hash": digest(kept)}, default=str))


def digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def _line(finished: Finished) -> str:
    row = {**vars(finished.episode), "recorded": finished.record is not None}
    return json.dumps(row | ({"traceback": finished.traceback} if finished.traceback else {}))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_bytes().split(b"\n"):
        try:
            row = json.loads(line)
        except ValueError:  # torn, or the empty end
            continue
        if isinstance(row, dict):
            yield row


def _episodes(folder: Path, lines: Iterable[dict[str, Any]]) -> Iterator[Finished]:
    names = [field.name for field in dataclasses.fields(Episode)]
    for line in lines:
        try:
            episode = Episode(**{name: line[name] for name in names})
            record = read_record(folder / "trajectories" / f"{stem(episode.key)}.npz") if line["recorded"] else None
        except Exception:  # whatever is wrong with it, the episode can be played again
            continue
        yield Finished(episode, record, line.get("traceback", ""))


def _same_scenario(partial: Path, theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
    if theirs.get("hash") == ours["hash"] and theirs.get("plansim") == ours["plansim"]:
        return
    before, now = (dict(_flat({"plansim": h.get("plansim"), **h.get("scenario", {})})) for h in (theirs, ours))
    paths = [path for path in {**before, **now} if before.get(path) != now.get(path)]
    shown = [f"  {path}: {before.get(path)!r} then, {now.get(path)!r} now" for path in paths[:8]]
    raise UnfinishedRun(
        "\n".join([f"{partial} belongs to another run; resume that one, or throw it away with --fresh:", *shown])
    )


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _flat(part, f"{path}.{key}" if path else str(key))
    else:
        yield path, value
