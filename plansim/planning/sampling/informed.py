"""Where a better path can lie: states through which the straight ways from start and to goal are short enough.

Gammell, Srinivasa & Barfoot 2014, "Informed RRT*", eq. 3-8. With a path of cost c, only states x with
d(start, x) + d(x, goal) < c can be on a better one: a prolate hyperspheroid, measured in the space's `metric`.
"""

from __future__ import annotations

from math import exp, lgamma, log, pi, sqrt

from plansim.core.kernel import lean_kernel
from plansim.core.random import normal_pair, uniform_pair

TRIES = 64  # draws from the ellipsoid, of which parts may lie outside the bounds


@lean_kernel
def draw_informed(stream, start, goal, best, bounds, metric, out):
    """Fills out (n,) with a state, uniform over those within the bounds that may better a path of cost `best`.

    False where none was found, which is where the ellipsoid hardly meets the bounds.
    """
    n = start.shape[0]
    least = 0.0
    for i in range(n):
        least += (metric[i, 0] * (goal[i] - start[i])) ** 2
    least = sqrt(least)
    major, minor = 0.5 * best, 0.5 * sqrt(max(best * best - least * least, 0.0))
    for _ in range(TRIES):
        _draw_in_ball(stream, out)
        # along the axis from start to goal the ball is stretched more than across it
        along = 0.0
        for i in range(n):
            along += out[i] * _axis(i, start, goal, metric, least)
        inside = True
        for i in range(n):
            x = minor * out[i] + (major - minor) * along * _axis(i, start, goal, metric, least)
            out[i] = 0.5 * (start[i] + goal[i]) + x / metric[i, 0]
            inside = inside and bounds[0, i] <= out[i] <= bounds[1, i]
        if inside:
            return True
    return False


@lean_kernel
def _axis(i, start, goal, metric, least):
    """Component i of the unit vector from start to goal; the first axis where the two are one."""
    return metric[i, 0] * (goal[i] - start[i]) / least if least > 0.0 else 1.0 if i == 0 else 0.0


@lean_kernel
def _draw_in_ball(stream, out):
    """Uniform in the unit ball: a direction by normal numbers, a radius by the n-th root (Muller 1959)."""
    n, total = out.shape[0], 0.0
    for i in range(0, n, 2):
        a, b = normal_pair(stream)
        out[i] = a
        total += a * a
        if i + 1 < n:
            out[i + 1] = b
            total += b * b
    scale = uniform_pair(stream)[0] ** (1.0 / n) / sqrt(total) if total > 0.0 else 0.0
    for i in range(n):
        out[i] *= scale


@lean_kernel
def unit_ball(n):
    """The volume of the unit ball in R^n."""
    return exp(0.5 * n * log(pi) - lgamma(0.5 * n + 1.0))
