"""KITTI's tracking labels, and 3-D detections as AB3DMOT keeps them (Geiger, Lenz and Urtasun 2012; Weng et al. 2020).

The files are in the camera's frame: x right, y down, z ahead. Here x is ahead, y left and z up, of the car that
carries the camera: its own motion is in the files of neither, and so in every course.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.detection_log import DetectionLog, first_rows, with_velocities
from plansim.core.input_files import malformed
from plansim.core.layout import wrap_angle
from plansim.core.text_tables import frame_of, number_of, table_lines, whole_of

SCANS_PER_SECOND = 10.0
_LABEL = (
    "frame", "id", "category", "truncation", "occlusion", "alpha", "left", "top", "right", "bottom", "height",
    "width", "length", "x", "y", "z", "rotation",
)  # fmt: skip
_DETECTION = (
    "frame", "type", "left", "top", "right", "bottom", "score", "height", "width", "length", "x", "y", "z",
    "rotation", "alpha",
)  # fmt: skip


class KittiLabels(NamedTuple):
    """What people marked, all categories, frame by frame."""

    frames: Array  # (L,) int
    ids: Array  # (L,) int, -1 for what nobody need find
    categories: Array  # (L,) text: Car, Van, DontCare, ...
    truncation: Array  # (L,) int, 0 where all of it is in the image
    occlusion: Array  # (L,) int, 0 … 3
    image_boxes: Array  # (L, 4) left, top, width, height in pixels
    boxes: Array  # (L, 7) x y z of the middle, length, width, height, heading


class KittiDetections(NamedTuple):
    """What a detector found, frame by frame."""

    frames: Array  # (N,) int
    scores: Array  # (N,)
    image_boxes: Array  # (N, 4) left, top, width, height in pixels
    boxes: Array  # (N, 7) x y z of the middle, length, width, height, heading


def read_kitti_labels(path: str | Path) -> KittiLabels:
    """A sequence's `label_02` file."""
    path = Path(path)
    rows: list[list[float]] = []
    categories: list[str] = []
    for line, words in table_lines(path, None):
        if len(words) != len(_LABEL):
            malformed(path, line, f"found {len(words)} words, but a label has {len(_LABEL)}: {', '.join(_LABEL)}")
        categories.append(words[2])
        rows.append([frame_of(path, line, words[0], 0)])
        rows[-1] += [whole_of(path, line, _LABEL[k], words[k]) for k in (1, 3, 4)]
        rows[-1] += [number_of(path, line, _LABEL[k], words[k]) for k in range(6, 17)]
    table = _by_frame(path, rows, 15)
    order = table[:, -1].astype(int)
    frames, ids, truncation, occlusion = table[:, :4].astype(int).T
    boxes = _boxes(table[:, 8:11], table[:, 11:14], table[:, 14])
    return KittiLabels(frames, ids, np.array(categories)[order], truncation, occlusion, _image(table[:, 4:8]), boxes)


def read_kitti_detections(path: str | Path) -> KittiDetections:
    """A sequence's file of 3-D detections, one class of object, separated by commas."""
    path = Path(path)
    rows: list[list[float]] = []
    for line, words in table_lines(path, ","):
        if len(words) != len(_DETECTION):
            malformed(
                path, line, f"found {len(words)} words, but a detection has {len(_DETECTION)}: {', '.join(_DETECTION)}"
            )
        rows.append([frame_of(path, line, words[0], 0)])
        rows[-1] += [number_of(path, line, _DETECTION[k], words[k]) for k in range(2, 14)]
    table = _by_frame(path, rows, 13)
    boxes = _boxes(table[:, 6:9], table[:, 9:12], table[:, 12])
    return KittiDetections(table[:, 0].astype(int), table[:, 5], _image(table[:, 1:5]), boxes)


def read_kitti_tracking(
    labels: str | Path,
    detections: str | Path | None = None,
    categories: tuple[str, ...] = ("Car", "Van"),
    least_score: float = -np.inf,
) -> DetectionLog:
    """A sequence as positions on the ground, seen from the car; the targets are the labels of these categories.

    Without a file of detections, the labels' own places stand for them. A detection's `boxes` row is (7,).
    """
    marked = read_kitti_labels(labels)
    chosen = np.isin(marked.categories, categories)
    frames, ids, places = marked.frames[chosen], marked.ids[chosen], marked.boxes[chosen]
    if detections is None:
        found = KittiDetections(frames, np.ones(len(frames)), marked.image_boxes[chosen], places)
    else:
        found = read_kitti_detections(detections)
    sure = found.scores >= least_score
    count = 1 + int(max(marked.frames.max(initial=0), found.frames.max(initial=0)))
    times = np.arange(count) / SCANS_PER_SECOND
    return DetectionLog(
        times,
        found.boxes[sure, :2],
        first_rows(found.frames[sure], count),
        with_velocities(places[:, :2], ids, times[frames], labels),
        ids,
        first_rows(frames, count),
        scores=found.scores[sure],
        boxes=found.boxes[sure],
        title=f"KITTI {Path(labels).stem}",
    )


def _by_frame(path: Path, rows: list[list[float]], width: int) -> Array:
    """The rows with ascending frames, and where each was as the last column."""
    if not rows:
        malformed(path, None, "the file holds nothing")
    table = np.array(rows, dtype=float).reshape(-1, width)
    order = np.argsort(table[:, 0], kind="stable")
    return np.column_stack((table[order], order))


def _boxes(sizes: Array, bottoms: Array, rotation: Array) -> Array:
    """From height, width, length, the middle of the bottom, and the turn about the camera's y axis."""
    height, width, length = sizes.T
    x, y, z = bottoms[:, 2], -bottoms[:, 0], 0.5 * height - bottoms[:, 1]
    return np.column_stack((x, y, z, length, width, height, wrap_angle(-rotation - np.pi / 2)))


def _image(edges: Array) -> Array:
    return np.column_stack((edges[:, :2], edges[:, 2:] - edges[:, :2]))
