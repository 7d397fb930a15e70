"""The 48 words of Reeds and Shepp (1990), "Optimal paths for a car that goes both forwards and backwards", compiled.

Section 8 of the paper gives the formulas, for a goal (x, y, turn) seen from the start with the radius 1. Those below
are its (8.1) to (8.11), for a car that first turns left; a path mirrored in time (drive backwards), in space (left and
right exchanged) or both, is the same formula for another goal, and so is one that is driven from its end to its start.
That makes 44 calls for 48 words: one formula gives L+R-L+ and L+R-L-.

No arc of a shortest path need turn by more than a right angle (Soueres and Boissonnat 1998, "Optimal trajectories for
nonholonomic mobile robots", table 1). Whether that holds is seen from the signs of a vector that points where the first
arc ends, and another for the last one: most words are ruled out before any angle is found. The signs are taken with a
slack: a formula solves the equations of the end for angles of any sign, so that a word with an arc a little shorter
than nothing still leads to the goal, and rounding decides about nothing.

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
_SLACK = 1e-9
_MOST_SINE = sqrt(0.5) + _SLACK  # of half a right angle
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
    half_s, half_g = sin(0.5 * turn), cos(0.5 * turn)
    s, h = 2.0 * half_s * half_g, 2.0 * half_s * half_s
    g = 1.0 - h
    end_x, end_y = x * g + y * s, x * s - y * g  # the start, seen from the goal
    best = (1e300, 0, 0.0, 0.0, 0.0)
    for number in range(0, 64, 16):
        f, m = -1.0 if number & _BACK else 1.0, -1.0 if number & _MIRROR else 1.0
        turned, sine = f * m * turn, f * m * s
        a, b, c, d = f * x - sine, m * y - h, f * x + sine, m * y - 2.0 + h
        e = c * c + (m * y + h) * (m * y - 4.0 + h)
        best = _arc_line_arc(a, b, c, d, e, turned, sine, g, number, best)
        best = _three_arcs(a, b, turned, number + LRL, best)
        best = _four_arcs(c, d, e, turned, sine, g, number, best)
        best = _arcs_line_arc(a, b, c, d, e, turned, sine, g, number + LRSL, number + LRSR, best)
        best = _arcs_line_arcs(c, d, e, turned, sine, g, number, best)
        a, b, c, d = f * end_x - sine, m * end_y - h, f * end_x + sine, m * end_y - 2.0 + h
        e = c * c + (m * end_y + h) * (m * end_y - 4.0 + h)
        best = _three_arcs(a, b, turned, number + LRL_BACK, best)
        best = _arcs_line_arc(a, b, c, d, e, turned, sine, g, number + LRSL_BACK, number + LRSR_BACK, best)
    return best


# Each of these takes the goal, the sine and cosine s, g of its turn, and the best word so far, and returns the better
# one. (a, b) is the goal's left turning centre seen from the start's left one, (c, d) its right one, both turned by a
# right angle; e = c^2 + d^2 - 4 without cancellation; (p, q) points where the first arc ends.


@kernel
def _arc_line_arc(a, b, c, d, e, turn, s, g, number, best):
    if _ahead(a, b) and _ahead(g * a + s * b, s * a - g * b):  # (8.1)
        t = atan2(b, a)
        best = _better(best, number + LSL, t, sqrt(a * a + b * b), _folded(turn - t), 0.0)
    if e >= 0.0:
        u = sqrt(e)
        p, q = c * u - 2.0 * d, d * u + 2.0 * c
        if _ahead(p, q) and _ahead(g * p + s * q, g * q - s * p):  # (8.2)
            t = atan2(q, p)
            best = _better(best, number + LSR, t, u, _folded(t - turn), 0.0)
    return best


@kernel
def _three_arcs(a, b, turn, word, best):
    """(8.3) and (8.4); the last arc is asked about where it is the first one, for the start seen from the goal."""
    sine = 0.25 * sqrt(a * a + b * b)  # of half the middle arc, which is driven backwards
    if sine <= _MOST_SINE:
        cosine = sqrt(1.0 - sine * sine)
        p, q = -a * cosine - b * sine, a * sine - b * cosine
        if _ahead(p, q):
            u = -2.0 * asin(sine)
            if fabs(_folded(turn + u)) - u < best[0]:
                t = atan2(q, p)
                best = _better(best, word, t, u, _folded(turn - t + u), 0.0)
    return best


@kernel
def _four_arcs(c, d, e, turn, s, g, number, best):
    """(8.7) where the centres are nearer than 2, else (8.8)."""
    if e > 16.0:
        return best
    near = e <= 0.0
    # through the sine of half the middle arcs: an arc cosine near 1 would lose half of the digits
    sine = sqrt(-e / (8.0 * (2.0 + sqrt(c * c + d * d)))) if near else -sqrt(e / 32.0)
    sin_u, cos_u = 2.0 * sine * sqrt(1.0 - sine * sine), 1.0 - 2.0 * sine * sine
    # what both turn together, to the right
    sin_both, cos_both = (2.0 * sin_u * cos_u, 1.0 - 2.0 * sin_u * sin_u) if near else (0.0, 1.0)
    m, n = sin_u - sin_both, cos_u - cos_both - 1.0
    p, q = c * m + d * n, d * m - c * n
    # where the last arc ends: to the left of the first one's end where the middle arcs turn back, else to the right
    last_p, last_q = g * cos_both - s * sin_both, s * cos_both + g * sin_both
    last_p, last_q = last_p * p + last_q * q, last_q * p - last_p * q
    if _ahead(p, q) and _ahead(last_p, last_q if near else -last_q):
        u = 2.0 * asin(sine)
        both = 2.0 * u if near else 0.0
        if 2.0 * fabs(u) + fabs(_folded(turn + both)) < best[0]:
            t = atan2(q, p)
            word = number + (LRLR_NEAR if near else LRLR_FAR)
            best = _better(best, word, t, u, _folded(_folded(t - both) - turn), fabs(u))
    return best


@kernel
def _arcs_line_arc(a, b, c, d, e, turn, s, g, word_left, word_right, best):
    """(8.9), the last arc to the left, and (8.10), to the right."""
    r = a * a + b * b - 4.0
    if r >= 0.0:
        r = sqrt(r)
        p, q = -2.0 * a - b * r, a * r - 2.0 * b
        if _ahead(p, q) and _ahead(s * p - g * q, g * p + s * q):
            t = atan2(q, p)
            best = _better(best, word_left, t, 2.0 - r, _folded(_folded(turn - _RIGHT_ANGLE) - t), _RIGHT_ANGLE)
    if e >= 0.0 and _ahead(-d, c) and _ahead(-s * d - g * c, g * d - s * c):
        t, u = atan2(c, -d), -e / (2.0 + sqrt(c * c + d * d))
        best = _better(best, word_right, t, u, _folded(_folded(t - turn) + _RIGHT_ANGLE), _RIGHT_ANGLE)
    return best


@kernel
def _arcs_line_arcs(c, d, e, turn, s, g, number, best):
    """(8.11)."""
    if e >= 16.0:
        u = 4.0 - sqrt(e)
        p, q = (u - 4.0) * d - 2.0 * c, (4.0 - u) * c - 2.0 * d
        if _ahead(p, q) and _ahead(g * p + s * q, g * q - s * p):
            t = atan2(q, p)
            best = _better(best, number + LRSLR, t, u, _folded(t - turn), pi)
    return best


@kernel
def _ahead(p, q):
    """Whether (p, q) points ahead or to the left, by no more than a right angle; but for rounding."""
    slack = -_SLACK * (fabs(p) + fabs(q))
    return p >= slack and q >= slack


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
