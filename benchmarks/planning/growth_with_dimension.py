"""Time to a first way as the dimension grows: arms of 2 to 10 joints, and a point among boxes; and the picture of it."""

from __future__ import annotations

import os

os.environ.update({name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")})

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from benchmarks.record import record
from plansim.core.shapes import Shapes
from plansim.core.solids import Solids
from plansim.models.arm import planar_arm
from plansim.planning.base import Budget, Problem
from plansim.planning.sampling.bit_star import BITStar
from plansim.planning.sampling.rrt import RRT
from plansim.planning.sampling.rrt_connect import RRTConnect
from plansim.planning.spaces.arm import ArmSpace
from plansim.planning.spaces.box import BoxSpace

DIMENSIONS = range(2, 11)
PROBLEMS, LIMIT = 15, 0.5  # of each dimension; s, of a plan
PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "growth_with_dimension.png"


def arm_problems(joints: int) -> list[Problem]:
    """From one side of two posts to the other, the arm having to draw itself in."""
    posts = [[0.75, 0.35, -1.0, 0.75, 0.35, 1.0, 0.06], [0.3, -0.55, -1.0, 0.3, -0.55, 1.0, 0.06]]
    space = ArmSpace(planar_arm(joints, limit=2.6), Solids(cylinders=posts))
    return _blocked(space, np.random.default_rng(joints))


def box_problems(dimension: int) -> list[Problem]:
    """Among boxes that fill a third of each axis in turn."""
    rng = np.random.default_rng(dimension)
    corners = rng.uniform(0.0, 0.7, (20, dimension))
    low = np.zeros(dimension)
    boxes = np.stack((corners, corners + 0.3 + 0.4 * rng.uniform(size=corners.shape)), axis=1)
    return _blocked(BoxSpace(Shapes(low, low + 1.0, boxes=boxes)), rng)


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
    makers = {"arm": arm_problems, "boxes": box_problems}
    planners = {"RRT": RRT(), "RRT-Connect": RRTConnect(), "BIT*, first path": First()}
    rows = []
    for world, maker in makers.items():
        for dimension in DIMENSIONS:
            row: dict[str, object] = {"world": world, "dimension": dimension}
            problems = maker(dimension)
            for name, planner in planners.items():
                planner.plan(problems[0], Budget(seconds=0.05), np.random.default_rng(0))  # compiles
                spent, solved = [], 0
                for i, problem in enumerate(problems):
                    plan = planner.plan(problem, Budget(seconds=LIMIT), np.random.default_rng(i))
                    solved += plan.solved
                    spent.append(plan.stats.seconds)
                row[f"{name}, ms"], row[f"{name}, solved"] = float(np.median(spent)) * 1e3, f"{solved}/{PROBLEMS}"
            rows.append(row)
    draw(rows, list(planners))
    record("Growth with dimension", "python benchmarks/planning/growth_with_dimension.py", rows)


def draw(rows: list[dict], names: list[str]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, 2, figsize=(8, 3.2), sharey=True, layout="constrained")
    titles = {"arm": "arm among posts", "boxes": "point among boxes"}
    for panel, (world, title) in zip(panels, titles.items(), strict=True):
        own = [row for row in rows if row["world"] == world]
        for name in names:
            median = [row[f"{name}, ms"] for row in own]
            panel.semilogy([row["dimension"] for row in own], median, "o-", ms=4, label=name)
        panel.set(title=title, xlabel="dimension", xticks=list(DIMENSIONS))
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("median time to a first path, ms")
    panels[1].legend(fontsize=8)
    figure.savefig(PICTURE, dpi=100)
    plt.close(figure)


if __name__ == "__main__":
    main()
