"""Draws docs/pictures/hierarchical.png: a trap, three ways of planning out of it, and the corridor of one of them."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from plansim.core.trap_maker import inflated, traps
from plansim.planning.base import Problem
from plansim.planning.grid.astar import AStar
from plansim.planning.grid.space import GridSpace
from plansim.planning.trajectory.corridor import safe_corridor
from plansim.planning.trajectory.hierarchical import Hierarchical
from plansim.planning.trajectory.local_optimization import TrajectoryOptimization
from plansim.planning.trajectory.shortcut import Shortcut, shortcut
from plansim.planning.trajectory.timing import TimeOptimal

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "hierarchical.png"


def main() -> None:
    hall = traps(rows=1, columns=1)
    space = GridSpace(inflated(hall, 0.25))
    problem = Problem(space, np.array([5.6, 3.6]), np.array([9.8, 4.3]))
    coarse = AStar().plan(problem)
    plans = {
        "search alone, timed": TimeOptimal(max_speed=1.5, deviation=0.02).process(problem, coarse),
        "optimiser alone: trapped": TrajectoryOptimization().plan(problem),
        "both": Hierarchical().plan(problem),
    }
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), gridspec_kw={"width_ratios": (1.2, 1)})
    left.imshow(hall.occupied, origin="lower", extent=(0, hall.size[0], 0, hall.size[1]), cmap="Greys")
    path = shortcut(space, Shortcut().process(problem, coarse).states)
    for corners in safe_corridor(space, path).corners:
        left.fill(*corners.T, facecolor="tab:blue", edgecolor="tab:blue", alpha=0.08)
    for (name, plan), colour in zip(plans.items(), ("tab:orange", "tab:red", "tab:blue"), strict=True):
        left.plot(*plan.states[:, :2].T, color=colour, label=name)
        acceleration = np.linalg.norm(plan.controls, axis=-1)
        right.step(plan.times[:-1], acceleration, where="post", color=colour, label=name)
    left.plot(*problem.start, "ko", *problem.goal, "k*")
    left.set(xlabel="x [m]", ylabel="y [m]", aspect="equal")
    right.set(xlabel="time [s]", ylabel="acceleration [m/s²]")
    right.legend()
    figure.tight_layout()
    figure.savefig(PICTURE, dpi=90)


if __name__ == "__main__":
    main()
