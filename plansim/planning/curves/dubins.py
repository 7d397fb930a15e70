"""Shortest paths of a car that only drives forwards, between poses: lengths, words and paths, many at once.

Dubins (1957), "On curves of minimal length with a constraint on average curvature": the shortest is one of LSL, LSR,
RSL, RSR, LRL and RLR. Those that begin to the right are those that begin to the left, for the mirrored goal.

Kernels, to be called from other kernels:

    dubins_distance(x, y, turn) -> length                       of the shortest word, in radii; see `words.seen_from`
    shortest_dubins(a, b, radius, turns, lengths) -> metres     fills turns (3,) and lengths (3,), see `words`
"""

from __future__ import annotations

from math import asin, atan2, cos, fabs, pi, sin, sqrt

import numpy as np

from plansim.core.arrays import Array
from plansim.core.kernel import kernel
from plansim.planning.curves.words import Curve, check_positive, curve_along, poses_pair, positive_angle, seen_from

LSL, LSR, LRL = range(3)
_MIRROR = 4
_TURN = 2.0 * pi
_SLACK = 1e-12  # radii by which a path may miss its goal, rather than go round once more


def dubins_length(a: Array, b: Array, radius: float) -> Array:
    """Metres of the shortest path from poses a to poses b (..., 3), turning no tighter than `radius` metres, (...).

    >>> float(dubins_length([0.0, 0.0, 0.0], [3.0, 0.0, 0.0], radius=1.0))
    3.0
    """
    a, b, batch = poses_pair(a, b, radius)
    out = np.empty(len(a))
    _lengths(a, b, float(radius), out)
    return out.reshape(batch)[()]


def dubins_word(a: Array, b: Array, radius: float) -> tuple[Array, Array]:
    """The letters of the shortest paths from a to b (..., 3): turns (..., 3) in {1, 0, -1}, metres (..., 3)."""
    a, b, batch = poses_pair(a, b, radius)
    turns, lengths = np.empty((len(a), 3), dtype=np.int64), np.empty((len(a), 3))
    _words(a, b, float(radius), turns, lengths)
    return turns.reshape(*batch, 3), lengths.reshape(*batch, 3)


def dubins_path(a: Array, b: Array, radius: float, spacing: float) -> Curve:
    """The shortest path between two poses (3,), with a state at least every `spacing` metres.

    >>> path = dubins_path([0.0, 0.0, 0.0], [0.0, 2.0, 3.14159265], radius=1.0, spacing=0.5)
    >>> path.states[-1].round(6).tolist()
    [0.0, 2.0, 3.141593]
    """
    check_positive("spacing", spacing)
    turns, lengths = dubins_word(a, b, radius)
    return curve_along(a, turns, lengths, radius, spacing)


@kernel
def dubins_distance(x, y, turn):
    return _shortest(x, y, turn)[0]


@kernel
def shortest_dubins(a, b, radius, turns, lengths):
    x, y, turn = seen_from(a, b, radius)
    length, number, t, u, v = _shortest(x, y, turn)
    word, m = number % 4, -1 if number & _MIRROR else 1
    if word == LSL:
        t, v = _outer_arcs(x, y, m, turn, length - u)
    turns[0], turns[1], turns[2] = m, -m if word == LRL else 0, -m if word == LSR else m
    lengths[0], lengths[1], lengths[2] = t * radius, u * radius, v * radius
    return length * radius


@kernel
def _shortest(x, y, turn):
    """The length of the shortest word in radii, its number, and its letters, where they are known: not those of LSL.

    (a, b) is the goal's left turning centre seen from the start's left one, (c, d) its right one, both turned by a
    right angle; e = c^2 + d^2 - 4 without cancellation; (p, q) points where the first arc ends. Words are held against
    the best by what is seen from signs, before an arc tangent is spent.
    """
    half_s, half_g = sin(0.5 * turn), cos(0.5 * turn)
    s, h = 2.0 * half_s * half_g, 2.0 * half_s * half_s
    g = 1.0 - h
    best = (1e300, 0, 0.0, 0.0, 0.0)
    for number in (0, _MIRROR):
        m = -1.0 if number else 1.0
        a, b, sine, turned = x - m * s, m * y - h, m * s, positive_angle(m * turn)
        line = sqrt(a * a + b * b)
        length = line + turned
        if not _turns_on(a, b, sine, g, a * half_g + b * fabs(half_s), turned, _SLACK * (1.0 + line)):
            length += _TURN
        if length < best[0]:
            best = (length, number + LSL, 0.0, line, 0.0)
    for number in (0, _MIRROR):
        m = -1.0 if number else 1.0
        a, b, c, d = x - m * s, m * y - h, x + m * s, m * y - 2.0 + h
        sine, turned = m * s, m * turn
        e = c * c + (m * y + h) * (m * y - 4.0 + h)
        if e > -_SLACK:
            u = sqrt(max(e, 0.0))
            p, q = c * u - 2.0 * d, d * u + 2.0 * c
            if u + max(fabs(turn), _quarters(p, q) + _quarters(g * p + sine * q, g * q - sine * p)) < best[0]:
                t = positive_angle(atan2(q, p))
                best = _better(best, number + LSR, t, u, positive_angle(t - turned))
        if a * a + b * b <= 16.0 and pi < best[0]:
            u = _TURN - 2.0 * asin(0.25 * sqrt(a * a + b * b))
            if u + positive_angle(turned + u) < best[0]:
                t = positive_angle(atan2(-b, -a) + 0.5 * u - pi)
                best = _better(best, number + LRL, t, u, positive_angle(turned - t + u))
    return best


# The length jumps by a whole turn where an arc vanishes; what rounding says there is not followed, as long as the path
# ends where it should.


@kernel
def _turns_on(a, b, sine, cosine, middle, turned, slack):
    """Whether one that turns by `turned`, in [0, 2 pi), passes the direction of (a, b); it may miss it by slack."""
    before, after = b >= -slack, a * sine - b * cosine >= -slack
    if turned > pi:
        return before or after
    return before and after and middle >= -slack


@kernel
def _outer_arcs(x, y, m, turn, arcs):
    """The arcs before and after the line of LSL, or of RSR where m is -1, of which the sum is known."""
    t = positive_angle(atan2(m * y - 2.0 * sin(0.5 * turn) ** 2, x - m * sin(turn)))
    if t > arcs:  # by rounding, no more than a little above the sum or below 0
        t = 0.0 if t - arcs > _TURN - t else arcs
    return t, arcs - t


@kernel
def _quarters(p, q):
    """The direction of (p, q) as an angle within [0, 2 pi), less what it exceeds a multiple of a right angle by."""
    if q < -_SLACK * (fabs(p) + fabs(q)):
        return pi if p < 0.0 else 1.5 * pi
    return 0.5 * pi if p < 0.0 else 0.0


@kernel
def _better(best, number, t, u, v):
    length = t + u + v
    return (length, number, t, u, v) if length < best[0] else best


@kernel
def _lengths(a, b, radius, out):
    for i in range(a.shape[0]):
        x, y, turn = seen_from(a[i], b[i], radius)
        out[i] = radius * dubins_distance(x, y, turn)


@kernel
def _words(a, b, radius, turns, lengths):
    for i in range(a.shape[0]):
        shortest_dubins(a[i], b[i], radius, turns[i], lengths[i])
