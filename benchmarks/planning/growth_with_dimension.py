"""Time to a first way as the dimension grows: arms of 2 to 10 joints between two posts; and a picture of it."""

from __future__ import annotations

import os

os.environ.update({name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")})

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from benchmarks.record import record
from plansim.core.solids import Solids
from plansim.models.arm import planar_arm
from plansim.planning.base import Budget, Problem
from plansim.planning.sampling.bit_star import BITStar
from plansim.planning.sampling.rrt import RRT
from plansim.planning.sampling.rrt_connect import RRTConnect
from plansim.planning.spaces.arm import ArmSpace

DIMENSIONS = range(2, 11)
PROBLEMS, LIMIT = 15, 0.3  # of each dimension; s, of a plan
PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "growth_with_dimension.png"


def arm_problems(joints: int) -> list[Problem]:
    """From one side of two posts to the other, the arm having to draw itself in."""
    posts = [[0.75, 0.35, -1.0, 0.75, 0.35, 1.0, 0.06], [0.3, -0.55, -1.0, 0.3, -0.55, 1.0, 0.06]]
    space = ArmSpace(planar_arm(joints, limit=2.6), Solids(cylinders=posts), tolerance=0.01)
    return _blocked(space, np.random.default_rng(joints))


def _blocked(space, rng: np.random.Generator) -> list[Problem]:
    """Free ends with something on the straight way."""
    found = []
    while len(found) < PROBLEMS:
        start, goal = space.sample(rng, 2)
        if space.is_free(np.stack((start, goal))).all() and not space.edge_free(start, goal):
            found.append(Problem(space, start, goal))
    return found


class First:
    """BIT* until its first path."""

    def plan(self, problem: Problem, budget: Budget, rng: np.random.Generator):
        plan = BITStar(max_samples=20_000, tighten=False).plan(problem, budget, rng)
        seconds = plan.history[0, 1] if plan.solved else budget.seconds
        return plan._replace(stats=plan.stats._replace(seconds=seconds))


def main() -> None:
    planners = {"RRT": RRT(), "RRT-Connect": RRTConnect(), "BIT*, first path": First()}
    rows = []
    for dimension in DIMENSIONS:
        row: dict[str, object] = {"joints": dimension}
        problems = arm_problems(dimension)
        for name, planner in planners.items():
            planner.plan(problems[0], Budget(seconds=0.05), np.random.default_rng(0))  # compiles
            plans = [planner.plan(p, Budget(seconds=LIMIT), np.random.default_rng(i)) for i, p in enumerate(problems)]
            row[f"{name}, ms"] = float(np.median([plan.stats.seconds for plan in plans])) * 1e3
            row[f"{name}, solved"] = f"{sum(plan.solved for plan in plans)}/{PROBLEMS}"
        rows.append(row)
    draw(rows, list(planners))
    record("Growth with dimension", "python benchmarks/planning/growth_with_dimension.py", rows)


def draw(rows: list[dict], names: list[str]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panel = plt.subplots(figsize=(5.5, 3.4), layout="constrained")
    for name in names:
        panel.semilogy([row["joints"] for row in rows], [row[f"{name}, ms"] for row in rows], "o-", ms=4, label=name)
    panel.set(xlabel="joints", ylabel="median time to a first way, ms", xticks=list(DIMENSIONS))
    panel.grid(alpha=0.3)
    panel.legend()
    figure.savefig(PICTURE, dpi=100)
    plt.close(figure)


if __name__ == "__main__":
    main()
