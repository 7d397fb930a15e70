"""Boxes as targets: how much two of them share, upright in an image or turned in space."""

from __future__ import annotations

from math import cos, sin

import numpy as np

from plansim.core.arrays import Array
from plansim.core.kernel import kernel
from plansim.tracking.metrics.clear_mot import Frame, frame_of


def image_overlap(a: Array, b: Array) -> Array:
    """Intersection over union (A, B) of boxes (A, 4) and (B, 4): left, top, width, height."""
    a, b = np.asarray(a, dtype=float).reshape(-1, 4), np.asarray(b, dtype=float).reshape(-1, 4)
    common = image_intersection(a, b)
    union = (a[:, 2] * a[:, 3])[:, None] + b[:, 2] * b[:, 3] - common
    return np.divide(common, union, out=np.zeros_like(common), where=union > 0)


def image_intersection(a: Array, b: Array) -> Array:
    """The area (A, B) that boxes (A, 4) and (B, 4) share."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum((a[:, :2] + a[:, 2:4])[:, None], (b[:, :2] + b[:, 2:4])[None])
    return np.maximum(high - low, 0.0).prod(-1)


def space_overlap(a: Array, b: Array) -> Array:
    """Intersection over union (A, B) of the volumes of boxes (A, 7) and (B, 7), turned about the vertical.

    A box is x, y, z of its middle, length along its heading, width, height, and heading.
    """
    a, b = (np.ascontiguousarray(boxes, dtype=float).reshape(-1, 7) for boxes in (a, b))
    out = np.empty((len(a), len(b)))
    _space_overlaps(a, b, out)
    return out


def box_frame(target_ids: Array, track_ids: Array, overlap: Array, least: float = 0.5) -> Frame:
    """Targets and tracks (T, M) that belong together where they overlap by at least `least`, at 1 - overlap."""
    overlap = np.asarray(overlap, dtype=float)
    return frame_of(target_ids, track_ids, np.where(overlap >= least, 1.0 - overlap, np.inf))


@kernel
def _space_overlaps(a, b, out):
    polygon, other = np.empty((12, 2)), np.empty((12, 2))
    for i in range(a.shape[0]):
        for j in range(b.shape[0]):
            out[i, j] = 0.0
            reach = 0.5 * (a[i, 3] + a[i, 4] + b[j, 3] + b[j, 4])
            high = min(a[i, 2] + 0.5 * a[i, 5], b[j, 2] + 0.5 * b[j, 5])
            low = max(a[i, 2] - 0.5 * a[i, 5], b[j, 2] - 0.5 * b[j, 5])
            if high <= low or abs(a[i, 0] - b[j, 0]) > reach or abs(a[i, 1] - b[j, 1]) > reach:
                continue
            common = _common_area(a[i], b[j], polygon, other) * (high - low)
            union = a[i, 3] * a[i, 4] * a[i, 5] + b[j, 3] * b[j, 4] * b[j, 5] - common
            out[i, j] = common / union if union > 0.0 else 0.0


@kernel
def _common_area(a, b, polygon, other):
    """The area that two turned rectangles share: b's corners in a's frame, cut by a's four sides (Sutherland, Hodgman).

    polygon, other: room for 12 corners.
    """
    c, s = cos(a[6]), sin(a[6])
    dx, dy = b[0] - a[0], b[1] - a[1]
    x0, y0, turn = c * dx + s * dy, c * dy - s * dx, b[6] - a[6]
    c, s = cos(turn), sin(turn)
    count = 4
    for k in range(4):
        forward = 0.5 * b[3] if k == 0 or k == 3 else -0.5 * b[3]
        left = 0.5 * b[4] if k < 2 else -0.5 * b[4]
        polygon[k, 0], polygon[k, 1] = x0 + c * forward - s * left, y0 + s * forward + c * left
    for side in range(4):
        axis, sign = side // 2, 1.0 if side % 2 == 0 else -1.0
        half, kept = 0.5 * a[3 + axis], 0
        for k in range(count):
            last = polygon[count - 1] if k == 0 else polygon[k - 1]
            p, q = half - sign * last[axis], half - sign * polygon[k, axis]  # within where not negative
            if (p < 0.0) != (q < 0.0):
                share = p / (p - q)
                other[kept, 0] = last[0] + share * (polygon[k, 0] - last[0])
                other[kept, 1] = last[1] + share * (polygon[k, 1] - last[1])
                kept += 1
            if q >= 0.0:
                other[kept, 0], other[kept, 1] = polygon[k, 0], polygon[k, 1]
                kept += 1
        count = kept
        for k in range(count):
            polygon[k, 0], polygon[k, 1] = other[k, 0], other[k, 1]
    area = 0.0
    for k in range(count):
        nxt = 0 if k == count - 1 else k + 1
        area += 0.5 * (polygon[k, 0] * polygon[nxt, 1] - polygon[nxt, 0] * polygon[k, 1])
    return abs(area)
