"""Shapes as what can be drawn: polygons and discs of the plane, grown by the world's margin."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from plansim.core.arrays import Array
from plansim.core.geometry import transform


class Outlines(NamedTuple):
    bounds: Array  # (4,) x, y, x, y m
    polygons: list[Array]  # (P, 2) m each
    discs: Array  # (S, 3) x, y, radius m
    margin: float  # m, by which the polygons are to be drawn larger, corners round


def outlines(shapes: Any) -> Outlines:
    """Of a world with more than two dimensions what is seen from above: x and y."""
    boxes, balls = np.asarray(shapes.boxes)[..., :2], np.asarray(shapes.balls)
    corners = [np.array([a, [b[0], a[1]], b, [a[0], b[1]]]) for a, b in boxes]
    margin = float(getattr(shapes, "margin", 0.0))
    discs = np.column_stack((balls[:, :2], balls[:, -1] + margin))
    bounds = np.concatenate((np.asarray(shapes.low)[:2], np.asarray(shapes.high)[:2]))
    return Outlines(bounds, [*corners, *(np.asarray(p) for p in shapes.polygons)], discs, margin)


def body_outlines(polygons: Array, poses: Array) -> list[Array]:
    """The polygons (K, P, 2) of a body where its parts are, poses (K, 3); the first part last, so that it is on top."""
    return [transform(pose, corners) for pose, corners in zip(poses, polygons, strict=False)][::-1]
