"""Portable graymaps (netpbm PGM), plain P2 and binary P5, with comments and any depth up to 16 bit."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.core.input_files import malformed, read_bytes, whole_number

_WORD = re.compile(rb"(?:\s|#[^\r\n]*)*([^\s#]+)")
_COMMENT = re.compile(rb"#[^\r\n]*")


def read_pgm(path: str | Path) -> Array:
    """Brightness of each pixel in [0, 1], (H, W), the top row first."""
    path = Path(path)
    data = read_bytes(path)
    if data[:2] not in (b"P2", b"P5"):
        malformed(path, 1, f"the file begins with {data[:2]!r}, but a graymap begins with P2 or P5")
    width, height, maxval, end = _header(path, data)
    pixels = _plain(path, data, end) if data[:2] == b"P2" else _binary(path, data, end, width * height, maxval)
    if len(pixels) != width * height:
        malformed(path, None, f"the file holds {len(pixels)} pixels, but {width} x {height} need {width * height}")
    if pixels.max() > maxval:
        malformed(path, None, f"a pixel is {pixels.max()}, but the header says that the largest value is {maxval}")
    return pixels.reshape(height, width) / maxval


def write_pgm(pixels: Array, path: str | Path, maxval: int = 255, plain: bool = False) -> None:
    """Whole numbers (H, W) from 0 to maxval, the top row first, as P5, or as P2 where it shall be `plain` text."""
    pixels = np.asarray(pixels)
    if not 0 < maxval < 65536 or pixels.ndim != 2 or not pixels.size or pixels.min() < 0 or pixels.max() > maxval:
        raise MalformedInput(f"{path}: pixels must be (H, W), from 0 to maxval, and maxval ({maxval}) below 65536")
    header = f"{'P2' if plain else 'P5'}\n{pixels.shape[1]} {pixels.shape[0]}\n{maxval}\n".encode()
    if plain:
        body = "".join(" ".join(map(str, row)) + "\n" for row in pixels.tolist()).encode()
    else:
        body = pixels.astype(_sample(maxval)).tobytes()
    Path(path).write_bytes(header + body)


def _header(path: Path, data: bytes) -> tuple[int, int, int, int]:
    """Width, height, largest value, and where the header ends."""
    numbers, end = [], 2
    for name in ("width", "height", "maxval"):
        word = _WORD.match(data, end)
        if word is None:
            malformed(path, _line(data, end), f"the file ends where its {name} should stand")
        end = word.end()
        numbers.append(whole_number(path, _line(data, word.start(1)), name, word[1].decode("latin-1"), least=1))
    if numbers[2] > 65535:
        malformed(path, _line(data, end), f"maxval is {numbers[2]}, but must be below 65536")
    return numbers[0], numbers[1], numbers[2], end


def _plain(path: Path, data: bytes, start: int) -> Array:
    words = _COMMENT.sub(b"", data[start:]).split()
    if not all(map(bytes.isdigit, words)):
        while (word := _WORD.match(data, start)) is not None:
            start = word.end()
            whole_number(path, _line(data, word.start(1)), "pixel", word[1].decode("latin-1"))
    return np.array(words, dtype=np.int64) if words else np.empty(0, np.int64)


def _binary(path: Path, data: bytes, start: int, count: int, maxval: int) -> Array:
    sample = _sample(maxval)
    raster = data[start + 1 : start + 1 + count * sample.itemsize]  # one white space ends the header
    if len(raster) < count * sample.itemsize:
        needed = f"{count} pixels of {sample.itemsize} byte need {count * sample.itemsize}"
        malformed(path, None, f"the file is cut short: {len(raster)} bytes follow the header, but {needed}")
    return np.frombuffer(raster, sample)


def _sample(maxval: int) -> np.dtype:
    return np.dtype(np.uint8 if maxval < 256 else ">u2")


def _line(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1
