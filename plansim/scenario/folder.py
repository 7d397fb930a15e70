"""The folder of a run: what is written there, and how it is read back."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from plansim.core.errors import MalformedInput, PlansimError
from plansim.scenario.metrics import is_wall_clock
from plansim.scenario.reading.yaml_text import yaml_text
from plansim.scenario.result import Episode, Key, Record, Result


class UnwritableOutput(PlansimError, OSError):
    """The place where results should go cannot hold them; found before anything is run."""


def save(result: Result, folder: Path) -> Path:
    check_replaceable(folder)
    with _unwritable(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        draft.chmod(0o777 & ~_umask())
        _write(result, draft, folder)
        _swap(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _write(result: Result, folder: Path, place: Path) -> None:
    """Writes the draft of what will stand at `place`."""
    table = episodes_csv(result)
    (folder / "scenario.yaml").write_text(scenario_yaml(result.scenario, place), encoding="utf-8")
    (folder / "episodes.csv").write_text(table, encoding="utf-8")
    (folder / "timing.csv").write_text(_table(result, "timing"), encoding="utf-8")
    (folder / "summary.json").write_text(_json(_without_wall_clock(result.summary())), encoding="utf-8")
    hashes = {**result.manifest.get("hashes", {}), "episodes.csv": hashlib.sha256(table.encode()).hexdigest()}
    (folder / "manifest.json").write_text(_json({**result.manifest, "hashes": hashes}), encoding="utf-8")
    for key in result.records:
        write_record(folder / "trajectories" / f"{stem(key)}.npz", result.records[key])
    for key, traceback in result.crashes.items():
        path = folder / "crashes" / f"{stem(key)}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(traceback, encoding="utf-8")


def _swap(draft: Path, folder: Path) -> None:
    """Puts the finished draft in the folder's place; a reader sees the old result or the new one."""
    if not folder.exists():
        draft.rename(folder)
        return
    old = draft.with_name(f"{draft.name}-old")
    folder.rename(old)
    draft.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def check_replaceable(folder: Path) -> None:
    """Refuses to replace what is no result of ours."""
    with _unwritable(folder):
        foreign = folder.exists() and not (folder / "manifest.json").exists()
        if foreign and (not folder.is_dir() or any(folder.iterdir())):
            raise UnwritableOutput(f"{folder} exists and holds no result of plansim; choose another --out")


@contextlib.contextmanager
def _unwritable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, UnwritableOutput):
            raise
        raise UnwritableOutput(f"cannot write results to {folder}: {error.strerror or error}") from error


def make_folder(folder: Path) -> None:
    """Makes the folder and proves that files can be written in it."""
    with _unwritable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


# --- tables ------------------------------------------------------------------------------------------------


def episodes_csv(result: Result) -> str:
    """The same text for any number of jobs, any batch size, resumed or not."""
    return _table(result, "metrics")


def _table(result: Result, kind: str) -> str:
    timing = kind == "timing"
    names = [name for name in result.metric_names() if is_wall_clock(name) == timing]
    labelled = result.variants != ("",)
    head = ["variant"] * labelled + ["seed"] + ["status", "cause"] * (not timing)
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([*head, *names])
    for episode in result.episodes:
        values: Mapping[str, Any] = getattr(episode, kind)
        start = [episode.variant] * labelled + [episode.seed] + [episode.status, episode.cause] * (not timing)
        rows.writerow([*start, *("" if values.get(name) is None else repr(values[name]) for name in names)])
    return text.getvalue()


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _numbers(row: Mapping[str, str], skip: tuple[str, ...]) -> dict[str, float | int | None]:
    return {name: _number(text) for name, text in row.items() if name not in skip}


def _number(text: str) -> float | int | None:
    if text == "":
        return None
    return int(text) if text.lstrip("-").isdigit() else float(text)


# --- the rest ----------------------------------------------------------------------------------------------


def stem(key: Key) -> str:
    """The name of an episode's files: "a-star-7", "7"."""
    variant, seed = key
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in variant)
    return f"{safe}-{seed}" if variant else str(seed)


def write_record(path: Path, record: Record) -> None:
    path.parent.mkdir(exist_ok=True)
    np.savez_compressed(path, **record)


def read_record(path: Path) -> Record:
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


class Records(Mapping[Key, Record]):
    """The recorded episodes of a folder, each read when it is asked for."""

    def __init__(self, folder: Path, keys: list[Key]):
        paths = {key: folder / f"{stem(key)}.npz" for key in keys}
        self.paths = {key: path for key, path in paths.items() if path.exists()}

    def __getitem__(self, key: Key) -> Record:
        return read_record(self.paths[key])

    def __iter__(self) -> Iterator[Key]:
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)


def load(folder: Path) -> Result:
    if not (folder / "manifest.json").exists():
        raise MalformedInput(f"{folder} is no folder of results: it has no manifest.json")
    timing = {_key(row): _numbers(row, ("variant", "seed")) for row in _rows(folder / "timing.csv")}
    labels = ("variant", "seed", "status", "cause")
    episodes = tuple(
        Episode(*_key(row), row["status"], row["cause"], _numbers(row, labels), timing.get(_key(row), {}))
        for row in _rows(folder / "episodes.csv")
    )
    keys = [episode.key for episode in episodes]
    crashes = {key: folder / "crashes" / f"{stem(key)}.txt" for key in keys}
    return Result(
        read_scenario(folder / "scenario.yaml"),
        episodes,
        Records(folder / "trajectories", keys),
        json.loads((folder / "manifest.json").read_text(encoding="utf-8")),
        {key: path.read_text(encoding="utf-8") for key, path in crashes.items() if path.exists()},
    )


def _key(row: Mapping[str, str]) -> Key:
    return row.get("variant", ""), int(row["seed"])


def scenario_yaml(scenario: Any, folder: Path | None = None) -> str:
    """The scenario with every default filled in; its files as seen from the folder."""
    return yaml_text(scenario.resolved(folder))


def read_scenario(path: Path) -> Any:
    """The scenario as it was run; what it names need not exist on this machine."""
    import dataclasses

    import yaml

    from plansim.scenario.schema import Scenario

    contents = yaml.safe_load(path.read_text(encoding="utf-8"))
    values = {field.name: contents[field.name] for field in dataclasses.fields(Scenario) if field.name in contents}
    return Scenario(**{**values, "metrics": tuple(values["metrics"]), "path": str(path)})


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _without_wall_clock(summary: dict[str, Any]) -> dict[str, Any]:
    variants = {
        label: {name: part for name, part in of.items() if name != "timing"}
        for label, of in summary["variants"].items()
    }
    return {**summary, "variants": variants}
