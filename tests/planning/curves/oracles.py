"""A second, naive way to shortest paths of cars: Newton's method on the equations of the end, from many guesses."""

from __future__ import annotations

import numpy as np

from plansim.core.layout import wrap_angle

QUARTER = np.pi / 2
# each word: its turns, and its letters' lengths as a linear function of the unknowns: matrix (K, 3) and offset (K,)
_FREE = np.eye(3)
THREE = [((1, 0, 1), _FREE, np.zeros(3)), ((1, 0, -1), _FREE, np.zeros(3)), ((1, -1, 1), _FREE, np.zeros(3))]
_MIDDLE = {sign: np.array([[1, 0, 0], [0, 1, 0], [0, sign, 0], [0, 0, 1]], dtype=float) for sign in (1, -1)}
FOUR = [((1, -1, 1, -1), _MIDDLE[sign], np.zeros(4)) for sign in (1, -1)]
_INSERTED = np.array([[1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=float)
_RIGHT_ANGLES = [np.array([0, sign * QUARTER, 0, 0]) for sign in (1, -1)]
LINE = [((1, -1, 0, last), _INSERTED, corner) for last in (1, -1) for corner in _RIGHT_ANGLES]
LINE += [(turns[::-1], matrix[::-1], corner[::-1]) for turns, matrix, corner in LINE]
_BETWEEN = np.array([[1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]], dtype=float)
FIVE = [((1, -1, 0, 1, -1), _BETWEEN, sign * np.array([0, QUARTER, 0, QUARTER, 0])) for sign in (1, -1)]


def drive(turns, lengths):
    """The pose after a word (K,) of lengths (..., K) from the origin, with the radius 1, one letter at a time."""
    x = y = heading = np.zeros(np.shape(lengths)[:-1])
    for k, turn in enumerate(turns):
        length = lengths[..., k]
        after = heading + turn * length
        if turn:
            x, y = x + turn * (np.sin(after) - np.sin(heading)), y - turn * (np.cos(after) - np.cos(heading))
        else:
            x, y = x + length * np.cos(heading), y + length * np.sin(heading)
        heading = after
    return np.stack((x, y, heading), axis=-1)


def naive_length(goal, rng, *, forwards=False, guesses=300):
    """The shortest word to a goal (3,) from the origin, with the radius 1."""
    words = THREE if forwards else THREE + FOUR + LINE + FIVE
    words = [(tuple(m * t for t in turns), matrix, offset) for turns, matrix, offset in words for m in (1, -1)]
    return min(_solve(goal, *word, rng, forwards, guesses) for word in words)


def _solve(goal, turns, matrix, offset, rng, forwards, guesses):
    scale = np.where([turns[np.argmax(matrix[:, i])] == 0 for i in range(3)], 2 + np.hypot(*goal[:2]), np.pi)
    z = rng.uniform(-1, 1, (guesses, 3)) * scale

    def miss(z):
        error = drive(turns, z @ matrix.T + offset) - goal
        return np.concatenate((error[..., :2], wrap_angle(error[..., 2:])), axis=-1)

    for _ in range(40):
        slope = np.stack([(miss(z + h) - miss(z - h)) / 2e-6 for h in 1e-6 * np.eye(3)], axis=-1)
        z = z - np.clip((np.linalg.pinv(slope) @ miss(z)[..., None])[..., 0], -1, 1)
    lengths = z @ matrix.T + offset
    if forwards:  # whole turns more or less lead to the same goal
        lengths = np.where(np.array(turns) != 0, lengths % (2 * np.pi), lengths)
        lengths = np.where((np.array(turns) != 0) & (lengths > 2 * np.pi - 1e-9), 0.0, lengths)
    else:
        lengths = np.where(np.array(turns) != 0, wrap_angle(lengths), lengths)
    good = (np.abs(miss(z)).max(-1) < 1e-10) & ((lengths >= 0).all(-1) | (not forwards))
    return np.abs(lengths[good]).sum(-1).min(initial=np.inf)
