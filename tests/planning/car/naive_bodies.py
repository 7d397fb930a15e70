"""The slow, clear truth about bodies on maps."""

from __future__ import annotations

import numpy as np


def overlaps(corners, pose, blocked, resolution):
    """Whether a convex polygon (P, 2) at a pose overlaps a blocked cell or leaves the map: by separating axes."""
    c, s = np.cos(pose[2]), np.sin(pose[2])
    placed = corners @ np.array([[c, s], [-s, c]]) + pose[:2]
    rows, columns = blocked.shape
    if (placed < 0).any() or (placed > np.array([columns, rows]) * resolution).any():
        return True
    (left, low), (right, high) = (
        (placed.min(0) / resolution - 2).astype(int),
        (placed.max(0) / resolution + 2).astype(int),
    )
    left, low = max(left, 0), max(low, 0)
    near = np.argwhere(blocked[low : high + 1, left : right + 1]) + np.array([low, left])
    cells = near[:, ::-1, None] * np.ones(4)  # (N, 2, 4) lower-left corners
    squares = (cells + np.array([[0, 1, 1, 0], [0, 0, 1, 1]])).swapaxes(1, 2) * resolution
    edges = np.roll(placed, -1, axis=0) - placed
    axes = np.concatenate((np.stack((edges[:, 1], -edges[:, 0]), axis=-1), np.eye(2)))
    ours, theirs = placed @ axes.T, squares @ axes.T
    apart = (ours.max(0) <= theirs.min(1) + 1e-9) | (theirs.max(1) <= ours.min(0) + 1e-9)
    return bool((~apart.any(-1)).any())


def free_all_along(space, states, outline=None):
    """Whether the body is free at all states (T, 3) and half-way between them, in the frame of an unrotated map."""
    corners = np.asarray(space.body if outline is None else outline)
    half = space.interpolate(states[:-1], states[1:], np.full(len(states) - 1, 0.5))
    poses = np.concatenate((states, half)) - [*space.map.origin[:2], 0.0]
    blocked = ~space.map.free
    return not any(overlaps(corners, pose, blocked, space.map.resolution) for pose in poses)
