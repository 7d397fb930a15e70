"""MOTChallenge's text files: boxes in the images of a film, detected or followed (Leal-Taixé et al. 2015)."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.detection_log import DetectionLog, first_rows, with_velocities
from plansim.core.errors import MalformedInput
from plansim.core.input_files import malformed
from plansim.core.text_tables import frame_of, number_of, table_lines, whole_of

_COLUMNS = ("frame", "id", "left", "top", "width", "height", "confidence")


class ImageBoxes(NamedTuple):
    """Boxes frame by frame; the first frame is 0."""

    frames: Array  # (N,) int
    ids: Array  # (N,) int, -1 for a detection
    boxes: Array  # (N, 4) left, top, width, height in pixels
    confidence: Array  # (N,)


def read_image_boxes(path: str | Path) -> ImageBoxes:
    """The boxes of a `gt.txt`, `det.txt` or a tracker's result."""
    path = Path(path)
    rows: list[list[float]] = []
    for line, words in table_lines(path, ","):
        if len(words) < len(_COLUMNS):
            malformed(path, line, f"found {len(words)} columns, but a box has {len(_COLUMNS)}: {', '.join(_COLUMNS)}")
        rows.append([frame_of(path, line, words[0], 1), whole_of(path, line, "id", words[1])])
        rows[-1] += [number_of(path, line, name, word) for name, word in zip(_COLUMNS[2:], words[2:], strict=False)]
        if not min(rows[-1][4:6]) > 0:
            malformed(path, line, f"width and height are {words[4]} and {words[5]}, but must be positive")
    if not rows:
        malformed(path, None, "the file holds nothing")
    table = np.array(rows, dtype=float)
    table = table[np.argsort(table[:, 0], kind="stable")]
    return ImageBoxes(table[:, 0].astype(int) - 1, table[:, 1].astype(int), table[:, 2:6], table[:, 6])


def read_motchallenge(
    detections: str | Path,
    labels: str | Path | None = None,
    frame_rate: float = 25.0,
    least_confidence: float = -np.inf,
) -> DetectionLog:
    """A film as the middles of boxes, in pixels from the left and from the top; the targets are the labels.

    Labels of confidence 0 are none, as the format has it. A detection's `boxes` row is left, top, width, height.
    """
    if not 0 < frame_rate < np.inf:
        raise MalformedInput(f"frame_rate is {frame_rate}, but must be a positive number of frames a second")
    found = read_image_boxes(detections)
    sure = found.confidence >= least_confidence
    known = ImageBoxes(*(np.empty((0, *part.shape[1:]), part.dtype) for part in found))
    if labels is not None:
        known = read_image_boxes(labels)
        known = ImageBoxes(*(part[known.confidence != 0] for part in known))
    count = 1 + int(max(found.frames.max(initial=0), known.frames.max(initial=0)))
    times = np.arange(count) / frame_rate
    return DetectionLog(
        times,
        _middles(found.boxes[sure]),
        first_rows(found.frames[sure], count),
        with_velocities(_middles(known.boxes), known.ids, times[known.frames], labels),
        known.ids,
        first_rows(known.frames, count),
        scores=found.confidence[sure],
        boxes=found.boxes[sure],
        unit="px",
        title=Path(detections).parent.name,
    )


def _middles(boxes: Array) -> Array:
    return boxes[:, :2] + 0.5 * boxes[:, 2:4]
