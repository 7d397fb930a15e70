"""Motion along a path under a limit on jerk as well: fast, and gentle to what is carried."""

from __future__ import annotations

import numpy as np

from plansim.core.arrays import Array
from plansim.core.errors import MalformedInput
from plansim.planning.trajectory.paths import PiecewisePath
from plansim.planning.trajectory.time_optimal import StepGrid, TimedPath, limits

_SAMPLES = np.array([1e-9, 0.25, 0.5, 0.75, 1 - 1e-9])  # of a piece of the clock, where its limits are looked at


def jerk_limited(
    path: PiecewisePath, max_velocity: Array, max_acceleration: Array, max_jerk: Array, steps: int = 400
) -> TimedPath:
    """A fast passage from rest to rest under limits on velocity, acceleration and jerk, each a number or (n,).

    The clock of `time_optimal` is averaged over a window of time, which turns its steps of acceleration into ramps
    (Biagiotti & Melchiorri 2012, FIR filters for trajectories); where the averaged motion is beyond a limit, the path
    there is slowed down and passed anew. On a straight line this is the time-optimal double-S; elsewhere it is feasible
    and near. The window is searched for. Limits are looked at five times in each of some thousand pieces, and what
    remains of excess is taken out by slowing the whole motion.
    Needs a path without jumps of its second derivative, such as `spline_path` or `rounded_path`.

    >>> from plansim.planning.trajectory.paths import spline_path
    >>> line = spline_path(np.array([[0.0], [8.0]]))
    >>> round(jerk_limited(line, max_velocity=2.0, max_acceleration=2.0, max_jerk=4.0).duration, 2)
    5.5
    """
    v, a = limits("max_velocity", max_velocity, path), limits("max_acceleration", max_acceleration, path)
    j = limits("max_jerk", max_jerk, path)
    bends, slopes = np.abs(path.coefficients[:, 2]).max(), np.abs(path.coefficients[:, 1]).max()
    rounding = 1e-6 * max(bends, slopes / np.diff(path.breaks).max())
    if path.corners.any() or (np.abs(path.jumps(2)) > rounding).any():
        raise MalformedInput(
            "a limit on jerk needs a path whose second derivative does not jump; take spline_path or rounded_path"
        )
    grid = StepGrid(path, steps)
    found: dict[float, TimedPath] = {}

    def seconds(window: float) -> float:
        if window not in found:
            found[window] = _passage(grid, path, v, a, j, window)
        return found[window].duration

    unlimited = float(grid.clock(grid.rates(v, a, np.ones(len(grid.width)))).breaks[-1])
    best = min(float((a / j).max()), unlimited)  # the former is the window of the double-S
    for ratio in (1.7, 1.25, 1.1):
        for step in (ratio, 1 / ratio):
            while seconds(best * step) < seconds(best):
                best *= step
    return found[best]


def _passage(grid: StepGrid, path: PiecewisePath, v: Array, a: Array, j: Array, window: float) -> TimedPath:
    share = np.ones(len(grid.width))
    for _ in range(12):
        sharp = grid.clock(grid.rates(v, a, share))
        timed = TimedPath(path, averaged(sharp, window))
        times = _sampled(timed)
        excess = _excess(timed, times, v, a, j)
        if excess.max() <= 1.001:
            break
        share /= _near(excess, times, sharp.breaks, window) ** 1.1
    return TimedPath(path, slowed(timed.clock, float(np.sqrt(max(excess.max(), 1.0)) * 1.0005)))


def _sampled(timed: TimedPath) -> Array:
    """Times at which limits are looked at: in each piece of the clock, and on both sides of the path's knots."""
    breaks = timed.clock.breaks
    within = (breaks[:-1, None] + np.diff(breaks)[:, None] * _SAMPLES).ravel()
    knots = timed.path.breaks[1:-1]
    low, high = np.zeros(len(knots)), np.full(len(knots), breaks[-1])
    for _ in range(50):
        middle = (low + high) / 2
        passed = timed.clock.at(middle)[..., 0] >= knots
        low, high = np.where(passed, low, middle), np.where(passed, middle, high)
    return np.sort(np.concatenate((within, low - 1e-9 * breaks[-1], high + 1e-9 * breaks[-1])))


def _excess(timed: TimedPath, times: Array, v: Array, a: Array, j: Array) -> Array:
    """By how much the square of the speed would have to fall at each time, (K,)."""
    ratios = (
        (np.abs(timed.at(times, k + 1)) / limit).max(-1) ** power
        for k, (limit, power) in enumerate(((v, 2.0), (a, 1.0), (j, 2 / 3)))
    )
    return np.maximum.reduce(list(ratios))


def _near(excess: Array, times: Array, breaks: Array, window: float) -> Array:
    """The greatest excess of what each step (G,) has a part in: it is heard for a whole window."""
    first = np.searchsorted(times, breaks[:-1])
    last = np.searchsorted(times, breaks[1:] + window)
    return np.maximum([excess[i : max(k, i + 1)].max() for i, k in zip(first, last, strict=True)], 1.0)


def averaged(clock: PiecewisePath, window: float) -> PiecewisePath:
    """The mean of a clock over the last `window` seconds; it stands still before its begin and after its end.

    Of a clock with steps of its second derivative, one whose third is bounded; it ends `window` later.
    """
    times = np.unique(np.concatenate((clock.breaks, clock.breaks + window)))
    times = times[np.concatenate(([True], np.diff(times) > 1e-9 * window))]
    times[-1] = clock.breaks[-1] + window
    widths = np.diff(times)
    middle, past = times[:-1] + widths / 2, times[:-1] + widths / 2 - window
    ends = clock.breaks[[0, -1]]

    def part(t: Array, derivative: int) -> Array:
        inside = (t >= ends[0]) & (t < ends[1]) if derivative else np.ones(t.shape, dtype=bool)
        return np.where(inside, clock.at(t, derivative)[..., 0], 0.0)

    # derivatives at the middles of the pieces, where nothing jumps; the first three make the piece
    rate, second, third = ((part(middle, k) - part(past, k)) / window for k in range(3))
    h = widths / 2
    c3 = third / 6
    c2 = (second - h * third) / 2
    c1 = rate - h * second + h * h * third / 2
    gains = widths * (c1 + widths * (c2 + widths * c3))
    c0 = clock.at(ends[0])[0] + np.concatenate(([0.0], np.cumsum(gains)[:-1]))
    return PiecewisePath(times, np.stack((c0, c1, c2, c3), -1)[..., None])


def slowed(clock: PiecewisePath, factor: float) -> PiecewisePath:
    """The same passage, `factor` times as long."""
    powers = factor ** -np.arange(4.0)
    return PiecewisePath(clock.breaks * factor, clock.coefficients * powers[None, :, None])
