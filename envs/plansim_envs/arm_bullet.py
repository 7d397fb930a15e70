"""PyBullet as the judge of an arm's collisions, and as its painter; neither window nor graphics card is needed."""

from __future__ import annotations

import functools
import os
from typing import Any

import numpy as np

from plansim.core.errors import require
from plansim.core.solids import Solids
from plansim.models.kuka import kuka_iiwa

_WIDTH, _HEIGHT, _SUPERSAMPLING = 480, 400, 2
_EYE, _TARGET, _FIELD_OF_VIEW = (0.9, -2.1, 1.45), (0.1, 0.0, 0.48), 45.0
_COLOURS = ((0.93, 0.62, 0.32, 1.0), (0.45, 0.65, 0.85, 1.0), (0.55, 0.75, 0.5, 1.0), (0.8, 0.5, 0.65, 1.0))
_FLOOR = (0.86, 0.87, 0.89, 1.0)


@functools.cache
def pybullet() -> Any:
    """The module, imported without the line that it writes to standard error; or how to install it."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        return require("pybullet", "pybullet")
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@functools.lru_cache(maxsize=8)
def _simulator(contents: bytes, shapes: tuple[tuple[int, ...], ...]) -> Simulator:
    sizes = [int(np.prod(shape)) for shape in shapes]
    parts = np.split(np.frombuffer(contents), np.cumsum(sizes)[:-1])
    return Simulator(Solids(*(part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))))


def simulator(cell: Solids) -> Simulator:
    """One for each cell in a process: worlds and planners set it to their own states, and it remembers nothing."""
    arrays = cell.boxes, cell.balls, cell.cylinders, cell.capsules
    return _simulator(b"".join(array.tobytes() for array in arrays), tuple(array.shape for array in arrays))


class Simulator:
    """A client of PyBullet with the KUKA and the solids of a cell in it."""

    def __init__(self, cell: Solids):
        self._bullet = bullet = pybullet()
        self._client = bullet.connect(bullet.DIRECT)
        data = require("pybullet_data", "pybullet").getDataPath()
        path = os.path.join(data, "kuka_iiwa", "model.urdf")
        self._arm = bullet.loadURDF(path, useFixedBase=True, physicsClientId=self._client)
        self._cell = self._solids(cell)
        boxes = [bullet.getAABB(body, physicsClientId=self._client) for body in self._cell]
        self._low, self._high = np.reshape(boxes, (-1, 2, 3)).swapaxes(0, 1)
        arm = kuka_iiwa()
        self._joints = list(range(arm.dimension))
        # PyBullet counts links from -1
        self._pairs = sorted({(int(a) - 1, int(b) - 1) for a, b in arm.capsules[:, 0][arm.pairs]})

    def __del__(self) -> None:
        if getattr(self, "_client", -1) >= 0 and self._bullet.isConnected(self._client):
            self._bullet.disconnect(self._client)

    def _solids(self, cell: Solids) -> list[int]:
        """A body for each: of one that has many shapes PyBullet overlooks some contacts."""
        bullet = self._bullet
        parts: list[tuple] = []
        for row in cell.boxes:
            parts.append((bullet.GEOM_BOX, row[3:6] / 2, 0.0, 0.0, row[:3], row[6:]))
        for row in cell.balls:
            parts.append((bullet.GEOM_SPHERE, np.zeros(3), row[3], 0.0, row[:3], (0.0, 0.0, 0.0, 1.0)))
        for kind, rows in ((bullet.GEOM_CYLINDER, cell.cylinders), (bullet.GEOM_CAPSULE, cell.capsules)):
            for row in rows:
                axis = row[3:6] - row[:3]
                length = np.linalg.norm(axis)
                parts.append((kind, np.zeros(3), row[6], length, (row[:3] + row[3:6]) / 2, _upright_to(axis)))
        colours = [_FLOOR if part[1].max() > 1.0 else _COLOURS[i % len(_COLOURS)] for i, part in enumerate(parts)]
        return [self._solid(part, colour) for part, colour in zip(parts, colours, strict=True)]

    def _solid(self, part: tuple, colour: tuple[float, ...]) -> int:
        kind, half, radius, length, position, turn = (_plain(value) for value in part)
        client = {"physicsClientId": self._client}
        if radius == 0.0:
            size, seen = {"halfExtents": half}, {"halfExtents": half}
        else:
            size, seen = {"radius": radius, "height": length}, {"radius": radius, "length": length}
        shape = self._bullet.createCollisionShape(kind, **size, **client)
        picture = self._bullet.createVisualShape(kind, **seen, rgbaColor=colour, **client)
        return self._bullet.createMultiBody(0.0, shape, picture, position, turn, **client)

    def _put(self, q: np.ndarray) -> None:
        angles = [[float(angle)] for angle in q]
        self._bullet.resetJointStatesMultiDof(self._arm, self._joints, angles, physicsClientId=self._client)

    def is_free(self, q: np.ndarray, margin: float = 0.0) -> bool:
        """Whether the arm touches nothing at joint angles (n,), nor comes within a margin (m) of the cell's solids.

        Its foot, link 0, may stand on things.
        """
        self._put(q)
        near = functools.partial(self._bullet.getClosestPoints, physicsClientId=self._client)
        for link in reversed(self._joints):
            low, high = self._bullet.getAABB(self._arm, link, physicsClientId=self._client)
            met = ((self._low <= np.add(high, margin)) & (self._high >= np.subtract(low, margin))).all(-1)
            if any(near(self._arm, self._cell[i], margin, linkIndexA=link) for i in np.flatnonzero(met)):
                return False
        return not any(near(self._arm, self._arm, 0.0, linkIndexA=a, linkIndexB=b) for a, b in self._pairs)

    def link_positions(self, q: np.ndarray) -> np.ndarray:
        """Where PyBullet has the frames of links 1 to n, (n, 3)."""
        self._put(q)
        states = self._bullet.getLinkStates(
            self._arm, self._joints, computeForwardKinematics=True, physicsClientId=self._client
        )
        return np.array([state[4] for state in states])

    def picture(self, q: np.ndarray) -> np.ndarray:
        """The arm in its cell, (height, width, 3) uint8, drawn by PyBullet's own software."""
        bullet = self._bullet
        self._put(q)
        width, height = _SUPERSAMPLING * _WIDTH, _SUPERSAMPLING * _HEIGHT
        view, projection = cameras()
        answer = bullet.getCameraImage(
            width, height, view.T.ravel().tolist(), projection.T.ravel().tolist(), lightDirection=[1.0, -1.5, 3.0],
            renderer=bullet.ER_TINY_RENDERER, physicsClientId=self._client,
        )  # fmt: skip
        pixels = np.reshape(np.asarray(answer[2], dtype=np.uint8), (height, width, 4))[..., :3]
        fine = pixels.reshape(_HEIGHT, _SUPERSAMPLING, _WIDTH, _SUPERSAMPLING, 3)
        return fine.mean(axis=(1, 3)).astype(np.uint8)


def pixels_of(points: np.ndarray) -> np.ndarray:
    """Where points in space (..., 3) are in a picture, (..., 2): column and row."""
    view, projection = cameras()
    seen = np.concatenate((points, np.ones((*points.shape[:-1], 1))), axis=-1) @ (projection @ view).T
    flat = seen[..., :2] / seen[..., 3:]
    return (flat * (1.0, -1.0) + 1.0) * (0.5 * _WIDTH, 0.5 * _HEIGHT)


@functools.cache
def cameras() -> tuple[np.ndarray, np.ndarray]:
    """The camera's view and projection as OpenGL has them, (4, 4) each, before points (4,)."""
    eye, target = np.array(_EYE), np.array(_TARGET)
    back = (eye - target) / np.linalg.norm(eye - target)
    right = np.cross((0.0, 0.0, 1.0), back)
    right /= np.linalg.norm(right)
    view = np.eye(4)
    view[:3, :3] = right, np.cross(back, right), back
    view[:3, 3] = -view[:3, :3] @ eye
    near, far, scale = 0.1, 10.0, 1.0 / np.tan(np.radians(_FIELD_OF_VIEW) / 2)
    projection = np.zeros((4, 4))
    projection[0, 0], projection[1, 1] = scale * _HEIGHT / _WIDTH, scale
    projection[2, 2:] = (far + near) / (near - far), 2 * far * near / (near - far)
    projection[3, 2] = -1.0
    return view, projection


def _plain(value: object) -> object:
    return value if isinstance(value, int) else np.asarray(value, dtype=float).tolist()


def _upright_to(direction: np.ndarray) -> np.ndarray:
    """The quaternion x, y, z, w that turns z to a direction (3,)."""
    x, y, z = direction / np.linalg.norm(direction)
    if z < -1 + 1e-12:
        return np.array([1.0, 0.0, 0.0, 0.0])
    turn = np.array([-y, x, 0.0, 1.0 + z])
    return turn / np.linalg.norm(turn)
