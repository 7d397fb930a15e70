"""What stands around an arm: boxes at any angle, balls, cylinders and capsules in space."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from plansim.core.arrays import Array, readonly
from plansim.core.errors import MalformedInput
from plansim.core.solid_kernels import BOX, CAPSULE, CYLINDER, distances

_UPRIGHT = (0.0, 0.0, 0.0, 1.0)
_COLUMNS = (("boxes", 10, slice(3, 6)), ("balls", 4, 3), ("cylinders", 7, 6), ("capsules", 7, 6))  # and which are sizes


@dataclass(frozen=True, eq=False)
class Solids:
    """Solid obstacles in space; distances to them are exact, those to cylinders to 1e-9 of the segment's length.

    >>> cell = Solids(boxes=[[0, 0, -0.1, 2, 2, 0.2]], cylinders=[[0.5, 0, 0, 0.5, 0, 0.4, 0.1]])
    >>> cell.distance(np.array([0.0, 0.0, 0.2]), np.array([[0.0, 0.0, 1.0], [0.3, 0.0, 0.2]])).round(6)
    array([0.2, 0.1])
    """

    boxes: Array = ()  # (B, 6) centre, size along x, y, z; or (B, 10) with a turn as quaternion x, y, z, w
    balls: Array = ()  # (S, 4) centre, radius
    cylinders: Array = ()  # (C, 7) centres of both ends, radius
    capsules: Array = ()  # (K, 7) both ends of the axis, radius

    def __post_init__(self) -> None:
        boxes = np.array(self.boxes, dtype=float)
        if boxes.ndim == 2 and boxes.shape[1] == 6:
            boxes = np.concatenate((boxes, np.broadcast_to(_UPRIGHT, (len(boxes), 4))), axis=1)
        object.__setattr__(self, "boxes", boxes)
        for name, columns, sizes in (
            ("boxes", 10, slice(3, 6)),
            ("balls", 4, 3),
            ("cylinders", 7, 6),
            ("capsules", 7, 6),
        ):
            rows = np.array(getattr(self, name), dtype=float)
            rows = rows if rows.size else rows.reshape(0, columns)
            if rows.ndim != 2 or rows.shape[1] != columns or not np.isfinite(rows).all():
                raise MalformedInput(f"{name} have shape {rows.shape}, but must be (.., {columns}) finite numbers")
            if not (rows[:, sizes] > 0).all():
                raise MalformedInput(f"{name} have a size that is not above 0")
            object.__setattr__(self, name, readonly(rows))
        for i in np.flatnonzero(np.abs(np.linalg.norm(self.boxes[:, 6:], axis=-1) - 1) > 1e-4)[:1]:
            raise MalformedInput(f"boxes[{i}] is turned by {self.boxes[i, 6:].tolist()}, which is no unit quaternion")
        for i in np.flatnonzero((self.cylinders[:, :3] == self.cylinders[:, 3:6]).all(-1))[:1]:
            raise MalformedInput(f"cylinders[{i}] has no length")

    def distance(self, a: Array, b: Array | None = None) -> Array:
        """How far segments from a to b, both (..., 3), stay from all solids, (...); 0 where they touch or enter one.

        Without b, the distance of points.
        """
        a, b = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(a if b is None else b, dtype=float))
        out = np.empty(a.shape[:-1])
        flat = (np.ascontiguousarray(x.reshape(-1, 3)) for x in (a, b))
        distances(*flat, *self.arrays, out.reshape(-1))
        return out

    @cached_property
    def arrays(self) -> tuple[Array, Array]:
        """As kernels take them: items (N, 17), see `solid_kernels`, and boxes in their own frames (N, 2, 3)."""
        items = [_box(row) for row in self.boxes] + [_round(CYLINDER, row) for row in self.cylinders]
        items += [_round(CAPSULE, row) for row in self.capsules]
        items += [_round(CAPSULE, np.concatenate((row[:3], row))) for row in self.balls]
        extents = np.zeros((len(items), 2, 3))
        extents[: len(self.boxes)] = 0.5 * self.boxes[:, None, 3:6] * np.array([-1.0, 1.0])[:, None]
        return readonly(np.reshape(items, (-1, 17))), readonly(extents)


def rotation(quaternion: Array) -> Array:
    """The matrix (3, 3) of a unit quaternion x, y, z, w."""
    x, y, z, w = np.asarray(quaternion) / np.linalg.norm(quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def _box(row: Array) -> Array:
    return np.array([BOX, *row[:3], 0.5 * np.linalg.norm(row[3:6]), *rotation(row[6:]).T.reshape(-1), 0, 0, 0])


def _round(kind: float, row: Array) -> Array:
    """A cylinder or capsule: around its middle, its axis and half its length."""
    middle, half = 0.5 * (row[:3] + row[3:6]), 0.5 * np.linalg.norm(row[3:6] - row[:3])
    axis = (row[3:6] - row[:3]) / (2 * half) if half > 0 else np.array([0.0, 0.0, 1.0])
    around = np.hypot(half, row[6]) if kind == CYLINDER else half + row[6]
    return np.array([kind, *middle, around, *axis, half, row[6], 0, 0, 0, 0, 0, 0, 0])
