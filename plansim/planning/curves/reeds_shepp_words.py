"""The 48 words of Reeds and Shepp (1990), "Optimal paths for a car that goes both forwards and backwards", compiled.

Section 8 of the paper gives the formulas, for a goal (x, y, turn) seen from the start with the radius 1. Those below
are its (8.1) to (8.11), for a car that first turns left; a path mirrored in time (drive backwards), in space (left and
right exchanged) or both, is the same formula for another goal, and so is one that is driven from its end to its start.
That makes 44 calls for 48 words: one formula gives L+R-L+ and L+R-L-.

Each formula solves the equations of the end for angles of any sign. The paper restricts the signs, but what breaks its
restriction still leads to the goal, so that the least of all is the shortest path: no tolerance decides about signs.

Kernels, to be called from other kernels:

    reeds_shepp_distance(x, y, turn) -> length                        of the shortest word, in radii; see `seen_from`
    shortest_reeds_shepp(a, b, radius, turns, lengths) -> metres      fills turns (5,) and lengths (5,), see `words`
"""

from __future__ import annotations

from math import asin, atan2, cos, fabs, pi, sin, sqrt

from plansim.core.kernel import kernel
from plansim.planning.curves.words import seen_from

_RIGHT_ANGLE = 0.5 * pi
LSL, LSR, LRL, LRLR_NEAR, LRLR_FAR, LRSL, LRSR, LRSLR, LRL_BACK, LRSL_BACK, LRSR_BACK = range(11)
_BACK, _MIRROR = 16, 32  # added to a word's number: all lengths negated; left and right exchanged


@kernel
def reeds_shepp_distance(x, y, turn):
    return _shortest(x, y, turn)[0]


@kernel
def shortest_reeds_shepp(a, b, radius, turns, lengths):
    x, y, turn = seen_from(a, b, radius)
    length, word, t, u, v = _shortest(x, y, turn)
    _spell(word, t, u, v, turns, lengths)
    for k in range(5):
        lengths[k] *= radius
    return length * radius


@kernel
def _shortest(x, y, turn):
    """The length of the shortest word in radii, its number, and the t, u, v of its formula."""
    s, h = sin(turn), 2.0 * sin(0.5 * turn) ** 2
    end_x, end_y = x * (1.0 - h) + y * s, x * s - y * (1.0 - h)  # the start, seen from the goal
    best = (1e300, 0, 0.0, 0.0, 0.0)
    # first the words that begin towards the goal, and those of many letters last: most are ruled out at a glance
    first = (_BACK if x < 0.0 else 0) + (_MIRROR if y < 0.0 else 0)
    for k in range(0, 64, 16):
        number = first ^ k
        f, m = -1.0 if number & _BACK else 1.0, -1.0 if number & _MIRROR else 1.0
        best = _arc_line_arc(f * x, m * y, f * m * turn, f * m * s, h, number, best)
    for k in range(0, 64, 16):
        number = first ^ k
        f, m = -1.0 if number & _BACK else 1.0, -1.0 if number & _MIRROR else 1.0
        best = _with_cusps(f * x, m * y, f * m * turn, f * m * s, h, number, best)
        best = _with_cusps_at_the_end(f * end_x, m * end_y, f * m * turn, f * m * s, h, number, best)
    return best


# Each of these takes the goal, the sine s and h = 1 - cos of its turn, and the best word so far, and returns the
# better one. (a, b) is the goal's left turning centre seen from the start's left one, (c, d) its right one, both turned
# by a right angle; e = c^2 + d^2 - 4 without cancellation. (p, q) points where the first arc ends. Before an arc
# tangent is spent, a word is held against the best by what is known of it: its line, and what it must turn at least.


@kernel
def _arc_line_arc(x, y, turn, s, h, number, best):
    a, b = x - s, y - h
    u = sqrt(a * a + b * b)
    if u + _least(fabs(turn), a, a * (1.0 - h) + b * s) < best[0]:  # (8.1)
        t = atan2(b, a)
        best = _better(best, number + LSL, t, u, _folded(turn - t), 0.0)
    c, d = x + s, y - 2.0 + h
    e = c * c + (y + h) * (y - 4.0 + h)
    if e >= 0.0:
        u = sqrt(e)
        p, q = c * u - 2.0 * d, d * u + 2.0 * c
        if u + _least(fabs(turn), p, p * (1.0 - h) + q * s) < best[0]:  # (8.2)
            t = atan2(q, p)
            best = _better(best, number + LSR, t, u, _folded(t - turn), 0.0)
    return best


@kernel
def _with_cusps(x, y, turn, s, h, number, best):
    a, b, c, d = x - s, y - h, x + s, y - 2.0 + h
    e = c * c + (y + h) * (y - 4.0 + h)
    best = _three_arcs(a, b, turn, number + LRL, best)
    best = _four_arcs(c, d, e, turn, number, best)
    best = _arcs_line_arc(a, b, c, d, e, turn, s, h, number + LRSL, number + LRSR, best)
    if e >= 16.0:
        u = 4.0 - sqrt(e)
        p, q = (u - 4.0) * d - 2.0 * c, (4.0 - u) * c - 2.0 * d
        if pi - u + _least(fabs(turn), p, p * (1.0 - h) + q * s) < best[0]:  # (8.11)
            t = atan2(q, p)
            best = _better(best, number + LRSLR, t, u, _folded(t - turn), pi)
    return best


@kernel
def _with_cusps_at_the_end(x, y, turn, s, h, number, best):
    a, b, c, d = x - s, y - h, x + s, y - 2.0 + h
    e = c * c + (y + h) * (y - 4.0 + h)
    best = _three_arcs(a, b, turn, number + LRL_BACK, best)
    return _arcs_line_arc(a, b, c, d, e, turn, s, h, number + LRSL_BACK, number + LRSR_BACK, best)


@kernel
def _three_arcs(a, b, turn, word, best):
    """(8.3) and (8.4)."""
    apart = sqrt(a * a + b * b)
    if apart <= 4.0 and max(0.5 * apart, fabs(turn)) < best[0]:
        u = -2.0 * asin(0.25 * apart)
        if fabs(_folded(turn + u)) - u < best[0]:
            t = _folded(atan2(-b, -a) + 0.5 * u)
            best = _better(best, word, t, u, _folded(turn - t + u), 0.0)
    return best


@kernel
def _four_arcs(c, d, e, turn, number, best):
    """(8.7) where the centres are nearer than 2, else (8.8)."""
    near = e <= 0.0
    # through the sine of half the angle: an arc cosine near 1 would lose half of the digits
    square = -e / (8.0 * (2.0 + sqrt(c * c + d * d))) if near else e / 32.0
    if square > 0.5 or 4.0 * sqrt(square) + (0.0 if near else fabs(turn)) >= best[0]:
        return best
    u = 2.0 * asin(sqrt(square)) if near else -2.0 * asin(sqrt(square))
    turned = 2.0 * u if near else 0.0  # by the middle arcs, to the right
    if 2.0 * fabs(u) + fabs(_folded(turn + turned)) < best[0]:
        p, q = sin(u) - sin(turned), cos(u) - cos(turned) - 1.0
        t = atan2(d * p - c * q, c * p + d * q)
        word = number + (LRLR_NEAR if near else LRLR_FAR)
        best = _better(best, word, t, u, _folded(_folded(t - turned) - turn), fabs(u))
    return best


@kernel
def _arcs_line_arc(a, b, c, d, e, turn, s, h, word_left, word_right, best):
    """(8.9), the last arc to the left, and (8.10), to the right."""
    turns = fabs(_folded(turn - _RIGHT_ANGLE))
    r = a * a + b * b - 4.0
    if r >= 0.0:
        r = sqrt(r)
        p, q = -2.0 * a - b * r, a * r - 2.0 * b
        if fabs(2.0 - r) + _RIGHT_ANGLE + _least(turns, p, s * p - (1.0 - h) * q) < best[0]:
            t = atan2(q, p)
            best = _better(best, word_left, t, 2.0 - r, _folded(_folded(turn - _RIGHT_ANGLE) - t), _RIGHT_ANGLE)
    if e >= 0.0:
        u = -e / (2.0 + sqrt(c * c + d * d))
        if _RIGHT_ANGLE - u + _least(turns, -d, -s * d - (1.0 - h) * c) < best[0]:
            t = atan2(c, -d)
            best = _better(best, word_right, t, u, _folded(_folded(t - turn) + _RIGHT_ANGLE), _RIGHT_ANGLE)
    return best


@kernel
def _least(turns, cos_first, cos_last):
    """What the outer arcs turn at least: `turns` in all, and more than a right angle where a cosine is negative."""
    return max(turns, (_RIGHT_ANGLE if cos_first < 0.0 else 0.0) + (_RIGHT_ANGLE if cos_last < 0.0 else 0.0))


@kernel
def _folded(angle):
    """The same direction within [-pi, pi], of an angle within three times that."""
    return angle - 2.0 * pi if angle > pi else angle + 2.0 * pi if angle < -pi else angle


@kernel
def _better(best, word, t, u, v, more):
    length = fabs(t) + fabs(u) + fabs(v) + more
    return (length, word, t, u, v) if length < best[0] else best


@kernel
def _spell(number, t, u, v, turns, lengths):
    """The letters of a word for the radius 1."""
    word, r = number % 16, -_RIGHT_ANGLE
    if word <= LSR:
        letters = (1, 0, 1 if word == LSL else -1, 0, 0), (t, u, v, 0.0, 0.0)
    elif word == LRL:
        letters = (1, -1, 1, 0, 0), (t, u, v, 0.0, 0.0)
    elif word <= LRLR_FAR:
        letters = (1, -1, 1, -1, 0), (t, u, -u if word == LRLR_NEAR else u, v, 0.0)
    elif word <= LRSR:
        letters = (1, -1, 0, 1 if word == LRSL else -1, 0), (t, r, u, v, 0.0)
    elif word == LRSLR:
        letters = (1, -1, 0, 1, -1), (t, r, u, r, v)
    elif word == LRL_BACK:
        letters = (1, -1, 1, 0, 0), (v, u, t, 0.0, 0.0)
    else:
        letters = (1 if word == LRSL_BACK else -1, 0, -1, 1, 0), (v, u, r, t, 0.0)
    f, m = -1.0 if number & _BACK else 1.0, -1 if number & _MIRROR else 1
    for k in range(5):
        turns[k], lengths[k] = m * letters[0][k], f * letters[1][k]
