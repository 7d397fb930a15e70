"""Steers a car along a lane, and from one lane to another on the smoothest way."""

from __future__ import annotations

import numpy as np

from plansim.core.arrays import Array
from plansim.core.reference_line import ReferenceLine
from plansim.planning.trajectory.frenet import by_time, to_cartesian, to_frenet
from plansim.planning.trajectory.polynomials import held, quintic

SLOWEST = 2.0  # m/s, below which steering is computed as at this speed


class LaneKeeping:
    """Follows quintics of time between offsets from a line; what is off them decays like a damped spring.

    The curvature is exact for the wanted lateral acceleration: the inverse of the transform from the line's frame.
    """

    def __init__(self, line: ReferenceLine, wheelbase: float, change_time: float, stiffness: float = 2.0):
        self.line, self.wheelbase = line, wheelbase
        self.change_time = change_time  # s, from one offset to another
        self.stiffness = stiffness  # 1/s, of the spring: its natural frequency
        self._motion: Array | None = None
        self._target, self._since = np.nan, 0.0

    def steering(self, state: Array, acceleration: float, target: float, dt: float) -> float:
        """The angle, rad, for the next dt, of a car in the state (4,) that speeds up so, towards the target offset."""
        speed = max(float(state[3]), SLOWEST)
        now = to_frenet(self.line, np.array([*state[:3], speed, acceleration, 0.0]))
        if self._motion is None or target != self._target:
            start = by_time(now) * [1.0, 1.0, 0.0] if self._motion is None else self._wanted(self._since)
            end = np.array([target, 0.0, 0.0])
            self._motion, self._target, self._since = quintic(start, end, np.array(self.change_time)), target, 0.0
        here, push = self._wanted(self._since), self._wanted(self._since + dt / 2)[2]
        self._since += dt
        d, d_rate = now[3], now[4] * now[1]
        push += 2 * self.stiffness * (here[1] - d_rate) + self.stiffness**2 * (here[0] - d)
        wanted = now.copy()
        wanted[5] = (push - now[4] * now[2]) / now[1] ** 2
        return float(np.arctan(self.wheelbase * to_cartesian(self.line, wanted)[5]))

    def _wanted(self, time: float) -> Array:
        """Offset and its derivatives by time (3,), `time` seconds after the last change began."""
        return held(np.asarray(self._motion)[None], np.array([self.change_time]), np.array([time]))[0, 0]
