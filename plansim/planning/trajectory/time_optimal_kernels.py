"""Reachability along a path, compiled: how fast each point of it may be passed, so that all limits hold.

Along a path q(s) let x = (ds/dt)^2 and u = d2s/dt2; dx/ds = 2 u. Then dq/dt = q' sqrt(x), d2q/dt2 = q' u + q'' x. With
u held over a step of s, x is linear there, and on a cubic piece d2q/dt2 is a quadratic polynomial of s whose three
Bernstein coefficients are linear in (u, x): limits on them hold everywhere in the step, not at its ends alone.
"""

from __future__ import annotations

import numpy as np

from plansim.core.kernel import kernel

_LARGEST = 1e18  # of x, where nothing limits it


@kernel
def fill_steps(breaks, coefficients, counts, start, width, slopes):
    """Cuts piece b into counts[b] equal steps: start and width (G,), and q', q'', q''' at their starts (G, 3, n)."""
    n, g = coefficients.shape[2], 0
    for b in range(coefficients.shape[0]):
        delta = (breaks[b + 1] - breaks[b]) / counts[b]
        for k in range(counts[b]):
            h = k * delta
            start[g], width[g] = breaks[b] + h, delta
            for j in range(n):
                c1, c2, c3 = coefficients[b, 1, j], coefficients[b, 2, j], coefficients[b, 3, j]
                slopes[g, 0, j] = c1 + h * (2 * c2 + h * 3 * c3)
                slopes[g, 1, j] = 2 * c2 + 6 * c3 * h
                slopes[g, 2, j] = 6 * c3
            g += 1


@kernel
def fill_rates(width, slopes, stops, max_velocity, max_acceleration, share, x):
    """The greatest x (G + 1,) under the limits (n,), from rest to rest; 0 at `stops` (G + 1,).

    share: (G,) of the acceleration and of the squared velocity that each step may use

    Pham & Pham 2018, "A new approach to time-optimal path parameterization based on reachability analysis": backwards
    the greatest x from which the next step's can be reached, forwards the greatest u that leads into them.
    """
    steps, n = width.shape[0], slopes.shape[2]
    over, under = np.empty((steps, 3 * n)), np.empty((steps, 3 * n))  # |u + under x| <= over
    _fastest(width, slopes, stops, max_velocity, share, x)
    for i in range(steps):
        x[i] = min(x[i], _acceleration_rows(width[i], slopes[i], max_acceleration, share[i], over[i], under[i]))
    x[0] = x[steps] = 0.0
    for i in range(steps - 1, -1, -1):
        x[i] = _controllable(over[i], under[i], 2 * width[i], x[i], x[i + 1])
    x[0] = 0.0
    for i in range(steps):
        u = (x[i + 1] - x[i]) / (2 * width[i])
        for k in range(3 * n):
            u = min(u, over[i, k] - under[i, k] * x[i])
        x[i + 1] = max(x[i] + 2 * width[i] * u, 0.0)


@kernel
def fill_clock(start, width, x, times, pieces):
    """The seconds (G + 1,) at which the steps' ends are passed, and s over time on each, as pieces (G, 4, 1)."""
    times[0] = 0.0
    for i in range(width.shape[0]):
        rate, after = np.sqrt(x[i]), np.sqrt(x[i + 1])
        seconds = 2 * width[i] / (rate + after)
        times[i + 1] = times[i] + seconds
        pieces[i, 0, 0], pieces[i, 1, 0], pieces[i, 2, 0] = start[i], rate, (after - rate) / seconds / 2


@kernel
def _fastest(width, slopes, stops, max_velocity, share, x):
    """x (G + 1,) by the velocity limits alone: at the points, then lowered until it holds between them."""
    steps, n = width.shape[0], slopes.shape[2]
    x[:] = _LARGEST
    for i in range(steps):
        for j in range(n):
            p0, p1, p2 = _slope_coefficients(slopes[i], width[i], j)
            v2 = max_velocity[j] * max_velocity[j] * share[i]
            if p0 * p0 * x[i] > v2:
                x[i] = v2 / (p0 * p0)
            if p2 * p2 * x[i + 1] > v2:
                x[i + 1] = v2 / (p2 * p2)
    lowered = np.ones(steps + 1)
    for i in range(steps):
        worst = 1.0  # q'^2 x over v^2, by the Bernstein coefficients of a polynomial of degree 5
        for j in range(n):
            p0, p1, p2 = _slope_coefficients(slopes[i], width[i], j)
            r0, r1, r2, r3, r4 = p0 * p0, p0 * p1, (p0 * p2 + 2 * p1 * p1) / 3, p1 * p2, p2 * p2
            a, b = x[i], x[i + 1]
            e1, e2 = (4 * r1 * a + r0 * b) / 5, (3 * r2 * a + 2 * r1 * b) / 5
            e3, e4 = (2 * r3 * a + 3 * r2 * b) / 5, (r4 * a + 4 * r3 * b) / 5
            worst = max(worst, max(max(e1, e2), max(e3, e4)) / (max_velocity[j] * max_velocity[j] * share[i]))
        lowered[i], lowered[i + 1] = min(lowered[i], 1 / worst), min(lowered[i + 1], 1 / worst)
    for i in range(steps + 1):
        x[i] = 0.0 if stops[i] else x[i] * lowered[i]


@kernel
def _slope_coefficients(slopes, delta, j):
    """Bernstein coefficients of q' over a step."""
    half = slopes[1, j] * delta / 2
    return slopes[0, j], slopes[0, j] + half, slopes[0, j] + 2 * half + slopes[2, j] * delta * delta / 2


@kernel
def _acceleration_rows(delta, slopes, limits, share, over, under):
    """Rows |u + under x| <= over (3 n,) of the three coefficients of each joint; returns the x that they allow."""
    greatest, n = _LARGEST, slopes.shape[1]
    for j in range(n):
        q1, q2, q3, limit = slopes[0, j], slopes[1, j], slopes[2, j], limits[j] * share
        a0, b0 = q1, q2
        a1, b1 = q1 + 1.5 * delta * q2, q2 + 0.5 * delta * q3
        a2, b2 = q1 + 3 * delta * q2 + 2.5 * delta * delta * q3, q2 + delta * q3
        for k in range(3):
            a, b = (a0, b0) if k == 0 else ((a1, b1) if k == 1 else (a2, b2))
            if abs(a) > 1e-12:
                over[3 * j + k], under[3 * j + k] = limit / abs(a), b / a
            else:
                over[3 * j + k], under[3 * j + k] = _LARGEST, 0.0
                if abs(b) * greatest > limit:
                    greatest = limit / abs(b)
    return greatest


@kernel
def _controllable(over, under, twice, highest, beyond):
    """The greatest x <= highest with a u: |u + under x| <= over, and 0 <= x + twice u <= beyond.

    The least upper and the greatest lower bound of u are piecewise linear in x: Newton's method from above finds where
    they meet, in as many steps as it passes kinks.
    """
    x = highest
    for _ in range(over.shape[0] + 2):
        top, top_slope = beyond / twice - x / twice, -1 / twice
        bottom, bottom_slope = -x / twice, -1 / twice
        for k in range(over.shape[0]):
            middle = -under[k] * x
            if middle + over[k] < top:
                top, top_slope = middle + over[k], -under[k]
            if middle - over[k] > bottom:
                bottom, bottom_slope = middle - over[k], -under[k]
        if bottom <= top:
            break
        x = max(x - (bottom - top) / (bottom_slope - top_slope), 0.0)
    return x * (1 - 1e-12)
