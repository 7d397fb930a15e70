"""Walking people as BIWI recorded them (Pellegrini, Ess, Schindler and van Gool 2009): `obsmat.txt`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from plansim.core.detection_log import DetectionLog, of_courses
from plansim.core.errors import MalformedInput
from plansim.core.input_files import malformed
from plansim.core.text_tables import frame_of, number_of, table_lines, whole_of

_COLUMNS = ("frame", "pedestrian", "x", "z", "y", "vx", "vz", "vy")


def read_pedestrians(path: str | Path, frame_rate: float = 15.0) -> DetectionLog:
    """The people's places on the ground, which stand for detections. Frames without anybody are left out at the ends.

    frame_rate: frames of the film a second; every sixth was marked, so that a step is 0.4 s
    """
    if not 0 < frame_rate < np.inf:
        raise MalformedInput(f"frame_rate is {frame_rate}, but must be a positive number of frames a second")
    path, rows = Path(path), []
    for line, words in table_lines(path, None):
        if len(words) != len(_COLUMNS):
            malformed(path, line, f"found {len(words)} columns, but a place has {len(_COLUMNS)}: {', '.join(_COLUMNS)}")
        frame, person = frame_of(path, line, words[0], 0), whole_of(path, line, "pedestrian", words[1])
        rows.append([frame, person, *(number_of(path, line, _COLUMNS[k], words[k]) for k in (2, 4))])
    if not rows:
        malformed(path, None, "the file holds nothing")
    table = np.array(rows, dtype=float)
    film = table[:, 0].astype(int)
    step = int(np.median(np.diff(np.unique(film)))) if len(np.unique(film)) > 1 else 1
    frames = np.rint((film - film.min()) / step).astype(int)
    _, once = np.unique(np.column_stack((frames, table[:, 1])), axis=0, return_index=True)
    times = np.arange(frames.max() + 1) * step / frame_rate
    return of_courses(times, frames[once], table[once, 1].astype(int), table[once, 2:4], title=path.stem)
