"""How fast a path may be driven: its corners, the acceleration, and the stop at its end decide.

The path is a dense one (`trajectory.resample`). Between its points the square of the speed is linear in arc length,
which is what a constant acceleration does.
"""

from __future__ import annotations

import numpy as np

from plansim.core.arrays import Array
from plansim.core.trajectory import arc_length, point_at


def curvature(points: Array, arm: float) -> Array:
    """Curvature (T,) in 1/m at each point of a path (T, 2): the turn between chords of `arm` metres behind and ahead.

    On a circle it is 1 / R; a sharp corner counts as an arc as long as one arm.
    """
    s = arc_length(points)
    behind = points - point_at(points, np.maximum(s - arm, 0.0))
    ahead = point_at(points, np.minimum(s + arm, s[-1])) - points
    cross = behind[:, 0] * ahead[:, 1] - behind[:, 1] * ahead[:, 0]
    turn = np.arctan2(cross, (behind * ahead).sum(-1))
    length = 0.5 * (np.minimum(s, arm) + np.minimum(s[-1] - s, arm))  # an end of the path cuts an arm short
    return turn / np.maximum(length, 0.5 * arm)


def speed_in_curve(curvature: Array, max_speed: float, max_lateral_acceleration: float, max_turn_rate: float) -> Array:
    """The speed at which neither the lateral acceleration v² κ nor the turn rate v κ is exceeded."""
    bend = np.maximum(np.abs(curvature), 1e-9)
    return np.minimum(max_speed, np.minimum(np.sqrt(max_lateral_acceleration / bend), max_turn_rate / bend))


def braking_profile(points: Array, speeds: Array, max_deceleration: float) -> Array:
    """The highest speeds (T,) below the given ones from which a robot can brake for all that comes, and for the end."""
    squared = np.append(speeds[:-1] ** 2, 0.0)
    gain = 2 * max_deceleration * np.linalg.norm(np.diff(points, axis=0), axis=-1)
    return np.sqrt(_rising_by_at_most(gain[::-1], squared[::-1])[::-1])


def _rising_by_at_most(gain: Array, squared: Array) -> Array:
    """min over j <= i of squared[j] + gain[j] + ... + gain[i - 1]."""
    height = np.concatenate(([0.0], np.cumsum(gain)))
    return np.maximum(height + np.minimum.accumulate(squared - height), 0.0)
