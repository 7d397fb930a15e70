"""2,500 candidate trajectories of 45 steps against ten moving vehicles: plansim beside the same method in plain numpy.

The peer judges all candidates at once, too, in arrays of candidates by steps (by obstacles); it must find the same
costs to 1e-9, the same faults and the same best candidate. One core.
"""

from __future__ import annotations

import os

os.environ.update({name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")})

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from benchmarks.record import record
from plansim.planning.trajectory.candidate_kernels import (
    ACCELERATION,
    COLLISION,
    CURVATURE,
    EDGE,
    FRAME,
    LATERAL,
    SPEED,
)
from plansim.planning.trajectory.candidates import FrenetCandidates, LaneProblem
from plansim.planning.trajectory.frenet import to_frenet
from tests.planning.trajectory.roads import lane_problem

PROBLEMS, REPEATS, SLOW_REPEATS = 8, 40, 3


def numpy_judge(planner: FrenetCandidates, problem: LaneProblem) -> tuple[np.ndarray, np.ndarray]:
    """Costs and faults (N, M), every quantity an array (N, M, T + 1)."""
    p, start = planner, to_frenet(problem.line, problem.start)
    along, haste, _ = p._longitudinal(problem, start)
    lateral, _, _, ends, twist = p._lateral(problem, start)
    limits = p._limits(problem, start)
    s, v, a = (x[:, None] for x in np.moveaxis(along, -1, 0))
    d, d_t, d_tt = (x[None] for x in np.moveaxis(lateral, -1, 0))
    x, y, heading, curvature, curvature_slope = problem.line.at(s)
    w, moving = 1 - curvature * d, v > 1e-6
    inverse = np.divide(1.0, v, out=np.zeros_like(v), where=moving)
    slope = d_t * inverse
    bend = (d_tt - slope * a) * inverse**2
    tan = slope / w
    c = 1 / np.sqrt(1 + tan**2)
    w_slope = -(curvature_slope * d + curvature * slope)
    own = ((bend - w_slope * tan) * c**2 / w + curvature) * c / w
    speed = v * w / c
    push = a * w / c + v**2 / c * (slope * (own * w / c - curvature) + w_slope)
    aside, middle = speed**2 * own, d + limits.ahead * tan * c
    reach = limits.half_width * c + limits.half_length * np.abs(tan) * c
    faults = SPEED * ((v < -1e-6) | (speed > limits.top_speed + 1e-6)).any(-1)
    faults |= ACCELERATION * ((push > limits.acceleration + 1e-6) | (push < -limits.braking - 1e-6)).any(-1)
    faults |= CURVATURE * (np.abs(own) > limits.curvature + 1e-9).any(-1)
    faults |= LATERAL * (np.abs(aside) > limits.lateral_acceleration + 1e-6).any(-1)
    faults |= EDGE * ((middle - reach < limits.right) | (middle + reach > limits.left)).any(-1)
    faults |= FRAME * ((w <= 1e-3) | (~moving & (np.abs(d_t) > 1e-6))).any(-1)
    hit, danger = np.zeros(faults.shape, dtype=bool), np.zeros(faults.shape)
    cos, sin = np.cos(heading), np.sin(heading)
    for obstacle, (length, width) in zip(p._obstacles(problem), np.asarray(problem.sizes) / 2, strict=True):
        ox, oy, oc, os_, vx, vy = obstacle.T
        forward, left = (ox - x) * cos + (oy - y) * sin, (oy - y) * cos - (ox - x) * sin
        rc, rs = oc * cos + os_ * sin, os_ * cos - oc * sin
        gap_to = forward - limits.ahead
        gap = np.abs(gap_to) - limits.half_length - np.abs(rc) * length - np.abs(rs) * width
        other = vx * cos + vy * sin
        closing = np.where(gap_to > 0, v - other, other - v)
        with np.errstate(divide="ignore", invalid="ignore"):
            threat = np.where(closing > 1e-9, 1 - gap / (closing * limits.time_to_collision), 0.0)
            headway = np.where((gap_to > 0) & (v > 1e-9), 1 - gap / (v * limits.headway), 0.0)
        threat = np.where(gap <= 0, 1.0, np.maximum(np.maximum(threat, headway), 0.0))
        beside = np.abs(left - middle) < limits.half_width + np.abs(rc) * width + np.abs(rs) * length
        danger = np.maximum(danger, (threat * beside)[..., 1:].max(-1))
        hit |= _overlaps(forward, left - d, rc, rs, length + p.margin, width + p.margin, c, tan * c, limits)
    faults |= COLLISION * hit
    lanes = np.asarray(problem.lanes, dtype=float)
    astray = np.abs(np.subtract.outer(ends, lanes)).min(-1)
    costs = haste[:, None] + p.centre_cost * astray**2 + p.lane_cost * (ends - problem.lane) ** 2 + p.jerk_cost * twist
    return costs + p.lateral_cost * (aside**2).sum(-1) * p.dt + p.danger_cost * danger**2, faults


def _overlaps(forward, aside, rc, rs, length, width, c, s, limits) -> np.ndarray:
    """Whether the rectangles overlap at some step after the first, by separating axes."""
    dx, dy = forward - limits.ahead * c, aside - limits.ahead * s
    cc, ss = np.abs(c * rc + s * rs), np.abs(c * rs - s * rc)
    own_length, own_width = limits.half_length, limits.half_width
    overlap = np.abs(dx * c + dy * s) < own_length + length * cc + width * ss
    overlap &= np.abs(dy * c - dx * s) < own_width + length * ss + width * cc
    overlap &= np.abs(dx * rc + dy * rs) < length + own_length * cc + own_width * ss
    overlap &= np.abs(dy * rc - dx * rs) < width + own_length * ss + own_width * cc
    return overlap[..., 1:].any(-1)


def timed(call: Callable[[], object], repeats: int) -> float:
    """Median milliseconds."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return 1e3 * float(np.median(times))


def main() -> None:
    planner, rows = FrenetCandidates(), []
    for seed in range(PROBLEMS):
        problem = replace(lane_problem(planner, seed), follow=np.empty((0, 2)))
        plan = planner.plan(problem)  # compiled by now
        found, (costs, faults) = planner.evaluate(problem), numpy_judge(planner, problem)
        np.testing.assert_allclose(found.costs, costs, rtol=1e-9, atol=1e-9)
        np.testing.assert_array_equal(found.faults, faults)
        best = np.unravel_index(np.where(faults == 0, costs, np.inf).argmin(), faults.shape)
        assert planner.choose(found) == best or found.feasible == 0, seed
        whole = timed(lambda problem=problem: planner.plan(problem), REPEATS)
        judged = timed(lambda problem=problem: planner.evaluate(problem), REPEATS)
        peer = timed(lambda problem=problem: numpy_judge(planner, problem), SLOW_REPEATS)
        rows.append({
            "seed": seed, "candidates": plan.stats.samples, "feasible": plan.stats.expanded, "plan ms": whole,
            "judging ms": judged, "numpy ms": peer, "× numpy": peer / judged,
        })  # fmt: skip
    keys = ("plan ms", "judging ms", "numpy ms", "× numpy")
    rows.append({"seed": "median"} | {key: float(np.median([row[key] for row in rows])) for key in keys})
    note = (
        "2,500 candidates of 45 steps, 10 moving rectangles: generated, scored for safety, comfort, efficiency. "
        "plan: with the drive along the best one. Costs equal numpy's to 1e-9, faults and best candidate exactly."
    )
    record("Candidate trajectories", "python benchmarks/planning/candidates.py", rows, note)


if __name__ == "__main__":
    main()
