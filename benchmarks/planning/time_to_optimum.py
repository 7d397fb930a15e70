"""How long until a path is within one per cent of the shortest: plansim beside OMPL, on worlds with exact optima.

`pip install ompl` for the peer. Both test edges with the same compiled kernel, exactly; OMPL calls it through its
MotionValidator. Worlds of 30 to 60 rectangles, optima by visibility graph. A run that takes longer than its limit
has failed. Medians are over all runs, failures as infinite.
"""

from __future__ import annotations

import os

os.environ.update({name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")})

import importlib.util
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from benchmarks.record import record
from plansim.core.shapes import Shapes
from plansim.planning import BITStar, Budget, InformedRRTStar, Problem, RRTStar
from plansim.planning.spaces.box import BoxSpace
from tests.conftest import data_folder

WORLDS, SEEDS, PEER_SEEDS, NEAR = 12, 10, 2, 1.01
LIMIT, PEER_LIMIT = 0.4, 1.0  # s
OURS = {
    "BITStar": BITStar(max_samples=10**6),
    "BITStar, corners=False": BITStar(max_samples=10**6, corners=False),
    "InformedRRTStar": InformedRRTStar(max_samples=10**6),
    "RRTStar": RRTStar(max_samples=10**6),
}
PEERS = ("AORRTC", "BITstar", "InformedRRTstar", "RRTstar")


def worlds() -> list[tuple[Problem, float]]:
    found = []
    for world in json.loads((data_folder() / "refs/rect_worlds_visgraph.json").read_text())[:: 24 // WORLDS]:
        low, high = np.reshape(world["bounds"], (2, 2))
        shapes = Shapes(low, high, boxes=np.reshape(world["rects"], (-1, 2, 2)))
        problem = Problem(BoxSpace(shapes), np.array(world["start"]), np.array(world["goal"]))
        found.append((problem, NEAR * world["opt"]))
    return found


def ours(planner, problem: Problem, enough: float, seed: int) -> float:
    """Seconds from the call until a path of cost `enough` is in hand: the search is run again up to that sample."""
    plan = planner.plan(problem, Budget(seconds=LIMIT), np.random.default_rng(seed))
    better = plan.history[plan.history[:, 2] <= enough]
    if not len(better):
        return float("inf")
    began = time.perf_counter()
    again = planner.plan(problem, Budget(iterations=max(int(better[0, 0]), 1)), np.random.default_rng(seed))
    seconds = time.perf_counter() - began
    assert again.solved
    assert again.cost <= enough * (1 + 1e-12)
    assert problem.space.edge_free(again.states[:-1], again.states[1:]).all()
    return seconds


def ompl_planner(name: str, problem: Problem, enough: float, seed: int):
    """A planner of OMPL, set up, its task, and what they need to live; it stops at a path of cost `enough`."""
    from ompl import base, geometric, util

    util.RNG.setSeed(seed + 1)
    util.setLogLevel(util.LogLevel.LOG_NONE)
    space, world = base.RealVectorStateSpace(2), problem.space.world
    bounds = base.RealVectorBounds(2)
    for i in range(2):
        bounds.setLow(i, float(world.low[i]))
        bounds.setHigh(i, float(world.high[i]))
    space.setBounds(bounds)
    info = base.SpaceInformation(space)
    kernels = problem.space.kernels
    point_free, segment_free = kernels.point_free.compiled, kernels.segment_free.compiled
    a, b = np.empty(2), np.empty(2)

    class Exact(base.MotionValidator):
        def checkMotion(self, s, t, *rest):
            a[0], a[1], b[0], b[1] = s[0], s[1], t[0], t[1]
            return bool(segment_free(a, b, kernels.arrays))

    def valid(s):
        a[0], a[1] = s[0], s[1]
        return bool(point_free(a, kernels.arrays))

    info.setStateValidityChecker(valid)
    exact = Exact(info)
    info.setMotionValidator(exact)
    info.setup()
    task = base.ProblemDefinition(info)
    ends = []
    for point in (problem.start, problem.goal):
        state = space.allocState()
        state[0], state[1] = float(point[0]), float(point[1])
        ends.append(state)
    task.setStartAndGoalStates(*ends)
    objective = base.PathLengthOptimizationObjective(info)
    objective.setCostThreshold(base.Cost(enough))
    task.setOptimizationObjective(objective)
    planner = getattr(geometric, name)(info)
    planner.setProblemDefinition(task)
    planner.setup()
    return planner, task, (space, info, exact, objective, ends, valid)


def ompl(name: str, problem: Problem, enough: float, seed: int) -> float:
    planner, task, _kept = ompl_planner(name, problem, enough, seed)
    began = time.perf_counter()
    planner.solve(PEER_LIMIT)
    seconds = time.perf_counter() - began
    path = task.getSolutionPath()
    return seconds if path is not None and path.length() <= enough * (1 + 1e-9) else float("inf")


def row(name: str, seconds: list[float], best: float) -> dict[str, object]:
    low, middle, high = (np.percentile(seconds, q, method="higher") * 1e3 for q in (10, 50, 90))
    solved = f"{np.isfinite(seconds).sum()} of {len(seconds)}"
    return {
        "planner": name, "10 %, ms": low, "median, ms": middle, "90 %, ms": high, "within 1 %": solved,
        "OMPL's best ÷ this": best / middle,
    }  # fmt: skip


def main() -> None:
    problems = worlds()
    times = {}
    if importlib.util.find_spec("ompl"):
        for name in PEERS:
            times[f"OMPL {name}"] = [ompl(name, *p, seed) for p in problems for seed in range(PEER_SEEDS)]
    best = min((float(np.percentile(t, 50, method="higher")) * 1e3 for t in times.values()), default=float("nan"))
    for name, planner in OURS.items():
        planner.plan(problems[0][0], Budget(iterations=500))
        runs = SEEDS if name.startswith("BIT") else 1
        times[name] = [ours(planner, *p, seed) for p in problems for seed in range(runs)]
    note = (
        f"{WORLDS} worlds, {SEEDS} seeds (RRT*: 1, peers: {PEER_SEEDS}), "
        f"at most {LIMIT:g} s a run (peers: {PEER_LIMIT:g} s). "
        "With `corners`, BIT* begins with the corners of the rectangles, which no peer is told; "
        "without, it knows as much as they."
    )
    record("Time to one per cent of the exact optimum", "python benchmarks/planning/time_to_optimum.py",
           [row(name, t, best) for name, t in times.items()], note)  # fmt: skip


if __name__ == "__main__":
    main()
