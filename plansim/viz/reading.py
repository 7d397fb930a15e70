"""Reads a record at chosen moments, whatever shapes its arrays have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from plansim.core.arrays import Array


@dataclass(frozen=True)
class Ragged:
    """Arrays (., d) that change from moment to moment, each distinct one kept once."""

    values: Array  # (sum of their lengths, d)
    offsets: Array  # (count + 1,) int
    index: Array  # (F,) int, which array holds at a frame; -1 where none does

    def at(self, frame: int) -> Array:
        i = self.index[frame]
        return self.values[self.offsets[i] : self.offsets[i + 1]] if i >= 0 else self.values[:0]

    def thinned(self, most: int) -> Ragged:
        """At most `most` rows of each array, evenly taken, and only the arrays that some frame shows."""
        used = np.unique(self.index[self.index >= 0])
        parts = [_thin(self.values[self.offsets[i] : self.offsets[i + 1]], most) for i in used]
        offsets = np.concatenate(([0], np.cumsum([len(part) for part in parts]))).astype(int)
        values = np.concatenate(parts) if parts else self.values[:0]
        return Ragged(values, offsets, np.where(self.index >= 0, np.searchsorted(used, self.index), -1))


def _thin(rows: Array, most: int) -> Array:
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).round().astype(int)]


def stacked(record: dict[str, Array], *keys: str) -> dict[str, Array]:
    """The record with one array a step again for those keys of which it keeps each distinct array once."""
    again = dict(record)
    for key in keys:
        if f"{key}.values" in record and key not in record:
            offsets = record[f"{key}.offsets"].astype(int)
            lengths = set(np.diff(offsets))
            if len(lengths) == 1:
                values = record[f"{key}.values"]
                again[key] = values.reshape(-1, lengths.pop(), *values.shape[1:])[record[f"{key}.index"].astype(int)]
    return again


def moments(record: Mapping[str, Array]) -> int:
    """T + 1: before the first step and after each."""
    lengths = [len(v) for k, v in record.items() if k.split(".")[0] in ("observation", "info") and whole(k) and v.ndim]
    return (
        max(lengths) if lengths else max((len(record[k]) + 1 for k in ("action", "reward") if k in record), default=0)
    )


def whole(key: str) -> bool:
    return not key.endswith((".values", ".offsets", ".index"))


class Reader:
    """Reads a record at chosen steps; what ended earlier (a crash, a last trace) holds its last value."""

    def __init__(self, record: dict[str, Array], steps: Array) -> None:
        self.record, self.steps = record, steps

    def rows(self, key: str) -> Array | None:
        value = self.record.get(key)
        if value is None or not value.ndim or not len(value) or value.dtype.kind not in "fiub":
            return None
        return value[np.minimum(self.steps, len(value) - 1)].astype(float)

    def arrived(self, key: str) -> Array | None:
        """What came with the step to each moment (a reward, an action), NaN before the first step."""
        value = self.record.get(key)
        if value is None or not value.ndim or not len(value) or value.dtype.kind not in "fiub":
            return None
        taken = value[np.clip(self.steps - 1, 0, len(value) - 1)].astype(float)
        taken[self.steps == 0] = np.nan
        return taken

    def ragged(self, key: str) -> Ragged | None:
        value = self.record.get(f"{key}.values")
        if value is not None and value.ndim == 2:
            index = self.record[f"{key}.index"]
            if not len(index):
                return None
            shown = index[np.minimum(self.steps, len(index) - 1)].astype(int)
            return Ragged(value.astype(float), self.record[f"{key}.offsets"].astype(int), shown)
        value = self.record.get(key)
        if value is None or value.ndim != 3 or not len(value):
            return None
        shown = np.minimum(self.steps, len(value) - 1)
        if np.array_equal(value, np.broadcast_to(value[:1], value.shape)):
            value, shown = value[:1], np.zeros_like(shown)
        offsets = np.arange(len(value) + 1) * value.shape[1]
        return Ragged(value.reshape(-1, value.shape[2]).astype(float), offsets, shown)
