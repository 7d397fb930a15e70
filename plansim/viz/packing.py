"""Arrays and maps as short text inside a page: base64 of small integers, and of PNG."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np

from plansim.core.arrays import Array

LONGEST_SIDE = 1600  # pixels of a map in a page; a larger one is shrunk, its walls kept


def pack(values: Array, step: float) -> dict[str, Any]:
    """Values rounded to `step`: offset + step * integer, the lowest integer meaning NaN."""
    values = np.asarray(values, float)
    finite = np.isfinite(values)
    low, high = (values[finite].min(), values[finite].max()) if finite.any() else (0.0, 0.0)
    offset = round((low + high) / 2 / step) * step
    kind = np.int16 if (high - low) / step < 2**16 - 4 else np.int32
    step = max(step, (high - low) / (2**32 - 4))
    integers = np.full(values.shape, np.iinfo(kind).min, kind)
    integers[finite] = np.round((values[finite] - offset) / step).astype(kind)
    return {
        "type": "i2" if kind is np.int16 else "i4",
        "shape": list(values.shape),
        "step": step,
        "offset": offset,
        "data": base64.b64encode(integers.astype(integers.dtype.newbyteorder("<")).tobytes()).decode(),
    }


def unpack(packed: dict[str, Any]) -> Array:
    """What the page's script reads; the inverse of `pack` up to half a step."""
    integers = np.frombuffer(base64.b64decode(packed["data"]), "<" + packed["type"])
    values = packed["offset"] + packed["step"] * integers.astype(float)
    values[integers == np.iinfo(integers.dtype).min] = np.nan
    return values.reshape(packed["shape"])


def png(levels: Array) -> str:
    """Grey levels (H, W) of 0..255, row 0 lowest, as a data address with the highest row on top."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(levels[::-1]).astype(np.uint8)).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def shrink(levels: Array) -> tuple[Array, int]:
    """Grey levels with no side longer than LONGEST_SIDE, and how many cells a pixel is; the highest level survives."""
    factor = -(-max(levels.shape) // LONGEST_SIDE)
    if factor == 1:
        return levels, 1
    rows, columns = (-(-n // factor) for n in levels.shape)
    missing = ((0, rows * factor - levels.shape[0]), (0, columns * factor - levels.shape[1]))
    padded = np.pad(levels, missing, mode="edge")
    return padded.reshape(rows, factor, columns, factor).max((1, 3)), factor
