"""Logs of real robots with a laser, as CARMEN writes them (`.log`, `.clf`): the public data sets of Radish are such.

A scan is a line `FLASER n r_1 ... r_n x y heading odometry_x odometry_y odometry_heading ipc_time host log_time`, its
beams evenly spread over half a turn from the right to the left. All other lines are passed over.
"""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path
from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.input_files import malformed, read_bytes

AFTER_RANGES = 9  # words


class LaserLog(NamedTuple):
    """Scans of a laser in front of a robot, in the order of the file."""

    ranges: Array  # (T, beams) m; at or beyond the laser's reach where nothing returned
    poses: Array  # (T, 3) of the laser: m, m, rad; of a corrected log, the corrected ones
    odometry: Array  # (T, 3) of the robot, as its wheels have it
    times: Array  # (T,) s, since the log began; not always rising


def read_carmen(path: str | Path) -> LaserLog:
    """The scans of a log, which may be packed by gzip or bzip2."""
    path = Path(path)
    rows: list[list[float]] = []
    for number, line in enumerate(_unpacked(path).splitlines(), start=1):
        if not line.startswith("FLASER "):
            continue
        words = line.split()
        beams = int(words[1]) if words[1].isdigit() else -1
        if len(words) != 2 + beams + AFTER_RANGES:
            malformed(path, number, f"a scan of {words[1]} beams has {beams + 11} words, but here are {len(words)}")
        if rows and len(rows[0]) != beams + 7:
            malformed(path, number, f"the scan has {beams} beams, but those before it {len(rows[0]) - 7}")
        try:
            rows.append([float(word) for word in (*words[2 : 8 + beams], words[-1])])
        except ValueError:
            malformed(path, number, "a range, a pose or the time is no number")
    if not rows:
        malformed(path, None, "holds no line FLASER: no scan of a laser in front")
    table = np.array(rows)
    return LaserLog(table[:, :-7], table[:, -7:-4], table[:, -4:-1], table[:, -1])


def _unpacked(path: Path) -> str:
    data = read_bytes(path)
    try:
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        elif data[:3] == b"BZh":
            data = bz2.decompress(data)
    except (OSError, EOFError, ValueError) as error:
        malformed(path, None, f"cannot be unpacked: {error}")
    return data.decode(errors="replace")
