"""One recorded episode as arrays: what a picture, an animation or a closer look needs.

"action" (T, ...), "reward" (T,), "observation" or "observation.<key>" (T + 1, ...), "info.<key>" (T + 1, ...), and
"trace.<key>" (T, ...): what the policy's `trace()` said after each act. A trace that changes its shape, or that rarely
changes at all (a path), keeps each distinct array once: "trace.<key>.values" has their rows one below the other,
"trace.<key>.offsets" (count + 1,) where each begins, "trace.<key>.index" (T,) which one held at each step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from plansim.core.arrays import Array
from plansim.scenario.result import Record

Columns = dict[str, list[Any]]


def keep(columns: Columns, prefix: str, value: Any) -> None:
    """Adds a row to the columns: one for an array or a number, one a key for a mapping; other things are left out."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            keep(columns, f"{prefix}.{key}", part)
    elif isinstance(value, tuple):
        keep(columns, prefix, dict(enumerate(value)))
    else:
        array = _kept(value) if not isinstance(value, str) else np.empty(0, object)
        if array.dtype.kind in "biuf":
            columns.setdefault(prefix, []).append(array)


def _kept(value: Any) -> Array:
    """A copy, for arrays may be reused; not of those that nobody can change."""
    lasting = isinstance(value, np.ndarray) and value.base is None and not value.flags.writeable
    return value if lasting else np.array(value)


def to_record(columns: Columns, steps: int) -> Record:
    """The columns of a finished episode, stacked; what was not there at every step is left out."""
    record: Record = {}
    for name, rows in columns.items():
        kind = name.split(".")[0]
        length = steps + (kind in ("observation", "info"))
        if kind == "info" and len(rows) == steps > 0:
            rows = [_unknown(rows[0]), *rows]  # the reset did not say
        if len(rows) != length:
            continue
        if kind == "trace":
            record.update(_trace(name, rows))
        elif _one_shape(rows):
            record[name] = np.stack(rows)
    return record


def _unknown(like: Array) -> Array:
    return np.full(np.shape(like), np.nan)


def _one_shape(rows: Iterable[Array]) -> bool:
    return len({np.shape(row) for row in rows}) == 1


def _trace(name: str, rows: list[Array]) -> Record:
    if not rows or rows[0].ndim == 0 or (rows[0].ndim == 1 and _one_shape(rows)):
        return {name: np.stack(rows)} if _one_shape(rows) else {}
    distinct: list[Array] = []
    index = []
    for row in rows:
        if not distinct or not (row is distinct[-1] or np.array_equal(row, distinct[-1])):
            distinct.append(row)
        index.append(len(distinct) - 1)
    if _one_shape(rows) and 2 * len(distinct) > len(rows):
        return {name: np.stack(rows)}
    if not _one_shape(row[:1] for row in distinct if len(row)):
        return {}
    filled = [row for row in distinct if len(row)] or distinct[:1]
    offsets = np.cumsum([0, *(len(row) for row in distinct)])
    return {
        f"{name}.values": np.concatenate(filled),
        f"{name}.offsets": offsets,
        f"{name}.index": np.array(index),
    }
