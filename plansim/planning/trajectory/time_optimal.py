"""Time-optimal motion along a path: as fast as limits on velocity and acceleration allow, and never faster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.planning.trajectory.paths import PiecewisePath
from plansim.planning.trajectory.time_optimal_kernels import fill_clock, fill_rates, fill_steps


@dataclass(frozen=True, eq=False)
class TimedPath:
    """A path q(s), and the clock s(t) by which it is passed."""

    path: PiecewisePath
    clock: PiecewisePath  # one column: s over seconds from 0

    @property
    def duration(self) -> float:
        return float(self.clock.breaks[-1])

    def at(self, times: Array, derivative: int = 0) -> Array:
        """Position, velocity, acceleration or jerk (derivative 0 to 3) at the times (...), (..., n)."""
        s = self.clock.at(times)[..., 0]
        q = [self.path.at(s, k) for k in range(derivative + 1)]
        r = [self.clock.at(times, k) for k in range(derivative + 1)]
        if derivative == 0:
            return q[0]
        if derivative == 1:
            return q[1] * r[1]
        if derivative == 2:
            return q[2] * r[1] ** 2 + q[1] * r[2]
        return q[3] * r[1] ** 3 + 3 * q[2] * r[1] * r[2] + q[1] * r[3]


def time_optimal(path: PiecewisePath, max_velocity: Array, max_acceleration: Array, steps: int = 1000) -> TimedPath:
    """The fastest passage of a path from rest to rest, by reachability (Pham & Pham 2018, TOPP-RA).

    max_velocity, max_acceleration: of each coordinate, numbers or (n,); they hold between the steps, too, since they
    are set on Bernstein coefficients. Where the path has a corner it is passed at rest. The duration falls to the
    optimum with the first power of the steps: 0.05 % above it at 1000.

    >>> from plansim.planning.trajectory.paths import spline_path
    >>> line = spline_path(np.array([[0.0], [4.0]]))
    >>> round(time_optimal(line, max_velocity=10.0, max_acceleration=1.0).duration, 3)
    4.0
    """
    grid = StepGrid(path, steps)
    v, a = limits("max_velocity", max_velocity, path), limits("max_acceleration", max_acceleration, path)
    return TimedPath(path, grid.clock(grid.rates(v, a, np.ones(len(grid.width)))))


class StepGrid:
    """A path cut into steps, each within one of its pieces."""

    def __init__(self, path: PiecewisePath, steps: int):
        if not steps >= 2:
            raise MalformedInput(f"steps is {steps}, but must be at least 2")
        lengths = np.diff(path.breaks)
        counts = np.maximum(np.ceil(lengths / lengths.sum() * steps - 1e-9), 2).astype(np.int64)
        count = int(counts.sum())
        self.start, self.width, self.slopes = np.empty(count), np.empty(count), np.empty((count, 3, path.dimension))
        fill_steps(path.breaks, path.coefficients, counts, self.start, self.width, self.slopes)
        self.end = path.breaks[-1]
        self.stops = np.zeros(count + 1, dtype=bool)
        self.stops[np.cumsum(counts)[:-1]] = path.corners

    def rates(self, max_velocity: Array, max_acceleration: Array, share: Array) -> Array:
        """(ds/dt)^2 at the steps' ends (G + 1,); see `fill_rates`."""
        x = np.empty(len(self.width) + 1)
        fill_rates(self.width, self.slopes, self.stops, max_velocity, max_acceleration, share, x)
        return x

    def clock(self, x: Array) -> PiecewisePath:
        """s over time; the second derivative of s is held over each step."""
        times, pieces = np.empty(len(x)), np.zeros((len(self.width), 4, 1))
        fill_clock(self.start, self.width, x, times, pieces)
        return PiecewisePath(times, pieces)


def limits(name: str, value: Array, path: PiecewisePath) -> Array:
    try:
        found = np.ascontiguousarray(np.broadcast_to(np.asarray(value, dtype=float), (path.dimension,)))
    except ValueError:
        raise MalformedInput(
            f"{name} has shape {np.shape(value)}, but the path has {path.dimension} coordinates"
        ) from None
    if not ((found > 0) & (found < np.inf)).all():
        raise MalformedInput(f"{name} is {found.tolist()}, but limits are finite and above 0")
    return found
