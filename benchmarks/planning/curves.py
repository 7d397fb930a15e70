"""Dubins' and Reeds and Shepp's shortest paths: plansim beside OMPL, on the same pairs of poses, with equal lengths.

`pip install ompl` for the peer. OMPL is asked in a loop over states that were made before; "less its binding" takes off
what the same loop costs for a distance that takes next to no time, that of SE(2). Every path of ours is driven to its
end, so that where lengths differ the shorter one is right.
"""

from __future__ import annotations

import os

os.environ.update({name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")})

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

import numpy as np

from benchmarks.record import record
from plansim.core.layout import wrap_angle
from plansim.planning.curves.dubins import dubins_length, dubins_word
from plansim.planning.curves.reeds_shepp import reeds_shepp_length, reeds_shepp_word
from plansim.planning.curves.words import sample_words

PAIRS, REPEATS = 20_000, 15
SIZES = (1.0, 4.0, 20.0)  # m, half the side of the square that poses are drawn from; the radius is 1 m
OURS = {"Dubins": (dubins_length, dubins_word), "ReedsShepp": (reeds_shepp_length, reeds_shepp_word)}


def drawn(size: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    a, b = (rng.uniform(-1, 1, (PAIRS, 3)) * [size, size, np.pi] for _ in range(2))
    return a, b


def side_by_side(*works: Callable[[], object]) -> list[float]:
    """Seconds of each, at best of repeats in turn: a neighbour's load that comes and goes hits all of them."""
    times = []
    for _ in range(REPEATS + 1):
        times.append([])
        for work in works:
            began = time.perf_counter()
            work()
            times[-1].append(time.perf_counter() - began)
    return np.min(times[1:], axis=0).tolist()


def asked_of_ompl(kind: str, a: np.ndarray, b: np.ndarray) -> Callable[[], list[float]]:
    from ompl import base

    space = base.SE2StateSpace() if kind == "SE2" else getattr(base, f"{kind}StateSpace")(1.0)

    def state(pose: np.ndarray):
        made = space.allocState()
        made.setX(float(pose[0]))
        made.setY(float(pose[1]))
        made.setYaw(float(pose[2]))
        return made

    pairs = [(state(p), state(q)) for p, q in zip(a, b, strict=True)]
    return lambda: [space.distance(p, q) for p, q in pairs]


def misses(kind: str, a: np.ndarray, b: np.ndarray) -> float:
    """How far the end of any path lies from its goal, at most."""
    turns, lengths = OURS[kind][1](a, b, 1.0)
    end = np.empty_like(a)
    sample_words(a, turns, lengths, 1.0, np.full(len(a), np.inf), end)
    error = end - b
    error[:, 2] = wrap_angle(error[:, 2])
    return float(np.abs(error).max())


def row(kind: str, size: float) -> dict[str, object]:
    a, b = drawn(size)
    length, few = OURS[kind][0], list(zip(a[:200], b[:200], strict=True))
    works = [lambda: length(a, b, 1.0), asked_of_ompl(kind, a, b), asked_of_ompl("SE2", a, b)]
    ours, theirs, binding, single = side_by_side(*works, lambda: [length(p, q, 1.0) for p, q in few])
    difference = length(a, b, 1.0) - np.array(works[1]())
    return {
        "curve": kind,
        "within m": 2 * size,
        "plansim, batch us": ours / PAIRS * 1e6,
        "OMPL us": theirs / PAIRS * 1e6,
        "OMPL / plansim": f"{theirs / ours:.1f}x",
        "less OMPL's binding": f"{(theirs - binding) / ours:.1f}x",
        "plansim, one call us": single / len(few) * 1e6,
        "OMPL longer by > 1e-9": int((difference < -1e-9).sum()),
        "plansim longer by > 1e-9": int((difference > 1e-9).sum()),
        "worst miss of an end, m": misses(kind, a, b),
    }


def main() -> None:
    rows = [row(kind, size) for kind in OURS for size in SIZES]
    note = f"{PAIRS} pairs, best of {REPEATS} in turn; one thread."
    record("Dubins and Reeds-Shepp lengths, us a pair", "python benchmarks/planning/curves.py", rows, note)


if __name__ == "__main__":
    main()
