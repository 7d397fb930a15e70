"""Smoothest motions between two states of one coordinate: quintics to a place, quartics to a speed.

Both minimise the integral of squared jerk among all motions with the same ends (Takahashi, Hongo, Ninomiya, Sugimoto
1989). A motion is its coefficients (..., 6), the constant first.
"""

from __future__ import annotations

import numpy as np

from plansim.core.arrays import Array


def quintic(start: Array, end: Array, duration: Array) -> Array:
    """From place, speed, acceleration (..., 3) to those at the end, in a duration (...).

    >>> quintic(np.zeros(3), np.array([1.0, 0.0, 0.0]), np.array(1.0)).tolist()
    [0.0, 0.0, 0.0, 10.0, -15.0, 6.0]
    """
    T = np.asarray(duration, dtype=float)
    p, v, a = np.moveaxis(np.asarray(start, dtype=float), -1, 0)
    q, w, b = np.moveaxis(np.asarray(end, dtype=float), -1, 0)
    way, gain, change = q - p - (v + a * T / 2) * T, (w - v - a * T) * T, (b - a) * T**2
    third = (10 * way - 4 * gain + change / 2) / T**3
    fourth = (-15 * way + 7 * gain - change) / T**4
    fifth = (6 * way - 3 * gain + change / 2) / T**5
    return np.stack(np.broadcast_arrays(p, v, a / 2, third, fourth, fifth), axis=-1)


def quartic(start: Array, end: Array, duration: Array) -> Array:
    """From place, speed, acceleration (..., 3) to a speed and acceleration (..., 2), wherever that is."""
    T = np.asarray(duration, dtype=float)
    p, v, a = np.moveaxis(np.asarray(start, dtype=float), -1, 0)
    w, b = np.moveaxis(np.asarray(end, dtype=float), -1, 0)
    gain, change = (w - v - a * T) / T**2, (b - a) / T
    third, fourth = gain - change / 3, (change / 2 - gain) / (2 * T)
    return np.stack(np.broadcast_arrays(p, v, a / 2, third, fourth, 0 * T), axis=-1)


def held(motions: Array, durations: Array, times: Array) -> Array:
    """Place, speed and acceleration (N, T, 3) of motions (N, 6) at times (T,); at constant speed after their ends."""
    t = np.minimum(times, durations[:, None])
    c = np.moveaxis(motions, -1, 0)[..., None]
    speed = c[1] + t * (2 * c[2] + t * (3 * c[3] + t * (4 * c[4] + t * 5 * c[5])))
    place = c[0] + t * (c[1] + t * (c[2] + t * (c[3] + t * (c[4] + t * c[5])))) + speed * (times - t)
    acceleration = 2 * c[2] + t * (6 * c[3] + t * (12 * c[4] + t * 20 * c[5]))
    return np.stack((place, speed, np.where(times > durations[:, None], 0.0, acceleration)), axis=-1)


def squared_jerk(motions: Array, durations: Array) -> Array:
    """The integral of squared jerk (...) over motions (..., 6) to their ends."""
    j = np.moveaxis(motions, -1, 0)[3:] * np.array([6.0, 24.0, 60.0]).reshape(3, *[1] * (motions.ndim - 1))
    T, (a, b, c) = np.asarray(durations, dtype=float), j
    return T * (a * a + T * (a * b + T * ((b * b + 2 * a * c) / 3 + T * (b * c / 2 + T * c * c / 5))))
